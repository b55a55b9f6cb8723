"""Droid's sessions: sums of each session alone, prompts and tools."""

import json

import pytest

from tests.agents.recording import Recording, identities, named, read, told

ROOT, CHILD, FORK = "11111111-1111-4111-8111-111111111111", "2" * 8, "3" * 8
AT = "2026-11-02T10:00:{:02d}.000Z"
USED = {
    "inputTokens": 400,
    "outputTokens": 75,
    "cacheCreationTokens": 1500,
    "cacheReadTokens": 20000,
    "thinkingTokens": 20,
    "factoryCredits": 6.5,
}
SETTINGS = {
    "model": "claude-opus-4-7",
    "providerLock": "anthropic",
    "providerLockTimestamp": "2026-11-02T09:00:00Z",
    "assistantActiveTimeMs": 90000,
    "tokenUsage": USED,
    "inclusiveTokenUsage": USED | {"inputTokens": 900, "factoryCredits": 8},
    "childInclusiveTokenUsageBySessionId": {CHILD: {"inputTokens": 500, "outputTokens": 15}},
    "lastCallTokenUsage": {"inputTokens": 7},
}


def message(name, role, second, *blocks, **changes):
    content = {"role": role, "content": list(blocks)}
    return {"type": "message", "id": name, "timestamp": AT.format(second), "message": content} | changes


def said(words="SECRET"):
    return {"type": "text", "text": words}


MESSAGES = [
    message("m1", "user", 1, said()),
    message("context-1", "user", 1, said()),
    message("m2", "user", 1, said("<system-reminder>SECRET")),
    message("m3", "user", 1, said(), visibility="llm_only"),
    message(
        "m4", "assistant", 2, {"type": "tool_use", "id": "t1", "name": "Execute", "input": {"command": "x"}}
    ),
    message(
        "m5", "user", 3, {"type": "tool_result", "tool_use_id": "t1", "content": "[main 9170fd3] SECRET"}
    ),
    message("m6", "assistant", 4, {"type": "tool_use", "id": "t2", "name": "Edit", "input": {}}),
    message("m7", "user", 5, {"type": "tool_result", "tool_use_id": "t2", "content": "x", "is_error": True}),
]


def write(folder, name=ROOT, settings=SETTINGS, messages=MESSAGES, **start):
    folder = folder / "sessions" / "-gone"
    folder.mkdir(parents=True, exist_ok=True)
    opening = {"type": "session_start", "id": name, "title": "SECRET", "version": 2, "cwd": "/gone"} | start
    lines = [opening, *messages, {"type": "session_end", "durationMs": 5, "toolCount": 2}]
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for ending in (".settings.json", ".settings.json.bak"):
        (folder / f"{name}{ending}").write_text(json.dumps(settings, indent=2))
    return folder


def counts(events):
    kinds = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens")
    return {call["request_id"]: tuple(call[kind] for kind in kinds) for call in named(events, "api_request")}


def test_sums_prompts_and_tools_are_told_without_what_was_written(tmp_path):
    journal = Recording()

    events = read("droid", write(tmp_path), journal=journal)

    own = {"session.id": ROOT}
    assert told(events) == [
        ("droid.user_prompt", own | {"message.uuid": "m1"}),
        (
            "droid.tool_result",
            own
            | {"tool_name": "Execute", "tool_use_id": "t1", "success": "true", "git_commit_id": "9170fd3"},
        ),
        (
            "droid.api_request",
            own
            | {
                "model": "claude-opus-4-7",
                "provider": "anthropic",
                "input_tokens": 400,
                "output_tokens": 75,
                "cache_creation_tokens": 1500,
                "cache_read_tokens": 20000,
                "credits": 6.5,
                "request_id": ROOT,
            },
        ),
        ("droid.tool_result", own | {"tool_name": "Edit", "tool_use_id": "t2", "success": "false"}),
    ]
    assert {event.cwd for event in events} == {"/gone"}
    assert (journal.unknown, journal.warnings, journal.quarantined) == ([], [], [])


