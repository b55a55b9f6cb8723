"""Calls of tools by day, developer, agent, tool, MCP server and skill."""

import datetime as dt

from tests.models.harness import at, log, rows, span

DAY = dt.date(2026, 3, 10)


def call(tool="Bash", session="s1", source="otlp", **given):
    event = {"event": "tool_result", "recorded_at": at("09:00"), "day": DAY, "agent_type": "claude_code"}
    return {"tool_name": tool, "session_id": session, "source": source, **event, **given}


def usage(*events, columns=(), **tables):
    sessions = [{"session_id": "s1", "developer_id": "ada@example.com", "agent_type": "claude_code"}]
    given = {"stg_agent_sessions": sessions, "stg_log_events": events} | tables
    return rows("fct_tool_usage", given, *columns)


def test_calls_whole():
    events = (
        call(tool_failed=False, tool_microseconds=87_000),
        call(tool_failed=True),
        call(),
        call(event="tool_decision"),
        call("Read", mcp_server="files", skill="review", day=dt.date(2026, 3, 11)),
    )
    ada = {"developer_id": "ada@example.com", "agent_type": "claude_code"}
    assert usage(*events) == [
        {
            **{"date": DAY, **ada, "tool_name": "Bash", "mcp_server": None, "skill": None},
            **{"calls": 3, "failures": 1, "seconds": 0.087, "outcome_calls": 2, "timed_calls": 1},
        },
        {
            **{"date": dt.date(2026, 3, 11), **ada, "tool_name": "Read", "mcp_server": "files"},
            **{"skill": "review", "calls": 1, "failures": None, "seconds": None},
            **{"outcome_calls": 0, "timed_calls": 0},
        },
    ]


def test_telemetry_and_transcript_of_a_session_are_not_added_together():
    """As in `tool_calls` the source with most calls counts, even where another has other tools."""
    events = (
        call("Bash"),
        call("Read"),
        *(call(tool, source="transcript", tool_failed=False) for tool in ("Bash", "Bash", "Edit")),
        call("Bash", "s2", tool_failed=False),
        call("Bash", "s2", "transcript"),
    )
    assert usage(*events, columns=["tool_name", "calls", "outcome_calls"]) == [
        {"tool_name": "Bash", "calls": 1, "outcome_calls": 1},
        {"tool_name": "Bash", "calls": 2, "outcome_calls": 2},
        {"tool_name": "Edit", "calls": 1, "outcome_calls": 1},
    ]


def test_a_call_without_session_counts_for_whom_it_names():
    events = (
        call(None, None, developer_id="install-1", agent_type=None),
        call("Bash", None, developer_id="ada@example.com"),
    )
    aliases = [{"alias": "install-1", "developer_id": "bob@example.com"}]
    columns = ["developer_id", "agent_type", "tool_name", "calls"]
    assert usage(*events, columns=columns, stg_developer_aliases=aliases) == [
        {"developer_id": "ada@example.com", "agent_type": "claude_code", "tool_name": "Bash", "calls": 1},
        {"developer_id": "bob@example.com", "agent_type": "unknown", "tool_name": "unknown", "calls": 1},
    ]


def test_a_thread_that_calls_itself_a_session_counts_under_the_one_that_a_person_began():
    of_thread = call("Bash", "s1", thread_id="t1")
    threads = [{"thread_id": "t1", "session_id": "s1"}]
    given = {"stg_session_threads": threads, "stg_thread_events": [of_thread]}
    found = usage(call("Bash", "t1"), call("Read"), columns=["developer_id", "tool_name", "calls"], **given)
    assert found == [
        {"developer_id": "ada@example.com", "tool_name": name, "calls": 1} for name in ("Bash", "Read")
    ]


def test_the_name_of_an_mcp_tool_tells_its_server():
    names = {
        "mcp__github__create_issue": "github",
        "mcp__plugin_x-y_db__q": "plugin_x-y_db",
        "mcp__a__b__c": "a",
        "mcp__": None,
        "MCP": None,
    }
    found = usage(*map(call, names), columns=["tool_name", "mcp_server"])
    assert {row["tool_name"]: row["mcp_server"] for row in found} == names


def test_how_a_call_ended_and_how_long_it_took_in_the_words_of_each_agent():
    logs = {
        "claude_code": log("09:00", event__name="tool_result", success="false", duration_ms="87"),
        "codex": log(
            "09:00", event__name="codex.tool_result", success="true", duration_ms="5", mcp_server=""
        ),
        "gemini": log("09:00", event__name="gemini_cli.tool_call", success=True, mcp_server_name="db"),
        "wrong": log("09:00", event__name="tool_result", duration_ms="-5", error__type="timeout"),
        "nothing": log("09:00", event__name="tool_result", duration_ms="long", skill__name="review"),
        "no_tool": log("09:00", event__name="api_request", success="true", duration_ms=5),
    }
    logs = [row | {"attributes": row["attributes"] | {"session.id": name}} for name, row in logs.items()]
    tool = span("09:00", "execute_tool view", gen_ai__tool__name="view", gen_ai__conversation__id="span")
    columns = ("session_id", "tool_name", "mcp_server", "skill", "tool_failed", "tool_microseconds")
    found = rows("stg_log_events", {"raw_otel_logs": logs, "raw_otel_spans": [tool]}, *columns)
    assert {row.pop("session_id"): tuple(row.values()) for row in found} == {
        "claude_code": (None, None, None, True, 87_000),
        "codex": (None, None, None, False, 5_000),
        "gemini": (None, "db", None, False, None),
        "wrong": (None, None, None, True, None),
        "nothing": (None, None, "review", None, None),
        "no_tool": (None, None, None, None, None),
        "span": ("view", None, None, None, 5_000_000),
    }
