"""Kimi CLI and Kimi Code: each step of a model once, in the session that a person began."""

import json

import pytest

from tests.agents.recording import Recording, identities, named, read, told

START = 1_793_613_600  # 2026-11-02 10:00 UTC
USED = {"input_other": 120, "output": 40, "input_cache_read": 8880, "input_cache_creation": 7}
ONE = (120, 40, 7, 8880)


def lines(file, *records):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    return file


def counts(events):
    kinds = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens")
    return [tuple(call[kind] for kind in kinds) for call in named(events, "api_request")]


# Kimi CLI

HEADER = {"type": "metadata", "protocol_version": "1.10"}


def wire(kind, after=0.25, **payload):
    return {"timestamp": START + after, "message": {"type": kind, "payload": payload}}


def status(after=1.25, response="chatcmpl-abc", usage=USED):
    return wire("StatusUpdate", after, context_tokens=9000, token_usage=usage, message_id=response)


def cli(folder, *records, session="s1", agent=None, title=None):
    folder = folder / "sessions" / "md5" / session
    if title:
        lines(folder / "state.json", {"title": title})
    return lines((folder / "subagents" / agent if agent else folder) / "wire.jsonl", HEADER, *records)


def test_kimi_cli_tells_calls_prompts_and_tools_without_what_was_written(tmp_path):
    returned = {"is_error": False, "output": "[main 9170fd3] SECRET"}
    journal = Recording()
    file = cli(
        tmp_path,
        wire("TurnBegin", user_input="SECRET"),
        status(),
        status(1.5, usage=None),
        wire("ToolCall", 2, id="t1", function={"name": "Shell", "arguments": "SECRET"}),
        wire("ToolResult", 3, tool_call_id="t1", return_value=returned),
        wire("SteerInput", 4, user_input=[{"type": "text", "text": "SECRET"}]),
        wire("CompactionEnd", 5),
    )

    events = read("kimi_cli", file, journal=journal)

    own = {"session.id": "s1"}
    assert told(events) == [
        ("kimi_cli.user_prompt", own),
        (
            "kimi_cli.api_request",
            own
            | {
                "input_tokens": 120,
                "output_tokens": 40,
                "cache_creation_tokens": 7,
                "cache_read_tokens": 8880,
                "request_id": "chatcmpl-abc",
            },
        ),
        (
            "kimi_cli.tool_result",
            own | {"tool_name": "Shell", "tool_use_id": "t1", "success": "true", "git_commit_id": "9170fd3"},
        ),
        ("kimi_cli.user_prompt", own),
    ]
    assert events[0].at.isoformat() == "2026-11-02T10:00:00.250000+00:00"
    assert (journal.unknown, journal.quarantined) == ([], [])


@pytest.mark.parametrize(
    ("tool", "returned", "decision"),
    [
        ("WriteFile", {"is_error": False}, "accept"),
        (
            "StrReplaceFile",
            {"is_error": True, "message": "The tool call is rejected by the user. S"},
            "reject",
        ),
        ("WriteFile", {"is_error": True, "message": "Failed to write to SECRET."}, None),
        ("Shell", {"is_error": False}, None),
    ],
)
def test_kimi_cli_tells_what_a_person_decided_of_an_edit(tmp_path, tool, returned, decision):
    file = cli(
        tmp_path,
        wire("ToolCall", 2, id="t1", function={"name": tool}),
        wire("ToolResult", 3, tool_call_id="t1", return_value=returned),
    )

    same = {"session.id": "s1", "tool_name": tool, "tool_use_id": "t1"}
    expected = [same | {"decision": decision}] if decision else []
    assert named(read("kimi_cli", file), "tool_decision") == expected


def test_kimi_cli_tells_failed_requests_that_were_tried_again(tmp_path):
    retry = {"n": 1, "next_attempt": 2, "max_attempts": 3, "wait_s": 0.5, "error_type": "APIStatusError"}
    file = cli(tmp_path, wire("StepRetry", 2, **retry, status_code=529), wire("StepRetry", 3, **retry))

    error = {"session.id": "s1", "error_type": "APIStatusError"}
    assert told(read("kimi_cli", file)) == [
        ("kimi_cli.api_error", error | {"status_code": 529}),
        ("kimi_cli.api_error", error),
    ]


def mirrored(line, agent="a1"):
    return wire("SubagentEvent", 1.25, agent_id=agent, event=line["message"])


@pytest.mark.parametrize("has_file", [True, False])
def test_a_sub_agent_counts_once_whether_or_not_it_has_a_file_of_its_own(tmp_path, has_file):
    cli(tmp_path, wire("TurnBegin", user_input="x"), mirrored(wire("TurnBegin")), mirrored(status()))
    if has_file:
        cli(tmp_path, wire("TurnBegin", 0.5, user_input="x"), status(), agent="a1")

    events = read("kimi_cli", tmp_path)

    assert counts(events) == [ONE]
    assert [(one["session.id"], one["thread.id"]) for one in named(events, "api_request")] == [("s1", "a1")]
    assert len(named(events, "user_prompt")) == 1


