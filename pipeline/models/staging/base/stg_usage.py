"""What of all reported usage counts, each request once. What does not count stays here, with the reason."""

import ibis
from ibis import _

from pipeline.agents.declaration import TOKEN_KINDS
from pipeline.models.counted_once import apart, once_per_request

FORM = ["scope", "form", "source"]


def weighed(records: ibis.Table, forms: ibis.Table) -> ibis.Table:
    """Records with whether their form's tokens count, and its cost."""
    joined = records.left_join(forms, FORM)
    return joined.select(
        *records.columns,
        "is_shadowed",
        "takes_tokens",
        takes_cost=joined.takes_cost & (joined.reported_nano_usd > 0).fill_null(False),
    )


def stg_usage(stg_usage_records: ibis.Table, stg_usage_forms: ibis.Table) -> ibis.Table:
    """One row per usage record: the tokens and the cost of it that count, and what is left out and why."""
    counted = once_per_request(*(weighed(part, stg_usage_forms) for part in apart(stg_usage_records)))
    return counted.select(
        *("session_id", "project_id", "developer_id", "agent_type", "model_name", "reported_model"),
        *("speed", "inference_geo", "day", "form", "scope", "counted_once_by"),
        *("first_at", "last_at", "takes_tokens"),
        usage_source=ibis.ifelse(_.source == "otlp", "log", _.source),
        **{kind: ibis.ifelse(_.takes_tokens, _[kind], 0) for kind in (*TOKEN_KINDS, "total_tokens")},
        request_count=ibis.ifelse(_.takes_tokens, _.request_count, 0),
        web_search_requests=ibis.ifelse(_.takes_tokens, _.web_search_requests, 0),
        is_free=_.is_free,
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
