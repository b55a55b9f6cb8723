"""GitHub Copilot's session-store.db: calls that no log tells."""

import sqlite3
from contextlib import closing

import pytest

from tests.agents.github_copilot.test_transcripts import (
    FORK,
    MODEL,
    SESSION,
    call,
    start,
    sums,
    tokens,
    write,
)
from tests.agents.recording import Recording, named, read
from tests.ingest.transcripts.conftest import write_lines

# As version 8 of the database has it, Copilot CLI 1.0.102.
TABLES = """
CREATE TABLE schema_version (version INTEGER NOT NULL);
CREATE TABLE sessions (id TEXT PRIMARY KEY, cwd TEXT, repository TEXT, summary TEXT);
CREATE TABLE turns (id INTEGER PRIMARY KEY, session_id TEXT, user_message TEXT, assistant_response TEXT);
CREATE TABLE assistant_usage_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL, turn_index INTEGER, agent_id TEXT,
    parent_tool_call_id TEXT, model TEXT NOT NULL, copilot_usage_model TEXT, input_tokens INTEGER,
    output_tokens INTEGER, cache_read_tokens INTEGER, cache_write_tokens INTEGER, reasoning_tokens INTEGER,
    total_nano_aiu INTEGER, request_multiplier REAL, duration_ms INTEGER, time_to_first_token_ms INTEGER,
    output_ttft_ms REAL, inter_token_latency_ms INTEGER, initiator TEXT, api_endpoint TEXT,
    reasoning_effort TEXT, finish_reason TEXT, content_filter_triggered INTEGER, token_details_json TEXT,
    created_at TEXT DEFAULT (datetime('now'))
);
"""


def row(at, *counts, session=SESSION, model=MODEL, nano=None, agent=None):
    sent, received, cached, written = (*counts, 0, 0)[:4]
    return (
        *(session, agent, model, sent, received, cached, written, 5, nano, 0.33),
        *('[{"tokenCount": 3}]', f"2026-11-20T{at}Z"),
    )


