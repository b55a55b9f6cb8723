"""Grok CLI's sessions: turns by model, sub-agents within them, forks, and the log of older versions."""

import json

import pytest

from tests.agents.recording import Recording, identities, named, read, told
from tests.ingest.transcripts.conftest import write_lines

SESSION, OTHER = "0199aaaa-0000-7000-8000-000000000001", "0199bbbb-0000-7000-8000-000000000002"
TEN = 1_793_613_600  # 2026-11-02 10:00 UTC
MODEL = "grok-build"


def record(name, at, /, session=SESSION, prompt="p-1", stamped=None, method="_x.ai/session/update", **update):
    meta = {"eventId": f"{SESSION}-{name}-{at}", "agentTimestampMs": (TEN + at) * 1000, "promptId": prompt}
    params = {"sessionId": session, "update": {"sessionUpdate": name} | update, "_meta": meta}
    return {"timestamp": stamped or TEN + at, "method": method, "params": params}


def prompt(at=0, name="p-1", text="SECRET", **more):
    content = {"type": "text", "text": text}
    return record("user_message_chunk", at, prompt=name, method="session/update", content=content, **more)


def used(sent=20000, received=800, read=18000, written=0, ticks=123400000, **more):
    return {
        "inputTokens": sent,
        "outputTokens": received,
        "totalTokens": sent + received,
        "cachedReadTokens": read,
        "cacheCreationTokens": written,
        "reasoningTokens": received // 2,
        "modelCalls": 3,
        "costUsdTicks": ticks,
    } | more


def turn(at, name="p-1", usage=None, models=(MODEL,), **more):
    usage = usage or used()
    by_model = dict.fromkeys(models, usage)
    return record(
        "turn_completed",
        at,
        prompt=name,
        prompt_id=name,
        stop_reason="end_turn",
        usage=usage | {"modelUsage": by_model},
        **more,
    )


def write(folder, *lines, session=SESSION, **summary):
    place = folder / "sessions" / "%2Fgone" / session
    write_lines(place / "updates.jsonl", *lines)
    described = {
        "info": {"id": session, "cwd": "/gone"},
        "generated_title": "SECRET",
        "created_at": "2026-11-02T09:59:00.000001Z",
        "current_model_id": "grok-5",
        "head_branch": "main",
    }
    (place / "summary.json").write_text(json.dumps(described | summary, indent=2))
    (place / "signals.json").write_text(json.dumps({"contextTokensUsed": 99}))
    (place / "chat_history.jsonl").write_text(json.dumps({"type": "user", "content": "SECRET"}) + "\n")
    return place


def counts(events):
    kinds = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens")
    return [
        (call["session.id"], call.get("model"), *(call[kind] for kind in kinds))
        for call in named(events, "api_request")
    ]


def test_turns_prompts_and_tools_are_told_without_what_was_written(tmp_path):
    made = [{"type": "content", "content": {"type": "text", "text": "[main 9170fd3] Greet\n 1 file"}}]
    lines = [
        prompt(),
        prompt(0),  # another piece
        record("tool_call", 1, toolCallId="t1", title="SECRET", kind="execute", status="pending"),
        record("tool_call_update", 2, toolCallId="t1", status="completed", content=made),
        record("tool_call", 3, toolCallId="t2", title="SECRET", kind="edit", status="failed"),
        turn(9, usage=used(20000, 800, 18000, 500)),
        prompt(20, "p-2"),
        prompt(21, "task-completed-7"),
        prompt(22, "p-3", "<system-reminder>SECRET"),
        record("user_message_chunk", 23, prompt="p-4", _meta={"hostTurn": True}),
    ]
    lines[6]["params"]["update"]["_meta"] = {"hideFromScrollback": True}
    journal = Recording()

    events = read("grok", write(tmp_path, *lines), journal=journal)

    session = {"session.id": SESSION}
    assert told(events) == [
        ("grok.session_start", session | {"vcs.ref.head.name": "main"}),
        ("grok.user_prompt", session | {"message.uuid": "p-1"}),
        (
            "grok.tool_result",
            session
            | {
                "tool_name": "execute",
                "tool_use_id": "t1",
                "success": "true",
                "git_commit_id": "9170fd3",
            },
        ),
        (
            "grok.tool_result",
            session | {"tool_name": "edit", "tool_use_id": "t2", "success": "false"},
        ),
        (
            "grok.api_request",
            session
            | {
                "input_tokens": 1500,
                "output_tokens": 800,
                "cache_read_tokens": 18000,
                "cache_creation_tokens": 500,
                "model": MODEL,
                "cost_usd": 0.01234,
                "request_id": f"p-1:{MODEL}",
            },
        ),
    ]
    assert {event.cwd for event in events} == {"/gone"}
    assert journal == Recording()


