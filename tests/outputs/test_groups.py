"""Groups of people: how they are folded, and that nothing which is made of them tells of fewer."""

import datetime as dt
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.outputs.groups import OTHERS, Cell, Group, grouped

MAY = [dt.date(2026, 5, day) for day in range(1, 32)]
JUNE = [dt.date(2026, 6, day) for day in range(1, 31)]


def cells(*rows, day=MAY[0]):
    """A cell for each (names, people), with one row and ten of something each."""
    return [Cell(names, day, person, (1, 10)) for names, people in rows for person in people]


def test_a_name_with_enough_people_stands_alone():
    found = grouped(cells((("codex",), "abc"), (("cursor",), "bcd")), 3)
    assert found == [
        Group(("codex",), MAY[0], MAY[0], 3, (3, 30)),
        Group(("cursor",), MAY[0], MAY[0], 3, (3, 30)),
    ]


def test_names_with_fewer_are_others():
    found = grouped(cells((("codex",), "abcd"), (("amp",), "ab"), (("pi",), "c")), 3)
    assert found == [
        Group((OTHERS,), MAY[0], MAY[0], 3, (3, 30)),
        Group(("codex",), MAY[0], MAY[0], 3, (4, 40)),
    ]


def test_the_next_smallest_name_joins_others_that_are_too_few():
    found = grouped(cells((("codex",), "abcde"), (("cursor",), "abc"), (("pi",), "a")), 3)
    assert found == [
        Group((OTHERS,), MAY[0], MAY[0], 3, (4, 40)),
        Group(("codex",), MAY[0], MAY[0], 3, (5, 50)),
    ]


def test_the_same_people_under_two_names_count_once():
    found = grouped(cells((("codex",), "abcd"), (("amp",), "ab"), (("pi",), "ab")), 3)
    assert found == [Group((OTHERS,), MAY[0], MAY[0], 3, (8, 80))]


def test_what_nobody_is_known_to_have_done_does_not_stand_alone():
    found = grouped(cells((("codex",), "abc"), (("cursor",), "abcd"), (("pi",), [None] * 9)), 3)
    assert found == [
        Group((OTHERS,), MAY[0], MAY[0], 3, (12, 120)),
        Group(("cursor",), MAY[0], MAY[0], 3, (4, 40)),
    ]


def test_parts_of_a_name_are_folded_inside_it():
    found = grouped(
        cells(
            (("codex", "gpt-5"), "abc"),
            (("codex", "o3"), "ab"),
            (("codex", "o4"), "cd"),
            (("cursor", "gpt-5"), "ab"),
            (("amp", "gpt-5"), "c"),
        ),
        3,
    )
    assert found == [
        Group((OTHERS, "gpt-5"), MAY[0], MAY[0], 3, (3, 30)),
        Group(("codex", OTHERS), MAY[0], MAY[0], 3, (4, 40)),
        Group(("codex", "gpt-5"), MAY[0], MAY[0], 3, (3, 30)),
    ]


def test_days_with_too_few_are_counted_with_those_after_and_the_last_with_those_before():
    days = ["abc", "a", "b", "ac", "abc", "b"]
    found = grouped(
        [Cell(("codex",), MAY[day], person, (1,)) for day, people in enumerate(days) for person in people], 3
    )
    assert found == [
        Group(("codex",), MAY[0], MAY[0], 3, (3,)),
        Group(("codex",), MAY[1], MAY[3], 3, (4,)),
        Group(("codex",), MAY[4], MAY[5], 3, (4,)),
    ]


def test_names_are_folded_month_by_month():
    found = grouped(
        [
            *cells((("codex",), "abc"), (("amp",), "abc"), day=MAY[30]),
            *cells((("codex",), "abc"), (("amp",), "ab"), (("pi",), "c"), day=JUNE[0]),
        ],
        3,
    )
    assert found == [
        Group(("amp",), MAY[30], MAY[30], 3, (3, 30)),
        Group(("codex",), MAY[30], MAY[30], 3, (3, 30)),
        Group((OTHERS,), JUNE[0], JUNE[0], 3, (3, 30)),
        Group(("codex",), JUNE[0], JUNE[0], 3, (3, 30)),
    ]


def test_a_month_with_too_few_is_counted_with_the_next():
    found = grouped([*cells((("codex",), "a"), day=MAY[0]), *cells((("codex",), "bc"), day=JUNE[0])], 3)
    assert found == [Group(("codex",), MAY[0], JUNE[0], 3, (3, 30))]


def test_all_together_are_no_group_if_they_are_too_few():
    assert grouped(cells((("codex",), "ab"), (("pi",), "b")), 3) == []
    assert grouped([], 3) == []


def test_people_are_told_in_whole_multiples():
    (found,) = grouped(cells((("codex",), "abcdefgh")), 3)
    assert found.people == 6


def test_a_figure_that_is_not_known_is_left_out_of_the_sum():
    rows = [("a", (None, None)), ("b", (None, 4))]
    (found,) = grouped([Cell(("codex",), MAY[0], person, figures) for person, figures in rows], 2)
    assert found.figures == (None, 4)


@st.composite
def random_cells(draw):
    """Up to 40 cells; the figure of each is a power of two, so that a sum tells which it is made of."""
    names, days = (
        st.tuples(*(st.sampled_from("abcd") for _ in range(2))),
        st.sampled_from(MAY[-3:] + JUNE[:3]),
    )
    person = st.none() | st.sampled_from("uvwxyz12345")
    rows = draw(st.lists(st.tuples(names, days, person), max_size=40))
    return [Cell(*row, (1 << at,)) for at, row in enumerate(rows)]


@pytest.mark.parametrize("least", [2, 3, 5])
@given(random_cells())
def test_every_sum_and_every_difference_of_sums_is_of_enough_people(least, found):
    def people(figure):
        return len({cell.person for cell in found if cell.figures[0] & figure} - {None})

    groups = grouped(found, least)
    total = sum(cell.figures[0] for cell in found)
    # They are disjoint and whole: a sum of any, less a sum of some of these, is a sum of others.
    assert sum(group.figures[0] for group in groups) == (total if people(total) >= least else 0)
    assert all(people(group.figures[0]) >= least for group in groups)
    # The same asked of what pages add up: everything, by each label, and by any of them together.
    labels = [(*group.names, group.last_day) for group in groups]
    sums = {
        sum(
            group.figures[0]
            for group, other in zip(groups, labels, strict=True)
            if all(other[at] == one[at] for at in chosen)
        )
        for one in labels
        for size in range(4)
        for chosen in combinations(range(3), size)
    }
    assert all(people(one - other) >= least for one in sums for other in sums - {one} if one & other == other)


@given(random_cells())
def test_numbers_of_people_differ_by_nobody_or_by_enough(found):
    numbers = {group.people for group in grouped(found, 5)}
    assert all(one == other or abs(one - other) >= 5 for one in numbers for other in numbers)
