"""One export in, rows out: every shape in which OTLP's JSON really arrives."""

import json

import pytest

from pipeline.errors import SetupError
from pipeline.ingest.content import ContentFilter
from pipeline.ingest.otlp.json import read_document
from pipeline.ingest.otlp.rows import COMMON_COLUMNS, LOG_COLUMNS, METRIC_COLUMNS, SPAN_COLUMNS, Rows
from tests.ingest.otlp.samples import TIME, any_value, log, logs, metric, metrics, point, span, spans


def read(*documents, include=()):
    rows = Rows(ContentFilter(include))
    for line, document in enumerate(documents, start=1):
        read_document(document, line, rows)
    return rows


def whole(rows, row, columns):
    common = list(rows.common)[row[-1]]
    found = dict(zip((*columns, *COMMON_COLUMNS), (*row[:-1], *common), strict=True))
    return found | {"attributes": found["attributes"].decode()}


def log_rows(*documents, **options):
    rows = read(*documents, **options)
    assert rows.bad == []
    return [whole(rows, row, LOG_COLUMNS) for row in rows.logs]


def metric_rows(*documents):
    rows = read(*documents)
    assert rows.bad == []
    return [whole(rows, row, METRIC_COLUMNS) for row in rows.metrics]


def span_rows(*documents):
    rows = read(*documents)
    assert rows.bad == []
    return [whole(rows, row, SPAN_COLUMNS) for row in rows.spans]


def attributes(document, **options):
    return json.loads(log_rows(document, **options)[0]["attributes"])


def test_a_log_record_becomes_a_whole_row():
    record = log(
        {"event.name": "api_request", "session.id": "s1", "input_tokens": 5, "cost_usd": 0.5},
        observedTimeUnixNano=str(TIME + 5_000),
        severityText="INFO",
        traceId="0af7651916cd43dd8448eb211c80319c",
        spanId="b7ad6b7169203331",
    )
    document = logs(record)
    document["resourceLogs"][0]["scopeLogs"][0]["scope"] |= {
        "version": "2.1",
        "attributes": [{"key": "x", "value": {"intValue": 1}}],
    }
    (row,) = log_rows(document)
    assert len(row.pop("record_hash")) == 32
    assert row == {
        "timestamp": TIME // 1000,
        "observed_timestamp": TIME // 1000 + 5,
        "severity": "INFO",
        "body": "claude_code.api_request",
        "attributes": '{"cost_usd":0.5,"event.name":"api_request","input_tokens":5,"session.id":"s1"}',
        "event_name": "api_request",
        "service_name": "claude-code",
        "service_version": "2.1.300",
        "scope_name": "com.anthropic.claude_code.events",
        "scope_version": "2.1",
        "scope_attributes": '{"x":1}',
        "resource_attributes": '{"service.name":"claude-code","service.version":"2.1.300"}',
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "span_id": "b7ad6b7169203331",
    }


def test_a_point_becomes_a_whole_row():
    sum_point = point(12.0, {"type": "input"}, start=TIME - 60 * 10**9)
    (row,) = metric_rows(metrics(metric(sum_point)))
    assert len(row.pop("record_hash")) == 32
    assert row == {
        "timestamp": TIME // 1000,
        "start_timestamp": TIME // 1000 - 60_000_000,
        "metric_name": "claude_code.token.usage",
        "metric_value": 12.0,
        "attributes": '{"type":"input"}',
        "temporality": "delta",
        "metric_type": "sum",
        "unit": "tokens",
        "histogram_count": None,
        "service_name": "claude-code",
        "service_version": "2.1.300",
        "scope_name": "com.anthropic.claude_code",
        "scope_version": None,
        "scope_attributes": None,
        "resource_attributes": '{"service.name":"claude-code","service.version":"2.1.300"}',
    }


