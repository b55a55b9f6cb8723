"""Sessions and costs by project and team, from raw records up."""

import datetime as dt

import pytest

from tests.models.harness import Warehouse, log, point, request

MARCH_10, MARCH_11 = dt.date(2026, 3, 10), dt.date(2026, 3, 11)


def member(team, valid_from, valid_to=None, cost_centre=None, developer="ada@example.com"):
    return {
        "developer_id": developer,
        "team": team,
        "cost_centre": cost_centre,
        "valid_from": valid_from,
        "valid_to": valid_to,
    }


def ada(clock, session="s1", **given):
    return request(clock, session, user__email="ada@example.com", cost_usd=0.5, **given)


MOVE = [member("Web", dt.date(2026, 1, 1), MARCH_11, "CC1"), member("Core", MARCH_11, None, "CC2")]


def test_a_move_splits_a_session_at_its_day_in_costs_and_not_in_sessions():
    night = [ada("2026-03-10 23:50", request_id="a"), ada("2026-03-11 00:10", request_id="b")]
    warehouse = Warehouse(raw_otel_logs=night, teams=MOVE)
    assert warehouse.rows("fct_costs_by_team", "date", "team", "cost_centre", "cost_usd") == [
        {"date": MARCH_10, "team": "Web", "cost_centre": "CC1", "cost_usd": 0.5},
        {"date": MARCH_11, "team": "Core", "cost_centre": "CC2", "cost_usd": 0.5},
    ]
    (session,) = warehouse.rows("fct_sessions", "team", "cost_centre", "cost_usd", "total_tokens")
    assert session == {"team": "Web", "cost_centre": "CC1", "cost_usd": 1.0, "total_tokens": 2200}


def test_usage_without_session_project_or_team_is_counted_as_unknown():
    records = [ada("09:00", None, request_id="a"), request("10:00", "s2", request_id="b", cost_usd=0.25)]
    warehouse = Warehouse(raw_otel_logs=records)
    by_team = warehouse.rows("fct_costs_by_team", "team", "cost_centre", "cost_usd", "input_tokens")
    assert by_team == [{"team": "unknown", "cost_centre": "unknown", "cost_usd": 0.75, "input_tokens": 2000}]
    (by_project,) = warehouse.rows("fct_costs_by_project", "project_id", "cost_centre", "cost_usd")
    assert by_project == {"project_id": "unknown", "cost_centre": "unknown", "cost_usd": 0.75}
    assert [row["team"] for row in warehouse.rows("dim_teams")] == ["unknown"]
    assert [row["project_id"] for row in warehouse.rows("dim_projects")] == ["unknown"]


def test_a_project_with_two_names_costs_once_and_not_per_name():
    names = [
        {"alias": "octo/old", "project_id": "octo/app", "owner": None, "cost_centre": "CC1"},
        {"alias": "app", "project_id": "octo/app", "owner": None, "cost_centre": None},
    ]
    records = [
        ada("09:00", "s1", request_id="a", project_id="Octo/Old"),
        ada("10:00", "s2", request_id="b", project_id="app"),
    ]
    warehouse = Warehouse(raw_otel_logs=records, projects=names)
    assert warehouse.rows("fct_costs_by_project", "project_id", "cost_centre", "cost_usd") == [
        {"project_id": "octo/app", "cost_centre": "CC1", "cost_usd": 1.0}
    ]


def test_usage_without_a_session_is_of_the_project_that_its_record_names():
    names = [{"alias": "octo/old", "project_id": "octo/app"}]
    sent = {"model": "claude-sonnet-4-5", "type": "input"}
    warehouse = Warehouse(
        raw_otel_logs=[
            ada("09:00", None, request_id="a", vcs__repository__url__full="https://github.com/octo/old.git"),
            ada("09:10", None, request_id="b", project_id="octo/app"),
            # What a session's request names is the session's, which began elsewhere.
            ada("08:00", "s1", request_id="c", project_id="octo/first"),
            ada("09:00", "s1", request_id="d", project_id="octo/app"),
        ],
        raw_otel_metrics=[
            point(f"11:0{nth}", "claude_code.token.usage", 7.0, project_id=project, user__email="bob", **sent)
            for nth, project in enumerate(["octo/app", "octo/other"])
        ],
        projects=names,
    )
    by_project = warehouse.rows("fct_costs_by_project", "project_id", "total_tokens", "cost_usd")
    assert sorted(by_project, key=lambda row: row["project_id"]) == [
        {"project_id": "octo/app", "total_tokens": 2207, "cost_usd": 1.000021},
        {"project_id": "octo/first", "total_tokens": 2200, "cost_usd": 1.0},
        {"project_id": "octo/other", "total_tokens": 7, "cost_usd": 0.000021},
    ]
    assert {row["project_id"] for row in warehouse.rows("dim_projects")} == {
        *("octo/app", "octo/first", "octo/other")
    }


def test_usage_that_nobody_has_a_price_for_costs_null_and_never_0():
    record = request("09:00", model="harbor-coder-preview")
    warehouse = Warehouse(raw_otel_logs=[record])
    for split in ("fct_costs_by_team", "fct_costs_by_project"):
        (row,) = warehouse.rows(split, "cost_usd", "unpriced_tokens")
        assert row == {"cost_usd": None, "unpriced_tokens": 1100}


@pytest.mark.parametrize(("commits", "expected"), [(0, 0), (2, 2)])
def test_several_commits_of_a_session_do_not_double_it(commits, expected):
    made = [
        {
            "commit_hash": letter * 40,
            "commit_timestamp": dt.datetime(2026, 3, 10, 9, tzinfo=dt.UTC),
            "agent_session_id": "s1",
        }
        for letter in "ab"[:commits]
    ]
    records = [ada("09:00"), log("09:01", "claude_code.user_prompt", session__id="s1")]
    warehouse = Warehouse(raw_otel_logs=records, raw_git_commits=made, teams=MOVE)
    (row,) = warehouse.rows("fct_sessions", "session_id", "prompts", "commits", "cost_usd")
    assert row == {"session_id": "s1", "prompts": 1, "commits": expected, "cost_usd": 0.5}
