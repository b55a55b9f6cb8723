"""What happened on each day; every fact at this grain before it meets another one."""

import datetime as dt

from tests.models.harness import at, rows

DAY, NEXT = dt.date(2026, 3, 10), dt.date(2026, 3, 11)
DOLLAR = 1_000_000_000
WHO = {"developer_id": "ann", "agent_type": "codex", "model_name": "m"}


def days(sessions=(), usage=(), commits=(), copilot=(), columns=(), **settings):
    tables = {
        "int_sessions_with_costs": [WHO | row for row in sessions],
        "int_usage_costs": [WHO | row for row in usage],
        "int_commits_with_agent_context": [WHO | row for row in commits],
        "stg_copilot_metrics": list(copilot),
    }
    return rows("int_agent_daily_aggregates", tables, *columns, **settings)


def session(clock="09:00", seconds=60.0, **given):
    return {"session_id": clock, "session_date": at(clock).date(), "duration_seconds": seconds, **given}


def used(tokens=100, cost=None, **given):
    return {"input_tokens": tokens, "total_tokens": tokens, "cost_nano_usd": cost, **given}


def assisted(**given):
    return {"is_agent_assisted": True, "lines_added": 10, "lines_deleted": 3, **given}


def test_facts_meet_at_the_day_and_none_multiplies_another():
    sessions = [
        session("09:00", 60, accepted_edits=2, rejected_edits=1),
        session("10:00", 30.5, accepted_edits=1),
    ]
    usage = [
        {
            "session_id": name,
            "input_tokens": 10,
            "output_tokens": 20,
            "cache_creation_tokens": 30,
            "cache_read_tokens": 40,
            "total_tokens": 100,
            "unpriced_tokens": 7,
            "cost_nano_usd": DOLLAR,
        }
        for name in ("a", "b", None)
    ]
    assert days(sessions, usage, [assisted(commit_hash=name) for name in "xy"]) == [
        {
            "date": DAY,
            "developer_id": "ann",
            "agent_type": "codex",
            "model_name": "m",
            "total_sessions": 2,
            "total_duration_seconds": 90.5,
            "avg_duration_seconds": 45.25,
            "total_input_tokens": 30,
            "total_output_tokens": 60,
            "total_cache_creation_tokens": 90,
            "total_cache_read_tokens": 120,
            "total_tokens": 300,
            "total_cost_usd": 3.0,
            "unpriced_tokens": 21,
            "avg_cost_per_session_usd": 1.5,
            "agent_assisted_commits": 2,
            "agent_assisted_lines_added": 20,
            "agent_assisted_lines_deleted": 6,
            "edits_accepted": 3,
            "edits_rejected": 1,
            "copilot_suggestions": 0,
            "copilot_acceptances": 0,
            "copilot_lines_suggested": 0,
            "copilot_lines_accepted": 0,
        }
    ]


# Rows


def test_any_fact_alone_makes_a_row():
    columns = ["total_sessions", "total_tokens", "agent_assisted_commits", "copilot_suggestions"]
    assert days([session()], columns=columns) == [dict(zip(columns, (1, 0, 0, 0), strict=True))]
    assert days(usage=[used()], columns=columns) == [dict(zip(columns, (0, 100, 0, 0), strict=True))]
    assert days(commits=[assisted()], columns=columns) == [dict(zip(columns, (0, 0, 1, 0), strict=True))]
    copilot = [{"developer_id": "ann", "total_suggestions": 5}]
    assert days(copilot=copilot, columns=columns) == [dict(zip(columns, (0, 0, 0, 5), strict=True))]


def test_a_commit_without_an_agent_makes_none():
    assert days(commits=[assisted(is_agent_assisted=False, agent_type=None, model_name=None)]) == []


def test_copilot_is_an_agent_like_the_others():
    copilot = {
        "developer_id": "ann",
        "total_suggestions": 50,
        "total_acceptances": 20,
        "total_lines_suggested": 90,
        "total_lines_accepted": 30,
    }
    (row,) = days(copilot=[copilot])
    assert (row["agent_type"], row["model_name"], row["total_cost_usd"]) == ("github_copilot", "unknown", 0)
    assert (row["copilot_suggestions"], row["copilot_acceptances"]) == (50, 20)
    assert (row["copilot_lines_suggested"], row["copilot_lines_accepted"]) == (90, 30)


# Days and models


def test_a_session_over_midnight_counts_once_and_its_tokens_on_the_days_that_used_them():
    found = days(
        [session("2026-03-10 23:50", 1200)],
        [used(10), used(20, day=NEXT)],
        columns=["date", "total_sessions", "total_duration_seconds", "total_tokens"],
    )
    assert found == [
        {"date": DAY, "total_sessions": 1, "total_duration_seconds": 1200.0, "total_tokens": 10},
        {"date": NEXT, "total_sessions": 0, "total_duration_seconds": 0.0, "total_tokens": 20},
    ]


def test_a_session_counts_under_its_main_model_and_tokens_under_the_model_that_used_them():
    found = days(
        [session()],
        [used(10), used(20, model_name="n")],
        columns=["model_name", "total_sessions", "total_tokens"],
    )
    assert found == [
        {"model_name": "m", "total_sessions": 1, "total_tokens": 10},
        {"model_name": "n", "total_sessions": 0, "total_tokens": 20},
    ]


def test_an_assisted_commit_counts_on_its_own_day():
    assert days(commits=[assisted(commit_date=NEXT)], columns=["date"]) == [{"date": NEXT}]


# Cost


def cost(*usage):
    (row,) = days([session()], usage, columns=["total_cost_usd", "avg_cost_per_session_usd"])
    return tuple(row.values())


def test_cost_is_0_without_usage():
    assert cost() == (0, 0)


def test_cost_is_null_where_there_is_usage_and_none_of_it_has_a_cost():
    assert cost(used(), used()) == (None, None)


def test_cost_is_the_known_part_where_some_of_it_has_one():
    assert cost(used(), used(cost=DOLLAR)) == (1.0, 1.0)
    assert cost(used(), used(cost=0)) == (0.0, 0.0)


def test_a_cost_without_tokens_counts():
    assert cost(used(0, DOLLAR)) == (1.0, 1.0)


def test_averages_are_null_over_no_sessions():
    (row,) = days(usage=[used(cost=DOLLAR)])
    assert (row["avg_duration_seconds"], row["avg_cost_per_session_usd"]) == (None, None)


def test_seconds_are_summed_exactly():
    sessions = [session(f"09:{minute:02}", 0.1) for minute in range(30)]
    assert days(sessions, columns=["total_duration_seconds"]) == [{"total_duration_seconds": 3.0}]
