"""Everything that reports usage, before it is decided what of it counts."""

import ibis
from ibis import _

from pipeline.agents.declaration import GEN_AI_EVENTS, TOKEN_KINDS
from pipeline.models.expressions import MOST_USD, NANO, UNKNOWN, day_scope, stack

WHO = ["session_id", "developer_id", "agent_type"]
WHAT = ["reported_model", "model_name", "speed", "day", "form"]


def requests(stg_log_events: ibis.Table) -> ibis.Table:
    """One row per event that carries tokens or cost."""
    has_tokens = _.input_tokens.notnull() | _.output_tokens.notnull()
    return stg_log_events.filter(has_tokens | _.reported_nano_usd.notnull()).select(
        *WHO,
        *WHAT,
        *("source", "request_id", "reported_nano_usd"),
        **{kind: _[kind].fill_null(0) for kind in TOKEN_KINDS},
        request_count=ibis.ifelse(has_tokens, 1, 0).cast("int64"),
        first_at=_.recorded_at,
        last_at=_.recorded_at,
    )


def measurements(stg_metric_activity: ibis.Table) -> ibis.Table:
    """One row per session, developer, agent, model, speed, day and form of metric."""
    totals = (
        stg_metric_activity.filter(_.measure.isin([*TOKEN_KINDS, "cost_usd"]))
        .group_by(*WHO, *WHAT)
        .agg(
            **{
                kind: _.value.sum(where=_.measure == kind).fill_null(0).floor().cast("int64")
                for kind in TOKEN_KINDS
            },
            usd=_.value.sum(where=_.measure == "cost_usd"),
            cache_in_input=_.cache_in_input.any(),
            first_at=_.first_at.min(),
            last_at=_.last_at.max(),
        )
    )
    uncached = (_.input_tokens - _.cache_read_tokens - _.cache_creation_tokens).clip(lower=0)
    return totals.mutate(
        source=ibis.literal("metric"),
        request_id=ibis.null("string"),
        input_tokens=ibis.ifelse(_.cache_in_input, uncached, _.input_tokens),
        reported_nano_usd=(ibis.ifelse(_.usd <= MOST_USD, _.usd, None) * NANO).round().cast("int64"),
        # Metrics do not tell how many requests they sum up.
        request_count=ibis.literal(0, "int64"),
    )


def stg_usage_records(
    stg_log_events: ibis.Table, stg_metric_activity: ibis.Table, stg_session_identities: ibis.Table
) -> ibis.Table:
    """One row per usage event, and per session, developer, agent, model, speed, day and form of metric.

    A record that names no developer or agent takes its session's. `scope` is where one form is
    chosen: a session, or without one an agent's developer's day.
    """
    records = stack(requests(stg_log_events), measurements(stg_metric_activity))
    session = stg_session_identities.rename(lambda name: f"session_{name}")
    found = records.left_join(session, records.session_id == session.session_session_id).mutate(
        developer_id=ibis.coalesce(_.developer_id, _.session_developer_id, UNKNOWN),
        agent_type=ibis.coalesce(_.agent_type, _.session_agent_type, UNKNOWN),
        model_name=_.model_name.fill_null(UNKNOWN),
        session_started_at=ibis.coalesce(_.session_first_at, _.first_at),
    )
    total = _.input_tokens + _.output_tokens + _.cache_creation_tokens + _.cache_read_tokens
    scope = ibis.ifelse(_.session_id.isnull(), day_scope(_), "session|" + _.session_id)
    return found.mutate(scope=scope).select(
        *WHO,
        *WHAT,
        *("source", "request_id", *TOKEN_KINDS),
        total_tokens=total,
        reported_nano_usd=_.reported_nano_usd,
        request_count=_.request_count,
        first_at=_.first_at,
        last_at=_.last_at,
        session_started_at=_.session_started_at,
        is_event=_.form <= GEN_AI_EVENTS,
        scope=_.scope,
        counted_once_by=ibis.coalesce(_.request_id, _.scope),
    )
