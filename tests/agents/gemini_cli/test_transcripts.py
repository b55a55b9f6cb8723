"""Gemini CLI's chats: messages by id, the last one with tokens counts."""

import json

from tests.ingest.transcripts.conftest import write_lines

META = {
    "sessionId": "s-1",
    "projectHash": "abc",
    "startTime": "2026-11-02T10:00:00.000Z",
    "lastUpdated": "2026-11-02T10:00:00.000Z",
    "kind": "main",
}


def prompt(name="u1", at="10:00:01"):
    return {
        "id": name,
        "timestamp": f"2026-11-02T{at}.000Z",
        "type": "user",
        "content": [{"text": "SECRET"}],
    }


def answer(name="m1", at="10:00:05", **tokens):
    counted = {"input": 900, "output": 40, "cached": 700, "thoughts": 15, "tool": 0, "total": 955}
    return {
        "id": name,
        "timestamp": f"2026-11-02T{at}.000Z",
        "type": "gemini",
        "content": "SECRET",
        "model": "gemini-3.1-pro-preview",
        "tokens": counted | tokens,
    }


def chats(home):
    return home / ".gemini" / "tmp" / "abc" / "chats"


def test_responses_and_prompts_land_as_their_telemetry_would(engine, home, ingest, landed):
    write_lines(chats(home) / "session-1.jsonl", META, prompt(), answer())

    ingest()

    assert landed() == [
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
    assert "SECRET" not in str(engine.fetch("SELECT * FROM raw.otel_logs"))


def test_a_message_that_is_written_again_counts_once_as_it_was_last(home, ingest, landed):
    unfinished = answer() | {"tokens": None}
    lines = [unfinished, answer(output=10), answer(output=40), unfinished]
    write_lines(chats(home) / "session-1.jsonl", META, *lines, {"$set": {"lastUpdated": "…"}})

    result = ingest()

    assert [values["output_token_count"] for _, values in landed()] == [40]
    assert (result.rows_in, result.duplicates) == (2, 1)


def test_what_was_taken_back_was_paid_for(home, ingest, landed):
    rewind = {"$rewindTo": "u1"}
    again = (prompt("u2", "10:01:00"), answer("m2", "10:01:05"))
    write_lines(chats(home) / "session-1.jsonl", META, prompt(), answer(), rewind, *again)

    ingest()

    assert [values.get("request_id") for _, values in landed()] == [None, "m1", None, "m2"]


def test_messages_that_are_set_as_a_whole_are_read(home, ingest, landed):
    compressed = {"$set": {"messages": [answer(), answer("m2", "10:00:07")]}}
    write_lines(chats(home) / "session-1.jsonl", META, answer(), compressed)

    result = ingest()

    assert [values["request_id"] for _, values in landed()] == ["m1", "m2"]
    assert result.duplicates == 1


def test_an_old_document_and_the_file_that_continues_it_are_one_session(home, ingest, landed):
    folder = chats(home)
    folder.mkdir(parents=True)
    document = META | {"messages": [prompt(), answer()]}
    (folder / "session-1.json").write_text(json.dumps(document, indent=2))
    write_lines(folder / "session-1.jsonl", META, prompt(), answer(), answer("m2", at="10:02:00"))

    result = ingest()

    assert [values.get("request_id") for _, values in landed()] == [None, "m1", "m2"]
    assert (result.landed, result.duplicates) == (3, 2)


def test_a_bad_message_is_put_aside(engine, home, ingest):
    file = write_lines(chats(home) / "session-1.jsonl", META, answer(output="x"), answer("m2", at="10:02:00"))

    result = ingest()

    assert (result.landed, result.quarantined) == (1, 1)
    assert engine.fetch("SELECT file, line FROM meta.quarantine") == [(str(file), 2)]