@pytest.fixture
def store(tmp_path):
    """Makes the database."""

    def make(*rows, folder=tmp_path):
        with closing(sqlite3.connect(folder / "session-store.db")) as database:
            database.executescript(TABLES)
            database.execute(
                "INSERT INTO sessions (id, cwd, summary) VALUES (?, '/gone', 'SECRET')", [SESSION]
            )
            database.executemany(
                "INSERT INTO assistant_usage_events (session_id, agent_id, model, input_tokens,"
                " output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, total_nano_aiu,"
                " request_multiplier, token_details_json, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            database.commit()
        return folder / "session-store.db"

    return make


def test_a_killed_session_counts_by_its_rows(tmp_path, store):
    store(row("12:01:00.5", 5000, 500, 1000, 20, nano=4e9), row("12:02:00", 6000, 100, 5000))
    write(tmp_path, start())
    journal = Recording()
    events = read("github_copilot", tmp_path, journal=journal)

    assert [(event.at.isoformat(), event.session, event.cwd) for event in events[1:]] == [
        ("2026-11-20T12:01:00.500000+00:00", SESSION, "/gone"),
        ("2026-11-20T12:02:00+00:00", SESSION, "/gone"),
    ]
    assert named(events, "api_request") == [
        {
            "session.id": SESSION,
            "app.version": "1.0.80",
            "model": MODEL,
            "input_tokens": 3980,
            "output_tokens": 500,
            "cache_read_tokens": 1000,
            "cache_creation_tokens": 20,
            "cost_usd": 0.04,
            "request_id": f"{SESSION} 2026-11-20T12:01:00.500000+00:00 main 5000 500 1000 20",
        },
        {
            "session.id": SESSION,
            "app.version": "1.0.80",
            "model": MODEL,
            "input_tokens": 1000,
            "output_tokens": 100,
            "cache_read_tokens": 5000,
            "cache_creation_tokens": 0,
            "request_id": f"{SESSION} 2026-11-20T12:02:00+00:00 main 6000 100 5000 0",
        },
    ]
    assert journal == Recording()


def test_a_row_is_the_call_that_a_record_of_the_log_tells(tmp_path, store):
    store(row("12:01:00.001", 5000, 500, 1000), row("12:02:00.001", 5000, 500, 1000))
    write(tmp_path, start(), call("12:01:00", "c1", 5000, 500, 1000), call("12:02:00", "c2", 5000, 500, 1000))
    events = read("github_copilot", tmp_path)
    assert [values["request_id"] for values in named(events, "api_request")] == ["resp_c1", "resp_c2"]


def test_sums_count_beyond_the_rows(tmp_path, store):
    """What the database lacks, such as a turn that it lost, is in the sums."""
    store(row("12:01:00", 5000, 500, 1000))
    write(tmp_path, start(), sums("12:10:00", "e1", 5000, 500, 1000))
    assert tokens(read("github_copilot", tmp_path)) == {SESSION: (4000, 500, 0, 1000, 1)}
    write(tmp_path, start(), sums("12:10:00", "e1", 8000, 600, 1000))
    assert tokens(read("github_copilot", tmp_path)) == {SESSION: (7000, 600, 0, 1000, 2)}


def test_what_came_after_the_last_sums_counts_by_its_rows(tmp_path, store):
    store(row("12:01:00", 5000, 500, 1000), row("12:11:00", 300, 30))
    write(tmp_path, start(), sums("12:10:00", "e1", 5000, 500, 1000))
    assert tokens(read("github_copilot", tmp_path)) == {SESSION: (4300, 530, 0, 1000, 2)}


def test_a_session_that_began_with_an_older_build_counts_each_call_once(tmp_path, store):
    store(row("12:01:00", 5000, 500), row("12:21:00.001", 700, 70))
    write(tmp_path, start(), call("12:21:00", "c1", 700, 70), sums("12:30:00", "e1", 5700, 570))
    assert tokens(read("github_copilot", tmp_path)) == {SESSION: (5700, 570, 0, 0, 2)}


def test_a_session_without_a_log_counts(tmp_path, store):
    """Its log was removed; it may have been read before, under other ids."""
    file = store(row("12:01:00", 5000, 500, session=FORK))
    events = read("github_copilot", file)
    assert tokens(events) == {FORK: (5000, 500, 0, 0, 1)}
    assert [event.source for event in events] == ["ledger"]


def test_it_makes_no_difference_which_of_the_files_are_named(tmp_path, store):
    file = store(row("12:01:00", 5000, 500))
    log = write(tmp_path, start(), sums("12:10:00", "e1", 5000, 500))
    journal = Recording()
    assert named(read("github_copilot", file, journal=journal), "api_request") == []
    assert journal.skipped == 1  # the log is there, and is not read now
    (by_log,) = named(read("github_copilot", log), "api_request")
    (by_both,) = named(read("github_copilot", tmp_path), "api_request")
    assert by_log == by_both


def test_a_call_of_a_sub_agent_is_its_threads(tmp_path, store):
    store(row("12:01:00", 5000, 500, agent="call_1"))
    (values,) = named(read("github_copilot", tmp_path), "api_request")
    assert values["thread.id"] == "call_1"


def test_what_cannot_be_read_is_put_aside(tmp_path, store):
    file = store(row("12:01:00", -1, 500), row("yesterday", 1, 1), row("12:01:00", 1, 1, session=" "))
    journal = Recording()
    assert read("github_copilot", file, journal=journal) == []
    assert journal.quarantined == [
        "a number of tokens is no number from 0 to 10,000,000,000",
        "its time is missing or unreadable",
        "the call names no session",
    ]


def test_a_column_with_usage_that_nobody_reads_is_told(tmp_path, store):
    file = store(row("12:01:00", 5000, 500))
    with closing(sqlite3.connect(file)) as database:
        database.execute("ALTER TABLE assistant_usage_events ADD COLUMN audio_tokens INTEGER DEFAULT 7")
        database.commit()
    journal = Recording()
    read("github_copilot", file, journal=journal)
    assert journal.unknown == [("github_copilot", "row of assistant_usage_events", "audio_tokens")]


def test_the_home_is_read_as_a_whole(home, store, ingest, landed):
    (home / ".copilot").mkdir()
    store(row("12:01:00", 5000, 500), row("12:02:00", 6, 1, session=FORK), folder=home / ".copilot")
    write_lines(home / ".copilot" / "session-state" / SESSION / "events.jsonl", start())
    result = ingest()
    assert (result.landed, result.warnings) == (3, ())
    assert [values["output_tokens"] for name, values in landed() if name.endswith("api_request")] == [500, 1]
    assert ingest().landed == 0
