"""Usage that lands and that no model reads is told: whatever an agent renames, somebody hears of it."""

import json

import pytest

from pipeline.cli.ingest.result import account
from pipeline.engines import connect
from pipeline.ingest.content import ContentFilter
from pipeline.ingest.landing.landing import Landing
from pipeline.ingest.otlp.ingest import ingest_otlp
from pipeline.ingest.otlp.json import read_document
from pipeline.ingest.otlp.rows import Rows
from pipeline.ingest.otlp.strict import read_line
from pipeline.ingest.otlp.unread import Found
from tests.ingest.otlp.samples import log, logs, metric, metrics, point, span, spans

REQUEST = {"event.name": "api_request", "model": "claude-opus-5", "input_tokens": 5, "output_tokens": 7}
RESPONSE = {
    "event.name": "codex.sse_event",
    "event.kind": "response.completed",
    "input_token_count": "5",
    "output_token_count": "7",
    "tool_token_count": "12",
}


def found(document):
    rows = Rows(ContentFilter(()))
    read_document(document, 1, rows)
    assert rows.bad == []
    return dict(rows.unread.found)


def codex(attributes):
    return logs(log(attributes, body=None), resource={"service.name": "codex_exec"}, scope="codex")


def tokens(kind, name="claude_code.token.usage"):
    return metrics(metric(point(9.0, {"type": kind} if kind else {}), name=name))


READ = [
    logs(log(REQUEST | {"cost_usd": 0.1, "cache_creation_5m_tokens": 3, "max_tokens": 4096})),
    logs(log({"event.name": "user_prompt", "prompt_length": 12})),
    logs(
        log({"event.name": "subagent_completed", "total_tokens": 99}, body="claude_code.subagent_completed")
    ),
    logs(
        log({"event.name": "model_call", "input_tokens": 0, "cost_usd": 0.0}, body="claude_code.model_call")
    ),
    codex(RESPONSE),
    codex({"event.name": "codex.api_request", "input_tokens": 5}),
    tokens("input"),
    tokens("cacheCreation"),
    tokens("total", "codex.turn.token_usage"),
    tokens(None, "claude_code.cost.usage"),
    tokens(None, "claude_code.lines_of_code.count"),
    tokens("output", "gen_ai.client.token.usage"),
    metrics(metric(point(0.0), name="acme.token.consumption")),
    spans(span({"gen_ai.usage.input_tokens": 5}, name="invoke_agent reviewer")),
    spans(
        span({"gen_ai.usage.input_tokens": 5, "gen_ai.usage.reasoning.output_tokens": 2}, name="chat gpt-5")
    ),
    spans(span({"ai.usage.inputTokens": 5, "ai.usage.totalTokens": 9}, name="ai.streamText")),
]
NOT_READ = [
    (
        logs(log(REQUEST | {"event.name": "model_call"}, body="claude_code.model_call")),
        Found("claude_code", "claude_code.model_call", "input_tokens"),
    ),
    (
        logs(log(REQUEST | {"audio_tokens": 3})),
        Found("claude_code", "claude_code.api_request", "audio_tokens"),
    ),
    (
        logs(log({"event.name": "api_request", "fresh_tokens": "5"})),
        Found("claude_code", "claude_code.api_request", "fresh_tokens"),
    ),
    (
        codex(RESPONSE | {"event.name": "codex.stream_event"}),
        Found("codex", "codex.stream_event", "input_token_count"),
    ),
    (
        logs(
            log({"usage": {"tokens": {"out": 7}}}, body="wrote 7 tokens"), resource={"service.name": "acme"}
        ),
        Found("acme", "log record", "usage.tokens.out"),
    ),
    (
        logs(log({"event.name": "turn", "credits": 0.25}), resource={}),
        Found("unknown", "turn", "credits"),
    ),
    (tokens("cacheStorage"), Found("claude_code", "metric claude_code.token.usage", "type cacheStorage")),
    (
        tokens("input", "claude_code.token.consumption"),
        Found("claude_code", "metric claude_code.token.consumption", "value"),
    ),
    (
        tokens(None, "claude_code.tokens.audio"),
        Found("claude_code", "metric claude_code.tokens.audio", "value"),
    ),
    (tokens(None, "acme.cost.total"), Found("claude_code", "metric acme.cost.total", "value")),
    (
        spans(span({"gen_ai.usage.input_tokens": 5}, name="infer gpt-5")),
        Found("unknown", "span infer", "gen_ai.usage.input_tokens", is_span=True),
    ),
    (
        spans(span({"gen_ai.usage.audio.input_tokens": 5}, name="chat gpt-5")),
        Found("unknown", "span chat", "gen_ai.usage.audio.input_tokens", is_span=True),
    ),
]

