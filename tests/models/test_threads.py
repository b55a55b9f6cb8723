"""Threads that call themselves sessions are part of the session that a person began."""

import pytest

from tests.models.harness import Warehouse, at, log

pytestmark = pytest.mark.slow

ROOT, CHILD, GRANDCHILD = "root", "child", "grandchild"


def response(clock, session, tokens, **given):
    told = {"event__kind": "response.completed", "input_token_count": tokens, "output_token_count": 1}
    return log(clock, "codex.sse_event", conversation__id=session, model="gpt-5", **told | given)


def spawned(clock, session, thread):
    """What spawning gave back, of which the thread's id has landed."""
    return log(
        clock, "codex.tool_result", conversation__id=session, thread__id=thread, tool_name="spawn_agent"
    )


def prompt(clock, session):
    return log(clock, "codex.user_prompt", conversation__id=session)


TELEMETRY = [
    prompt("09:00", ROOT),
    response("09:01", ROOT, 100),
    spawned("09:02", ROOT, CHILD),
    prompt("09:02", CHILD),
    response("09:03", CHILD, 30),
]


def sessions(*logs):
    warehouse = Warehouse(raw_otel_logs=[*logs])
    counted = warehouse.rows("stg_agent_sessions", "session_id", "prompts", "api_requests", "tool_calls")
    used = warehouse.rows("stg_agent_token_usage", "session_id", "total_input_tokens")
    return [tuple(row.values()) for row in counted], [tuple(row.values()) for row in used]


def test_a_threads_telemetry_counts_in_its_session_and_its_prompt_is_no_persons():
    assert sessions(*TELEMETRY) == ([(ROOT, 1, 2, 1)], [(ROOT, 130)])


def test_a_thread_of_a_thread_counts_in_the_first_ones_session():
    nested = [spawned("09:04", CHILD, GRANDCHILD), response("09:05", GRANDCHILD, 7)]
    assert sessions(*TELEMETRY, *nested) == ([(ROOT, 1, 3, 2)], [(ROOT, 137)])


def test_a_thread_however_deep_counts_in_the_first_ones_session():
    deep = [f"thread {depth:02}" for depth in range(16)]
    spawning = [spawned("09:04", above, below) for above, below in zip([ROOT, *deep], deep, strict=False)]
    responses = [response("09:05", thread, 10) for thread in deep]
    assert sessions(*reversed(spawning), *responses) == ([(ROOT, 0, 16, 16)], [(ROOT, 160)])


def test_threads_below_a_circle_stay_sessions_and_lose_nothing():
    circle = [spawned("09:00", above, below) for above, below in ("ab", "bc", "ca", "cd", "de")]
    counted, used = sessions(*circle, *(response("09:01", name, 5) for name in "abcde"))
    assert [session for session, *_ in counted] == [*"abcde"]
    assert used == [(name, 5) for name in "abcde"]


def test_telemetry_of_a_thread_and_its_transcript_count_once():
    """The transcript names the session and the thread, telemetry the thread alone."""
    told = {"source": "transcript", "developer_id": "ada@example.com"}
    transcript = [
        response("09:01", ROOT, 100) | told,
        response("09:03", ROOT, 30, thread__id=CHILD) | told,
    ]
    without_spawning = [row for row in TELEMETRY if "thread.id" not in row["attributes"]]
    assert sessions(*without_spawning, *transcript)[1] == [(ROOT, 130)]


def test_sessions_that_name_each_other_stay_sessions_and_lose_nothing():
    logs = [
        spawned("09:00", "a", "b"),
        spawned("09:00", "b", "a"),
        response("09:01", "a", 5),
        response("09:02", "b", 6),
    ]
    counted, used = sessions(*logs)
    assert {session for session, *_ in counted} == {"a", "b"}
    assert sum(tokens for _, tokens in used) == 11


def test_a_thread_that_never_calls_itself_a_session_changes_nothing():
    told = response("09:01", ROOT, 100, thread__id="subagent-1")
    assert sessions(told) == ([(ROOT, 0, 1, 0)], [(ROOT, 100)])


def test_a_commit_that_names_a_thread_is_its_sessions():
    commit = {"commit_hash": "a" * 40, "commit_timestamp": at("09:05"), "agent_session_id": CHILD}
    raw = {"raw_otel_logs": TELEMETRY, "raw_git_commits": [commit]}
    row = Warehouse(**raw).row("int_commits_with_agent_context", "agent_session_id", "session_tokens")
    assert row == {"agent_session_id": ROOT, "session_tokens": 132}


def test_a_thread_of_the_operating_system_is_none():
    span = response("09:01", ROOT, 5, thread__id="7") | {"source": "span"}
    rows = Warehouse(raw_otel_logs=[span, response("09:02", "7", 6)]).rows("stg_session_threads")
    assert rows == []
