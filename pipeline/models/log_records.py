"""Log records of every agent in the pipeline's words, one for one."""

import ibis
import ibis.expr.types as ir

from pipeline.models import telemetry
from pipeline.models.expressions import (
    canonical_agent,
    is_dated,
    json_columns,
    nano_usd,
    once,
    stack,
    tokens,
)
from pipeline.models.telemetry import first_of

REQUEST_ID = ["request_id", "client_request_id", "response_id", "gen_ai.response.id", "ai.response.id"]
OTHER = [
    *("event.name", "decision", "git_commit_id", "tool_parameters"),
    *("thread.id", "inference_geo", "is_free", "project_id"),
]
NUMBERS = [
    *("event.sequence", "web_search_requests", "lines_added", "lines_removed"),
    *(*telemetry.COUNTS, *telemetry.REPORTED_COSTS, *telemetry.FAILURES.values()),
]
TEXTS = [*telemetry.CONTEXT, *REQUEST_ID, *telemetry.TOOL_NAMES, *OTHER, *telemetry.TELLING]

BAD_REQUEST = 400
EVENT_NAME = "^[A-Za-z0-9_.-]+$"
CANONICAL = "^[a-z0-9_]+$"
BARE_NAMES = [name for name in (*telemetry.STARTS, *telemetry.ENDS) if "." in name]
COMMIT = '"git_commit_id" *: *"([0-9a-fA-F]{7,64})"'


def event_name(logs: ibis.Table, attributes: dict[str, ir.Value]) -> ir.StringValue:
    """An event's name: its attribute, bare or prefixed, else the record's own, else the whole body."""
    given = ibis.coalesce(first_of(attributes, "event.name"), logs.event_name.nullif(""))
    body = ibis.ifelse(logs.body.re_search(EVENT_NAME), logs.body, None)
    prefixed = ibis.ifelse(logs.body.endswith("." + given), body, None)
    return ibis.coalesce(prefixed, given, body)


def with_event(logs: ibis.Table) -> ibis.Table:
    """`logs` with `event`, and the `namespace` that stands before it in `name`: `codex.sse_event`."""
    # By its place, and as it stands if it may: to search and rewrite each name takes ten times as long.
    dot = logs.name.find(".")
    bare = logs.name.isin(BARE_NAMES) | (dot < 0)
    prefix = logs.name.substr(0, dot)
    return logs.mutate(
        event=once(ibis.ifelse(bare, logs.name, logs.name.substr(dot + 1))),
        namespace=once(
            ibis.cases(
                (bare, ibis.null("string")),
                (prefix.re_search(CANONICAL), prefix),
                else_=canonical_agent(prefix),
            )
        ),
    )


def reported_nano_usd(event: ir.StringValue, attributes: dict[str, ir.Value]) -> ir.IntegerValue:
    """The cost that an event brings, in billionths of a dollar; NULL for events that only tell it again."""
    costs = [attributes[cost] * unit for cost, unit in telemetry.REPORTED_COSTS.items()]
    return ibis.ifelse(event.isin(telemetry.COSTS), nano_usd(ibis.coalesce(*costs)), None)


def of_failures(logs: ibis.Table, attributes: dict[str, ir.Value]) -> ir.StringValue:
    """The event; a request whose HTTP status says that it failed is an error."""
    has_failed = [
        (logs.name == name) & (attributes[status] >= BAD_REQUEST)
        for name, status in telemetry.FAILURES.items()
    ]
    return ibis.cases(*((failed, telemetry.FAILED) for failed in has_failed), else_=logs.event)


RECORD = [
    *("timestamp", "developer_id", "body", "event_name", "attributes", "resource_attributes"),
    *("service_name", "service_version", "source"),
]


def of_spans(raw_otel_spans: ibis.Table) -> ibis.Table:
    """Spans of one call of a model or a tool as log records; the first word of the name is the event's."""
    told = raw_otel_spans.filter(raw_otel_spans.name.re_search(telemetry.SPANS))
    return told.mutate(
        timestamp=told.end_timestamp,
        body=ibis.null("string"),
        event_name=told.name.re_extract("^([^ ]*)", 1),
        source=ibis.literal("span"),
    ).select(*RECORD)


def logs_and_spans(raw_otel_logs: ibis.Table, raw_otel_spans: ibis.Table) -> ibis.Table:
    """Logs, and spans as logs; what has no day is left out."""
    logs = stack(raw_otel_logs.select(*RECORD), of_spans(raw_otel_spans))
    return logs.filter(is_dated(logs.timestamp))


def log_records(logs: ibis.Table) -> ibis.Table:
    """One row per record: its event, session and numbers, and hints on who wrote it.

    `text` tells records apart that nothing else does. Developer and agent are yet to be resolved.
    """
    # All keys at once: an engine parses each object once, and not once per key.
    keys = {"attributes": [*TEXTS, *NUMBERS], "resource_attributes": telemetry.PERSON}
    logs, values = json_columns(logs, keys, NUMBERS)
    attributes, resource = values["attributes"], values["resource_attributes"]
    # Each `once` below is a column that many cases ask: else a copy of it would be computed in each case.
    columns = {name: attributes[name].get_name() for name in telemetry.COUNTS}
    counted = {column: once(tokens(logs[column])) for column in columns.values()}
    logs = with_event(logs.mutate(name=once(event_name(logs, attributes)), **counted))
    counts = {name: logs[column] for name, column in columns.items()}
    link = attributes["tool_parameters"].re_extract(COMMIT, 1).nullif("")
    records = logs.select(
        recorded_at=logs.timestamp,
        source=logs.source.fill_null("otlp"),
        namespace=logs.namespace,
        event=of_failures(logs, attributes),
        sequence=tokens(attributes["event.sequence"]),
        **telemetry.context(logs, attributes, resource),
        **telemetry.request_tokens(logs.event, logs.namespace, attributes, counts),
        reported_nano_usd=reported_nano_usd(logs.event, attributes),
        request_id=first_of(attributes, *REQUEST_ID),
        tool_name=first_of(attributes, *telemetry.TOOL_NAMES),
        decision=first_of(attributes, "decision").lower().cases(*telemetry.DECISIONS.items()),
        lines_added=tokens(attributes["lines_added"]),
        lines_removed=tokens(attributes["lines_removed"]),
        git_commit_id=ibis.coalesce(first_of(attributes, "git_commit_id"), link).lower(),
        thread_id=first_of(attributes, "thread.id"),
        project_id=first_of(attributes, "project_id"),
        inference_geo=first_of(attributes, "inference_geo").lower(),
        web_search_requests=tokens(attributes["web_search_requests"]),
        is_free=(attributes["is_free"] == "true").fill_null(False),
        text=ibis.coalesce(logs.attributes, "") + ibis.coalesce(logs.body, ""),
    )
    of_subagent = records.event.isin(telemetry.SUBAGENTS)
    return records.mutate(stated=ibis.ifelse(of_subagent, None, records.stated))
