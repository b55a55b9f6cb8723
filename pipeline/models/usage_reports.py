"""What reports usage, in one form: events of single requests, and metrics of many."""

import ibis
from ibis import _

from pipeline.agents.declaration import TOKEN_KINDS
from pipeline.agents.events import MOST_USD
from pipeline.models.expressions import NANO
from pipeline.models.projects import with_canonical

WHO = ["session_id", "developer_id", "agent_type"]
WHAT = ["reported_model", "model_name", "speed", "day", "form"]


def with_own_project(records: ibis.Table) -> ibis.Table:
    """`records`, their `project_id` what a record itself names, where no session tells what it is of."""
    return with_canonical(records.mutate(project_id=ibis.ifelse(_.session_id.isnull(), _.project_id, None)))


def requests(stg_log_events: ibis.Table) -> ibis.Table:
    """One row per event that carries tokens or cost."""
    has_tokens = _.input_tokens.notnull() | _.output_tokens.notnull()
    told = with_own_project(stg_log_events.filter(has_tokens | _.reported_nano_usd.notnull()))
    return told.select(
        *(*WHO, *WHAT, "project_id", "source", "request_id", "reported_nano_usd"),
        **{kind: _[kind].fill_null(0) for kind in TOKEN_KINDS},
        inference_geo=_.inference_geo,
        web_search_requests=_.web_search_requests.fill_null(0),
        is_free=_.is_free,
        request_count=ibis.ifelse(has_tokens, 1, 0).cast("int64"),
        first_at=_.recorded_at,
        last_at=_.recorded_at,
    )


def measurements(stg_metric_activity: ibis.Table) -> ibis.Table:
    """One row per session, or project without one, developer, agent, model, speed, day and form of metric."""

    def total(measure: str) -> ibis.Value:
        return _.value.sum(where=_.measure == measure)

    totals = (
        with_own_project(stg_metric_activity.filter(_.measure.isin([*TOKEN_KINDS, "cost_usd"])))
        .group_by(*WHO, *WHAT, "project_id")
        .agg(
            **{kind: total(kind).fill_null(0).floor().cast("int64") for kind in TOKEN_KINDS},
            usd=total("cost_usd"),
            cache_in_input=_.cache_in_input.any(),
            first_at=_.first_at.min(),
            last_at=_.last_at.max(),
        )
    )
    uncached = (_.input_tokens - _.cache_read_tokens - _.cache_creation_tokens).clip(lower=0)
    return totals.mutate(
        source=ibis.literal("metric"),
        inference_geo=ibis.null("string"),
        web_search_requests=ibis.literal(0, "int64"),
        is_free=ibis.literal(False),
        request_id=ibis.null("string"),
        input_tokens=ibis.ifelse(_.cache_in_input, uncached, _.input_tokens),
        reported_nano_usd=(ibis.ifelse(_.usd <= MOST_USD, _.usd, None) * NANO).round().cast("int64"),
        # Metrics do not tell how many requests they sum up.
        request_count=ibis.literal(0, "int64"),
    )
