"""Log records of every agent, parsed once, in the pipeline's words."""

import ibis
import ibis.selectors as s
from ibis import _

from pipeline.agents.declaration import GEN_AI_EVENTS, OWN_EVENTS, TOKEN_KINDS
from pipeline.models import telemetry
from pipeline.models.expressions import (
    canonical_agent,
    canonical_model,
    is_dated,
    json_columns,
    local_date,
    nano_usd,
    number,
    once,
    tokens,
    with_agent,
    with_developer,
)
from pipeline.models.telemetry import first_of

REQUEST_ID = ["request_id", "client_request_id", "response_id", "gen_ai.response.id"]
OTHER = [
    "event.name",
    "event.sequence",
    *telemetry.TOOL_NAMES,
    "decision",
    "git_commit_id",
    "tool_parameters",
]
USAGE = [*telemetry.COUNTS, *telemetry.TELLING, *telemetry.REPORTED_COSTS]
ATTRIBUTES = [*telemetry.CONTEXT, *REQUEST_ID, *OTHER, *USAGE]

EVENT_NAME = "^[A-Za-z0-9_.-]+$"
BARE_NAMES = [name for name in (*telemetry.STARTS, *telemetry.ENDS) if "." in name]
COMMIT = '"git_commit_id" *: *"([0-9a-fA-F]{7,64})"'

# What makes an event; a record that was sent twice differs in nothing that counts.
KEY = ["source", "namespace", "event", "session_id", "sequence", "recorded_at", "request_id"]


def stg_log_events(
    raw_otel_logs: ibis.Table,
    agents: ibis.Table,
    agent_aliases: ibis.Table,
    identities: ibis.Table,
    *,
    timezone: str,
) -> ibis.Table:
    """One row per event: name, session, sequence and time; without a sequence, per distinct record."""
    logs = raw_otel_logs.filter(is_dated(raw_otel_logs.timestamp))
    logs, attributes = json_columns(logs, "attributes", ATTRIBUTES)
    logs, resource = json_columns(logs, "resource_attributes", telemetry.PERSON)

    # An event's name is its attribute, bare or prefixed, else the record's own, else the whole body.
    body = ibis.ifelse(logs.body.re_search(EVENT_NAME), logs.body, None)
    given = ibis.coalesce(first_of(attributes, "event.name"), logs.event_name.nullif(""), body)
    columns = {name: f"count__{name.replace('.', '__')}" for name in telemetry.COUNTS}
    logs = logs.mutate(
        name=once(ibis.ifelse(body.endswith("." + given), body, given)),
        **{column: once(tokens(attributes[name])) for name, column in columns.items()},
    )
    counts = {name: logs[column] for name, column in columns.items()}
    bare = logs.name.isin(BARE_NAMES) | ~logs.name.contains(".")
    prefix, rest = logs.name.re_extract("^([^.]*)[.]", 1), logs.name.re_replace("^[^.]*[.]", "")
    logs = logs.mutate(
        event=once(ibis.ifelse(bare, logs.name, rest)),
        namespace=once(canonical_agent(ibis.ifelse(bare, None, prefix))),
    )
    costs = [number(attributes[cost]) * unit for cost, unit in telemetry.REPORTED_COSTS.items()]
    link = attributes["tool_parameters"].re_extract(COMMIT, 1).nullif("")
    records = logs.select(
        recorded_at=logs.timestamp,
        source=logs.source.fill_null("otlp"),
        namespace=logs.namespace,
        event=logs.event,
        sequence=tokens(attributes["event.sequence"]),
        **telemetry.context(logs, attributes, resource),
        **telemetry.request_tokens(logs.event, logs.namespace, attributes, counts),
        reported_nano_usd=ibis.ifelse(
            logs.event.isin(telemetry.COSTS), nano_usd(ibis.coalesce(*costs)), None
        ),
        request_id=first_of(attributes, *REQUEST_ID),
        tool_name=first_of(attributes, *telemetry.TOOL_NAMES),
        decision=first_of(attributes, "decision").lower(),
        git_commit_id=ibis.coalesce(first_of(attributes, "git_commit_id"), link).lower(),
        text=ibis.coalesce(logs.attributes, "") + ibis.coalesce(logs.body, ""),
    )
    of_subagent = records.event.isin(telemetry.SUBAGENTS)
    records = records.mutate(stated=ibis.ifelse(of_subagent, None, records.stated))
    unnumbered = records.session_id.isnull() | records.sequence.isnull()
    events = (
        records.mutate(identity=ibis.ifelse(unnumbered, records.text, ""))
        .group_by(*KEY, "identity")
        .agg(s.across(~s.cols(*KEY, "text", "identity"), _.max()))
    )
    known = with_developer(with_agent(events, agents, agent_aliases), identities)
    is_gen_ai = (known.namespace == "gen_ai").fill_null(False)
    return known.select(
        *("recorded_at", "source", "event", "agent_type", "session_id", "developer_id"),
        *("developer_email", "reported_model", "request_id", "speed", "tool_name", "decision"),
        *(
            "git_commit_id",
            "client_version",
            "terminal",
            *TOKEN_KINDS,
            "reported_nano_usd",
        ),
        day=local_date(known.recorded_at, timezone),
        model_name=canonical_model(known.reported_model),
        form=ibis.ifelse(is_gen_ai, GEN_AI_EVENTS, OWN_EVENTS).cast("int64"),
    )
