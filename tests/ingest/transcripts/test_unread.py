"""Numbers of a transcript that no model takes are told, and what they stand beside lands."""

import pytest

from tests.agents.claude_code.test_transcripts import SESSION, response
from tests.ingest.transcripts.conftest import write_lines


@pytest.fixture
def session(home):
    return home / ".claude" / "projects" / "-gone" / f"{SESSION}.jsonl"


@pytest.fixture
def told(engine):
    return lambda: engine.fetch("SELECT file, agent, kind, reason FROM meta.quarantine")


def test_a_cost_that_cannot_be_is_told_and_the_tokens_land(session, ingest, landed, told):
    write_lines(session, response(50, costUSD=2_000_000))
    # The second time nothing is read; what was told stays.
    for not_counted in (1, 0):
        result = ingest()
        assert (result.quarantined, result.not_counted) == (0, not_counted)
    assert [attributes["output_tokens"] for _, attributes in landed()] == [50]
    assert told() == [
        (
            f"session {SESSION}",
            "claude_code",
            "claude_code.api_request",
            "usage of claude_code in claude_code.api_request (cost_usd, no number from 0 to 1,000,000)"
            " has landed, and no model reads it: 1 record",
        )
    ]


def test_what_a_session_told_of_is_told_until_the_session_is_read_again(session, ingest, told):
    write_lines(session, response(50, costUSD=2_000_000))
    ingest()
    other = write_lines(session.with_name("other.jsonl"), response(5, message="m2", sessionId="other"))
    ingest(other)
    assert len(told()) == 1
    write_lines(session, response(50, costUSD=0.5))
    ingest()
    assert told() == []


def test_a_count_that_cannot_be_is_put_aside_with_its_line(session, ingest, landed, told):
    write_lines(session, response(50), response(10**10 + 1, message="m2", request="r2"))
    assert ingest().quarantined == 1
    assert len(landed()) == 1
    assert told() == [(str(session), None, None, "a number of tokens is no number from 0 to 10,000,000,000")]
