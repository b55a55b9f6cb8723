"""Qwen Code's chats: a call is told twice, by its event and by its answer, and counts once."""

import json

import pytest

from tests.agents.recording import Recording, captures, counted, identities, named, read, served, told
from tests.ingest.transcripts.conftest import write_lines

MODEL = "qwen3-coder-plus"
USAGE = ("promptTokenCount", "candidatesTokenCount", "cachedContentTokenCount", "thoughtsTokenCount")


def line(kind, at, name, session="s1", **more):
    stamp = f"2026-11-20T{at}Z"
    return {
        "uuid": name,
        "parentUuid": None,
        "sessionId": session,
        "timestamp": stamp,
        "type": kind,
        "cwd": "/gone",
        "version": "0.24.4",
        "gitBranch": "main",
    } | more


def prompt(at="10:00:00", name="u1", **more):
    content = {"message": {"role": "user", "parts": [{"text": "SECRET"}]}}
    return line("user", at, name, **({"provenance": "real_user"} | content | more))


def telemetry(event, at, name, session="s1", **told):
    event = {"event.name": f"qwen-code.{event}", **told}
    return line("system", at, name, session, subtype="ui_telemetry", systemPayload={"uiEvent": event})


def call(at, name, sent, received, cached=0, thoughts=0, total=None, **more):
    session = more.pop("session", "s1")
    counts = {
        "response_id": f"chat-{name}",
        "model": MODEL,
        "input_token_count": sent,
        "output_token_count": received,
        "cached_content_token_count": cached,
        "thoughts_token_count": thoughts,
        "total_token_count": sent + received if total is None else total,
        "auth_type": "openai",
    }
    return telemetry("api_response", at, name, session, **(counts | more))


def answer(at, name, *counts, session="s1", total=None, **more):
    usage = dict(zip(USAGE, counts, strict=False))
    usage["totalTokenCount"] = counts[0] + counts[1] if total is None else total
    content = {"model": MODEL, "message": {"role": "model", "parts": []}, "usageMetadata": usage}
    return line("assistant", at, name, session, **(content | more))


def write(folder, *records, name="s1"):
    return write_lines(folder / "projects" / "-w" / "chats" / f"{name}.jsonl", *records)


def write_subagent(folder, *records, name="explore-1"):
    return write_lines(folder / "projects" / "-w" / "subagents" / "s1" / f"agent-{name}.jsonl", *records)


def tokens(events):
    """Input, output, cache writes, cache reads and requests, by session."""
    return {session: values for (session, _), values in counted(events).items()}


CALL = call("10:00:05.000", "c1", 9000, 80, 4096, 30)
ANSWER = answer("10:00:05.003", "a1", 9000, 80, 4096, 30)


@pytest.mark.parametrize(("expected", "folder"), captures(__file__))
def test_a_capture_tells_what_was_served(expected, folder):
    journal = Recording()
    events = read("qwen_code", folder, journal=journal)

    assert counted(events) == served(expected)
    assert len(named(events, "user_prompt")) == 1
    tools = named(events, "tool_result")
    assert [values["tool_name"] for values in tools] == [
        tool for session in expected["sessions"].values() for tool in session["tools_asked"]
    ]
    commits = [commit.partition("|")[0][:7] for commit in expected["git"][:-1]]
    assert [values["git_commit_id"] for values in tools if "git_commit_id" in values] == commits
    assert journal == Recording()


def test_a_call_is_told_by_its_event_and_its_answer_and_counts_once(tmp_path):
    events = read("qwen_code", write(tmp_path, prompt(), CALL, ANSWER))

    session = {"session.id": "s1", "app.version": "0.24.4", "vcs.ref.head.name": "main"}
    assert told(events) == [
        ("qwen-code.user_prompt", session | {"message.uuid": "u1"}),
        (
            "qwen-code.api_response",
            session
            | {
                "model": MODEL,
                "input_token_count": 9000,
                "output_token_count": 80,
                "cached_content_token_count": 4096,
                "total_token_count": 9080,
                "request_id": "chat-c1",
            },
        ),
    ]
    assert tokens(events) == {"s1": (4904, 80, 0, 4096, 1)}


def test_older_files_have_answers_alone(tmp_path):
    assert tokens(read("qwen_code", write(tmp_path, prompt(), ANSWER))) == {"s1": (4904, 80, 0, 4096, 1)}


