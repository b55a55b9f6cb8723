"""Cursor's usage events, exported as JSON or as CSV."""

import json

import pytest

from tests.agents.recording import named, read

EVENT = {
    "timestamp": "1793613600123",
    "userEmail": "Dana@Example.com",
    "model": "composer-2.5",
    "kind": "Usage-based",
    "isTokenBasedCall": True,
    "tokenUsage": {
        "inputTokens": 126,
        "outputTokens": 450,
        "cacheWriteTokens": 6112,
        "cacheReadTokens": 11964,
        "totalCents": 20.5,
    },
    "chargedCents": 21.36,
}
ATTRIBUTES = {
    "model": "composer-2.5",
    "kind": "Usage-based",
    "user.email": "dana@example.com",
    "input_tokens": 126,
    "output_tokens": 450,
    "cache_creation_tokens": 6112,
    "cache_read_tokens": 11964,
    "cost_usd": 0.205,
}
HEADER = (
    "Date,User,Kind,Model,Max Mode,Input (w/ Cache Write),Input (w/o Cache Write),"
    "Cache Read,Output Tokens,Total Tokens,Cost\n"
)


@pytest.mark.parametrize("key", ["usageEvents", "usageEventsDisplay"])
@pytest.mark.parametrize("indent", [None, 2])
def test_events_of_the_api_land(engine, tmp_path, ingest, landed, key, indent):
    file = tmp_path / "events.json"
    file.write_text(json.dumps({"totalUsageEventsCount": 1, key: [EVENT]}, indent=indent))

    ingest(file, developer="me@example.com")

    assert landed() == [("cursor.api_request", ATTRIBUTES)]
    assert engine.fetch("SELECT timestamp::VARCHAR, source, developer_id FROM raw.otel_logs") == [
        ("2026-11-02 10:00:00.123+00", "export", "dana@example.com")
    ]


def test_several_pages_in_one_file_land(tmp_path, ingest):
    other = EVENT | {"timestamp": "1793613700123"}
    file = tmp_path / "events.json"
    file.write_text(json.dumps([{"usageEvents": [EVENT]}, {"usageEvents": [EVENT, other]}]))

    result = ingest(file)

    assert (result.rows_in, result.landed, result.duplicates) == (3, 2, 1)


@pytest.mark.parametrize(
    ("row", "counted"),
    [
        # cache writes beside the rest of the input
        ("6112,126,11964,450,18652,$0.21", (126, 6112, 0.21)),
        # one column has the cache writes in it
        ('"6,238",126,11964,450,"18,652",0.21', (126, 6112, 0.21)),
        ("6112,126,11964,450,18652,Included", (126, 6112, None)),
    ],
)
def test_rows_of_a_csv_land(tmp_path, ingest, landed, row, counted):
    file = tmp_path / "usage.csv"
    start = "2026-11-02T10:00:00.123Z,dana@example.com,Included,composer-2.5,No,"
    file.write_text(f"\ufeff{HEADER}{start}{row}\n", encoding="utf-8")

    ingest(file)

    [(name, values)] = landed()
    assert name == "cursor.api_request"
    names = ("input_tokens", "cache_creation_tokens", "cost_usd")
    assert tuple(values.get(name) for name in names) == counted
    assert (values["cache_read_tokens"], values["output_tokens"]) == (11964, 450)


@pytest.mark.parametrize(
    ("kind", "cost"),
    [
        ("Errored, Not Charged", 0.0),
        ("USAGE_EVENT_KIND_ABORTED_NOT_CHARGED", 0.0),
        ("Included in Business", 0.205),
        (None, 0.205),
    ],
)
def test_what_was_not_charged_cost_nothing(tmp_path, kind, cost):
    file = tmp_path / "events.json"
    file.write_text(json.dumps({"usageEvents": [EVENT | {"kind": kind}]}))

    [request] = named(read("cursor", file), "api_request")
    assert (request["cost_usd"], request.get("is_free")) == (cost, None if cost else "true")


def test_an_errored_row_of_a_csv_that_was_not_charged_cost_nothing(tmp_path):
    file = tmp_path / "usage.csv"
    row = '"2026-10-01T10:02:00.000Z","a@example.com","Errored, Not Charged","gpt-5.4","No"'
    file.write_text(f'{HEADER}{row},"0","1000000","0","0","1000000","0"\n')

    [request] = named(read("cursor", file), "api_request")
    assert (request["input_tokens"], request["cost_usd"]) == (1_000_000, 0.0)


def test_a_conversation_is_a_session(tmp_path):
    file = tmp_path / "events.json"
    file.write_text(json.dumps({"usageEvents": [EVENT | {"conversationId": "c1"}, EVENT]}))
    table = tmp_path / "usage.csv"
    columns = HEADER.replace("User,", "Cloud Agent ID,Automation ID,")
    table.write_text(f"{columns}2026-11-02T10:00:00Z,bc-1,,Included,auto,No,0,1,0,1,2,Included\n")

    events = read("cursor", file, table)

    assert [event.session for event in events] == ["bc-1", "", "c1"]
    sessions = [request.get("session.id") for request in named(events, "api_request")]
    assert sessions == ["bc-1", None, "c1"]


def test_calls_without_tokens_are_none_and_bad_ones_are_put_aside(tmp_path, ingest):
    free = {"timestamp": "1793613600123", "model": "auto", "kind": "Aborted, Not Charged"}
    bad = EVENT | {"timestamp": "never"}
    file = tmp_path / "events.json"
    file.write_text(json.dumps({"usageEvents": [free, bad, EVENT, "nonsense"]}))

    result = ingest(file)

    assert (result.landed, result.quarantined, result.empty) == (1, 1, 2)


def test_what_errored_failed_with_or_without_tokens_and_what_was_stopped_did_not(tmp_path):
    kinds = ("USAGE_EVENT_KIND_ERRORED_NOT_CHARGED", "USAGE_EVENT_KIND_ABORTED_NOT_CHARGED")
    listed = [EVENT | {"kind": kind} for kind in kinds]
    listed.append(EVENT | {"kind": "Errored, No Charge", "timestamp": "1793613600000", "tokenUsage": {}})
    file = tmp_path / "events.json"
    file.write_text(json.dumps({"usageEvents": listed}))

    events = read("cursor", file)

    assert len(named(events, "api_request")) == 2
    assert {one["kind"] for one in named(events, "api_error")} == {kinds[0], "Errored, No Charge"}
    assert len(named(events, "api_error")) == 2
