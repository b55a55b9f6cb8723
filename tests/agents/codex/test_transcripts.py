"""Codex's rollouts: what a session's total grew by, without what it copied."""

from tests.ingest.transcripts.conftest import write_lines

DAY = "2026-11-02"


def meta(session, at="10:00:00", **payload):
    described = {"id": session, "cwd": "/gone", "cli_version": "0.140.0", **payload}
    return line("session_meta", at, described)


def line(kind, at, payload):
    return {"timestamp": f"{DAY}T{at}Z", "type": kind, "payload": payload}


def prompt(at):
    return line("event_msg", at, {"type": "user_message", "message": "SECRET"})


def model(name, at="10:00:00"):
    return line("turn_context", at, {"model": name})


def count(at, *, total, last=(0, 0, 0, 0)):
    return line(
        "event_msg",
        at,
        {
            "type": "token_count",
            "info": {"total_token_usage": usage(*total), "last_token_usage": usage(*last)},
        },
    )


def usage(sent, cached, received, reasoning):
    return {
        "input_tokens": sent,
        "cached_input_tokens": cached,
        "output_tokens": received,
        "reasoning_output_tokens": reasoning,
        "total_tokens": sent + received,
    }


FIRST = count("10:00:05", total=(1000, 800, 100, 40))
SECOND = count("10:01:00", total=(2500, 2000, 130, 50))


def rollout(home, session, *lines):
    name = f"rollout-{DAY}T10-00-00-{session}.jsonl"
    return write_lines(home / ".codex" / "sessions" / "2026" / "11" / "02" / name, *lines)


def counted(landed):
    names = ("input_token_count", "cached_token_count", "output_token_count")
    return [
        (values["conversation.id"], *(values[name] for name in names))
        for event, values in landed()
        if event == "codex.sse_event"
    ]


def test_responses_and_prompts_land_as_their_telemetry_would(engine, home, ingest, landed):
    rollout(home, "a", meta("a"), model("gpt-6.1-sol"), prompt("10:00:01"), FIRST, SECOND)

    ingest()

    response = {
        "event.kind": "response.completed",
        "conversation.id": "a",
        "model": "gpt-6.1-sol",
        "app.version": "0.140.0",
    }
    assert landed() == [
        ("codex.user_prompt", {"conversation.id": "a", "app.version": "0.140.0"}),
        (
            "codex.sse_event",
            response
            | {
                "event.sequence": 1,
                "input_token_count": 1000,
                "cached_token_count": 800,
                "output_token_count": 100,
                "reasoning_token_count": 40,
            },
        ),
        (
            "codex.sse_event",
            response
            | {
                "event.sequence": 2,
                "input_token_count": 1500,
                "cached_token_count": 1200,
                "output_token_count": 30,
                "reasoning_token_count": 10,
            },
        ),
    ]
    assert "SECRET" not in str(engine.fetch("SELECT * FROM raw.otel_logs"))


def test_a_total_that_is_said_again_is_no_response(home, ingest, landed):
    again = count("10:00:06", total=(1000, 800, 100, 40), last=(1000, 800, 100, 40))
    empty = line("event_msg", "10:00:07", {"type": "token_count", "info": None})
    rollout(home, "a", meta("a"), FIRST, again, empty, SECOND)

    result = ingest()

    assert counted(landed) == [("a", 1000, 800, 100), ("a", 1500, 1200, 30)]
    assert (result.rows_in, result.landed, result.duplicates) == (3, 2, 1)


def test_a_total_that_begins_anew_counts_its_last_response(home, ingest, landed):
    anew = count("10:02:00", total=(300, 0, 20, 0), last=(300, 0, 20, 0))
    rollout(home, "a", meta("a"), FIRST, anew)

    ingest()

    assert counted(landed) == [("a", 1000, 800, 100), ("a", 300, 0, 20)]


