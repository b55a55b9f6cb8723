"""What reported usage does not count."""

from tests.models.harness import rows


def record(tokens, reason, source="metric", agent="codex"):
    return {
        "agent_type": agent,
        "usage_source": source,
        "left_out": reason,
        "left_out_tokens": tokens,
    }


def test_records_and_tokens_are_counted_by_agent_source_and_reason():
    usage = [
        record(5, "repeated request", "log"),
        record(7, "repeated request", "log"),
        record(9, "another form of the session counts"),
        record(0, None),
    ]
    assert rows("usage_left_out", {"stg_usage": usage}) == [
        {
            "agent_type": "codex",
            "usage_source": "log",
            "reason": "repeated request",
            "records": 2,
            "tokens": 12,
        },
        {
            "agent_type": "codex",
            "usage_source": "metric",
            "reason": "another form of the session counts",
            "records": 1,
            "tokens": 9,
        },
    ]