def test_an_edit_that_was_made_is_accepted_and_only_what_a_person_rejected_is_rejected(tmp_path):
    def ended(call, at, status, words="SECRET", kind="edit"):
        content = [{"type": "content", "content": {"type": "text", "text": words}}]
        return record("tool_call_update", at, toolCallId=call, kind=kind, status=status, content=content)

    rejected = "User rejected the execution for tool `search_replace`"
    place = write(
        tmp_path,
        ended("t1", 1, "completed"),
        ended("t2", 2, "failed", rejected),
        ended("t3", 3, "failed", "old_string was not found"),
        ended("t4", 4, "failed", rejected, "execute"),
        ended("t5", 5, "completed", kind="read"),
        ended("t6", 6, "failed", "The user elected to avoid running the search_replace tool."),
        ended("t7", 7, "failed", "Tool `search_replace` was not executed: policy"),
        turn(9),
    )

    assert named(read("grok", place), "tool_decision") == [
        {"session.id": SESSION, "tool_name": "edit", "tool_use_id": call, "decision": decision}
        for call, decision in (("t1", "accept"), ("t2", "reject"), ("t6", "reject"))
    ]


def test_requests_that_failed_are_told_each_once_and_what_is_no_request_is_not(tmp_path):
    def failed(at, kind, **more):
        return record("retry_state", at, type=kind, **more)

    lines = [
        failed(1, "retrying", attempt=1, max_retries=3, reason="SECRET"),
        failed(2, "retrying", attempt=2, max_retries=3, reason="SECRET"),
        failed(3, "exhausted", attempts=3, reason="SECRET", is_rate_limited=True),
        failed(4, "failed", error_type="auth", message="SECRET"),
        failed(5, "failed", error_type="disk_full", message="SECRET"),
        failed(6, "retrying", attempt=1, max_retries=1, reason="Too many parallel media-gen calls; retrying"),
    ]
    fork = [line | {"timestamp": TEN + 5000} for line in lines]
    write(tmp_path, *fork, session=OTHER, **forked(SESSION))
    write(tmp_path, *lines, turn(9))

    own = {"session.id": SESSION}
    events = read("grok", tmp_path)
    assert named(events, "api_error") == [
        own,
        own,
        own | {"status_code": 429},
        own | {"error_type": "auth"},
    ]
    assert "SECRET" not in str(events)


def test_a_turn_counts_by_model_and_without_models_under_the_sessions(tmp_path):
    plain = record("turn_completed", 20, prompt_id="p-2", usage=used(10, 1, 0))
    place = write(tmp_path, turn(9, models=("a", "b")), plain)

    assert counts(read("grok", place)) == [
        (SESSION, "a", 2000, 800, 0, 18000),
        (SESSION, "b", 2000, 800, 0, 18000),
        (SESSION, "grok-5", 10, 1, 0, 0),
    ]


@pytest.mark.parametrize("mark", ["usageIsIncomplete", "costIsPartial"])
def test_a_cost_of_a_part_is_no_cost(tmp_path, mark):
    (call,) = named(read("grok", write(tmp_path, turn(9, usage=used(**{mark: True})))), "api_request")

    assert "cost_usd" not in call


def test_of_a_turn_that_is_told_twice_the_last_counts(tmp_path):
    place = write(tmp_path, turn(9, usage=used(10, 1, 0)), turn(12, usage=used(20, 2, 0)))

    assert counts(read("grok", place)) == [(SESSION, MODEL, 20, 2, 0, 0)]