def test_sub_agents_count_once_in_the_session_that_called_them(tmp_path):
    called = {"tags": [{"name": "subagent", "metadata": {"callingSessionId": ROOT}}]}
    folder = write(tmp_path)
    write(tmp_path, CHILD, {"model": "m", "tokenUsage": {"inputTokens": 500, "outputTokens": 15}, **called})

    events = read("droid", folder)

    assert counts(events) == {ROOT: (400, 75, 1500, 20000), CHILD: (500, 15, 0, 0)}
    of_child = [event.attributes for event in events if event.attributes.get("thread.id") == CHILD]
    assert {attributes["session.id"] for attributes in of_child} == {ROOT}
    assert [attributes["message.uuid"] for attributes in named(events, "user_prompt")] == ["m1"]


@pytest.mark.parametrize("children", [None, {}])
def test_inclusive_sums_count_where_there_are_no_others(tmp_path, children):
    settings = {"inclusiveTokenUsage": USED, "childInclusiveTokenUsageBySessionId": children}

    assert counts(read("droid", write(tmp_path, settings=settings))) == {ROOT: (400, 75, 1500, 20000)}


def test_a_fork_repeats_no_message_and_it_is_said_that_its_sums_may_hold_its_parents(tmp_path):
    folder = write(tmp_path, "z-parent")
    write(tmp_path, FORK, messages=[*MESSAGES, message("m9", "user", 9, said())], parent="z-parent")
    journal = Recording()

    events = read("droid", folder, journal=journal)

    prompts = [(prompt["session.id"], prompt["message.uuid"]) for prompt in named(events, "user_prompt")]
    assert prompts == [("z-parent", "m1"), (FORK, "m9")]
    assert len(counts(events)) == 2
    assert journal.warnings[0].endswith("does not tell whether a fork begins with its parent's sums.")


def test_sums_that_have_grown_keep_their_request_id_and_copies_add_nothing(tmp_path):
    (tmp_path / "later").mkdir()
    first, later = (
        write(tmp_path),
        write(tmp_path / "later", settings={"tokenUsage": USED | {"outputTokens": 99}}),
    )

    assert (
        counts(read("droid", first, later)) == counts(read("droid", later)) == {ROOT: (400, 99, 1500, 20000)}
    )
    assert identities(read("droid", first)) == identities(read("droid", first))


def test_a_configured_model_is_called_as_its_provider_calls_it(tmp_path):
    alias = "custom:Opus-[Anthropic]-0"
    configured = {"customModels": [{"id": alias, "model": "claude-opus-4-7", "apiKey": "SECRET"}]}
    (tmp_path / "settings.json").write_text(json.dumps(configured))

    (call,) = named(read("droid", write(tmp_path, settings=SETTINGS | {"model": alias})), "api_request")

    assert call["model"] == "claude-opus-4-7"


@pytest.mark.parametrize(
    "settings",
    [
        {"tokenUsed": USED},
        {"tokenUsage": {"totalTokens": 99}},
        {"inclusiveTokenUsage": USED, "childInclusiveTokenUsageBySessionId": {CHILD: USED}},
    ],
)
def test_usage_that_is_not_understood_is_told(tmp_path, settings):
    journal = Recording()

    assert counts(read("droid", write(tmp_path, settings=settings), journal=journal)) == {}
    assert {agent for agent, _, _ in journal.unknown} == {"droid"}


def test_an_unknown_line_with_usage_is_told(tmp_path):
    journal = Recording()

    read("droid", write(tmp_path, messages=[{"type": "turn_usage", "inputTokens": 5}]), journal=journal)

    assert journal.unknown == [("droid", "turn_usage", "inputTokens")]


@pytest.mark.parametrize("bad", [None, [], {}, "x", -1, 2**80, True, [{"a": 1}]])
def test_any_values_are_told_or_put_aside(tmp_path, bad):
    for settings in (
        dict.fromkeys(SETTINGS, bad),
        {"tokenUsage": dict.fromkeys(USED, bad), "tags": bad, "model": bad},
        {"tokenUsage": USED, "tags": [bad, {"metadata": bad}, {"metadata": {"callingSessionId": bad}}]},
        {"tokenUsage": USED, "tags": [{"metadata": {"callingSessionId": ROOT}}]},
        bad,
    ):
        broken = [
            message("m1", "user", 1, bad),
            message(bad, bad, 1, {"type": "tool_result", "tool_use_id": bad, "content": bad}),
            {"type": "message", "timestamp": bad, "message": {"role": "user", "content": "x"}},
            {"type": "message", "timestamp": AT.format(1), "message": bad},
        ]
        read("droid", write(tmp_path, settings=settings, messages=broken, parent=bad))