@pytest.mark.parametrize(
    ("value", "landed"),
    [
        ({"stringValue": "x"}, "x"),
        ({"stringValue": ""}, ""),
        ({"intValue": "5"}, 5),
        ({"intValue": 5}, 5),
        ({"intValue": 0}, 0),
        ({"intValue": str(2**63 - 1)}, 2**63 - 1),
        ({"intValue": str(2**63)}, str(2**63)),
        ({"intValue": "five"}, "five"),
        ({"doubleValue": 2}, 2.0),
        ({"doubleValue": "0.5"}, 0.5),
        ({"doubleValue": "NaN"}, None),
        ({"doubleValue": "-Infinity"}, None),
        ({"boolValue": False}, False),
        ({"boolValue": "true"}, True),
        ({"bytesValue": "AAE="}, "AAE="),
        ({"arrayValue": {"values": [{"intValue": 1}, {"stringValue": "a"}]}}, [1, "a"]),
        ({"arrayValue": {}}, []),
        (any_value({"a": {"b": 1}}), {"a": {"b": 1}}),
        ({"kvlistValue": {}}, {}),
        ({}, None),
        (None, None),
        ("plain", "plain"),
        ({"futureValue": 1}, {"futureValue": 1}),
    ],
)
def test_any_value_of_every_kind(value, landed):
    record = log() | {"attributes": [{"key": "user.k", "value": value}]}
    assert attributes(logs(record)) == {"user.k": landed}


@pytest.mark.parametrize("time", [{}, {"timeUnixNano": 0}, {"timeUnixNano": "0"}])
def test_without_a_time_a_record_has_the_time_it_was_observed(time):
    record = {"observedTimeUnixNano": TIME, "body": {"stringValue": "x"}} | time
    assert log_rows(logs(record))[0]["timestamp"] == TIME // 1000


@pytest.mark.parametrize(
    ("fields", "severity"),
    [
        ({"severityText": "warn"}, "warn"),
        ({"severityNumber": 9}, "INFO"),
        ({"severityNumber": "17"}, "ERROR"),
        ({"severityNumber": "SEVERITY_NUMBER_DEBUG2"}, "DEBUG"),
        ({"severityNumber": 0}, None),
        ({"severityNumber": 99}, None),
        ({}, None),
    ],
)
def test_severity_is_text_number_or_name_of_a_number(fields, severity):
    assert log_rows(logs(log(**fields)))[0]["severity"] == severity


def test_the_record_names_its_event_before_its_attributes_do():
    named = log({"event.name": "attribute"}, eventName="record")
    unnamed = log({"event.name": "attribute"})
    rows = log_rows(logs(named, unnamed, log()))
    assert [row["event_name"] for row in rows] == ["record", "attribute", None]


@pytest.mark.parametrize(
    ("temporality", "landed"),
    [
        (1, "delta"),
        (2, "cumulative"),
        ("2", "cumulative"),
        ("AGGREGATION_TEMPORALITY_DELTA", "delta"),
        ("AGGREGATION_TEMPORALITY_CUMULATIVE", "cumulative"),
        (0, None),
        (None, None),
    ],
)
def test_temporality_is_a_number_or_a_name(temporality, landed):
    (row,) = metric_rows(metrics(metric(point(), temporality=temporality)))
    assert row["temporality"] == landed


@pytest.mark.parametrize(
    ("kind", "landed", "data", "value", "count"),
    [
        ("sum", "sum", {"asInt": "7"}, 7.0, None),
        ("gauge", "gauge", {"asInt": 7}, 7.0, None),
        ("gauge", "gauge", {"asDouble": "0.5"}, 0.5, None),
        ("histogram", "histogram", {"sum": 9.5, "count": "3", "bucketCounts": ["3"]}, 9.5, 3),
        ("histogram", "histogram", {"count": 3}, None, 3),
        ("exponentialHistogram", "exponential_histogram", {"sum": 2, "count": "1"}, 2.0, 1),
        ("summary", "summary", {"sum": 2, "count": "1", "quantileValues": []}, 2.0, 1),
    ],
)
def test_every_kind_of_metric(kind, landed, data, value, count):
    one = {"timeUnixNano": TIME} | data
    (row,) = metric_rows(metrics(metric(one, kind=kind)))
    assert (row["metric_type"], row["metric_value"], row["histogram_count"]) == (
        landed,
        value,
        count,
    )


