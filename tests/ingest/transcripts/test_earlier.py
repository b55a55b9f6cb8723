"""What an earlier version read of a session gives way when the session is read again."""

import json

import pytest

from pipeline.ingest.landing.landing import Landing
from tests.agents.claude_code.test_transcripts import SESSION, prompt, response
from tests.ingest.transcripts.conftest import write_lines

AGENT = "claude_code"


@pytest.fixture
def tell_earlier(engine):
    """Lands records as an earlier version told them: with a hash that names no version."""

    def tell(*records, agent=AGENT, source="transcript"):
        with Landing(engine, "transcripts", []) as landing:
            landing.land(
                "otel_logs",
                [
                    {
                        "timestamp": f"2026-11-02T{at}+00:00",
                        "body": name,
                        "event_name": name,
                        "attributes": attributes,
                        "service_name": agent,
                        "source": source,
                    }
                    for name, at, attributes in records
                ],
            )

    return tell


@pytest.fixture
def told(engine):
    """Name, minute and request of everything that stands in raw.otel_logs, in order."""

    def told():
        rows = engine.fetch(
            "SELECT event_name, strftime(timestamp AT TIME ZONE 'UTC', '%H:%M:%S'), attributes"
            " FROM raw.otel_logs"
        )
        return sorted((name, at, json.loads(attributes).get("request_id")) for name, at, attributes in rows)

    return told


def earlier_prompt(at, session=SESSION, **attributes):
    return "claude_code.user_prompt", at, {"session.id": session, "only_earlier": 1} | attributes


def earlier_request(at, request, session=SESSION, **attributes):
    tokens = {"input_tokens": 4, "output_tokens": 50, "only_earlier": 1}
    return "claude_code.api_request", at, {"session.id": session, "request_id": request} | tokens | attributes


PROMPT = ("claude_code.user_prompt", "10:00:00", None)
REQUEST = ("claude_code.api_request", "10:00:01", "req_1")


@pytest.fixture
def session(home):
    """A session of one prompt and one response, as its file stands on the disk."""
    file = home / ".claude" / "projects" / "-gone" / f"{SESSION}.jsonl"
    write_lines(file, prompt(), response(50))
    return file


def test_a_prompt_that_an_earlier_version_told_otherwise_counts_once(session, ingest, tell_earlier, told):
    tell_earlier(earlier_prompt("10:00:00"), earlier_request("10:00:01", "req_1"))
    result = ingest()
    assert result.warnings == (
        "2 records that an earlier version read from the same sessions made way for what is read now.",
    )
    assert told() == [REQUEST, PROMPT]


def test_rows_of_another_collector_with_the_same_id_stay(session, ingest, tell_earlier, engine):
    """Its own numbers may be ours as well."""
    tell_earlier(earlier_prompt("10:00:00"))
    engine.execute(
        "INSERT INTO raw.otel_logs (id, timestamp, body) SELECT id, timestamp, 'x' FROM raw.otel_logs"
    )
    ingest()
    assert engine.fetch("SELECT id, body FROM raw.otel_logs WHERE source IS NULL") == [(1, "x")]


def test_what_the_same_version_read_stays(session, ingest, told):
    ingest()
    again = ingest()
    assert (again.landed, again.warnings) == (0, ())
    assert told() == [REQUEST, PROMPT]


def test_a_prompt_that_is_rightly_told_no_longer_goes(session, ingest, tell_earlier, told):
    tell_earlier(earlier_prompt("09:59:00"))  # a fork's copy of its parent's, say
    ingest()
    assert told() == [REQUEST, PROMPT]


def test_a_request_whose_file_is_gone_stays(session, ingest, tell_earlier, told):
    tell_earlier(earlier_request("10:00:09", "req_of_a_subagent"))
    ingest()
    assert told() == [REQUEST, ("claude_code.api_request", "10:00:09", "req_of_a_subagent"), PROMPT]


def test_a_request_that_has_another_id_now_counts_once(session, ingest, tell_earlier, told):
    tell_earlier(earlier_request("10:00:01", "an id of before"))
    ingest()
    assert told() == [REQUEST, PROMPT]


def test_a_session_whose_file_is_gone_stays_as_it_was(session, ingest, tell_earlier, told):
    gone = [
        earlier_prompt("08:00:00", session="gone"),
        earlier_request("08:00:01", None, session="gone"),
    ]
    tell_earlier(*gone)
    ingest()
    assert told() == [
        ("claude_code.api_request", "08:00:01", None),
        REQUEST,
        ("claude_code.user_prompt", "08:00:00", None),
        PROMPT,
    ]


def test_reading_one_subagent_removes_nothing_of_its_session(session, ingest, tell_earlier, told):
    tell_earlier(earlier_prompt("10:00:00"), earlier_request("10:00:05", "req_2"))
    subagent = session.with_suffix("") / "subagents" / "agent-a1.jsonl"
    line = response(7, message="msg_2", request="req_2", at="10:00:05", isSidechain=True, agentId="a1")
    write_lines(subagent, line)
    ingest(subagent)
    assert told() == [("claude_code.api_request", "10:00:05", "req_2"), PROMPT]


def test_a_thread_that_was_a_session_is_part_of_one(session, ingest, tell_earlier, told):
    tell_earlier(earlier_request("10:00:05", None, session="a1"))
    subagent = session.with_suffix("") / "subagents" / "agent-a1.jsonl"
    line = response(7, message="msg_2", request="req_2", at="10:00:06", isSidechain=True, agentId="a1")
    write_lines(subagent, line)
    ingest()
    assert told() == [REQUEST, ("claude_code.api_request", "10:00:06", "req_2"), PROMPT]


def test_telemetry_and_other_agents_are_left_alone(session, ingest, tell_earlier, told):
    tell_earlier(earlier_prompt("10:00:00"), source="otlp")
    tell_earlier(earlier_prompt("10:00:00"), agent="codex")
    tell_earlier(earlier_prompt("10:00:00"), source="export")
    ingest()
    assert told() == [REQUEST, PROMPT, PROMPT, PROMPT, PROMPT]