@pytest.mark.parametrize("names", [(SESSION, OTHER), ("z-parent", "a-fork")])
def test_a_fork_counts_only_what_it_adds_though_its_copies_have_another_time(tmp_path, names):
    parent, fork = names
    tool = record("tool_call", 3, toolCallId="t2", kind="edit", status="completed")
    old = [prompt(), tool, turn(9)]
    copies = [
        line | {"timestamp": TEN + 5000, "params": line["params"] | {"sessionId": fork}} for line in old
    ]
    write(tmp_path, *copies, prompt(5001, "p-9"), turn(5009, "p-9"), session=fork, **forked(parent))
    write(tmp_path, *old, session=parent)
    journal = Recording()

    events = read("grok", tmp_path, journal=journal)

    assert counts(events) == [(parent, MODEL, 2000, 800, 0, 18000), (fork, MODEL, 2000, 800, 0, 18000)]
    assert [one["session.id"] for one in named(events, "user_prompt")] == [parent, fork]
    assert len(named(events, "tool_result")) == len(named(events, "tool_decision")) == 1
    assert journal.repeats == 4
    alone = named(read("grok", tmp_path / "sessions" / "%2Fgone" / fork), "api_request")
    assert [call["request_id"] for call in alone] == [f"p-1:{MODEL}", f"p-9:{MODEL}"]


def forked(parent, kind="fork"):
    return {
        "session_kind": kind,
        "parent_session_id": parent,
        "forked_at": "2026-11-02T11:00:00Z",
        "created_at": "2026-11-02T11:00:00Z",
    }


def test_the_same_prompt_id_in_two_sessions_is_two_turns(tmp_path):
    write(tmp_path, turn(9, usage=used(10, 1, 0)))
    write(tmp_path, turn(30, usage=used(20, 2, 0)), session=OTHER)

    assert len(counts(read("grok", tmp_path))) == 2


CHILD = {
    "session_kind": "subagent",
    "parent_session_id": SESSION,
    "created_at": "2026-11-02T10:00:03Z",
}


def subagent(folder, *, parents, child, started=("subagent_spawned",)):
    spawned = [
        record(kind, 3, child_session_id=OTHER, subagent_id="x", parent_prompt_id="p-1") for kind in started
    ]
    write(folder, prompt(), *spawned, *parents)
    tool = record("tool_call", 5, toolCallId="t5", kind="read", status="completed")
    write(folder, prompt(4, "c-1"), tool, turn(8, "c-1", usage=child), session=OTHER, **CHILD)


@pytest.mark.parametrize("started", [("subagent_spawned",), ()])
def test_what_a_subagent_used_is_in_its_parents_turn_and_counts_once(tmp_path, started):
    subagent(tmp_path, parents=[turn(9)], child=used(10, 1, 0), started=started)
    journal = Recording()

    events = read("grok", tmp_path, journal=journal)

    assert counts(events) == [(SESSION, MODEL, 2000, 800, 0, 18000)]
    assert {event.session for event in events} == {SESSION}
    (tool,) = named(events, "tool_result")
    assert tool["thread.id"] == OTHER
    assert len(named(events, "user_prompt")) == 1
    assert (journal.repeats, journal.warnings) == (1, [])


def test_a_subagent_that_used_more_than_its_parents_turn_is_no_part_of_it(tmp_path):
    subagent(tmp_path, parents=[turn(9, usage=used(10, 1, 0))], child=used(500, 50, 0))

    events = read("grok", tmp_path)

    assert counts(events) == [(SESSION, MODEL, 500, 50, 0, 0), (SESSION, MODEL, 10, 1, 0, 0)]
    assert [call.get("thread.id") for call in named(events, "api_request")] == [OTHER, None]


@pytest.mark.parametrize("parents", [[turn(9, usage=used(usageIsIncomplete=True))], []])
def test_a_subagent_of_which_nobody_knows_whether_it_was_counted_is_named(tmp_path, parents):
    subagent(tmp_path, parents=parents, child=used(10, 1, 0))
    journal = Recording()

    assert len(counts(read("grok", tmp_path, journal=journal))) == len(parents)
    assert [warning.partition(" tells ")[2] for warning in journal.warnings] == [
        "11 tokens of a sub-agent, and nothing tells whether they are in its parent's turn. They are not"
        " counted."
    ]


def test_a_subagent_without_its_parents_file_counts_under_the_parent(tmp_path):
    write(tmp_path, turn(8, "c-1", usage=used(10, 1, 0)), session=OTHER, **CHILD)

    assert counts(read("grok", tmp_path)) == [(SESSION, MODEL, 10, 1, 0, 0)]


def line(at, session=SESSION, message="shell.turn.inference_done", **context):
    told = {
        "loop_index": 1,
        "prompt_tokens": 20000,
        "cached_prompt_tokens": 18000,
        "completion_tokens": 800,
        "reasoning_tokens": 500,
    }
    return {
        "ts": f"2026-11-02T10:{at}.829Z",
        "src": "shell",
        "pid": 4711,
        "ver": "0.2.91",
        "lvl": "info",
        "sid": session,
        "msg": message,
        "ctx": context or told,
    }


