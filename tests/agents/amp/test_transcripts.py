"""Amp's threads: each call once, whether a message, the ledger or both tell of it."""

import json

import pytest

from tests.agents.recording import Recording, identities, named, read, told

THREAD = "T-00000000-0000-4000-8000-000000000001"
START = 1_793_613_600_000  # 2026-11-02 10:00 UTC
USAGE = {
    "model": "claude-haiku-4-5-20251001",
    "inputTokens": 10,
    "outputTokens": 178,
    "cacheCreationInputTokens": 986,
    "cacheReadInputTokens": 11372,
    "totalInputTokens": 12368,
    "maxInputTokens": 168000,
    "timestamp": "2026-11-02T10:00:05Z",
}
ENTRY = {
    "id": "e1",
    "timestamp": "2026-11-02T10:00:05Z",
    "model": "gpt-5",
    "operationType": "inference",
    "credits": 0.75,
    "fromMessageId": 0,
    "toMessageId": 1,
    "tokens": {"input": 100, "output": 20, "total": 120},
}


def prompt(number=0, at=START):
    block = {"type": "text", "text": "SECRET"}
    return {"role": "user", "messageId": number, "content": [block], "meta": {"sentAt": at}}


def answer(number=1, usage=USAGE, content=()):
    return {"role": "assistant", "messageId": number, "content": list(content), "usage": usage}


def result(number=2, call="t1", at=START + 6000, **run):
    block = {"type": "tool_result", "toolUseID": call, "run": {"status": "done"} | run}
    return {"role": "user", "messageId": number, "content": [block], "meta": {"sentAt": at}}


def write(folder, *messages, name=THREAD, file=None, ledger=None, **changes):
    thread = {"id": name, "v": 9, "created": START, "title": "SECRET", "messages": messages} | changes
    if ledger is not None:
        thread["usageLedger"] = {"events": ledger}
    file = folder / (file or f"{name}.json")
    file.write_text(json.dumps(thread, indent=2))
    return file


def counts(events):
    kinds = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens")
    return [tuple(call.get(kind) for kind in kinds) for call in named(events, "api_request")]


def test_calls_prompts_and_tools_are_told_without_what_was_written(tmp_path):
    use = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"cmd": "SECRET"}}
    environment = {
        "trees": [
            {
                "uri": "file:///gone/my%20work",
                "repository": {"url": "https://example.com/r", "ref": "refs/heads/main"},
            }
        ],
        "platform": {"clientVersion": "0.0.1775"},
    }
    file = write(
        tmp_path,
        prompt(),
        answer(content=[use]),
        result(result={"output": "[main 9170fd3] SECRET\n", "exitCode": 0}),
        env={"initial": environment},
    )

    events = read("amp", file)

    own = {
        "session.id": THREAD,
        "app.version": "0.0.1775",
        "vcs.ref.head.name": "main",
        "vcs.repository.url.full": "https://example.com/r",
    }
    assert told(events) == [
        ("amp.session_start", own),
        ("amp.user_prompt", own | {"message.uuid": f"{THREAD}:0"}),
        (
            "amp.api_request",
            own
            | {
                "model": "claude-haiku-4-5-20251001",
                "input_tokens": 10,
                "output_tokens": 178,
                "cache_creation_tokens": 986,
                "cache_read_tokens": 11372,
                "request_id": f"{THREAD}:1",
            },
        ),
        (
            "amp.tool_result",
            own | {"tool_name": "Bash", "tool_use_id": "t1", "success": "true", "git_commit_id": "9170fd3"},
        ),
    ]
    assert {event.cwd for event in events} == {"/gone/my work"}


def test_the_ledger_gives_credits_to_the_message_and_is_no_second_call(tmp_path):
    same_counts = {**ENTRY, "model": USAGE["model"], "tokens": {"input": 10, "output": 178}}
    del same_counts["toMessageId"]

    for entry in (ENTRY, same_counts):
        (call,) = named(read("amp", write(tmp_path, prompt(), answer(), ledger=[entry])), "api_request")

        assert call["credits"] == 0.75
        assert "cost_usd" not in call
        assert (call["input_tokens"], call["cache_read_tokens"]) == (10, 11372)


