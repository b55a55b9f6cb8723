"""What each developer did with each agent and model, day by day."""

import datetime as dt

from tests.models.harness import rows

KEY = {
    "date": dt.date(2026, 3, 10),
    "developer_id": "ann",
    "agent_type": "codex",
    "model_name": "m",
}


def day(**given):
    (only,) = rows("fct_daily_agent_usage", {"int_agent_daily_aggregates": [KEY | given]})
    return only


def test_a_day_keeps_its_columns_and_gets_its_ratios():
    given = {
        "total_sessions": 2,
        "total_duration_seconds": 5400.0,
        "avg_duration_seconds": 2700.0,
        "total_input_tokens": 100,
        "total_output_tokens": 500,
        "total_cache_creation_tokens": 100,
        "total_cache_read_tokens": 300,
        "total_tokens": 1000,
        "total_cost_usd": 3.0,
        "unpriced_tokens": 0,
        "avg_cost_per_session_usd": 1.5,
        "agent_assisted_commits": 2,
        "agent_assisted_lines_added": 30,
        "agent_assisted_lines_deleted": 20,
        "edits_accepted": 3,
        "edits_rejected": 1,
        "copilot_suggestions": 0,
        "copilot_acceptances": 0,
        "copilot_lines_suggested": 0,
        "copilot_lines_accepted": 0,
    }
    ratios = {
        "total_duration_hours": 1.5,
        "cost_per_commit_usd": 1.5,
        "tokens_per_commit": 500.0,
        "lines_per_1k_tokens": 50.0,
        "cache_hit_rate": 0.6,
        "acceptance_rate_pct": 75.0,
    }
    row = day(**given)
    assert row == KEY | given | ratios
    assert list(row)[:4] == ["date", "developer_id", "agent_type", "model_name"]


def test_ratios_are_null_where_the_denominator_is_0():
    row = day(total_cost_usd=0.0)
    ratios = [
        *("cost_per_commit_usd", "tokens_per_commit", "lines_per_1k_tokens"),
        *("cache_hit_rate", "acceptance_rate_pct"),
    ]
    assert {row[name] for name in ratios} == {None}
    assert row["total_duration_hours"] == 0


def test_an_unknown_cost_has_no_ratio():
    assert day(total_cost_usd=None, agent_assisted_commits=2)["cost_per_commit_usd"] is None


def test_of_copilot_suggestions_are_decided_upon():
    row = day(copilot_suggestions=50, copilot_acceptances=10, edits_accepted=1)
    assert row["acceptance_rate_pct"] == 20.0


def test_nothing_accepted_is_0_percent_and_not_null():
    assert day(edits_rejected=4)["acceptance_rate_pct"] == 0.0
