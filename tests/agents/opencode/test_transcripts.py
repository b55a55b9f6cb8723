"""opencode's database and its older files: one event per message."""

import json
import sqlite3
from contextlib import closing

import pytest

TIME = 1_793_613_600_000  # 2026-11-02 10:00 UTC


def answer(name="msg_2", **changes):
    return {
        "id": name,
        "sessionID": "ses_1",
        "role": "assistant",
        "modelID": "claude-sonnet-5-5",
        "providerID": "anthropic",
        "time": {"created": TIME + 5000, "completed": TIME + 9000},
        "path": {"cwd": "/gone", "root": "/"},
        "cost": 0.0125,
        "tokens": {"input": 10, "output": 40, "reasoning": 5, "cache": {"read": 900, "write": 80}},
    } | changes


def prompt(name="msg_1"):
    return {"id": name, "sessionID": "ses_1", "role": "user", "time": {"created": TIME}}


@pytest.fixture
def folder(home):
    folder = home / ".local" / "share" / "opencode"
    folder.mkdir(parents=True)
    return folder


def write_database(folder, *messages):
    with closing(sqlite3.connect(folder / "opencode.db")) as database:
        database.execute("CREATE TABLE message (id TEXT, session_id TEXT, data TEXT)")
        for message in messages:
            if isinstance(message, dict):
                rest = {k: v for k, v in message.items() if k not in ("id", "sessionID")}
                row = (message["id"], message["sessionID"], json.dumps(rest))
            else:
                row = ("msg_bad", "ses_1", message)
            database.execute("INSERT INTO message VALUES (?, ?, ?)", row)
        database.commit()


def write_files(folder, *messages):
    for message in messages:
        file = folder / "storage" / "message" / "ses_1" / f"{message['id']}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(message, indent=2))


EXPECTED = [
    ("opencode.user_prompt", {"session.id": "ses_1", "message.uuid": "msg_1"}),
    (
        "opencode.api_request",
        {
            "session.id": "ses_1",
            "model": "claude-sonnet-5-5",
            "provider": "anthropic",
            "input_tokens": 10,
            "output_tokens": 45,
            "cache_read_tokens": 900,
            "cache_creation_tokens": 80,
            "request_id": "msg_2",
            "cost_usd": 0.0125,
        },
    ),
]


@pytest.mark.parametrize("write", [write_database, write_files])
def test_responses_and_prompts_land(folder, ingest, landed, write):
    write(folder, prompt(), answer())

    ingest()

    assert landed() == EXPECTED


def test_what_is_in_both_is_one(folder, ingest, landed):
    write_files(folder, prompt(), answer())
    write_database(folder, prompt(), answer())

    result = ingest()

    assert landed() == EXPECTED
    assert (result.rows_in, result.duplicates) == (4, 2)


def test_a_cost_of_nothing_is_no_cost(folder, ingest, landed):
    write_database(folder, answer(cost=0))

    ingest()

    assert "cost_usd" not in landed()[0][1]


def test_a_message_without_tokens_is_no_response(folder, ingest):
    nothing = {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}}
    write_database(folder, answer(tokens=nothing), answer("msg_3"))

    assert ingest().rows_in == 1


@pytest.mark.parametrize("bad", ["{", "[]", None, answer("msg_9", time={})])
def test_a_bad_message_is_put_aside(folder, ingest, bad):
    write_database(folder, bad, answer())

    result = ingest()

    assert (result.landed, result.quarantined) == (1, 1)


def test_a_database_of_another_shape_is_put_aside(engine, folder, ingest):
    with closing(sqlite3.connect(folder / "opencode.db")) as database:
        database.execute("CREATE TABLE other (id TEXT)")

    assert ingest().quarantined == 1
    [(reason,)] = engine.fetch("SELECT reason FROM meta.quarantine")
    assert "no such table: message" in reason


def test_the_database_stays_as_it_is(folder, ingest):
    write_database(folder, answer())
    before = (folder / "opencode.db").read_bytes()

    ingest()

    assert (folder / "opencode.db").read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["opencode.db"]
