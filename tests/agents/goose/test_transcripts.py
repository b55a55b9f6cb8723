"""Goose's database: the ledger's calls, and what a session's sums exceed them by."""

import json
import sqlite3
from contextlib import closing

import pytest

from tests.agents.recording import Recording, identities, named, read, told

START = 1_793_613_600  # 2026-11-02 10:00 UTC
MADE = "2026-10-01 08:00:00"
SUMS = ("input", "output", "cache_read", "cache_write")


def session(name="20261102_1", sent=0, received=0, cached=0, written=0, cost=None, **changes):
    sums = zip(SUMS, (sent, received, cached, written), strict=True)
    return (
        {
            "id": name,
            "name": "SECRET",
            "session_type": "user",
            "parent_session_id": None,
            "working_dir": "/gone",
            "created_at": "2026-11-02 10:00:00",
            "updated_at": "2026-11-02 11:00:00",
            "provider_name": "anthropic",
            "model_config_json": json.dumps({"model_name": "claude-sonnet-4"}),
            "total_tokens": 99,
            "input_tokens": 98,
            "output_tokens": 1,
            "accumulated_total_tokens": sent + received,
            "accumulated_cost": cost,
        }
        | {f"accumulated_{kind}_tokens": count for kind, count in sums}
        | changes
    )


def call(number=7, name="20261102_1", after=5, **changes):
    return {
        "id": number,
        "session_id": name,
        "created_timestamp": START + after,
        "model": "claude-sonnet-4",
        "input_tokens": 1000,
        "output_tokens": 20,
        "total_tokens": 1020,
        "cache_read_tokens": 600,
        "cache_write_tokens": 100,
        "cost": 0.25,
        "cost_source": "provider_reported",
        "is_compaction": 0,
    } | changes


def message(number, role, *blocks, name="20261102_1", after=0, visible=True):
    return {
        "id": number,
        "message_id": f"m{number}",
        "session_id": name,
        "role": role,
        "content_json": json.dumps(blocks),
        "created_timestamp": START + after,
        "tokens": 5,
        "metadata_json": json.dumps({"userVisible": visible, "usage": {"input_tokens": 1000}}),
    }


def said():
    return {"type": "text", "text": "SECRET"}


def write(folder, sessions, calls=(), messages=(), made=MADE, **others):
    folder.mkdir(exist_ok=True)
    file = folder / "sessions.db"
    file.unlink(missing_ok=True)
    tables = {
        "schema_version": [{"version": 17, "applied_at": made}],
        "sessions": sessions,
        "messages": messages or [message(0, "assistant")],
        "usage_ledger": calls,
    }
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA synchronous = OFF")
        for table, rows in (tables | others).items():
            if rows:
                database.execute(f"CREATE TABLE {table} ({', '.join(rows[0])})")
            for row in rows:
                marks = ", ".join("?" * len(row))
                database.execute(f"INSERT INTO {table} VALUES ({marks})", list(row.values()))
        database.commit()
    return file


def counts(events):
    kinds = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens", "cost_usd")
    return [tuple(one.get(kind) for kind in kinds) for one in named(events, "api_request")]


ONE = (300, 20, 100, 600, 0.25)


def test_calls_prompts_and_tools_are_told_without_what_was_written(tmp_path):
    request = {"type": "toolRequest", "id": "t1"} | {
        "toolCall": {
            "status": "success",
            "value": {"name": "developer__shell", "arguments": {"command": "x"}},
        }
    }
    output = [{"type": "text", "text": "[main 9170fd3] SECRET"}]
    response = {"type": "toolResponse", "id": "t1", "toolResult": {"status": "success", "value": output}}
    file = write(
        tmp_path,
        [session()],
        [call()],
        [
            message(1, "user", said()),
            message(2, "assistant", request, after=6),
            message(3, "user", response, after=7),
            message(4, "user", said(), after=8, visible=False),
        ],
    )
    journal = Recording()

    events = read("goose", file, journal=journal)

    name = events[0].session
    assert name.endswith(":20261102_1")
    own = {"session.id": name}
    assert told(events) == [
        ("goose.session_start", own),
        ("goose.user_prompt", own | {"message.uuid": "m1"}),
        (
            "goose.api_request",
            own
            | {
                "model": "claude-sonnet-4",
                "provider": "anthropic",
                "input_tokens": 300,
                "output_tokens": 20,
                "cache_creation_tokens": 100,
                "cache_read_tokens": 600,
                "cost_usd": 0.25,
                "request_id": f"{name}:7",
            },
        ),
        (
            "goose.tool_result",
            own
            | {
                "tool_name": "developer__shell",
                "tool_use_id": "t1",
                "success": "true",
                "git_commit_id": "9170fd3",
            },
        ),
    ]
    assert {event.cwd for event in events} == {"/gone"}
    assert (journal.unknown, journal.quarantined) == ([], [])


def test_what_came_before_the_ledger_is_one_record_whether_or_not_it_was_carried_forward(tmp_path):
    before = write(tmp_path / "a", [session(sent=500, received=50)])
    sums = session(sent=1500, received=70, cached=600, written=100)
    after = write(tmp_path / "b", [sums], [call()])
    row = call(1, cost_source="carried_forward", model=None, cost=None) | {
        "input_tokens": 500,
        "output_tokens": 50,
        "cache_read_tokens": 0,
        "cache_write_tokens": 0,
    }
    carried = write(tmp_path / "c", [sums], [row, call()])

    assert counts(read("goose", before)) == [(500, 50, 0, 0, None)]
    for file in (after, carried):
        assert sorted(counts(read("goose", file)))[0] == ONE
        assert sorted(counts(read("goose", file)))[1] == (500, 50, 0, 0, None)
    ids = [{one["request_id"] for one in named(read("goose", f), "api_request")} for f in (before, carried)]
    assert ids[0] < ids[1]


