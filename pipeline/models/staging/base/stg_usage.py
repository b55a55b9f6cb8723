"""What of all reported usage counts, each request once. What does not count stays here, with the reason."""

import ibis
from ibis import _

from pipeline.agents.declaration import TOKEN_KINDS
from pipeline.models.expressions import stack

FORM = ["scope", "form", "source"]
# Of records with a request id, `counted_once_by` is that id.
REQUEST = ["counted_once_by", "agent_type"]


def weighed(records: ibis.Table, forms: ibis.Table) -> ibis.Table:
    """Records with whether their form's tokens count, and its cost."""
    joined = records.left_join(forms, FORM)
    return joined.select(
        *records.columns,
        "is_shadowed",
        "takes_tokens",
        takes_cost=joined.takes_cost & (joined.reported_nano_usd > 0).fill_null(False),
    )


def once_per_request(records: ibis.Table) -> ibis.Table:
    """Records with what each brings to the sums: `takes_tokens`, and `counted_nano_usd`.

    A request id counts once per agent, over all sessions and sources: the record with most output,
    then the earliest session. It takes the highest cost that any record of the request reports.
    """
    earliest = [
        *(_.session_started_at, _.session_id, _.source, _.first_at, _.total_tokens.desc()),
        *(_.input_tokens, _.cache_read_tokens, _.reported_model, _.developer_id, _.speed),
    ]
    first = ibis.row_number().over(
        group_by=[*REQUEST, "takes_tokens"], order_by=[_.output_tokens.desc(), *earliest]
    )
    dearest = ibis.row_number().over(
        group_by=[*REQUEST, "takes_tokens", "takes_cost"],
        order_by=[_.reported_nano_usd.desc(), *earliest],
    )
    cost = ibis.ifelse(_.takes_cost, _.reported_nano_usd, None)
    named = records.filter(_.request_id.notnull()).mutate(
        is_first=first == 0,
        is_dearest=dearest == 0,
        request_nano_usd=cost.max().over(group_by=REQUEST),
        request_has_tokens=ibis.ifelse(_.takes_tokens, 1, 0).max().over(group_by=REQUEST) == 1,
        most_1h=_.cache_creation_1h_tokens.max().over(group_by=REQUEST),
    )
    named = named.mutate(
        is_repeated=_.takes_tokens & ~_.is_first,
        counted_nano_usd=ibis.cases(
            (_.takes_tokens & _.is_first, _.request_nano_usd),
            (~_.request_has_tokens & _.is_dearest, cost),
        ),
        # Only transcripts tell one-hour cache writes apart.
        cache_creation_1h_tokens=ibis.ifelse(
            _.most_1h <= _.cache_creation_tokens, _.most_1h, _.cache_creation_1h_tokens
        ),
    ).mutate(takes_tokens=_.takes_tokens & _.is_first)
    unnamed = records.filter(_.request_id.isnull()).mutate(is_repeated=False, counted_nano_usd=cost)
    return stack(unnamed, named.select(*unnamed.columns))


def stg_usage(stg_usage_records: ibis.Table, stg_usage_forms: ibis.Table) -> ibis.Table:
    """One row per usage record: the tokens and the cost of it that count, and what is left out and why."""
    counted = once_per_request(weighed(stg_usage_records, stg_usage_forms))
    return counted.select(
        *("session_id", "developer_id", "agent_type", "model_name", "reported_model", "speed", "day"),
        *("form", "scope", "counted_once_by", "first_at", "last_at", "takes_tokens"),
        usage_source=ibis.ifelse(_.source == "otlp", "log", _.source),
        **{kind: ibis.ifelse(_.takes_tokens, _[kind], 0) for kind in (*TOKEN_KINDS, "total_tokens")},
        request_count=ibis.ifelse(_.takes_tokens, _.request_count, 0),
        # A reported 0 stays: it is a price for models that have none, and no report for those that do.
        reported_nano_usd=ibis.coalesce(
            _.counted_nano_usd, ibis.ifelse(_.takes_tokens & (_.reported_nano_usd == 0), 0, None)
        ),
        left_out=ibis.cases(
            (_.takes_tokens | _.counted_nano_usd.notnull(), None),
            (_.is_shadowed, "no session, and a better form tells of the day"),
            (_.is_repeated, "repeated request"),
            else_="another form of the session counts",
        ),
        left_out_tokens=ibis.ifelse(_.takes_tokens, 0, _.total_tokens),
    )
