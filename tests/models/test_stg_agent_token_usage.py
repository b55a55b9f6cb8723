"""Tokens by kind, and what agents reported that they cost."""

import datetime as dt

from tests.models.harness import at, rows


def usage(*records, columns=()):
    return rows("stg_agent_token_usage", {"stg_usage": list(records)}, *columns)


def record(clock="09:00", **given):
    return {
        "session_id": "s1",
        "developer_id": "ann",
        "agent_type": "codex",
        "model_name": "m",
        "speed": "normal",
        "usage_source": "log",
        "input_tokens": 1,
        "output_tokens": 2,
        "cache_creation_tokens": 3,
        "cache_read_tokens": 4,
        "total_tokens": 10,
        "request_count": 1,
        "first_at": at(clock),
        "last_at": at(clock),
    } | given


def test_records_of_one_session_model_and_day_add_up():
    assert usage(record("09:05", reported_nano_usd=250_000_000), record(reported_nano_usd=500_000_000)) == [
        {
            "session_id": "s1",
            "developer_id": "ann",
            "agent_type": "codex",
            "model_name": "m",
            "day": dt.date(2026, 3, 10),
            "total_input_tokens": 2,
            "total_output_tokens": 4,
            "total_cache_creation_tokens": 6,
            "total_cache_read_tokens": 8,
            "total_tokens": 20,
            "request_count": 2,
            "reported_cost_usd": 0.75,
            "usage_source": "log",
            "first_used_at": at("09:00"),
            "last_used_at": at("09:05"),
        }
    ]


def test_what_was_not_reported_is_null_and_not_0():
    assert usage(record(), columns=["reported_cost_usd"]) == [{"reported_cost_usd": None}]


def test_what_is_left_out_is_left_out():
    assert usage(record(left_out="repeated request")) == []


def test_each_session_developer_agent_model_and_day_has_its_row():
    others = [
        {"session_id": "s2"},
        {"session_id": None},
        {"developer_id": "bob"},
        {"agent_type": "x"},
        {"model_name": "n"},
        {"day": dt.date(2026, 3, 11)},
    ]
    assert len(usage(record(), *(record(**other) for other in others))) == 7


def test_numbers_of_several_sources_say_so():
    assert usage(record(), record(usage_source="transcript"), columns=["usage_source"]) == [
        {"usage_source": "mixed"}
    ]
