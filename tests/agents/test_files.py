"""JSON as agents write it, which is not always what the standard asks for."""

import pytest

from pipeline.agents.files import json_file, json_lines, json_value
from tests.agents.recording import Recording

NOT_QUITE_JSON = [
    (rb'{"text": "cut \ud83d", "output_tokens": 7}', "cut ?"),
    (rb'{"text": "\ude00 cut", "output_tokens": 7}', "? cut"),
    (b'{"text": "\xed\xa0\xbd", "output_tokens": 7}', "\ufffd\ufffd\ufffd"),
    (b'{"text": "\xff", "output_tokens": 7}', "\ufffd"),
    (rb'{"text": NaN, "output_tokens": 7}', None),
    (rb'{"text": -Infinity, "output_tokens": 7}', None),
    (
        rb'{"text": "\\ud83d is spelt, \ud83d\ude00 is whole", "output_tokens": 7}',
        "\\ud83d is spelt, \U0001f600 is whole",
    ),
]


@pytest.mark.parametrize(("written", "text"), NOT_QUITE_JSON)
def test_numbers_beside_half_a_character_count(tmp_path, written, text):
    value = {"text": text, "output_tokens": 7}
    assert json_value(written) == value
    journal, file = Recording(), tmp_path / "session.jsonl"
    file.write_bytes(written + b"\n")
    assert [*json_lines(file, journal)] == [(1, value)]
    assert json_file(file, journal) == value
    assert journal.quarantined == []


@pytest.mark.parametrize("written", [b"", b"{", b'{"a": "\xff', rb'{"a": "\ud83d', b"nan", b"[" * 100_000])
def test_what_is_no_json_is_none(written):
    with pytest.raises(ValueError):  # noqa: PT011  (each reader of JSON has words of its own)
        json_value(written)
