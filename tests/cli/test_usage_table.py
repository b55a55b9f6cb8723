"""Usage as a terminal shows it, and as a pipe gets it."""

import datetime as dt

import click
import pytest
from rich.cells import cell_len

from pipeline.cli import tables, usage_table
from pipeline.cli.usage import _watch
from pipeline.cli.usage import usage as command
from pipeline.cli.usage_table import show_usage
from pipeline.outputs.usage import Figures, Row, Usage

NAMES = {"claude_code": "Claude Code", "codex": "Codex"}
MILLIARD = 1_000_000_000


def figures(tokens=1_234_567_890, cost=1234.5, model="claude-opus-4-8", agent="claude_code", **given):
    unpriced = given.pop("unpriced", 0)
    sums = (*[tokens] * 5, unpriced, 5_000, 1 if unpriced else 0)
    return Figures.of(agent, model, (*sums, None if cost is None else round(cost * MILLIARD)), None, None)


def usage(*rows, by="day"):
    return Usage(by, None, None, "UTC", [*rows], NAMES)


def day(number, **given):
    return Row({"day": dt.date(2026, 11, number)}, figures(**given))


@pytest.fixture
def shown(monkeypatch, capsys):
    """Shows usage in a terminal so wide, or in a pipe; gives the lines that hold something."""

    def show(usage, width=None):
        if width:
            monkeypatch.setenv("COLUMNS", str(width))
            monkeypatch.setenv("TERM", "dumb")  # no colours
            for module in (tables, usage_table):
                monkeypatch.setattr(module, "is_terminal", lambda: True)
        show_usage(usage)
        return [line for line in capsys.readouterr().out.splitlines() if line.strip()]

    return show


def test_a_wide_terminal_has_every_column(shown):
    lines = shown(usage(day(2)), 180)
    assert [name.strip() for name in lines[0].split("   ") if name.strip()] == [
        *("day (UTC)", "agents", "sessions", "requests", "input", "output", "cache writes", "cache reads"),
        *("tokens", "cost", "models"),
    ]
    assert lines[2].split()[-2:] == ["$1,234.50", "opus-4-8"]
    assert lines[-1].split()[:3] == ["Total", "Claude", "Code"]


@pytest.mark.parametrize("width", [60, 80, 100, 120, 140])
def test_a_narrow_one_leaves_out_what_has_no_room_but_never_the_answer(shown, width):
    lines = shown(usage(day(2), day(3, model="gpt-5.5", agent="codex")), width)
    assert {"day (UTC)", "tokens", "cost"} <= {name.strip() for name in lines[0].split("   ")}
    assert max(map(cell_len, lines)) <= width
    assert all("$" in line for line in lines[2:])


def test_a_cost_that_lacks_something_has_a_star_and_an_unknown_one_is_a_dash(shown):
    lines = shown(
        usage(day(1, cost=0.004), day(2, cost=None, unpriced=7), day(3, unpriced=7), day(4, cost=0))
    )
    assert [line.split()[-2] for line in lines[1:5]] == ["<$0.01", "–", "$1,234.50*", "$0.00"]
    assert lines[5].endswith("$1,234.50*")
    assert lines[6] == (
        "* Not in the cost: 2 requests with 14 tokens that have neither a reported cost nor a price"
        " (claude-opus-4-8). A row in seeds/model_prices.csv gives a model its price."
    )


def test_models_are_listed_shortly_that_of_most_tokens_first(shown):
    row = day(2, tokens=5)
    row.figures.add(figures(model="gpt-5.5", tokens=7))
    assert shown(usage(row))[1].endswith("gpt-5.5, opus-4-8")


def test_of_several_people_blocks_tell_whose_they_are(shown):
    def block(who, is_running=False):
        start = dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC)
        labels = {"start": start, "end": start + dt.timedelta(hours=5), "developer": who, "agent": "codex"}
        return Row(labels | {"is_running": is_running}, figures())

    alone = shown(usage(block("ada"), by="block"))
    assert alone[1].split()[:3] == ["2026-11-02", "09:00–14:00", "Codex"]
    both = shown(usage(block("ada"), block("ben"), by="block"))
    assert [line.split()[2] for line in both[1:3]] == ["ada", "ben"]


@pytest.mark.parametrize(
    ("rates", "told"),
    [
        ((None, None, None), "5 h left."),
        ((1500.4, None, None), "5 h left, 1,500 tokens a minute."),
        (
            (1500.4, 2.5, 12.0),
            "5 h left, 1,500 tokens a minute, $2.50 an hour, $12.00 by its end at that rate.",
        ),
    ],
)
def test_a_running_block_is_marked_and_tells_its_rate(shown, rates, told):
    start = dt.datetime.now(dt.UTC)
    labels = {"start": start, "end": start + dt.timedelta(hours=5, seconds=30), "developer": "ada"}
    rate = dict(zip(("tokens_per_minute", "cost_per_hour_usd", "projected_cost_usd"), rates, strict=True))
    row = Row(labels | {"agent": "codex", "is_running": True} | rate, figures())
    lines = shown(usage(row, by="block"))
    assert " running" in lines[1]
    assert lines[-1] == f"Running, Codex: {told}"


HOSTILE = "[bold red]\x1b[2J\u202e" + "漢" * 200


@pytest.mark.parametrize("by", ["session", "project", "model", "agent"])
def test_names_that_somebody_else_wrote_are_text_and_are_cut(shown, by):
    moment = dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC)
    labels = {
        "session": {"session": HOSTILE, "agent": HOSTILE, "project": HOSTILE, "last_at": moment},
    }.get(by, {by: HOSTILE})
    lines = shown(usage(Row(labels, figures(model=HOSTILE, agent=HOSTILE)), by=by), 80)
    text = "\n".join(lines)
    assert not {"\x1b", "\u202e"} & set(text)
    assert "[bold re" in text
    assert max(map(cell_len, lines)) <= 80


def test_pseudonyms_of_sessions_differ_where_they_are_cut(shown):
    moment = dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC)
    sessions = [f"hidden-{digit * 20}" for digit in "ab"]
    rows = [
        Row({"session": session, "agent": "codex", "project": "app", "last_at": moment}, figures())
        for session in sessions
    ]
    lines = shown(usage(*rows, by="session"), 120)
    assert [line.split()[2] for line in lines[2:4]] == ["aaaaaaaa", "bbbbbbbb"]


def test_in_a_pipe_watch_prints_the_table_when_it_is_another_one(monkeypatch, capsys):
    pauses = []
    monkeypatch.setattr("time.sleep", pauses.append)
    looks = iter([usage(day(2)), usage(day(2)), usage(day(2), day(3))])

    def look(*, quiet):
        assert quiet == bool(pauses)
        if (found := next(looks, None)) is None:
            raise KeyboardInterrupt
        return found

    with click.Context(command), pytest.raises(click.exceptions.Exit) as ended:
        _watch(look)
    assert ended.value.exit_code == 130
    assert capsys.readouterr().out.count("Total ") == 2
    assert pauses == [5.0, 5.0, 5.0]