@pytest.mark.parametrize("flags", [1, "1", 3, "DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK"])
def test_a_point_without_a_recorded_value_is_validly_empty(flags):
    rows = read(metrics(metric({"timeUnixNano": TIME, "flags": flags})))
    assert (rows.metrics, rows.bad, rows.empty) == ([], [], 1)


def test_a_span_becomes_a_whole_row():
    usage = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 9000}
    document = spans(span(usage, parentSpanId="9c8b57b72ca4b12d", status={"code": 2, "message": "secret"}))
    document["resourceSpans"][0]["resource"] = {
        "attributes": [{"key": "service.name", "value": {"stringValue": "github-copilot"}}]
    }
    (row,) = span_rows(document)
    assert len(row.pop("record_hash")) == 32
    assert row == {
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "span_id": "b7ad6b7169203331",
        "parent_span_id": "9c8b57b72ca4b12d",
        "name": "chat gpt-5.4",
        "start_timestamp": TIME // 1000,
        "end_timestamp": TIME // 1000 + 1_000_000,
        "status": "error",
        "attributes": '{"gen_ai.operation.name":"chat","gen_ai.usage.input_tokens":9000}',
        "service_name": "github-copilot",
        "service_version": None,
        "scope_name": None,
        "scope_version": None,
        "scope_attributes": None,
        "resource_attributes": '{"service.name":"github-copilot"}',
    }


@pytest.mark.parametrize("times", [{"startTimeUnixNano": 0}, {"endTimeUnixNano": str(10**19)}])
def test_a_span_of_no_time_is_put_aside(times):
    rows = read(spans(span(**times)))
    assert (len(rows.spans), len(rows.bad)) == (0, 1)


@pytest.mark.parametrize("document", [{}, {"resourceLogs": []}, {"resourceMetrics": None}])
def test_an_export_of_nothing_is_validly_empty(document):
    rows = read(document)
    assert (rows.bad, rows.empty, rows.documents) == ([], 1, 1)


def test_unknown_fields_are_ignored():
    document = logs(log(newField={"a": 1})) | {"somethingElse": 1}
    assert len(log_rows(document)) == 1


def test_a_list_of_exports_is_read_one_by_one():
    assert len(log_rows([logs(log()), logs(log(at=TIME + 1))])) == 2


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"body": {"stringValue": "x"}}, "it has no time"),
        (log(at=-5), "its time is before 1970 or after 2200"),
        (log(at=8 * 10**18), "its time is before 1970 or after 2200"),
        (log(at=10**40), "its time is before 1970 or after 2200"),
        (log(at="noon"), "'noon' is no integer"),
        ("text", "a part of it has the wrong type"),
        (None, "a part of it has the wrong type"),
        (log() | {"attributes": 5}, "a part of it has the wrong type"),
        (log() | {"attributes": [{"value": {"intValue": 1}}]}, "it has no key"),
    ],
)
def test_a_bad_record_is_put_aside_and_its_neighbours_are_read(record, reason):
    rows = read(logs(log(), record, log(at=TIME + 1)))
    assert len(rows.logs) == 2
    assert rows.bad == [(1, f"log record: {reason}")]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"timeUnixNano": TIME, "asDouble": "NaN"}, "its value is not a finite number"),
        ({"timeUnixNano": TIME, "asDouble": "Infinity"}, "its value is not a finite number"),
        ({"timeUnixNano": TIME}, "it has no value"),
        ({"asDouble": 1}, "it has no time"),
        (7, "a part of it has the wrong type"),
    ],
)
def test_a_bad_point_is_put_aside_and_its_neighbours_are_read(bad, reason):
    rows = read(metrics(metric(point(), bad, point(2.0))))
    assert len(rows.metrics) == 2
    assert rows.bad == [(1, f"point of claude_code.token.usage: {reason}")]


