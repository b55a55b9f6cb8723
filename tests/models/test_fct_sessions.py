"""What a session led to, and how long it was idle."""

import pytest

from tests.models.harness import rows


def session(*columns, commits=(), requests=(), **given):
    tables = {
        "int_sessions_with_costs": [{"session_id": "s1"} | given],
        "int_commits_with_agent_context": commits,
        "stg_pull_request_commits": requests,
    }
    (only,) = rows("fct_sessions", tables, *columns)
    return only


@pytest.mark.parametrize(
    ("duration", "active", "idle"),
    [(100.0, 40.0, 60.0), (100.0, 100.0, 0.0), (100.0, 0.0, None), (100.0, 130.0, 0.0), (0.0, 5.0, 0.0)],
)
def test_idle_is_what_is_not_active_never_negative_and_unknown_without_a_measure(duration, active, idle):
    found = session("idle_seconds", duration_seconds=duration, active_seconds=active)
    assert found == {"idle_seconds": idle}


def test_a_request_with_several_commits_of_a_session_counts_once_and_each_request_of_a_commit():
    commits = [{"commit_hash": name, "agent_session_id": "s1"} for name in ("a", "b", "c")]
    commits += [{"commit_hash": "d", "agent_session_id": "s2"}, {"commit_hash": "e"}]
    of = [("a", 1), ("b", 1), ("b", 2), ("d", 3), ("e", 4), ("elsewhere", 5)]
    requests = [{"repository": "octo/app", "number": number, "commit_hash": name} for name, number in of]
    requests += [{"repository": "octo/other", "number": 1, "commit_hash": "a"}]
    found = session("commits", "pull_requests", commits=commits, requests=requests)
    assert found == {"commits": 3, "pull_requests": 3}
    assert session("commits", "pull_requests") == {"commits": 0, "pull_requests": 0}