def test_sums_that_agree_with_the_ledger_are_no_second_usage(tmp_path):
    sums = session(sent=1000, received=20, cached=600, written=100, cost=0.25)

    assert counts(read("goose", write(tmp_path, [sums], [call()]))) == [ONE]


def test_computers_with_the_same_ids_have_sessions_of_their_own(tmp_path):
    here = write(tmp_path / "a", [session()], [call()])
    there = write(tmp_path / "b", [session()], [call()], made="2026-10-01 08:00:01")
    copy = write(tmp_path / "c", [session()], [call()])

    events = read("goose", here, there, copy)

    assert len({event.session for event in events}) == 2
    assert counts(events) == [ONE, ONE]
    assert identities(read("goose", here)) == identities(read("goose", copy))


def test_sub_agents_are_part_of_their_parents_session(tmp_path):
    child = session("20261102_2", session_type="sub_agent", parent_session_id="20261102_1")
    prompts = [message(1, "user", said()), message(2, "user", said(), name="20261102_2", after=1)]
    file = write(tmp_path, [session(), child], [call(), call(8, "20261102_2", cost=None)], prompts)

    events = read("goose", file)

    assert len({event.session for event in events}) == 1
    assert [bool(one.get("thread.id")) for one in named(events, "api_request")] == [False, True]
    assert len(named(events, "user_prompt")) == len(named(events, "session_start")) == 1


def test_a_copy_of_a_session_repeats_no_message(tmp_path):
    copy = session("20261102_0", created_at="2026-11-02 12:00:00")
    prompts = [message(1, "user", said()), message(2, "user", said(), name="20261102_0")]

    (prompt,) = named(read("goose", write(tmp_path, [copy, session()], (), prompts)), "user_prompt")

    assert prompt["session.id"].endswith("_1")


def test_a_session_that_is_a_file_is_the_one_that_a_database_has_taken_over(tmp_path):
    opening = {"working_dir": "/gone", "message_count": 2, "description": "SECRET"} | {
        f"accumulated_{kind}_tokens": count
        for kind, count in (("total", 550), ("input", 500), ("output", 50))
    }
    file = tmp_path / "20250801_120000.jsonl"
    file.write_text(json.dumps(opening) + "\n" + json.dumps({"role": "user", "created": START}) + "\n")
    database = write(tmp_path, [session("20250801_120000", sent=500, received=50)])

    assert counts(read("goose", file)) == counts(read("goose", file, database)) == [(500, 50, 0, 0, None)]


@pytest.mark.parametrize(
    "others", [{"usage_book": [call()]}, {"usage_ledger": [call() | {"thinking_tokens": 5}]}]
)
def test_usage_in_unknown_tables_and_columns_is_told(tmp_path, others):
    journal = Recording()

    read("goose", write(tmp_path, [session()], **others), journal=journal)

    assert {agent for agent, _, _ in journal.unknown} == {"goose"}


@pytest.mark.slow
@pytest.mark.parametrize("bad", [None, "x", -1, 2**62, 1.5, b"\xff", "[]", '[{"type": "toolResponse"}]'])
def test_any_values_are_told_or_put_aside(tmp_path, bad):
    for column in session():
        read("goose", write(tmp_path, [session(**{column: bad})], [call()]))
    for column in call():
        read("goose", write(tmp_path, [session()], [call() | {column: bad}]))
    for column in message(1, "user", said()):
        read("goose", write(tmp_path, [session()], (), [message(1, "user", said()) | {column: bad}]))
    file = write(tmp_path, [session()], [call()])
    file.write_bytes(file.read_bytes()[:5000])
    read("goose", file)


def test_an_edit_that_was_done_was_accepted_and_one_that_a_person_declined_rejected(tmp_path):
    editor = "developer__text_editor"
    no = "The user has declined to run this tool. DO NOT attempt to call this tool again."
    calls = [
        ("t1", "edit", {}, {"status": "success", "value": {"content": [said()], "isError": False}}),
        ("t2", editor, {}, {"status": "success", "value": [{"type": "text", "text": no}]}),
        ("t3", editor, {"command": "view"}, {"status": "success", "value": [said()]}),
        ("t4", "write", {}, {"status": "success", "value": {"content": [said()], "isError": True}}),
        ("t5", "edit", {}, {"status": "error", "error": "SECRET"}),
        ("t6", "shell", {}, {"status": "success", "value": [{"type": "text", "text": no}]}),
    ]
    requests = [
        {"type": "toolRequest", "id": call, "toolCall": {"value": {"name": name, "arguments": arguments}}}
        for call, name, arguments, _ in calls
    ]
    responses = [{"type": "toolResponse", "id": call, "toolResult": result} for call, _, _, result in calls]
    messages = [message(1, "assistant", *requests), message(2, "user", *responses, after=1)]

    events = read("goose", write(tmp_path, [session()], messages=messages))

    own = {"session.id": events[0].session}
    assert named(events, "tool_decision") == [
        own | {"tool_name": "edit", "tool_use_id": "t1", "decision": "accept"},
        own | {"tool_name": editor, "tool_use_id": "t2", "decision": "reject"},
    ]
    outcomes = [(one["tool_use_id"], one["success"]) for one in named(events, "tool_result")]
    succeeded = {"t1", "t3"}
    assert outcomes == [(call, "true" if call in succeeded else "false") for call, *_ in calls]
