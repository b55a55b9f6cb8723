"""Log records of every agent, parsed once, in the pipeline's words."""

import ibis

from pipeline.agents.declaration import GEN_AI_EVENTS, OWN_EVENTS, REPORTS, SPANS, TOKEN_KINDS
from pipeline.models.expressions import canonical_model, local_date, stack, with_agent, with_developer
from pipeline.models.log_records import log_records
from pipeline.models.repeated_records import apart, once_each


def stg_log_events(
    raw_otel_logs: ibis.Table,
    raw_otel_spans: ibis.Table,
    agents: ibis.Table,
    agent_aliases: ibis.Table,
    identities: ibis.Table,
    *,
    timezone: str,
    project_attributes: tuple[str, ...],
) -> ibis.Table:
    """One row per event: name, session, sequence and time; without a sequence, per distinct record."""
    # Only records that may be the same are compared: all the others are spared the largest sort of a build.
    parts = apart(raw_otel_logs, raw_otel_spans)
    alone, alike = (log_records(logs, project_attributes) for logs in parts)
    events = stack(once_each(alike), alone)
    known = with_developer(with_agent(events, agents, agent_aliases), identities)
    form = ibis.cases(
        (known.source == "span", SPANS),
        (known.source == "report", REPORTS),
        (known.namespace == "gen_ai", GEN_AI_EVENTS),
        else_=OWN_EVENTS,
    )
    return known.select(
        *("recorded_at", "source", "event", "agent_type", "session_id", "developer_id"),
        *("developer_email", "reported_model", "request_id", "speed", "tool_name", "decision"),
        *("tool_failed", "tool_microseconds", "mcp_server", "skill", "lines_added", "lines_removed"),
        *("thread_id", "inference_geo", "web_search_requests", "is_free"),
        *("git_commit_id", "pull_request", "head_branch", "client_version", "terminal", "project_id"),
        *(*TOKEN_KINDS, "reported_nano_usd"),
        day=local_date(known.recorded_at, timezone),
        model_name=canonical_model(known.reported_model),
        form=form.cast("int64"),
    )
