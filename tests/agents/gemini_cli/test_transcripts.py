"""Gemini CLI's chats: messages by id, the last one with tokens counts."""

import copy
import json
import random

import pytest

from tests.agents.recording import Recording, captures, counted, identities, named, read, served, told
from tests.ingest.transcripts.conftest import write_lines

META = {
    "sessionId": "s-1",
    "projectHash": "abc",
    "startTime": "2026-11-02T10:00:00.000Z",
    "lastUpdated": "2026-11-02T10:00:00.000Z",
    "kind": "main",
}
START = ("gemini_cli.session_start", {"session.id": "s-1"})


def prompt(name="u1", at="10:00:01", content=None):
    return {
        "id": name,
        "timestamp": f"2026-11-02T{at}.000Z",
        "type": "user",
        "content": content or [{"text": "SECRET"}],
    }


def answer(name="m1", at="10:00:05", calls=(), **tokens):
    counted = {"input": 900, "output": 40, "cached": 700, "thoughts": 15, "tool": 0, "total": 955}
    return {
        "id": name,
        "timestamp": f"2026-11-02T{at}.000Z",
        "type": "gemini",
        "content": "SECRET",
        "model": "gemini-3.1-pro-preview",
        "tokens": counted | tokens,
    } | ({"toolCalls": list(calls)} if calls else {})


def write(folder, *lines, name="session-1"):
    return write_lines(folder / "tmp" / "abc" / "chats" / f"{name}.jsonl", *lines)


def requests(events):
    return [
        (values["session.id"], values["request_id"], values["output_token_count"])
        for values in named(events, "api_response")
    ]


@pytest.mark.parametrize(("expected", "folder"), captures(__file__))
def test_a_capture_tells_what_was_served(expected, folder):
    journal = Recording()
    events = read("gemini_cli", folder, journal=journal)

    assert counted(events) == served(expected)
    assert len(named(events, "user_prompt")) == len(named(events, "session_start")) == 1
    tools = named(events, "tool_result")
    asked = [tool for session in expected["sessions"].values() for tool in session["tools_asked"]]
    assert [values["tool_name"] for values in tools] == asked
    commits = [commit.partition("|")[0][:7] for commit in expected["git"][:-1]]
    assert [values["git_commit_id"] for values in tools if "git_commit_id" in values] == commits
    edits = [(values["lines_added"], values["lines_removed"]) for values in tools if "lines_added" in values]
    assert edits == [(2, 1)] * len(asked[:1])
    assert [values["decision"] for values in named(events, "tool_decision")] == ["accept"] * len(edits)
    assert (journal.unknown, journal.quarantined, journal.warnings) == ([], [], [])


def test_what_happened_is_told_as_telemetry_would(tmp_path):
    events = read("gemini_cli", write(tmp_path, META, prompt(), answer()))

    assert told(events) == [
        START,
        ("gemini_cli.user_prompt", {"session.id": "s-1", "message.uuid": "u1"}),
        (
            "gemini_cli.api_response",
            {
                "session.id": "s-1",
                "model": "gemini-3.1-pro-preview",
                "input_token_count": 900,
                "output_token_count": 40,
                "cached_content_token_count": 700,
                "thoughts_token_count": 15,
                "tool_token_count": 0,
                "total_token_count": 955,
                "request_id": "m1",
            },
        ),
    ]
    assert "SECRET" not in str(events)


def test_a_message_that_is_written_again_counts_once_as_it_was_last(tmp_path):
    unfinished = answer() | {"tokens": None}
    lines = [unfinished, answer(output=10), answer(output=40), unfinished]
    journal = Recording()
    events = read(
        "gemini_cli", write(tmp_path, META, *lines, {"$set": {"lastUpdated": "…"}}), journal=journal
    )

    assert requests(events) == [("s-1", "m1", 40)]
    assert journal.repeats == 1


