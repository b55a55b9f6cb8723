"""How complete the telemetry of each release of an agent is."""

import datetime as dt

from tests.models.harness import rows


def completeness(*events, columns=()):
    return rows("telemetry_completeness", {"stg_log_events": list(events)}, *columns)


def request(**given):
    return {
        "agent_type": "codex",
        "client_version": "1.0",
        "source": "otlp",
        "input_tokens": 1,
        "output_tokens": 1,
        **given,
    }


def test_shares_of_requests_that_name_what_they_should():
    whole = request(reported_nano_usd=0, session_id="s", developer_id="ann", model_name="m")
    assert completeness(
        whole, request(session_id="s"), request(session_id="s", model_name="m"), request()
    ) == [
        {
            "agent_type": "codex",
            "client_version": "1.0",
            "week": dt.date(2026, 3, 9),
            "requests": 4,
            "share_with_cost": 0.25,
            "share_with_session": 0.75,
            "share_with_developer": 0.25,
            "share_with_model": 0.5,
        }
    ]


def test_releases_and_weeks_stand_apart():
    events = [
        request(),
        request(client_version="1.1"),
        request(client_version=None),
        request(agent_type=None),
        request(day=dt.date(2026, 3, 15)),
        request(day=dt.date(2026, 3, 16)),
    ]
    found = completeness(*events, columns=["agent_type", "client_version", "week", "requests"])
    assert [tuple(row.values()) for row in found] == [
        ("codex", "1.0", dt.date(2026, 3, 9), 2),
        ("codex", "1.0", dt.date(2026, 3, 16), 1),
        ("codex", "1.1", dt.date(2026, 3, 9), 1),
        ("codex", "unknown", dt.date(2026, 3, 9), 1),
        ("unknown", "1.0", dt.date(2026, 3, 9), 1),
    ]


def test_only_requests_of_telemetry_are_asked():
    assert completeness(request(source="transcript"), request(input_tokens=None, output_tokens=None)) == []
