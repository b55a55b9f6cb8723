"""A build says which usage is missing in its numbers, since no reader or model understands it."""

import json

from pipeline.ingest.landing.landing import Landing
from pipeline.ingest.transcripts.ingest import ingest_transcripts
from pipeline.run.not_counted import not_counted

LINE = {
    "type": "assistant",
    "sessionId": "s1",
    "timestamp": "2026-03-10T09:00:00Z",
    "requestId": "r1",
    "message": {"id": "m1", "model": "claude-opus-5", "usage": {"input_tokens": 5, "output_tokens": 7}},
}


def said(database):
    return not_counted(database, database.shapes("meta"))


def test_a_database_without_run_metadata_has_nothing_to_say(database):
    assert said(database) == []


def test_each_kind_is_named_with_its_agent_and_how_often_and_once_however_often_it_was_read(database):
    for _ in range(2):
        with Landing(database, "otlp", ["a.jsonl"]) as landing:
            landing.not_read("a.jsonl", "codex", "codex.stream_event", "input_token_count", 1200)
            landing.not_understood("b.jsonl", 3, "claude_code", "turn_summary", "usage.input_tokens")
            landing.not_understood("b.jsonl", 4, "claude_code", "turn_summary", "usage.input_tokens")
            landing.quarantine("b.jsonl", 5, "no JSON")
    assert said(database) == [
        "Usage of codex in codex.stream_event is not counted, since it is not understood: 1,200 so far,"
        " such as in a.jsonl.",
        "Usage of claude_code in turn_summary is not counted, since it is not understood: 2 so far,"
        " such as in b.jsonl.",
    ]


def test_of_many_kinds_the_most_frequent_are_named(database):
    with Landing(database, "otlp", ["a.jsonl"]) as landing:
        for number in range(7):
            landing.not_read("a.jsonl", "acme", f"kind {number}", "tokens", 10 - number)
    assert said(database)[0].startswith("Usage of acme in kind 0 ")
    assert said(database)[-1] == "2 more kinds of usage are not counted: see meta.quarantine."


def test_an_older_release_noted_no_numbers(database):
    with Landing(database, "otlp", ["a.jsonl"]) as landing:
        landing.not_understood("b.jsonl", 3, "grok", "turn", "usage.tokens")
    database.execute("ALTER TABLE meta.quarantine DROP COLUMN records")
    assert "1 so far" in said(database)[0]
    database.execute("ALTER TABLE meta.quarantine DROP COLUMN agent")
    assert said(database) == []


def test_what_is_understood_when_a_file_is_read_again_is_news_no_more(database, tmp_path):
    file = tmp_path / "session.jsonl"
    file.write_text("".join(json.dumps(LINE | {"type": kind}) + "\n" for kind in ("assistant", "answer")))
    ingest_transcripts(database, [file])
    ingest_transcripts(database, [file])
    (only,) = said(database)
    assert only.startswith("Usage of claude_code in answer is not counted")
    file.write_text("".join(json.dumps(LINE | {"requestId": number}) + "\n" for number in ("r1", "r2")))
    ingest_transcripts(database, [file])
    assert said(database) == []