def test_what_only_one_of_ledger_and_messages_tells_counts_as_well(tmp_path):
    other = ENTRY | {"id": "e2", "toMessageId": 77}

    events = read("amp", write(tmp_path, prompt(), answer(), answer(3), ledger=[ENTRY, other]))

    assert counts(events) == [(10, 178, 986, 11372), (10, 178, 986, 11372), (100, 20, None, None)]
    assert sum(call.get("credits", 0) for call in named(events, "api_request")) == 1.5


def test_the_latest_version_of_a_thread_counts_and_tells_the_same_of_what_was_there(tmp_path):
    (tmp_path / "old").mkdir()
    old = write(tmp_path / "old", prompt(), answer())
    new = write(tmp_path, prompt(), answer(), answer(3), v=10)
    journal = Recording()

    both = read("amp", old, new, journal=journal)

    assert len(counts(both)) == 2
    assert journal.repeats == 1
    assert identities(read("amp", old)) < identities(both)
    assert identities(read("amp", new)) == identities(both)


@pytest.mark.parametrize(
    "changes",
    [
        {"usageBook": {"events": [ENTRY]}},
        {"messages": [answer(usage={"model": "m", "totalTokens": 5})]},
        {"messages": [{"role": "assistant", "messageId": 1, "used": USAGE}]},
        {"messages": [], "usageLedger": {"events": [{"id": "e", "totalTokens": 5}]}},
    ],
)
def test_usage_that_is_not_understood_is_told(tmp_path, changes):
    journal = Recording()

    assert counts(read("amp", write(tmp_path, **changes), journal=journal)) == []
    assert [(agent, bool(kind)) for agent, kind, _ in journal.unknown] == [("amp", True)]


@pytest.mark.parametrize("bad", [None, [], {}, "x", -1, 2**80, True, {"a": 1}])
def test_any_values_are_told_or_put_aside(tmp_path, bad):
    for changes in (
        {"messages": bad},
        {"v": bad, "created": bad, "env": bad, "usageLedger": bad},
        {
            "messages": [
                bad,
                answer(usage=bad),
                answer(bad, usage=dict.fromkeys(USAGE, bad)),
                result(call=bad),
            ]
        },
        {"usageLedger": {"events": [bad, dict.fromkeys(ENTRY, bad)]}, "messages": [answer()]},
        {"env": {"initial": {"trees": [{"uri": bad, "repository": bad}], "platform": bad}}},
    ):
        read("amp", write(tmp_path, prompt(), **changes))
    (tmp_path / f"{THREAD}.json").write_text(f'{{"id": "{THREAD}", "messages": [')
    journal = Recording()
    assert read("amp", tmp_path / f"{THREAD}.json", journal=journal) == []
    assert journal.quarantined


def test_an_edit_that_was_done_was_accepted_and_one_that_was_stopped_was_not_decided(tmp_path):
    tools = {"t1": "edit_file", "t2": "create_file", "t3": "edit_file", "t4": "Bash"}
    uses = [{"type": "tool_use", "id": call, "name": name} for call, name in tools.items()]
    file = write(
        tmp_path,
        answer(content=uses),
        result(2, "t1"),
        result(3, "t2", status="rejected-by-user", reason="SECRET"),
        result(4, "t3", status="cancelled"),
        result(5, "t4", status="rejected-by-user"),
    )

    events = read("amp", file)

    own = {"session.id": THREAD}
    assert named(events, "tool_decision") == [
        own | {"tool_name": "edit_file", "tool_use_id": "t1", "decision": "accept"},
        own | {"tool_name": "create_file", "tool_use_id": "t2", "decision": "reject"},
    ]
    assert [one["success"] for one in named(events, "tool_result")] == ["true", "false", "false", "false"]