def test_what_was_taken_back_was_paid_for(tmp_path):
    again = (prompt("u2", "10:01:00"), answer("m2", "10:01:05"))
    events = read("gemini_cli", write(tmp_path, META, prompt(), answer(), {"$rewindTo": "u1"}, *again))

    assert [request for _, request, _ in requests(events)] == ["m1", "m2"]
    assert len(named(events, "user_prompt")) == 2


def test_messages_that_are_set_as_a_whole_are_read(tmp_path):
    compressed = {"$set": {"messages": [answer(), answer("m2", "10:00:07")]}}
    events = read("gemini_cli", write(tmp_path, META, answer(), compressed))

    assert [request for _, request, _ in requests(events)] == ["m1", "m2"]


def test_an_old_document_and_the_file_that_continues_it_are_one_session(tmp_path):
    file = write(tmp_path, META, prompt(), answer(), answer("m2", at="10:02:00"))
    document = META | {"messages": [prompt(), answer()]}
    old = file.with_suffix(".json")
    old.write_text(json.dumps(document, indent=2))
    events = read("gemini_cli", old, file)

    assert [request for _, request, _ in requests(events)] == ["m1", "m2"]
    assert len(named(events, "user_prompt")) == len(named(events, "session_start")) == 1
    assert identities([*read("gemini_cli", file), *read("gemini_cli", old)]) == identities(events)


def test_what_two_sessions_tell_is_the_earlier_one_s(tmp_path):
    later = META | {"sessionId": "s-0", "startTime": "2026-11-02T11:00:00.000Z"}
    files = [
        write(tmp_path, later, prompt(), answer(), answer("m2", "11:00:05"), name="session-0"),
        write(tmp_path, META, prompt(), answer()),
    ]

    assert requests(read("gemini_cli", *files)) == [("s-1", "m1", 40), ("s-0", "m2", 40)]


def test_a_sub_agent_is_a_thread_of_the_session_whose_folder_it_lies_in(tmp_path):
    main = write(tmp_path, META, prompt(), answer())
    own = META | {"sessionId": "sub", "kind": "subagent", "startTime": "2026-11-02T10:00:10.000Z"}
    below = write(tmp_path, own, prompt("u2", "10:00:11"), answer("m2", "10:00:12"), name="s-1/sub")

    for files in ([main, below], [below]):
        events = read("gemini_cli", *files)
        assert requests(events)[-1] == ("s-1", "m2", 40)
        assert named(events, "api_response")[-1]["thread.id"] == "sub"
        assert len(named(events, "user_prompt")) == len(named(events, "session_start")) == len(files) - 1


@pytest.mark.parametrize(
    "content",
    [
        [{"functionResponse": {"id": "t", "response": {"output": "x"}}}],
        [{"functionResponse": {"id": "t"}}, {"text": "more of the tool's"}],
        [{"text": "<session_context>\nx\n</session_context>"}],
        "This is the Gemini CLI. We are setting up the context for our chat.",
    ],
)
def test_what_no_person_wrote_is_no_prompt(tmp_path, content):
    assert not named(read("gemini_cli", write(tmp_path, META, prompt(content=content))), "user_prompt")


@pytest.mark.parametrize(
    "content", ["fix it", [{"text": "<session_context>x"}, {"text": "fix it"}], [{"inlineData": {}}]]
)
def test_what_a_person_wrote_is_a_prompt(tmp_path, content):
    assert len(named(read("gemini_cli", write(tmp_path, META, prompt(content=content))), "user_prompt")) == 1


def call(name="run_shell_command", status="success", shown="[main 1a2b3c4] SECRET", **more):
    return {
        "id": "t1",
        "name": name,
        "status": status,
        "args": {"command": "SECRET"},
        "resultDisplay": shown,
        "timestamp": "2026-11-02T10:00:06.000Z",
    } | more


DIFF = {"fileDiff": "SECRET", "diffStat": {"model_added_lines": 2, "model_removed_lines": 1}}