# Models take such a number for none.
NO_COUNTS = [
    (10_000_000_001, "input_tokens, no number from 0 to 10,000,000,000"),
    (-1, "input_tokens, no number from 0 to 10,000,000,000"),
    ("12 tokens", "input_tokens, no number from 0 to 10,000,000,000"),
    (float("nan"), "input_tokens, no number from 0 to 10,000,000,000"),
    (True, "input_tokens, no number from 0 to 10,000,000,000"),
]


def points(value, name="claude_code.token.usage", **form):
    return metrics(metric(point(value, {"type": "input"}), name=name, **form))


NO_VALUES = [
    (points(1e13), "claude_code.token.usage", "value, no number from 0 to 1,000,000,000,000"),
    (points(-5.0), "claude_code.token.usage", "value, no number from 0 to 1,000,000,000,000"),
    (points(2e6, "claude_code.cost.usage"), "claude_code.cost.usage", "value, no number from 0 to 1,000,000"),
    (points(5.0, kind="gauge"), "claude_code.token.usage", "a gauge, which does not add up"),
    (tokens(None), "claude_code.token.usage", "points without a type"),
]


@pytest.mark.parametrize(("count", "told"), NO_COUNTS)
def test_a_count_that_cannot_be_is_told_and_never_silently_nothing(count, told):
    rows = Rows(ContentFilter(()))
    rows.unread.log("claude-code", "claude_code.api_request", None, REQUEST | {"input_tokens": count})
    assert dict(rows.unread.found) == {Found("claude_code", "claude_code.api_request", told): 1}


def test_a_cost_that_cannot_be_is_told():
    told = found(logs(log(REQUEST | {"cost_usd": 1_000_001})))
    assert told == {
        Found("claude_code", "claude_code.api_request", "cost_usd, no number from 0 to 1,000,000"): 1
    }
    assert found(logs(log(REQUEST | {"cost_usd_micros": 1_000_001}))) == {}


@pytest.mark.parametrize(("document", "name", "told"), NO_VALUES)
def test_a_point_that_cannot_be_is_told(document, name, told):
    assert found(document) == {Found("claude_code", f"metric {name}", told): 1}


def test_a_histogram_without_its_sum_is_told():
    rows = Rows(ContentFilter(()))
    rows.unread.point("codex", "codex.turn.token_usage", "histogram", None, 3, {"token_type": "input"})
    assert dict(rows.unread.found) == {
        Found("codex", "metric codex.turn.token_usage", "points without a sum"): 1
    }


@pytest.mark.parametrize("document", READ)
def test_what_models_read_and_what_repeats_it_is_no_news(document):
    assert found(document) == {}


@pytest.mark.parametrize(("document", "told"), NOT_READ)
def test_usage_that_no_model_reads_is_found(document, told):
    assert found(document) == {told: 1}


@pytest.mark.parametrize(("document", "told"), NOT_READ)
def test_the_quick_reader_finds_the_same(document, told):
    rows = Rows(ContentFilter(()))
    if read_line(json.dumps(document).encode(), 1, rows):
        assert dict(rows.unread.found) == {told: 1}
    else:
        assert "resourceSpans" in document  # it leaves spans to the other


def ingested(tmp_path, *documents):
    file = tmp_path / "telemetry.jsonl"
    file.write_text("".join(json.dumps(document) + "\n" for document in documents))
    with connect(":memory:") as engine:
        result = ingest_otlp(engine, [str(file)])
        told = engine.fetch("SELECT agent, kind, records, reason FROM meta.quarantine")
    return result, told


