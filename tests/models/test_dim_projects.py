"""The projects that sessions and commits are of."""

import datetime as dt

from tests.models.harness import Warehouse, log, request, rows

FIRST, LAST = dt.date(2026, 3, 9), dt.date(2026, 3, 11)


def projects(sessions=(), commits=(), given=()):
    tables = {
        "int_sessions_with_costs": [
            {"session_id": str(n), "project_id": project, "session_date": day}
            for n, (project, day) in enumerate(sessions)
        ],
        "int_commits_with_agent_context": [
            {"commit_hash": str(n), "project_id": project, "commit_date": day}
            for n, (project, day) in enumerate(commits)
        ],
        "fct_costs_by_project": [],
        "projects": [
            {"alias": alias, "project_id": project, "owner": owner, "cost_centre": centre}
            for alias, project, owner, centre in given
        ],
    }
    return [tuple(row.values()) for row in rows("dim_projects", tables)]


def test_sessions_and_commits_of_one_project_are_one_row():
    assert projects([("octo/app", FIRST)], [("octo/app", LAST), ("octo/app", FIRST)]) == [
        ("octo/app", "unknown", "unknown", FIRST, LAST, 1, 2, True)
    ]


def test_what_has_no_project_is_counted_as_unknown():
    assert projects([(None, FIRST), ("unknown", LAST)], [(None, LAST)]) == [
        ("unknown", "unknown", "unknown", FIRST, LAST, 2, 1, False)
    ]


def test_several_names_of_a_project_do_not_double_it():
    given = [
        ("old", "octo/app", "ada", None),
        ("older", "octo/app", None, "CC1"),
        ("x", "octo/y", "bob", "CC2"),
    ]
    assert projects([("octo/app", FIRST)], given=given) == [
        ("octo/app", "ada", "CC1", FIRST, FIRST, 1, 0, True)
    ]


def test_another_name_of_a_project_is_found_in_sessions_and_commits_in_any_case():
    warehouse = Warehouse(
        raw_otel_logs=[
            request("09:00", project_id="Octo/Old"),
            log("09:01", "claude_code.user_prompt", session__id="s1"),
        ],
        raw_git_commits=[
            {"commit_hash": "a" * 40, "commit_timestamp": "2026-03-10", "project_id": "octo/old"}
        ],
        projects=[
            {"alias": "octo/OLD", "project_id": "octo/new"},
            {"alias": "octo/old", "project_id": "octo/new"},
        ],
    )
    (only,) = warehouse.rows("dim_projects", "project_id", "sessions", "commits")
    assert only == {"project_id": "octo/new", "sessions": 1, "commits": 1}