def test_two_calls_with_the_same_counts_are_two(tmp_path):
    again = [call("10:01:05.000", "c2", 9000, 80, 4096, 30), answer("10:01:05.003", "a2", 9000, 80, 4096, 30)]
    late = answer("10:02:00.000", "a3", 9000, 80, 4096, 30)

    events = read("qwen_code", write(tmp_path, CALL, ANSWER, *again, late))

    assert tokens(events)["s1"][-1] == 3


@pytest.mark.parametrize(
    ("counts", "more", "output"),
    [
        ({"total": 130}, {}, 30),  # input and output are all
        ({"total": 137}, {}, 37),  # thoughts stand beside them
        ({"total": 0}, {"auth_type": "openai"}, 30),
        ({"total": 0}, {"auth_type": "qwen-oauth"}, 30),
        ({"total": 0}, {"auth_type": "gemini"}, 37),
        ({"total": 999}, {"auth_type": "vertex-ai"}, 37),
    ],
)
def test_thoughts_are_added_only_where_they_stand_beside_the_output(tmp_path, counts, more, output):
    file = write(tmp_path, call("10:00:05", "c1", 100, 30, 0, 7, **counts, **more))

    assert tokens(read("qwen_code", file)) == {"s1": (100, output, 0, 0, 1)}


def test_an_answer_without_a_total_is_read_by_its_model(tmp_path):
    file = write(
        tmp_path,
        answer("10:00:05", "a1", 100, 30, 0, 7, total=0),
        answer("10:00:09", "a2", 100, 30, 0, 7, total=0, model="gemini-3-pro"),
    )

    outputs = {model: values[1] for (_, model), values in counted(read("qwen_code", file)).items()}
    assert outputs == {MODEL: 30, "gemini-3-pro": 37}


def test_a_sub_agents_calls_are_told_in_its_parents_file_and_in_its_own_and_count_once(tmp_path):
    named_call = call("10:00:07", "c2", 50, 5, subagent_name="Explore", subagent_id="explore-1")
    own = write_subagent(
        tmp_path, prompt("10:00:06", "x1"), answer("10:00:17", "x2", 50, 5, agentId="explore-1")
    )
    parent = write(tmp_path, prompt(), CALL, ANSWER, named_call)

    events = read("qwen_code", own, parent)

    assert tokens(events) == {"s1": (4954, 85, 0, 4096, 2)}
    assert len(named(events, "user_prompt")) == 1
    # Older parents do not tell it.
    events = read("qwen_code", own, write(tmp_path, prompt(), CALL, ANSWER))
    assert tokens(events) == {"s1": (4954, 85, 0, 4096, 2)}
    assert [values.get("thread.id") for values in named(events, "api_response")] == [None, "explore-1"]


def fork(record, session):
    return record | {"sessionId": session, "forkedFrom": {"sessionId": "s1", "messageUuid": record["uuid"]}}


def test_what_several_branches_copy_counts_once_under_their_parent(tmp_path):
    first = [prompt(), CALL, ANSWER]
    parent = write(tmp_path, *first)
    one = write(
        tmp_path, *(fork(r, "f1") for r in first), call("11:00:00", "c9", 10, 1, session="f1"), name="f1"
    )
    two = write(tmp_path, *(fork(r, "f2") for r in first), name="a-first")
    counts = {"s1": (4904, 80, 0, 4096, 1), "f1": (10, 1, 0, 0, 1)}

    events = read("qwen_code", two, one, parent)

    assert tokens(events) == counts
    assert len(named(events, "user_prompt")) == 1
    # Ingested before its parent, a branch tells the same events.
    assert identities(read("qwen_code", two)) == identities(read("qwen_code", parent))


def test_a_session_that_another_one_spawned_is_part_of_it(tmp_path):
    spawned = line("system", "10:00:06", "x0", "s2", subtype="parent_session")
    spawned["systemPayload"] = {"parentSessionId": "s1"}
    own = write(
        tmp_path,
        spawned,
        prompt("10:00:06", "x1", sessionId="s2"),
        call("10:00:07", "c2", 50, 5, session="s2"),
        name="s2",
    )

    events = read("qwen_code", own, write(tmp_path, prompt(), CALL))

    assert tokens(events) == {"s1": (4954, 85, 0, 4096, 2)}
    assert len(named(events, "user_prompt")) == 1
    assert [values.get("thread.id") for values in named(events, "api_response")] == [None, "s2"]