def test_it_lands_and_is_told_in_the_last_line_and_kept(tmp_path):
    renamed = logs(*(log(REQUEST | {"event.name": "model_call", "n": n}, body=None) for n in range(3)))
    result, told = ingested(tmp_path, renamed)
    assert result.warnings == (
        "3 records of claude_code of kind model_call carry usage that is not understood; it is not counted.",
    )
    assert account(result) == (
        "3 records in = 3 landed + 0 duplicates + 0 quarantined; 3 records with usage not counted"
    )
    reason = "usage of claude_code in model_call (input_tokens) has landed, and no model reads it: 3 records"
    assert told == [("claude_code", "model_call", 3, reason)]


def test_spans_that_tell_a_request_of_the_logs_again_are_no_news(tmp_path):
    turn = spans(span({"codex.turn.token_usage.input_tokens": 5}, name="session_task.turn"))
    turn["resourceSpans"][0]["resource"] = codex(RESPONSE)["resourceLogs"][0]["resource"]
    assert ingested(tmp_path, turn, codex(RESPONSE))[0].not_counted == 0
    assert ingested(tmp_path, turn)[0].not_counted == 1


# Codex 0.171.0: the same response twice, and four requests more of startup that tell nothing.
OF_RESPONSE = {
    "thread.id": 3,
    "gen_ai.usage.input_tokens": 9000,
    "gen_ai.usage.cache_read.input_tokens": 4096,
    "gen_ai.usage.output_tokens": 80,
    "codex.usage.total_tokens": 9080,
}
OF_TURN = {
    "thread.id": "01a2216d-6cc4-7c12-ad8a-6a4f229bf1fd",
    "model": "gpt-5.5",
    "codex.turn.token_usage.input_tokens": 9000,
    "codex.turn.token_usage.output_tokens": 80,
}


def test_codex_turns_in_traces_alone_are_told_and_beside_its_logs_counted_once(tmp_path):
    traces = spans(
        span({"thread.id": 3}, name="receiving"),
        span(OF_RESPONSE, name="handle_responses"),
        span(OF_TURN, name="session_task.turn"),
    )
    traces["resourceSpans"][0]["resource"] = codex(RESPONSE)["resourceLogs"][0]["resource"]
    alone, told = ingested(tmp_path, traces)
    assert sorted((kind, reason.split("(")[1].split(")")[0]) for _, kind, _, reason in told) == [
        ("span handle_responses", "gen_ai.usage.input_tokens"),
        ("span session_task.turn", "codex.turn.token_usage.input_tokens"),
    ]
    assert (alone.landed, alone.not_counted) == (3, 2)
    assert ingested(tmp_path, traces, codex(RESPONSE))[0].not_counted == 0


def test_what_a_later_version_reads_is_no_longer_told(tmp_path):
    """The records have landed: models count them as soon as they know the field."""
    file = tmp_path / "telemetry.jsonl"
    file.write_text(json.dumps(logs(log(REQUEST))))
    with connect(":memory:") as engine:
        with Landing(engine, "otlp", [file]) as landing:  # an earlier version, which knew less
            for kind, field in (
                ("claude_code.api_request", "cache_read_tokens"),
                ("claude_code.api_request", "audio_tokens"),
                ("metric claude_code.token.usage", "type cacheRead"),
                ("metric claude_code.token.usage", "type cacheStorage"),
                ("span ai.streamText.doStream", "ai.usage.inputTokens"),
            ):
                landing.not_read(file, "claude_code", kind, field, 3)
        ingest_otlp(engine, [str(file)])
        assert engine.fetch("SELECT kind, reason FROM meta.quarantine ORDER BY kind") == [
            (
                kind,
                f"usage of claude_code in {kind} ({field}) has landed, and no model reads it: 3 records",
            )
            for kind, field in (
                ("claude_code.api_request", "audio_tokens"),
                ("metric claude_code.token.usage", "type cacheStorage"),
            )
        ]


def test_however_many_names_somebody_makes_up_a_bounded_number_is_told(tmp_path):
    made_up = logs(*(log({"event.name": f"e{n}", f"x{n}_tokens": 1}, body=None) for n in range(3000)))
    result, told = ingested(tmp_path, made_up)
    assert (result.landed, result.not_counted) == (3000, 3000)
    assert sum(records for _, _, records, _ in told) == 3000
    assert len(told) <= 1001
    assert result.warnings[-1].endswith(" more kinds of usage are not counted: see meta.quarantine.")
    assert len(result.warnings) == 21