@pytest.mark.parametrize(
    "document",
    [
        5,
        "text",
        None,
        {"some": "thing"},
        {"resourceLogs": 5},
        {"resourceLogs": [5]},
        {"resourceLogs": [{"scopeLogs": 5}]},
        {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "x"}]}]}]},
        {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"sum": {}}]}]}]},
        {"hrTime": ["a", "b"], "attributes": {}},
    ],
)
def test_what_is_no_export_is_put_aside_as_one(document):
    rows = read(document)
    assert (len(rows.bad), rows.logs, rows.metrics) == (1, [], [])


def test_content_is_left_out_and_named():
    record = log(
        {
            "event.name": "user_prompt",
            "prompt": "secret",
            "prompt_length": "6",
            "gen_ai.prompt.0.content": "secret",
            "tool_parameters": '{"full_command":"secret","git_commit_id":"ABCDEF0123456789"}',
            "output": 5,
            "response": None,
        },
        body="secret words",
    )
    rows = read(logs(record))
    (row,) = (whole(rows, row, LOG_COLUMNS) for row in rows.logs)
    assert "secret" not in str(row)
    assert json.loads(row["attributes"]) == {
        "event.name": "user_prompt",
        "prompt_length": "6",
        "git_commit_id": "abcdef0123456789",
        "output": 5,
        "response": None,
    }
    assert rows.content.dropped == {
        "body",
        "prompt",
        "gen_ai.prompt.0.content",
        "tool_parameters",
    }


def test_of_what_spawning_an_agent_gave_back_the_threads_id_lands():
    thread = "01a22184-464d-7040-9382-ec759d3bb4c3"
    told = {
        f'{{"agent_id":"{thread}","nickname":"secret"}}': {"thread.id": thread},
        f'secret {{"agent_id":"{thread}"}}': {},
        '{"agent_id":"secret"}': {},
    }
    for output, linked in told.items():
        rows = read(logs(log({"event.name": "codex.tool_result", "output": output})))
        (row,) = (whole(rows, row, LOG_COLUMNS) for row in rows.logs)
        assert json.loads(row["attributes"]) == {"event.name": "codex.tool_result"} | linked
        assert "output" in rows.content.dropped


@pytest.mark.parametrize(
    "attributes",
    [
        {"process.command_args": ["node", "gemini", "-p", "secret"]},
        {"process.command": "gemini -p secret"},
        {"acme.note": "what the secret is"},
        {"acme.prompt": "secret"},
        {"acme.files": ["secret"]},
        {"acme.request": {"secret": 1}},
        {"acme.blob": "secret" * 30},
    ],
)
def test_what_nobody_knows_is_left_out_unless_it_looks_like_metadata(attributes):
    document = logs(log({"event.name": "x"} | attributes))
    resource = [{"key": key, "value": any_value(value)} for key, value in attributes.items()]
    document["resourceLogs"][0]["resource"] = {"attributes": resource}
    rows = read(document)
    (row,) = (whole(rows, row, LOG_COLUMNS) for row in rows.logs)
    assert "secret" not in str(row)
    assert rows.content.dropped - {"body"} == {*attributes}


def test_metadata_lands_known_or_not():
    known = {
        "error": "API error: 529 overloaded",
        "gen_ai.response.finish_reasons": ["stop"],
        "team.name": "Red Team",
        "acme.channel": "nightly-2026.11",
        "acme.enabled": True,
        "acme.share": 0.5,
        "acme.nothing": None,
        "llm_request.context": "interaction",
    }
    assert attributes(logs(log(known))) == known


ADDRESS = "https://ada:s3cret@github.com/octo/app.git?token=s3cret"


