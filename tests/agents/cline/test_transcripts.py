"""Cline's sessions: what forks and sub-agents tell counts once, and what was compacted away counts."""

import json

import pytest

from tests.agents.recording import Recording, identities, named, read, told

START = 1_793_613_600_000  # 2026-11-02 10:00 UTC
ROOT, FORK = "1784094124598_rruoq", "1784094999999_forked"
USED = {
    "inputTokens": 35912,
    "outputTokens": 164,
    "cacheReadTokens": 34332,
    "cacheWriteTokens": 80,
    "cost": 0.0654,
}
MODEL = {"id": "anthropic/claude-opus-4.8-fast", "provider": "cline", "family": "claude-opus"}


def message(name, role, after, *blocks, **changes):
    return {"id": name, "role": role, "content": list(blocks), "ts": START + after} | changes


def said():
    return {"type": "text", "text": "SECRET"}


def answer(name="msg_2", after=1000, *blocks, **used):
    return message(name, "assistant", after, *blocks, modelInfo=MODEL, metrics=USED | used)


def use(name, call="toolu_1"):
    return {"type": "tool_use", "id": call, "name": name, "input": {"path": "SECRET"}}


def result(call="toolu_1", content="SECRET", is_error=False):
    return {"type": "tool_result", "tool_use_id": call, "content": content, "is_error": is_error}


MESSAGES = [
    message("msg_1", "user", 0, said()),
    answer("msg_2", 1000, use("editor"), use("run_commands", "toolu_2")),
    message(
        "msg_3", "user", 2000, result(is_error=True), result("toolu_2", [{"text": "[main 9170fd3] SECRET"}])
    ),
]


def write(folder, *messages, name=ROOT, file=None, root=None, manifest=None, agent="lead"):
    folder = folder / "sessions" / (root or name)
    folder.mkdir(parents=True, exist_ok=True)
    content = {"version": 1, "agent": agent, "sessionId": name, "messages": list(messages)}
    (folder / f"{file or name}.messages.json").write_text(json.dumps(content))
    if manifest is not None:
        opening = {
            "version": 1,
            "session_id": name,
            "source": "cli",
            "started_at": "2026-11-02T10:00:00Z",
            "provider": "cline",
            "model": "anthropic/claude-opus-4.8",
            "cwd": "/gone",
            "workspace_root": "/gone",
        }
        (folder / f"{name}.json").write_text(json.dumps(opening | manifest, indent=2))
    return folder


def counts(events):
    kinds = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens", "cost_usd")
    return [tuple(call.get(kind) for kind in kinds) for call in named(events, "api_request")]


ONE = (1500, 164, 80, 34332, 0.0654)


def test_calls_prompts_and_tools_are_told_without_what_was_written(tmp_path):
    journal = Recording()

    events = read("cline", write(tmp_path, *MESSAGES, manifest={}), journal=journal)

    own = {"session.id": ROOT}
    (call,) = named(events, "api_request")
    assert len(call.pop("request_id")) == 32
    assert told(events) == [
        ("cline.session_start", own),
        ("cline.user_prompt", own | {"message.uuid": "msg_1"}),
        (
            "cline.api_request",
            own
            | {
                "model": "anthropic/claude-opus-4.8-fast",
                "provider": "cline",
                "input_tokens": 1500,
                "output_tokens": 164,
                "cache_creation_tokens": 80,
                "cache_read_tokens": 34332,
                "cost_usd": 0.0654,
            },
        ),
        ("cline.tool_result", own | {"tool_name": "editor", "tool_use_id": "toolu_1", "success": "false"}),
        (
            "cline.tool_result",
            own
            | {
                "tool_name": "run_commands",
                "tool_use_id": "toolu_2",
                "success": "true",
                "git_commit_id": "9170fd3",
            },
        ),
    ]
    assert {event.cwd for event in events} == {"/gone"}
    assert (journal.unknown, journal.quarantined) == ([], [])


def test_sub_agents_are_part_of_the_session_that_spawned_them(tmp_path):
    folder = write(tmp_path, *MESSAGES)
    prompt = message("msg_1", "user", 0, said())
    write(tmp_path, prompt, answer(after=5000), name=f"{ROOT}__a1", file="a1", root=ROOT, agent="a1")

    events = read("cline", folder)

    assert [(call["session.id"], call.get("thread.id")) for call in named(events, "api_request")] == [
        (ROOT, None),
        (ROOT, f"{ROOT}__a1"),
    ]
    assert len(named(events, "user_prompt")) == 1


