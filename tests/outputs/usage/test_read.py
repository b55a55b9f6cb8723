"""Sums of usage by what people ask for."""

import datetime as dt

import pytest

from pipeline.outputs.usage import KINDS, read_usage
from tests.outputs.usage.conftest import instant, session, used

MONDAY = dt.date(2026, 11, 2)


def sums(usage, label, *figures):
    """What each row is about, and some of its figures."""
    return [(row.labels[label], *(getattr(row.figures, name) for name in figures)) for row in usage.rows]


def test_a_day_whole_as_its_document_tells_it(told):
    engine = told(
        used("2026-11-02 09:30", 1, 2, 3, 4, cost=0.25),
        used("2026-11-02 10:00", 10, 0, 0, 5, cost=None, model="my-own", session="s2"),
        used("2026-11-03 00:00", 100, cost=1, agent="codex", model="gpt-5.5", session=None),
        sessions=[
            session("s1", "2026-11-02 09:29"),
            session("s2", "2026-11-02 10:00", model="my-own"),
            session("s3", "2026-11-03 08:00", agent="codex"),  # of which no usage is told
        ],
    )
    monday = {
        "sessions": 2,
        "agents": ["claude_code"],
        "models": ["claude-opus-4-6", "my-own"],
        "requests": 2,
        "input_tokens": 11,
        "output_tokens": 2,
        "cache_creation_tokens": 3,
        "cache_read_tokens": 9,
        "total_tokens": 25,
        "cost_usd": 0.25,
        "unpriced_tokens": 15,
        "unpriced_requests": 1,
        "unpriced_models": ["my-own"],
    }
    tuesday = {
        "sessions": 1,
        "agents": ["codex"],
        "models": ["gpt-5.5"],
        "requests": 1,
        "input_tokens": 100,
        "output_tokens": 0,
        "cache_creation_tokens": 0,
        "cache_read_tokens": 0,
        "total_tokens": 100,
        "cost_usd": 1.0,
        "unpriced_tokens": 0,
        "unpriced_requests": 0,
        "unpriced_models": [],
    }
    assert read_usage(engine, "day").document() == {
        "by": "day",
        "since": None,
        "until": None,
        "timezone": "UTC",
        "rows": [{"day": MONDAY} | monday, {"day": MONDAY + dt.timedelta(days=1)} | tuesday],
        "total": {
            "sessions": 3,
            "agents": ["claude_code", "codex"],
            "models": ["claude-opus-4-6", "gpt-5.5", "my-own"],
            "requests": 3,
            "input_tokens": 111,
            "output_tokens": 2,
            "cache_creation_tokens": 3,
            "cache_read_tokens": 9,
            "total_tokens": 125,
            "cost_usd": 1.25,
            "unpriced_tokens": 15,
            "unpriced_requests": 1,
            "unpriced_models": ["my-own"],
        },
    }


def test_weeks_begin_on_monday_and_months_on_the_first(told):
    engine = told(
        used("2026-10-31 10:00", 1),  # a Saturday
        used("2026-11-01 10:00", 10),
        used("2026-11-02 10:00", 100),
        sessions=[session("s1", "2026-10-31 10:00")],
    )
    by_week, by_month = (read_usage(engine, by) for by in ("week", "month"))
    assert sums(by_week, "week", "total_tokens", "sessions") == [
        (dt.date(2026, 10, 26), 11, 1),
        (MONDAY, 100, 0),
    ]
    assert sums(by_month, "month", "total_tokens", "sessions") == [("2026-10", 1, 1), ("2026-11", 110, 0)]


def test_since_and_until_are_inclusive(told):
    days = [used(f"2026-11-0{day} 10:00", day) for day in (1, 2, 3, 4)]
    engine = told(*days, sessions=[session(f"s{day}", f"2026-11-0{day} 10:00") for day in (1, 2, 3, 4)])
    found = read_usage(engine, since=MONDAY, until=dt.date(2026, 11, 3))
    assert sums(found, "day", "total_tokens", "sessions") == [
        (MONDAY, 2, 1),
        (dt.date(2026, 11, 3), 3, 1),
    ]


