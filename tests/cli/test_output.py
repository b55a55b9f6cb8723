"""What is printed: nothing in data can steer a terminal, and JSON that every reader takes."""

import datetime as dt
import json
import math
from decimal import Decimal

import pytest

from pipeline.cli import output, tables


@pytest.fixture
def terminal(monkeypatch):
    """Makes standard output a terminal of 80 columns."""
    monkeypatch.setattr(output, "is_terminal", lambda stream=None: True)
    monkeypatch.setattr(tables, "is_terminal", lambda stream=None: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")


ROWS = [
    ("ada", 1234, 0.5, None),
    ("[bold]eve[/]", 7, 12.34567, dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)),
]


def test_a_table_without_a_terminal_is_aligned_text(capsys):
    tables.print_table(["who", "tokens", "cost_usd", "seen"], ROWS)

    assert capsys.readouterr().out == (
        "who           tokens  cost_usd  seen\n"
        "ada            1,234       0.5\n"
        "[bold]eve[/]       7   12.3457  2026-11-01 12:00:00\n"
    )


def test_a_table_on_a_terminal_reads_no_markup(terminal, capsys):
    tables.print_table(["who", "tokens", "cost_usd", "seen"], ROWS)

    text = capsys.readouterr().out
    assert "[bold]eve[/]" in text
    assert "12.3457" in text


def test_on_a_narrow_terminal_the_last_column_gives_way(terminal, capsys):
    tables.print_table(["name", "what it is"], [("x" * 40, "words " * 10)])

    line = capsys.readouterr().out.splitlines()[2]
    assert line.startswith("x" * 40)
    assert line.endswith("…")
    assert len(line) <= 80


def test_what_is_too_wide_for_the_terminal_is_printed_row_by_row(terminal, capsys):
    tables.print_table(["a", "bb", "c"], [("x" * 40, "y" * 40, 1), ("z", None, 2)])

    assert capsys.readouterr().out == (
        f"row 1\n  a   {'x' * 40}\n  bb  {'y' * 40}\n  c   1\nrow 2\n  a   z\n  bb\n  c   2\n"
    )


@pytest.mark.parametrize(
    "value", ["\x1b[31mred", "\x9b31m", "a\rb", "\u202eback", "\u061cback", "\U000e0041", "\x07"]
)
def test_control_characters_are_made_visible(terminal, capsys, value):
    tables.print_table([value], [[value]])
    output.say(value)
    output.warn(value)

    captured = capsys.readouterr()
    assert value not in captured.out + captured.err
    assert "\\x" in captured.out or "\\r" in captured.out or "\\u" in captured.out.lower()


def test_what_json_says_cannot_reorder_a_terminal_and_is_the_same_value(capsys):
    value = "a\u202eb\u061c\u2066\x9b\U000e0041ß"
    output.print_json([value])

    text = capsys.readouterr().out
    assert text == '[\n  "a\\u202eb\\u061c\\u2066\\u009b\\udb40\\udc41ß"\n]\n'
    assert json.loads(text) == [value]


def test_json_holds_every_kind_of_value(capsys):
    output.print_json(
        {
            "nan": math.nan,
            "infinity": -math.inf,
            "decimal": Decimal("1.5"),
            "instant": dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
            "day": dt.date(2026, 11, 1),
            "rows": ({"a": None},),
            "escape": "\x1b[31m",
        }
    )

    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert json.loads(text) == {
        "nan": None,
        "infinity": None,
        "decimal": 1.5,
        "instant": "2026-11-01T00:00:00+00:00",
        "day": "2026-11-01",
        "rows": [{"a": None}],
        "escape": "\x1b[31m",
    }


def test_a_closed_stream_is_no_terminal(monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    assert not output.is_terminal()
    output.say("to nobody")