def test_the_log_counts_for_sessions_that_tell_no_usage(tmp_path):
    place = write(tmp_path, prompt())
    write_lines(
        place / "events.jsonl", {"type": "turn_started", "model_id": "grok-4", "ts": "2026-11-02T10:00:00Z"}
    )
    write(tmp_path, turn(9), session=OTHER)
    write_lines(
        tmp_path / "logs" / "unified.jsonl", line("00:05"), line("00:06", OTHER), line("00:07", "gone")
    )
    journal = Recording()

    events = read("grok", tmp_path, journal=journal)

    assert counts(events) == [(SESSION, "grok-4", 2000, 800, 0, 18000), (OTHER, MODEL, 2000, 800, 0, 18000)]
    assert [warning.partition(" tells ")[2][:46] for warning in journal.warnings] == [
        "20,800 tokens of sessions that are not there. "
    ]


def test_twice_the_same_and_a_session_that_has_grown_give_the_same_events(tmp_path):
    lines = [prompt(), turn(9)]
    before = read("grok", write(tmp_path, *lines))
    after = read("grok", write(tmp_path, *lines, turn(19, "p-2")))

    assert identities(before) < identities(after)
    assert len(after) == len(before) + 1


@pytest.mark.parametrize(
    ("lines", "told_as"),
    [
        ([record("turn_done", 9, usage=used())], ("grok", "turn_done", "usage.inputTokens")),
        (
            [record("turn_completed", 9, usage={"sentTokens": 4})],
            ("grok", "turn_completed", "usage.sentTokens"),
        ),
    ],
)
def test_usage_that_is_not_understood_is_told(tmp_path, lines, told_as):
    journal = Recording()
    read("grok", write(tmp_path, prompt(), *lines), journal=journal)

    assert journal.unknown == [told_as]


def test_usage_in_the_log_that_is_not_understood_is_told(tmp_path):
    journal = Recording()
    write(tmp_path, prompt())
    write_lines(tmp_path / "logs" / "unified.jsonl", line("00:05", message="shell.turn.done"))
    read("grok", tmp_path, journal=journal)

    assert journal.unknown == [("grok", "log shell.turn.done", "prompt_tokens")]


@pytest.mark.parametrize(
    "bad",
    [
        turn(9, usage=used() | {"inputTokens": "many"}),
        turn(9, usage=used(received=-1)),
        turn(9, usage=used(read=2**60)),
        turn(10**20),
        {**turn(9), "timestamp": "never", "params": {**turn(9)["params"], "_meta": {}}},
        prompt() | {"timestamp": None, "params": prompt()["params"] | {"_meta": None}},
    ],
)
def test_a_bad_record_is_put_aside_and_the_rest_is_read(tmp_path, bad):
    journal = Recording()

    events = read("grok", write(tmp_path, bad, turn(19, "p-2", usage=used(10, 1, 0))), journal=journal)

    assert counts(events) == [(SESSION, MODEL, 10, 1, 0, 0)]
    assert len(journal.quarantined) == 1


@pytest.mark.parametrize("value", [None, 5, [], {}, "x", True, [[]], {"a": {}}, 1e300])
def test_values_of_other_types_do_no_harm(tmp_path, value):
    tool = record("tool_call", 3, toolCallId="t2", kind="edit", status="completed")
    lines = []
    for good in (prompt(), tool, turn(9), record("subagent_spawned", 3, child_session_id="x")):
        params = good["params"]
        lines += [good | {place: value} for place in good]
        lines += [good | {"params": params | {place: value}} for place in params]
        lines += [
            good | {"params": params | {"update": params["update"] | {place: value}}}
            for place in params["update"]
        ]
    place = write(tmp_path, prompt(), *lines, info=value, created_at=value, parent_session_id=value)
    (place / "events.jsonl").write_text(json.dumps({"type": "turn_started", "model_id": value}))
    logs = [line("00:05") | {name: value} for name in line("00:05") if name != "pid"]
    write_lines(tmp_path / "logs" / "unified.jsonl", line("00:01"), *logs)

    read("grok", tmp_path)


def test_subagents_that_go_round_in_a_circle_do_no_harm(tmp_path):
    write(tmp_path, turn(9), session_kind="subagent", parent_session_id=OTHER)
    write(tmp_path, turn(9), session=OTHER, session_kind="subagent", parent_session_id=SESSION)

    read("grok", tmp_path)