@pytest.mark.parametrize("copied", [MESSAGES, [MESSAGES[0], MESSAGES[1] | {"id": "other"}, MESSAGES[2]]])
def test_what_a_fork_copies_counts_in_its_parent_whatever_its_id(tmp_path, copied):
    fork = {"metadata": {"fork": {"forkedFromSessionId": ROOT}}}
    write(tmp_path, *MESSAGES, manifest={"started_at": "2026-11-02T11:00:00Z"})
    forked = write(tmp_path, *copied, answer("msg_9", 9000), name="0_fork", manifest=fork)

    events = read("cline", tmp_path)

    assert [call["session.id"] for call in named(events, "api_request")] == [ROOT, "0_fork"]
    alone = [call["request_id"] for call in named(read("cline", forked), "api_request")]
    assert alone == [call["request_id"] for call in named(events, "api_request")]


def test_what_was_compacted_away_counts_once_the_session_has_ended(tmp_path):
    sums = {"usage": USED | {"inputTokens": 35912 + 700, "outputTokens": 264, "totalCost": 0.07}}
    going_on = write(tmp_path / "a", *MESSAGES, manifest={"metadata": sums})
    ended = write(tmp_path / "b", *MESSAGES, manifest={"metadata": sums, "ended_at": "2026-11-02T12:00:00Z"})

    journal = Recording()
    assert counts(read("cline", going_on, journal=journal)) == [ONE]
    assert journal.unknown[-1] == ("cline", "session that has not ended", "usage.inputTokens")
    (first, rest) = counts(read("cline", ended))
    assert first == ONE
    assert rest[:4] == (700, 100, 0, 0)
    assert rest[4] == pytest.approx(0.0046)


def test_sums_of_an_imported_task_are_no_usage_of_its_session(tmp_path):
    metadata = {"legacyTask": True, "usage": USED, "tokensIn": 5}
    folder = write(tmp_path, manifest={"metadata": metadata, "ended_at": "2026-11-02T12:00:00Z"})

    assert counts(read("cline", folder)) == []


def test_a_longer_file_tells_the_same_of_what_was_there(tmp_path):
    short = write(tmp_path / "a", *MESSAGES)
    long = write(tmp_path / "b", *MESSAGES, answer("msg_9", 9000, cost=0))

    assert identities(read("cline", short)) < identities(read("cline", long))
    assert identities(read("cline", short, long)) == identities(read("cline", long))
    assert counts(read("cline", long))[1][-1] is None


@pytest.mark.parametrize("changes", [{"role": "helper"}, {"metrics": None, "stats": USED}])
def test_usage_that_is_not_understood_is_told(tmp_path, changes):
    journal = Recording()

    assert counts(read("cline", write(tmp_path, answer() | changes), journal=journal)) == []
    assert [agent for agent, _, _ in journal.unknown] == ["cline"]


@pytest.mark.parametrize("bad", [None, [], {}, "x", -1, 2**80, True, [{"a": 1}]])
def test_any_values_are_told_or_put_aside(tmp_path, bad):
    broken = [
        bad,
        answer(bad, 0) | {"modelInfo": bad, "content": bad},
        answer() | {"metrics": dict.fromkeys(USED, bad)},
        answer() | {"ts": bad},
        message("m", bad, 0, bad, result(bad, bad, bad)),
    ]
    for manifest in ({"metadata": bad, "ended_at": bad}, {"metadata": {"usage": bad, "fork": bad}}):
        for metadata in (manifest, {"metadata": {"usage": dict.fromkeys(USED, bad)}, "ended_at": bad}):
            read("cline", write(tmp_path, *broken, manifest=metadata))
    (tmp_path / "sessions" / ROOT / f"{ROOT}.messages.json").write_text('{"sessionId": "x", ')
    journal = Recording()
    assert read("cline", tmp_path, journal=journal) == []
    assert journal.quarantined


def test_a_prompt_whose_id_is_no_text_is_told(tmp_path):
    folder = write(tmp_path, *(message(name, "user", 0, said()) for name in ([], {"a": 1}, [])))
    assert len(named(read("cline", folder), "user_prompt")) == 2