@pytest.mark.parametrize(
    ("name", "address", "landed"),
    [
        ("vcs.repository.url.full", ADDRESS, "https://github.com/octo/app.git"),
        ("github.copilot.git.repository", "git@github.com:octo/app.git", "git@github.com:octo/app.git"),
        ("copilot_chat.repo.remote_url", "ada:s3cret@github.com/octo/app", "github.com/octo/app"),
        ("repo", ADDRESS, "https://github.com/octo/app.git"),
        ("project.name", "Shop @ web?", "Shop @ web?"),
    ],
)
def test_who_asks_for_a_repository_and_by_which_password_never_lands(name, address, landed):
    document = logs(log({"event.name": "x", name: address}))
    document["resourceLogs"][0]["resource"] = {"attributes": [{"key": name, "value": any_value(address)}]}
    rows = read(document)
    (row,) = (whole(rows, row, LOG_COLUMNS) for row in rows.logs)
    assert json.loads(row["attributes"])[name] == json.loads(row["resource_attributes"])[name] == landed
    assert "s3cret" not in str(row)
    assert hashes(logs(log({name: address}))) != hashes(logs(log({name: landed + "2"})))


def test_the_identity_of_a_record_does_not_depend_on_what_lands():
    document = logs(log({"event.name": "x", "acme.note": "some words"}))
    (left_out,) = log_rows(document)
    (kept,) = log_rows(document, include=["acme.note"])
    assert left_out["record_hash"] == kept["record_hash"]
    assert json.loads(kept["attributes"])["acme.note"] == "some words"


def test_content_is_kept_where_it_is_asked_for_by_name():
    record = log({"prompt": "secret", "response": "other"}, body="prose to keep")
    (row,) = log_rows(logs(record), include=["prompt", "body"])
    assert json.loads(row["attributes"]) == {"prompt": "secret"}
    assert row["body"] == "prose to keep"


def test_including_what_is_never_left_out_is_an_error():
    with pytest.raises(SetupError, match="Did you mean prompt"):
        ContentFilter(["promt"])


@pytest.mark.parametrize(
    ("body", "event_name", "kept"),
    [
        ("claude_code.api_request", "api_request", True),
        ("api_request", "api_request", True),
        ("yes", "user_prompt", False),
        ("session_start", None, True),
        ("API response from gemini-2.5-pro. Status: 200.", "gemini_cli.api_response", False),
        ("please fix the bug", None, False),
        ("x" * 500, None, False),
    ],
)
def test_a_body_is_kept_only_if_it_names_the_event(body, event_name, kept):
    record = log({"event.name": event_name} if event_name else {}, body=body)
    (row,) = log_rows(logs(record))
    assert row["body"] == (body if kept else None)


def test_a_body_that_is_no_text_is_content():
    record = log({"event.name": "x"}) | {"body": any_value({"content": "secret"})}
    assert log_rows(logs(record))[0]["body"] is None
    assert log_rows(logs(record), include=["body"])[0]["body"] == '{"content":"secret"}'


def hashes(*documents, **options):
    rows = read(*documents, **options)
    return [row[-2] for row in rows.logs + rows.metrics]


def test_how_a_record_is_written_does_not_change_its_identity():
    written = log({"a": 1, "b": "x"}, severityNumber=9)
    otherwise = {
        "droppedAttributesCount": 0,
        "timeUnixNano": TIME,
        "severityNumber": "SEVERITY_NUMBER_INFO",
        "attributes": [
            {"key": "b", "value": {"stringValue": "x"}},
            {"key": "a", "value": {"intValue": 1}},
        ],
        "body": {"stringValue": "claude_code.api_request"},
    }
    one, other = hashes(logs(written), logs(otherwise))
    assert one == other
    one, other = hashes(
        metrics(metric(point(5.0))),
        metrics(metric({"timeUnixNano": TIME, "asInt": "5"}, temporality="1")),
    )
    assert one == other