def test_an_unknown_cost_is_none_and_takes_nothing_from_a_known_one(told):
    engine = told(
        used("2026-11-02 10:00", 7, cost=None),
        used("2026-11-03 10:00", 7, cost=None),
        used("2026-11-03 10:00", 7, cost=2, session="s2"),
        used("2026-11-04 10:00", 7, cost=0, session="s3"),
    )
    found = read_usage(engine)
    assert [row.figures.cost_usd for row in found.rows] == [None, 2.0, 0.0]
    assert found.total.cost_usd == 2.0
    assert found.total.unpriced_tokens == 14


def test_a_session_has_its_project_and_its_times_the_last_used_last(told):
    engine = told(
        used("2026-11-03 10:00", 1, cost=1, session="late"),
        used("2026-11-01 10:00", 1, cost=1, session="early"),
        used("2026-11-02 23:00", 5, cost=1, session="early", model="haiku"),  # a sub-agent's, and a day later
        used("2026-11-01 00:00", 9, cost=1, session=None, agent="codex"),
        sessions=[
            session("early", "2026-11-01 10:00", project_id="octo/app"),
            session("late", "2026-11-03 10:00"),
        ],
    )
    found = read_usage(engine, "session")
    assert [row.labels for row in found.rows] == [
        {
            "session": None,
            "agent": "codex",
            "project": "unknown",
            "first_at": instant("2026-11-01 00:00"),
            "last_at": instant("2026-11-01 00:00"),
        },
        {
            "session": "early",
            "agent": "claude_code",
            "project": "octo/app",
            "first_at": instant("2026-11-01 10:00"),
            "last_at": instant("2026-11-02 23:00"),
        },
        {
            "session": "late",
            "agent": "claude_code",
            "project": "unknown",
            "first_at": instant("2026-11-03 10:00"),
            "last_at": instant("2026-11-03 10:00"),
        },
    ]
    assert [row.figures.total_tokens for row in found.rows] == [9, 6, 1]
    assert "sessions" not in found.document()["total"]


@pytest.mark.parametrize(
    ("by", "rows"),
    [
        ("project", [("unknown", 10, 1), ("octo/app", 5, 1)]),
        ("model", [("gpt-5.5", 10, 0), ("claude-opus-4-6", 5, 2)]),
        ("agent", [("codex", 10, 0), ("claude_code", 5, 2)]),
    ],
)
def test_what_is_no_time_has_the_most_expensive_first(told, by, rows):
    engine = told(
        used("2026-11-02 10:00", 5, cost=1, session="s1"),
        used("2026-11-02 10:00", 10, cost=2, session="s2", agent="codex", model="gpt-5.5"),
        # A session counts under its main model, and where no usage is told of it, too.
        sessions=[
            session("s1", "2026-11-02 10:00", project_id="octo/app"),
            session("s2", "2026-11-02 10:00"),
        ],
    )
    assert sums(read_usage(engine, by), by, "total_tokens", "sessions") == rows


@pytest.mark.parametrize("by", KINDS)
def test_every_kind_of_row_has_the_same_sum(told, by):
    engine = told(
        used("2026-10-31 10:00", 1, 2, 3, 4, cost=0.1),
        used("2026-11-01 23:59", 5, cost=0.2, agent="codex", model="gpt-5.5", session=None),
        used("2026-11-30 00:00", 7, cost=None, model="my-own", session="s2"),
        sessions=[
            session("s1", "2026-10-31 10:00"),
            session("s2", "2026-11-30 00:00", project_id="octo/app"),
        ],
    )
    total = read_usage(engine, by).total
    assert (total.total_tokens, total.cost_nano_usd, total.unpriced_tokens) == (22, 300_000_000, 7)


@pytest.mark.parametrize("by", KINDS)
def test_without_usage_there_are_no_rows(told, by):
    found = read_usage(told(), by)
    assert (found.rows, found.total.cost_usd) == ([], None)
