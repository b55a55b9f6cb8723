"""Every commit of the window, with the agent behind it and its share of the cost."""

import datetime as dt

from tests.models.harness import at, rows


def commits(commit, context=(), **settings):
    (only,) = rows(
        "fct_git_commits",
        {
            "stg_git_commits": [{"commit_hash": "abc", "lines_added": 30, "lines_deleted": 20, **commit}],
            "int_commits_with_agent_context": [{"commit_hash": "abc", **dict(context)}],
        },
        **settings,
    )
    return only


def test_a_commit_whole():
    commit = {
        "commit_message": "Mend it",
        "author_name": "Ann",
        "author_email": "ann@example.com",
        "commit_timestamp": at("2026-03-08 09:30"),
        "commit_date": dt.date(2026, 3, 8),
        "files_changed": 2,
        "developer_id": "ann",
        "project_id": "p",
        "agent_type": "named by the collector",
        "agent_session_id": "named by the collector",
    }
    context = {
        "is_agent_assisted": True,
        "attribution_method": "time_window",
        "agent_session_id": "s1",
        "agent_type": "codex",
        "model_name": "m",
        "seconds_after_session": 12.5,
        "commit_size": "small",
        "session_duration_seconds": 600.0,
        "session_cost_usd": 3.0,
        "session_tokens": 3000,
        "allocated_cost_usd": 0.5,
        "allocated_tokens": 1000.0,
    }
    assert commits(commit, context) == {
        "commit_hash": "abc",
        "commit_message": "Mend it",
        "author_name": "Ann",
        "author_email": "ann@example.com",
        "commit_timestamp": at("2026-03-08 09:30"),
        "commit_date": dt.date(2026, 3, 8),
        "commit_hour": 9,
        "commit_day_of_week": 0,
        "files_changed": 2,
        "lines_added": 30,
        "lines_deleted": 20,
        "lines_changed": 50,
        "commit_size": "small",
        "developer_id": "ann",
        "project_id": "p",
        "is_agent_assisted": True,
        "attribution_method": "time_window",
        "agent_type": "codex",
        "model_name": "m",
        "agent_session_id": "s1",
        "tokens_used": 1000.0,
        "cost_usd": 0.5,
        "agent_duration_seconds": 600.0,
        "seconds_after_session": 12.5,
        "lines_per_1k_tokens": 50.0,
        "lines_per_dollar": 100.0,
    }


def test_weeks_begin_with_sunday_as_0():
    days = [
        commits({"commit_timestamp": at(f"2026-03-{day:02} 12:00")})["commit_day_of_week"]
        for day in (8, 9, 14, 15)
    ]
    assert days == [0, 1, 6, 0]


def test_hours_and_weekdays_are_those_of_the_configured_time_zone():
    saturday = {"commit_timestamp": at("2026-03-28 23:30")}
    berlin = commits(saturday, timezone="Europe/Berlin")
    assert (berlin["commit_hour"], berlin["commit_day_of_week"]) == (0, 0)
    # An hour later it is summer time.
    summer = commits({"commit_timestamp": at("2026-03-29 01:30")}, timezone="Europe/Berlin")
    assert summer["commit_hour"] == 3


def test_ratios_are_null_without_tokens_or_cost():
    without = commits({})
    assert (without["lines_per_1k_tokens"], without["lines_per_dollar"]) == (None, None)
    free = commits({}, {"allocated_cost_usd": 0.0, "allocated_tokens": 0.0})
    assert (free["lines_per_1k_tokens"], free["lines_per_dollar"]) == (None, None)