@pytest.mark.parametrize(
    ("tool", "expected", "decision"),
    [
        (call(), {"success": "true", "git_commit_id": "1a2b3c4"}, None),
        (call("read_file"), {"success": "true"}, None),
        (call(status="error"), {"success": "false"}, None),
        (call("replace", shown=DIFF), {"success": "true", "lines_added": 2, "lines_removed": 1}, "accept"),
        (call("write_file", "cancelled", DIFF), {"success": "false"}, "reject"),
        (call("replace", "error", None), {"success": "false"}, None),
        (call(status="executing"), None, None),
    ],
)
def test_tools_are_told_once_they_ended_without_what_they_said(tmp_path, tool, expected, decision):
    lines = [
        META,
        answer(),
        answer(calls=[call("x", "awaiting_approval")]),
        answer(calls=[tool]),
        answer(calls=[tool]),
    ]
    events = read("gemini_cli", write(tmp_path, *lines))

    known = {"session.id": "s-1", "tool_name": tool["name"], "tool_use_id": "t1"}
    assert named(events, "tool_result") == ([known | expected] if expected else [])
    assert [values["decision"] for values in named(events, "tool_decision")] == (
        [decision] if decision else []
    )
    assert "SECRET" not in str(events)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (answer() | {"type": "gemini_v2"}, "gemini_v2"),
        (answer() | {"tokens": None, "usage": {"outputTokens": 5}}, "gemini"),
        ({"$set": {"totals": {"tokens": {"output": 7}}}}, "session"),
    ],
)
def test_usage_of_unknown_kinds_is_told(tmp_path, line, kind):
    journal = Recording()
    read("gemini_cli", write(tmp_path, META, prompt(), line), journal=journal)

    assert [(agent, what) for agent, what, _ in journal.unknown] == [("gemini_cli", kind)]


def test_failed_requests_are_told_where_a_person_was_shown_them(tmp_path):
    shown = ["[API Error: SECRET (Status: RESOURCE_EXHAUSTED)]", "[API Error: SECRET]", "Unknown command"]
    lines = [
        {"id": f"e{n}", "timestamp": f"2026-11-02T10:00:0{n}.000Z", "type": "error", "content": content}
        for n, content in enumerate([*shown, [{"text": "[API Error: x"}], None], start=1)
    ]

    assert told(read("gemini_cli", write(tmp_path, META, *lines))) == [
        START,
        ("gemini_cli.api_error", {"session.id": "s-1", "error_type": "RESOURCE_EXHAUSTED"}),
        ("gemini_cli.api_error", {"session.id": "s-1"}),
    ]


def test_a_bad_message_is_put_aside(tmp_path):
    journal = Recording()
    file = write(tmp_path, META, answer(output="x"), answer("m2", at="10:02:00"))

    assert requests(read("gemini_cli", file, journal=journal)) == [("s-1", "m2", 40)]
    assert journal.quarantined == ["a number of tokens is no number from 0 to 10,000,000,000"]


def test_a_session_in_which_nothing_happened_has_no_start(tmp_path):
    assert read("gemini_cli", write(tmp_path, META)) == []


@pytest.mark.slow
def test_hostile_values_are_put_aside_or_left_out(tmp_path):
    choice = random.Random(5)
    values = [None, [], {}, "x", -1, 10**30, True, "\x00", [{}], {"a": []}, [1], ""]
    lines = [
        META,
        prompt(),
        answer(calls=[call("replace", shown=DIFF)]),
        {"$set": {"messages": [answer("m2")]}},
    ]

    def places(value, path=()):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*path, key)
            if isinstance(inner, dict | list):
                yield from places(inner, (*path, key))

    for _ in range(300):
        broken = copy.deepcopy(lines)
        *folder, last = choice.choice(list(places(broken)))
        place = broken
        for key in folder:
            place = place[key]
        place[last] = choice.choice(values)
        read("gemini_cli", write(tmp_path, {"projectHash": "p"}, *map(json.dumps, broken)))
