"""Log records of every agent in the pipeline's words, one for one."""

from collections.abc import Sequence

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
    *("event.name", "decision", "git_commit_id", "pull_request", "tool_parameters"),
    *("thread.id", "inference_geo", "is_free", "vcs.ref.head.name"),
    *("success", "error.type"),
]
NUMBERS = [
    *("event.sequence", "web_search_requests", "lines_added", "lines_removed", "duration_ms"),
    *(*telemetry.COUNTS, *telemetry.REPORTED_COSTS, *telemetry.FAILURES.values()),
]
TEXTS = [
    *(*telemetry.CONTEXT, *REQUEST_ID, *telemetry.TOOL_NAMES, *telemetry.MCP_SERVERS, *telemetry.SKILLS),
    *(*OTHER, *telemetry.TELLING),
]

BAD_REQUEST = 400
MOST_MILLISECONDS = 100 * 24 * 3_600_000  # a hundred days
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


def has_failed(attributes: dict[str, ir.Value]) -> ir.BooleanValue:
    """Whether a call of a tool failed; NULL where it does not tell, but an error is one."""
    success = attributes["success"].lower()
    error = first_of(attributes, "error.type")
    return ibis.cases((success == "true", False), ((success == "false") | error.notnull(), True))


def microseconds(logs: ibis.Table, attributes: dict[str, ir.Value]) -> ir.IntegerValue:
    """How long a call of a tool took, by what it tells, else by its span; NULL for what cannot be."""
    told = attributes["duration_ms"]
    spent = (ibis.ifelse(told.between(0, MOST_MILLISECONDS), told, None) * 1000).round().cast("int64")
    return ibis.coalesce(spent, ibis.ifelse(logs.span_microseconds >= 0, logs.span_microseconds, None))


RECORD = [
    *("timestamp", "developer_id", "body", "event_name", "attributes", "resource_attributes"),
    *("service_name", "service_version", "source", "span_microseconds"),
]


def of_spans(raw_otel_spans: ibis.Table) -> ibis.Table:
    """Spans of one call of a model or a tool as log records; the first word of the name is the event's."""
    told = raw_otel_spans.filter(raw_otel_spans.name.re_search(telemetry.SPANS))
    return told.mutate(
        timestamp=told.end_timestamp,
        body=ibis.null("string"),
        event_name=told.name.re_extract("^([^ ]*)", 1),
        source=ibis.literal("span"),
        span_microseconds=told.end_timestamp.delta(told.start_timestamp, unit="microsecond"),
    ).select(*RECORD)


def logs_and_spans(raw_otel_logs: ibis.Table, raw_otel_spans: ibis.Table) -> ibis.Table:
    """Logs, and spans as logs; what has no day is left out."""
    own = raw_otel_logs.mutate(span_microseconds=ibis.null("int64")).select(*RECORD)
    logs = stack(own, of_spans(raw_otel_spans))
    return logs.filter(is_dated(logs.timestamp))


def log_records(logs: ibis.Table, project_attributes: Sequence[str]) -> ibis.Table:
    """One row per record: its event, session and numbers, and hints on who wrote it.

    `text` tells records apart that nothing else does. Developer and agent are yet to be resolved.
    """
    # All keys at once: an engine parses each object once, and not once per key.
    projects = [*telemetry.PROJECT, *project_attributes]
    keys = {
        "attributes": [*TEXTS, *projects, *NUMBERS],
        "resource_attributes": [*telemetry.PERSON, *projects],
    }
    logs, values = json_columns(logs, keys, NUMBERS)
    attributes, resource = values["attributes"], values["resource_attributes"]
    # Each `once` below is a column that many cases ask: else a copy of it would be computed in each case.
    columns = {name: attributes[name].get_name() for name in telemetry.COUNTS}
    counted = {column: once(tokens(logs[column])) for column in columns.values()}
    named_project = once(telemetry.project(attributes, resource, project_attributes))
    name = once(event_name(logs, attributes))
    logs = with_event(logs.mutate(name=name, named_project=named_project, **counted))
    counts = {name: logs[column] for name, column in columns.items()}
    is_call = logs.event.isin(telemetry.TOOLS)
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
        mcp_server=first_of(attributes, *telemetry.MCP_SERVERS),
        skill=first_of(attributes, *telemetry.SKILLS),
        tool_failed=ibis.ifelse(is_call, has_failed(attributes), None),
        tool_microseconds=ibis.ifelse(is_call, microseconds(logs, attributes), None),
        decision=first_of(attributes, "decision").lower().cases(*telemetry.DECISIONS.items()),
        lines_added=tokens(attributes["lines_added"]),
        lines_removed=tokens(attributes["lines_removed"]),
        git_commit_id=ibis.coalesce(first_of(attributes, "git_commit_id"), link).lower(),
        pull_request=first_of(attributes, "pull_request").lower(),
        head_branch=first_of(attributes, "vcs.ref.head.name"),
        thread_id=first_of(attributes, "thread.id"),
        inference_geo=first_of(attributes, "inference_geo").lower(),
        web_search_requests=tokens(attributes["web_search_requests"]),
        is_free=(attributes["is_free"] == "true").fill_null(False),
        text=ibis.coalesce(logs.attributes, "") + ibis.coalesce(logs.body, ""),
    )
    of_subagent = records.event.isin(telemetry.SUBAGENTS)
    is_told = (records.event != telemetry.AGENT_SPAN).fill_null(True) | records.project_id.notnull()
    return records.filter(is_told).mutate(stated=ibis.ifelse(of_subagent, None, records.stated))