@pytest.mark.parametrize(
    ("document", "identity"),
    [
        (
            logs(
                log(
                    {"n": 1, "x": "ü", "prompt": "secret", "cost": 0.5, "ok": True, "list": [1, "a"]},
                    severityNumber=9,
                    traceId="ab",
                    spanId="cd",
                    observedTimeUnixNano=str(TIME + 5),
                )
            ),
            "537c4e6e568667fbf3cbcff255d32631",
        ),
        (logs(log(body=None)), "4ee649984bf7022620b87eff8a3b46e6"),
        (logs(log() | {"body": any_value({"a": 1})}), "f39a9429d6928e15c3edb4c10af58043"),
        (
            metrics(metric(point(2.5, {"type": "input"}, start=TIME - 10**9))),
            "894d54e9027b468d52f4f7ef7b898aa9",
        ),
        (
            metrics(metric({"timeUnixNano": TIME, "sum": 2, "count": "3"}, kind="histogram", temporality=2)),
            "2b8b76e7a18d98047ecf317a2cca4332",
        ),
    ],
)
def test_the_identity_stays_as_it_is_in_databases_that_were_filled_before(document, identity):
    assert hashes(document) == [identity]


def test_leaving_content_out_or_in_does_not_change_the_identity():
    document = logs(log({"prompt": "secret"}))
    assert hashes(document) == hashes(document, include=["prompt"])


def test_records_that_differ_anywhere_are_different():
    found = hashes(
        logs(log({"a": 1})),
        logs(log({"a": "1"})),
        logs(log({"a": 1}, at=TIME + 1)),
        logs(log({"a": 1}, body="other")),
        logs(log({"a": 1}), resource={"service.name": "codex"}),
        logs(log({"a": 1}), scope="other"),
        logs(log({"prompt": "one"})),
        logs(log({"prompt": "two"})),
        metrics(metric(point(5.0))),
        metrics(metric(point(6.0))),
        metrics(metric(point(5.0, start=TIME - 1))),
        metrics(metric(point(5.0), temporality=2)),
        metrics(metric(point(5.0), name="other")),
    )
    assert len(set(found)) == len(found)


SDK_LOG = {
    "hrTime": [1_767_355_200, 5000],
    "hrTimeObserved": [1_767_355_200, 6000],
    "resource": {
        "_rawAttributes": [["service.name", "copilot-chat"], ["service.name", "second"]],
        "_asyncAttributesPending": False,
    },
    "instrumentationScope": {"name": "copilot-chat", "version": "0.32"},
    "attributes": {"event.name": "copilot_chat.session.start", "n": 3},
    "_severityNumber": 9,
    "_body": "copilot_chat.session.start",
    "spanContext": {"traceId": "ab", "spanId": "cd", "traceFlags": 1},
    "totalAttributesCount": 2,
    "_isReadonly": True,
}
SDK_METRICS = {
    "resource": {"attributes": {"service.name": "gemini-cli"}},
    "scopeMetrics": [
        {
            "scope": {"name": "gemini-cli", "version": "v22"},
            "metrics": [
                {
                    "descriptor": {
                        "name": "gemini_cli.token.usage",
                        "type": "COUNTER",
                        "unit": "1",
                    },
                    "aggregationTemporality": 1,
                    "dataPointType": 3,
                    "dataPoints": [
                        {
                            "attributes": {"type": "input"},
                            "startTime": [1_767_355_100, 0],
                            "endTime": [1_767_355_200, 0],
                            "value": 42,
                        }
                    ],
                },
                {
                    "descriptor": {"name": "gen_ai.client.token.usage"},
                    "aggregationTemporality": 0,
                    "dataPointType": 0,
                    "dataPoints": [
                        {
                            "attributes": {},
                            "startTime": [1_767_355_100, 0],
                            "endTime": [1_767_355_200, 0],
                            "value": {"sum": 8, "count": 2, "min": 1, "max": 7, "buckets": {}},
                        }
                    ],
                },
            ],
        }
    ],
}


