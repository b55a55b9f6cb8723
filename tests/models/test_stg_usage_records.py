"""Everything that reports usage."""

import datetime as dt
from decimal import Decimal

from pipeline.agents.declaration import OWN_METRICS
from tests.models.harness import at, rows

SESSION = {"session_id": "s1", "developer_id": "ann", "agent_type": "claude_code", "first_at": at("08:00")}


def records(events=(), points=(), sessions=(), columns=()):
    tables = {
        "stg_log_events": list(events),
        "stg_metric_activity": list(points),
        "stg_session_identities": list(sessions),
    }
    return rows("stg_usage_records", tables, *columns)


def request(**given):
    return {
        "recorded_at": at("09:00"),
        "source": "otlp",
        "event": "api_request",
        "session_id": "s1",
        "speed": "normal",
        "form": 1,
        "input_tokens": 10,
        "output_tokens": 5,
    } | given


def measured(measure, value, **given):
    return {
        "measure": measure,
        "value": Decimal(str(value)),
        "session_id": "s1",
        "speed": "normal",
        "form": OWN_METRICS,
        "first_at": at("09:00"),
        "last_at": at("09:05"),
    } | given


def test_a_request_whole():
    event = request(
        cache_read_tokens=3, reported_nano_usd=7, request_id="r1", model_name="m", reported_model="M"
    )
    assert records([event], sessions=[SESSION]) == [
        {
            "session_id": "s1",
            "project_id": None,
            "developer_id": "ann",
            "agent_type": "claude_code",
            "reported_model": "M",
            "model_name": "m",
            "speed": "normal",
            "inference_geo": None,
            "day": dt.date(2026, 3, 10),
            "form": 1,
            "source": "otlp",
            "request_id": "r1",
            "input_tokens": 10,
            "output_tokens": 5,
            "cache_creation_tokens": 0,
            "cache_creation_1h_tokens": 0,
            "cache_read_tokens": 3,
            "total_tokens": 18,
            "web_search_requests": 0,
            "is_free": False,
            "reported_nano_usd": 7,
            "request_count": 1,
            "first_at": at("09:00"),
            "last_at": at("09:00"),
            "session_started_at": at("08:00"),
            "is_event": True,
            "scope": "session|s1",
            "counted_once_by": "r1",
        }
    ]


def test_metrics_are_one_record_per_session_model_and_day():
    points = [
        measured("input_tokens", 10),
        measured("input_tokens", 5, first_at=at("08:30")),
        measured("output_tokens", 3),
        measured("cost_usd", 0.25),
        measured("active_seconds", 60),
    ]
    (row,) = records(points=points, sessions=[SESSION])
    expected = {
        "source": "metric",
        "input_tokens": 15,
        "output_tokens": 3,
        "total_tokens": 18,
        "reported_nano_usd": 250_000_000,
        "request_count": 0,
        "first_at": at("08:30"),
        "last_at": at("09:05"),
        "is_event": False,
    }
    assert {name: row[name] for name in expected} == expected


def test_cached_tokens_are_taken_out_of_an_input_that_includes_them():
    points = [
        measured("input_tokens", 100, cache_in_input=True),
        measured("cache_read_tokens", 70, cache_in_input=True),
        measured("cache_creation_tokens", 10, cache_in_input=True),
    ]
    assert records(points=points, columns=["input_tokens", "total_tokens"]) == [
        {"input_tokens": 20, "total_tokens": 100}
    ]


def test_a_record_is_its_sessions_developers_and_of_the_sessions_agent_if_it_names_none():
    events = [request(developer_id="bob", agent_type="codex"), request()]
    assert records(events, sessions=[SESSION], columns=["developer_id", "agent_type"]) == [
        {"developer_id": "ann", "agent_type": "claude_code"},
        {"developer_id": "ann", "agent_type": "codex"},
    ]


def test_a_record_is_whom_it_names_if_nobody_knows_the_session():
    sessions = [SESSION | {"developer_id": "unknown"}]
    assert records([request(developer_id="bob")], sessions=sessions, columns=["developer_id"]) == [
        {"developer_id": "bob"}
    ]


def test_usage_without_a_session_is_kept_by_agent_developer_and_day():
    assert records(
        [request(session_id=None)], columns=["session_id", "developer_id", "agent_type", "scope"]
    ) == [
        {
            "session_id": None,
            "developer_id": "unknown",
            "agent_type": "unknown",
            "scope": "day|unknown|unknown|2026-03-10",
        }
    ]


def test_an_event_without_tokens_or_cost_is_no_usage():
    events = [
        request(event="user_prompt", input_tokens=None, output_tokens=None),
        request(event="turn_cost", input_tokens=None, output_tokens=None, reported_nano_usd=5),
    ]
    assert records(events, columns=["reported_nano_usd", "request_count"]) == [
        {"reported_nano_usd": 5, "request_count": 0}
    ]


def test_a_cost_that_cannot_be_is_no_cost():
    points = [measured("cost_usd", 10**12), measured("input_tokens", 10**12)]
    assert records(points=points, columns=["reported_nano_usd", "input_tokens"]) == [
        {"reported_nano_usd": None, "input_tokens": 10**12}
    ]
