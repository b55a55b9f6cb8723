"""Qwen Code's ledger: calls that no chat records, beside those that one does."""

import pytest

from tests.agents.qwen_code.test_transcripts import MODEL, call, prompt
from tests.agents.recording import Recording, read, told
from tests.ingest.transcripts.conftest import write_lines
from tests.models.harness import Warehouse


def noted(at, name, sent, received, cached=0, thoughts=0, total=None, session="s1", **more):
    return {
        "schemaVersion": 1,
        "id": name,
        "timestamp": f"2026-11-20T{at}Z",
        "localDate": "2026-11-20",
        "localMonth": "2026-11",
        "sessionId": session,
        "model": MODEL,
        "authType": "openai",
        "source": "main",
        "inputTokens": sent,
        "outputTokens": received,
        "cachedTokens": cached,
        "thoughtsTokens": thoughts,
        "totalTokens": sent + received if total is None else total,
        "apiDurationMs": 688,
    } | more


def write(folder, *lines):
    return write_lines(folder / "usage" / "token-usage-2026-11.jsonl", *lines)


def test_a_line_is_a_call(tmp_path):
    journal = Recording()
    events = read(
        "qwen_code", write(tmp_path, noted("10:00:01.5", "n1", 9000, 80, 4096, 30)), journal=journal
    )
    assert [(event.at.isoformat(), event.session, event.source) for event in events] == [
        ("2026-11-20T10:00:01.500000+00:00", "s1", "ledger")
    ]
    assert told(events) == [
        (
            "qwen-code.api_response",
            {
                "session.id": "s1",
                "model": MODEL,
                "input_token_count": 9000,
                "output_token_count": 80,
                "cached_content_token_count": 4096,
                "total_token_count": 9080,
                "request_id": "n1",
            },
        )
    ]
    assert journal == Recording()


@pytest.mark.parametrize(
    ("total", "thoughts", "tools"),
    [(110, None, None), (140, 30, None), (145, 30, 5), (115, None, 5)],
)
def test_thoughts_and_what_tools_were_given_are_told_by_the_total(tmp_path, total, thoughts, tools):
    (event,) = read("qwen_code", write(tmp_path, noted("10:00:01", "n1", 100, 10, 0, 30, total)))
    assert event.attributes.get("thoughts_token_count") == thoughts
    assert event.attributes.get("tool_token_count") == tools


def test_a_line_that_stands_twice_is_one_and_one_without_usage_is_none(tmp_path):
    line = noted("10:00:01", "n1", 100, 10)
    journal = Recording()
    events = read("qwen_code", write(tmp_path, line, line, noted("10:00:02", "n2", 0, 0)), journal=journal)
    assert [event.attributes["request_id"] for event in events] == ["n1"]
    assert journal.skipped == 1


def test_what_cannot_be_read_is_put_aside_and_what_is_not_understood_told(tmp_path):
    bad = [noted("10:00:01", "n1", -1, 10), noted("10:00:01", None, 5, 10), {"sessionId": "s1"}]
    unread = noted("10:00:02", "n2", 100, 10, audioTokens=7)
    journal = Recording()
    events = read("qwen_code", write(tmp_path, noted("10:00:00", "n0", 1, 1), *bad, unread), journal=journal)
    assert [event.attributes["request_id"] for event in events] == ["n0", "n2"]
    assert journal.quarantined == [
        "a number of tokens is no number from 0 to 10,000,000,000",
        "the call names no session, or has no id",
        "the line is no call of a ledger",
    ]
    assert journal.unknown == [("qwen_code", "line of the ledger", "audioTokens")]


def counted(engine):
    """Input and output that count of all that has landed."""
    rows = engine.fetch("SELECT timestamp, event_name, attributes, source, service_name FROM raw.otel_logs")
    logs = [
        {
            "timestamp": at,
            "event_name": name,
            "body": name,
            "attributes": attributes,
            "source": source,
            "service_name": service,
        }
        for at, name, attributes, source, service in rows
    ]
    used = Warehouse(raw_otel_logs=logs).rows(
        "stg_agent_token_usage", "total_input_tokens", "total_output_tokens"
    )
    return [tuple(row.values()) for row in used]


@pytest.mark.slow
def test_a_call_counts_once_whether_chat_ledger_or_both_tell_it(home, engine, ingest):
    """The ledger alone tells of the title; the chat is removed later, and the ledger stays."""
    chat = home / ".qwen" / "projects" / "p" / "chats" / "s1.jsonl"
    write_lines(chat, prompt(), call("10:00:01", "a1", 9000, 80, 4096), call("10:01:00", "a2", 9100, 90))
    write(
        home / ".qwen",
        noted("10:00:01.1", "n1", 9000, 80, 4096),
        noted("10:00:02", "n2", 310, 12, source="title-generator"),
        noted("10:01:00.1", "n3", 9100, 90),
    )
    ingest()
    once = [(9000 - 4096 + 310 + 9100, 80 + 12 + 90)]
    assert counted(engine) == once
    chat.unlink()
    ingest()
    assert counted(engine) == once
    engine.execute("DELETE FROM raw.otel_logs")
    ingest()
    assert counted(engine) == once