def test_log_objects_of_the_javascript_sdk():
    (row,) = log_rows(SDK_LOG)
    row.pop("record_hash")
    assert row == {
        "timestamp": TIME // 1000 + 5,
        "observed_timestamp": TIME // 1000 + 6,
        "severity": "INFO",
        "body": "copilot_chat.session.start",
        "attributes": '{"event.name":"copilot_chat.session.start","n":3}',
        "event_name": "copilot_chat.session.start",
        "service_name": "copilot-chat",
        "service_version": None,
        "scope_name": "copilot-chat",
        "scope_version": "0.32",
        "scope_attributes": None,
        "resource_attributes": '{"service.name":"copilot-chat"}',
        "trace_id": "ab",
        "span_id": "cd",
    }


def test_metric_objects_of_the_javascript_sdk():
    rows = metric_rows(SDK_METRICS)
    shown = ("metric_name", "metric_value", "temporality", "metric_type", "histogram_count")
    assert [tuple(row[name] for name in shown) for row in rows] == [
        ("gemini_cli.token.usage", 42.0, "cumulative", "sum", None),
        ("gen_ai.client.token.usage", 8.0, "delta", "histogram", 2),
    ]
    assert rows[0]["start_timestamp"] == (TIME - 100 * 10**9) // 1000


@pytest.mark.parametrize(
    "ids",
    [
        {"traceId": "a", "spanId": "b", "parentSpanId": "c"},
        {"_spanContext": {"traceId": "a", "spanId": "b"}, "parentSpanContext": {"spanId": "c"}},
    ],
)
def test_span_objects_of_the_javascript_sdk(ids):
    seconds, nanos = divmod(TIME, 10**9)
    times = {"startTime": [seconds, nanos], "endTime": [seconds + 1, nanos]}
    what = {"name": "chat", "attributes": {"gen_ai.usage.input_tokens": 5}, "status": {"code": 0}}
    (row,) = span_rows(ids | times | what)
    assert (row["trace_id"], row["span_id"], row["parent_span_id"]) == ("a", "b", "c")
    assert (row["start_timestamp"], row["end_timestamp"]) == (TIME // 1000, TIME // 1000 + 1_000_000)
    assert (row["name"], row["status"], row["attributes"]) == (
        "chat",
        None,
        '{"gen_ai.usage.input_tokens":5}',
    )


def test_log_objects_with_private_times_of_the_javascript_sdk():
    record = {"_hrTime": list(divmod(TIME, 10**9)), "_body": "a.b", "attributes": {"event.name": "a.b"}}
    (row,) = log_rows(record)
    assert (row["timestamp"], row["body"], row["event_name"]) == (TIME // 1000, "a.b", "a.b")


def test_a_time_that_was_written_before_is_the_end_of_the_collection():
    export = json.loads(json.dumps(SDK_METRICS))
    metrics_of = export["scopeMetrics"][0]["metrics"]
    end = metrics_of[0]["dataPoints"][0]["endTime"]
    metrics_of[1]["dataPoints"][0]["endTime"] = "[Circular]"
    first, second = metric_rows(export)
    assert first["timestamp"] == second["timestamp"] == (end[0] * 10**9 + end[1]) // 1000


@pytest.mark.parametrize(
    ("value", "kind", "landed"), [(7, "sum", 7.0), ({"sum": 9.5, "count": 2}, "histogram", 9.5)]
)
def test_a_metric_that_copilots_file_exporter_writes_alone_is_cumulative(value, kind, landed):
    seconds, nanos = divmod(TIME, 10**9)
    point = {"attributes": {}, "startTime": [seconds - 5, nanos], "endTime": [seconds, nanos], "value": value}
    metric = {"type": "metric", "name": "gen_ai.client.inference.usage.input_tokens", "unit": "{token}"}
    resource = {"attributes": {"service.name": "github-copilot"}}
    (row,) = metric_rows(metric | {"dataPoints": [point], "resource": resource})
    found = row["metric_type"], row["metric_value"], row["temporality"], row["service_name"]
    assert found == (kind, landed, "cumulative", "github-copilot")