@pytest.mark.parametrize("response", ["chatcmpl-abc", None])
def test_what_a_fork_of_kimi_cli_copies_counts_in_the_original(tmp_path, response):
    copied = [wire("TurnBegin", user_input="x"), status(response=response)]
    cli(tmp_path, *copied, session="z")
    fork = cli(tmp_path, *copied, status(9, "chatcmpl-xyz"), session="a", title="Fork: x")

    events = read("kimi_cli", tmp_path)

    assert [one["session.id"] for one in named(events, "api_request")] == ["z", "a"]
    assert len(named(events, "user_prompt")) == 1
    alone = {one["request_id"] for one in named(read("kimi_cli", fork), "api_request")}
    assert alone == {one["request_id"] for one in named(events, "api_request")}


def test_a_file_without_a_header_is_read(tmp_path):
    assert counts(read("kimi_cli", lines(tmp_path / "s1" / "wire.jsonl", status()))) == [ONE]


# Kimi Code

CODE_HEADER = {"type": "metadata", "protocol_version": "1.5", "created_at": START * 1000}
CODE_USED = {"inputOther": 120, "output": 40, "inputCacheRead": 8880, "inputCacheCreation": 7}


def record(kind, after=1.25, /, **rest):
    return {"type": kind, "agentId": "main", **rest, "time": int((START + after) * 1000)}


def usage(after=1.25, **changes):
    return (
        record("usage.record", after, model="kimi-for-coding", usage=CODE_USED, usageScope="turn") | changes
    )


def loop(kind, after=2, /, **event):
    return record("context.append_loop_event", after, event={"type": kind} | event)


REQUEST = record(
    "llm.request", 1, kind="loop", provider="kimi", model="kimi-k2.6", modelAlias="kimi-for-coding"
)


def code(folder, *records, session="session_1", agent="main", **state):
    folder = folder / "sessions" / "wd_x" / session
    lines(folder / "state.json", {"id": session, "title": "SECRET", "cwd": "/gone"} | state)
    return lines(folder / "agents" / agent / "wire.jsonl", CODE_HEADER, *records)


def test_kimi_code_tells_calls_prompts_tools_and_failures_without_what_was_written(tmp_path):
    typed = [{"type": "text", "text": "SECRET"}]
    journal = Recording()
    file = code(
        tmp_path,
        record("turn.prompt", 0, input=typed, origin={"kind": "user"}),
        record("turn.prompt", 0.5, input=typed, origin={"kind": "system_trigger"}),
        record("context.append_message", 0.6, message={"role": "user", "usage": CODE_USED}),
        REQUEST,
        usage(),
        loop("step.end", 1.5, usage=CODE_USED),
        loop("tool.call", toolCallId="t1", name="Bash", args={"command": "SECRET"}),
        loop("tool.result", 3, toolCallId="t1", result={"output": "[main 9170fd3] SECRET"}),
        record("turn.ended", 4, reason="failed", error={"code": "provider_error", "message": "SECRET"}),
        record("token_counting.measured", 5, length=3, tokens=900),
    )

    events = read("kimi_cli", file, journal=journal)

    own = {"session.id": "session_1"}
    (call,) = named(events, "api_request")
    assert len(call.pop("request_id")) == 32
    assert told(events) == [
        ("kimi_cli.user_prompt", own),
        (
            "kimi_cli.api_request",
            own
            | {
                "model": "kimi-k2.6",
                "provider": "kimi",
                "input_tokens": 120,
                "output_tokens": 40,
                "cache_creation_tokens": 7,
                "cache_read_tokens": 8880,
            },
        ),
        (
            "kimi_cli.tool_result",
            own | {"tool_name": "Bash", "tool_use_id": "t1", "success": "true", "git_commit_id": "9170fd3"},
        ),
        ("kimi_cli.api_error", own | {"error_type": "provider_error"}),
    ]
    assert {event.cwd for event in events} == {"/gone"}
    assert (journal.unknown, journal.quarantined) == ([], [])


@pytest.mark.parametrize(
    ("records", "decision"),
    [
        ([loop("tool.result", 3, toolCallId="t1", result={"output": "SECRET"})], "accept"),
        (
            [
                record(
                    "permission.record_approval_result",
                    2.5,
                    toolCallId="t1",
                    toolName="Edit",
                    result={"decision": "rejected", "feedback": "SECRET"},
                ),
                loop("tool.result", 3, toolCallId="t1", result={"isError": True, "output": "SECRET"}),
            ],
            "reject",
        ),
        (
            [
                record(
                    "permission.record_approval_result",
                    2.5,
                    toolCallId="t1",
                    toolName="Edit",
                    result={"decision": "approved"},
                ),
                loop("tool.result", 3, toolCallId="t1", result={"isError": True, "output": "SECRET"}),
            ],
            None,
        ),
    ],
)
def test_kimi_code_tells_what_a_person_decided_of_an_edit(tmp_path, records, decision):
    file = code(tmp_path, loop("tool.call", toolCallId="t1", name="Edit", args={"path": "SECRET"}), *records)

    same = {"session.id": "session_1", "tool_name": "Edit", "tool_use_id": "t1"}
    expected = [same | {"decision": decision}] if decision else []
    assert named(read("kimi_cli", file), "tool_decision") == expected