def test_without_totals_each_response_counts(home, ingest, landed):
    nothing = (0, 0, 0, 0)
    lasts = [count(f"10:00:0{n}", total=nothing, last=(100, 0, 10, 0)) for n in (1, 2)]
    rollout(home, "a", meta("a"), *lasts)

    ingest()

    assert counted(landed) == [("a", 100, 0, 10)] * 2


def test_the_model_is_the_one_of_the_turn(home, ingest, landed):
    rollout(home, "a", meta("a"), model("gpt-6-sol"), FIRST, model("gpt-6-luna"), SECOND)

    ingest()

    assert [values["model"] for _, values in landed()] == ["gpt-6-sol", "gpt-6-luna"]


def fork(home, source):
    """A session that copies FIRST and SECOND at 12:00:00 and then does something of its own."""
    copies = [{**original, "timestamp": f"{DAY}T12:00:00.2Z"} for original in (FIRST, SECOND)]
    return rollout(
        home,
        "b",
        meta("b", "12:00:00", **source),
        meta("a", "12:00:00"),
        {**prompt("12:00:00"), "timestamp": f"{DAY}T12:00:00.1Z"},
        *copies,
        prompt("12:00:30"),
        count("12:01:00", total=(4000, 3000, 150, 50)),
    )


FORKED = {"forked_from_id": "a"}
SPAWNED = {"source": {"subagent": {"thread_spawn": {"parent_thread_id": "a"}}}}


def test_a_fork_counts_what_its_parent_did_not(home, ingest, landed):
    rollout(home, "a", meta("a"), prompt("10:00:01"), FIRST, SECOND)
    fork(home, FORKED)

    result = ingest()

    assert counted(landed) == [
        ("a", 1000, 800, 100),
        ("a", 1500, 1200, 30),
        ("b", 1500, 1000, 20),
    ]
    prompts = [v["conversation.id"] for name, v in landed() if name == "codex.user_prompt"]
    assert prompts == ["a", "b"]
    assert (result.rows_in, result.duplicates) == (8, 3)


def test_a_fork_is_known_without_its_parent(home, ingest, landed):
    for source in (FORKED, SPAWNED):
        fork(home, source)
        ingest()

        # A spawned thread is a part of the session that spawned it.
        expected = (
            [("b", 1500, 1000, 20)] if source is FORKED else [("a", 1500, 1000, 20), ("b", 1500, 1000, 20)]
        )
        assert sorted(counted(landed)) == sorted(expected)


def test_a_copy_with_other_times_is_known_by_its_parent(home, ingest, landed):
    rollout(home, "a", meta("a"), FIRST, SECOND)
    rollout(
        home,
        "b",
        meta("b", "12:00:00", **FORKED),
        count("12:00:10", total=(1000, 800, 100, 40)),
        count("12:00:20", total=(2500, 2000, 130, 50)),
        count("12:01:00", total=(4000, 3000, 150, 50)),
    )

    ingest()

    assert counted(landed)[2:] == [("b", 1500, 1000, 20)]


def test_a_session_that_was_archived_in_between_is_the_same(home, ingest):
    file = rollout(home, "a", meta("a"), FIRST, SECOND)
    first = ingest()
    archive = home / ".codex" / "archived_sessions"
    archive.mkdir()
    file.rename(archive / file.name)

    second = ingest()

    assert (first.landed, second.landed, second.duplicates) == (2, 0, 2)


def test_a_bad_count_is_put_aside(engine, home, ingest):
    file = rollout(home, "a", meta("a"), FIRST, {**SECOND, "timestamp": "later"})

    result = ingest()

    assert (result.landed, result.quarantined) == (1, 1)
    assert engine.fetch("SELECT file, line FROM meta.quarantine") == [(str(file), 3)]


def test_the_home_moves(tmp_path, monkeypatch, ingest):
    lines = [meta("a"), FIRST]
    write_lines(tmp_path / "elsewhere" / "sessions" / "rollout-x-a.jsonl", *lines)
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "elsewhere"))

    assert ingest().landed == 1