@pytest.mark.parametrize(
    "changes",
    [
        {"provenance": "goal_runtime"},
        {"subtype": "cron"},
        {"subtype": "notification"},
        {"isSidechain": True},
        {"message": {"role": "user", "parts": [{"functionResponse": {"id": "c", "name": "edit"}}]}},
    ],
)
def test_what_nobody_typed_is_no_prompt(tmp_path, changes):
    assert named(read("qwen_code", write(tmp_path, prompt(**changes))), "user_prompt") == []


def test_tools_edits_and_errors_are_told(tmp_path):
    def tool(at, name, function, decision, **more):
        ran = {"call_id": name, "function_name": function, "decision": decision, "duration_ms": 5}
        return telemetry("tool_call", at, f"t-{name}", **ran, function_args={"path": "SECRET"}, **more)

    lines = {"model_added_lines": 2, "model_removed_lines": 1, "user_added_lines": 9}
    failed = telemetry(
        "api_error", "10:00:04", "e1", model=MODEL, status_code=500, error_type="ServerError", error="SECRET"
    )
    file = write(
        tmp_path,
        tool("10:00:01", "c1", "edit", "auto_accept", success=True, metadata=lines),
        line("tool_result", "10:00:01", "r1", toolCallResult={"callId": "c1", "status": "success"}),
        tool("10:00:02", "c2", "write_file", "reject", success=False),
        failed,
    )
    session = {"session.id": "s1", "app.version": "0.24.4", "vcs.ref.head.name": "main"}
    edit = {"tool_name": "edit", "tool_use_id": "c1"}
    write_file = {"tool_name": "write_file", "tool_use_id": "c2"}
    done, refused = {"success": "true", "duration_ms": 5}, {"success": "false", "duration_ms": 5}

    assert told(read("qwen_code", file)) == [
        ("qwen-code.tool_decision", session | edit | {"decision": "accept"}),
        ("qwen-code.tool_result", session | edit | done | {"lines_added": 2, "lines_removed": 1}),
        ("qwen-code.tool_decision", session | write_file | {"decision": "reject"}),
        ("qwen-code.tool_result", session | write_file | refused),
        (
            "qwen-code.api_error",
            session | {"model": MODEL, "status_code": 500, "error_type": "ServerError"},
        ),
    ]


def test_a_file_that_has_grown_tells_the_same_of_what_was_there(tmp_path):
    before = identities(read("qwen_code", write(tmp_path, prompt(), CALL, ANSWER)))
    after = identities(
        read("qwen_code", write(tmp_path, prompt(), CALL, ANSWER, call("10:01:00", "c2", 5, 1)))
    )

    assert before < after
    assert len(after) == len(before) + 1


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (telemetry("api_answer", "10:00:05", "c1", input_token_count=5), "qwen-code.api_answer"),
        (
            line("system", "10:00:05", "c1", subtype="managed_session_v1", systemPayload={"tokens": 5}),
            "managed_session_v1",
        ),
        (ANSWER | {"type": "reply"}, "reply"),
        (
            {key: value for key, value in ANSWER.items() if key != "usageMetadata"} | {"tokens": 5},
            "assistant",
        ),
    ],
)
def test_usage_of_an_unknown_kind_is_told(tmp_path, record, kind):
    journal = Recording()

    read("qwen_code", write(tmp_path, prompt(), record), journal=journal)

    assert [(agent, name) for agent, name, _ in journal.unknown] == [("qwen_code", kind)]


BAD = [None, [], "x", -1, 2**80, {}, True]


@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_bad_values_are_put_aside(tmp_path, bad):
    good = [prompt(), call("10:00:09", "c2", 5, 1), answer("10:00:10", "a2", 5, 1)]
    tool = telemetry("tool_call", "10:00:05", "t", call_id=bad, success=bad, metadata=bad)
    broken = [
        *(record | {key: bad} for record in good for key in record),
        line("system", "10:00:05", "x", subtype="ui_telemetry", systemPayload={"uiEvent": bad}),
        call("10:00:05", "x", 5, 1, input_token_count=bad),
        call("10:00:05", "x", 5, 1, response_id=bad, model=bad, auth_type=bad),
        tool,
        tool | {"systemPayload": {"uiEvent": {"event.name": "qwen-code.tool_call", "metadata": {"a": bad}}}},
        line("tool_result", "10:00:05", "x", toolCallResult=bad, message=bad),
        line("tool_result", "10:00:05", "x", toolCallResult={"callId": bad, "resultDisplay": bad}),
    ]
    events = read("qwen_code", write(tmp_path, prompt(), CALL, *map(json.dumps, broken)))

    assert [values["request_id"] for values in named(events, "api_response")].count("chat-c1") == 1
