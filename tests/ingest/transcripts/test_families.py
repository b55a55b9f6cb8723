"""Files that tell of the same are read and told together, whichever of them is new."""

from pathlib import Path

from pipeline.ingest.transcripts.families import families, related

A, B, C, D = map(Path, "abcd")


def test_what_shares_something_with_what_is_related_is_related_too():
    assert related({1}, {A: [1, 2], B: [2, 3], C: [3], D: [4]}) == {A, B, C}
    assert related({3}, {A: [1, 2], B: [2, 3], C: [3], D: [4]}) == {A, B, C}
    assert related({9}, {A: [1, 2], B: [2, 3]}) == set()


def test_a_family_is_all_that_shares_something_and_no_more():
    assert families({A: [1], B: [2], C: [1, 3], D: [3]}) == [[A, C, D], [B]]
    assert families({A: [1], B: [2], C: [1, 2], D: []}) == [[A, B, C], [D]]