@pytest.mark.parametrize("created", [(START - 2) * 1000, "2026-11-02T09:59:58.000Z"])
def test_kimi_code_tells_when_a_session_began(tmp_path, created):
    code(tmp_path, usage(), createdAt=created)
    code(tmp_path, usage(2), agent="agent-1", createdAt=created)

    starts = [event for event in read("kimi_cli", tmp_path) if event.name == "kimi_cli.session_start"]

    assert told(starts) == [("kimi_cli.session_start", {"session.id": "session_1"})]
    assert [event.at.isoformat() for event in starts] == ["2026-11-02T09:59:58+00:00"]


def test_steps_count_in_files_without_records_of_usage(tmp_path):
    assert counts(read("kimi_cli", code(tmp_path, loop("step.end", usage=CODE_USED)))) == [ONE]


def test_sub_agents_and_side_work_are_part_of_the_session(tmp_path):
    code(tmp_path, usage(usageScope="session"))
    code(tmp_path, record("turn.prompt", 0, input="x", origin={"kind": "user"}), usage(2), agent="agent-1")

    events = read("kimi_cli", tmp_path)

    assert [(one["session.id"], one.get("thread.id")) for one in named(events, "api_request")] == [
        ("session_1", None),
        ("session_1", "session_1:agent-1"),
    ]
    assert named(events, "user_prompt") == []


@pytest.mark.parametrize("is_marked", [True, False])
def test_what_a_fork_of_kimi_code_copies_counts_in_its_parent(tmp_path, is_marked):
    copied = [record("turn.prompt", 0, input="x", origin={"kind": "user"}), REQUEST, usage()]
    mark = [record("forked", 5)] if is_marked else []
    parent = code(tmp_path, *copied, session="z")
    fork = code(tmp_path, *copied, *mark, usage(9), session="a", forkedFrom="z")

    events = read("kimi_cli", tmp_path)

    assert [one["session.id"] for one in named(events, "api_request")] == ["z", "a"]
    assert len(named(events, "user_prompt")) == 1
    alone = read("kimi_cli", fork)
    assert {one["request_id"] for one in named(alone, "api_request")} == {
        one["request_id"] for one in named(events, "api_request")
    }
    if is_marked:
        assert identities(read("kimi_cli", parent)) < identities(alone) == identities(events)


def test_sessions_that_were_taken_over_from_kimi_cli_are_its_own(tmp_path):
    assert read("kimi_cli", code(tmp_path, usage(), custom={"imported_from_kimi_cli": True})) == []


@pytest.mark.parametrize(
    ("write", "line", "kind"),
    [
        (cli, status() | {"message": status()["message"] | {"type": "StepUsage"}}, "StepUsage"),
        (code, usage(type="usage.recorded"), "usage.recorded"),
        # Older files have no records of usage beside the steps.
        (code, loop("step.done", usage=CODE_USED), "step.done"),
        (code, loop("step.end", usage={"outputAudio": 5}), "step.end"),
    ],
)
def test_usage_of_an_unknown_kind_is_told(tmp_path, write, line, kind):
    journal = Recording()

    assert counts(read("kimi_cli", write(tmp_path, line), journal=journal)) == []
    assert [(agent, kind) for agent, kind, _ in journal.unknown] == [("kimi_cli", kind)]


@pytest.mark.parametrize("bad", [None, [], {}, "x", -1, 2**80, 1e300, True, [{"a": 1}]])
def test_any_values_are_told_or_put_aside(tmp_path, bad):
    kinds = ("StatusUpdate", "TurnBegin", "ToolCall", "ToolResult", "SubagentEvent")
    payload = dict.fromkeys(("token_usage", "user_input", "id", "tool_call_id", "return_value", "event"), bad)
    broken = [{"timestamp": START, "message": {"type": kind, "payload": payload}} for kind in kinds]
    times = [status() | {"timestamp": bad}, wire("StatusUpdate", token_usage=dict.fromkeys(USED, bad))]
    read("kimi_cli", cli(tmp_path, status(), *broken, *times, {"timestamp": bad, "message": bad}))
    types = (
        "usage.record",
        "llm.request",
        "context.append_loop_event",
        "turn.prompt",
        "turn.ended",
        "forked",
    )
    values = dict.fromkeys(("usage", "model", "provider", "event", "origin", "input", "error"), bad)
    records = [{"type": kind, "time": time, **values} for kind in types for time in (bad, START * 1000)]
    nested = [usage(usage=dict.fromkeys(CODE_USED, bad)), loop("tool.result", toolCallId=bad, result=bad)]
    read(
        "kimi_cli",
        code(tmp_path, *records, *nested, {"type": bad}, forkedFrom=bad, custom=bad, cwd=bad, createdAt=bad),
    )
