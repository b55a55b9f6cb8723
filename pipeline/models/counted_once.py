"""Each request once, however many records tell of it."""

import ibis
from ibis import _

from pipeline.models.expressions import stack

# Of records with a request id, `counted_once_by` is that id.
REQUEST = ["counted_once_by", "agent_type"]


def apart(records: ibis.Table) -> tuple[ibis.Table, ibis.Table]:
    """Records of which no other tells of the same request, which are nearly all; and those that share one."""
    requests = records.filter(_.request_id.notnull()).group_by(*REQUEST).agg(records=_.count())
    shared = requests.filter(_.records > 1).select(*REQUEST, request_id=_.counted_once_by)
    return records.anti_join(shared, shared.columns), records.semi_join(shared, shared.columns)


def once_per_request(alone: ibis.Table, together: ibis.Table) -> ibis.Table:
    """Records, `apart`, with what each brings to the sums: `takes_tokens`, and `counted_nano_usd`.

    A request id counts once per agent, over all sessions and sources: the record with most output,
    then the earliest session. It takes the highest cost that any record of the request reports.
    """
    earliest = [
        # Of two that tell as much, who knows session and cache tells more.
        *(_.session_id.isnull(), _.cache_read_tokens.desc()),
        *(_.session_started_at, _.session_id, _.source, _.first_at, _.total_tokens.desc()),
        *(_.input_tokens, _.reported_model, _.developer_id, _.speed),
    ]
    first = ibis.row_number().over(
        group_by=[*REQUEST, "takes_tokens"], order_by=[_.output_tokens.desc(), *earliest]
    )
    dearest = ibis.row_number().over(
        group_by=[*REQUEST, "takes_tokens", "takes_cost"],
        order_by=[_.reported_nano_usd.desc(), *earliest],
    )
    cost = ibis.ifelse(_.takes_cost, _.reported_nano_usd, None)
    # Only records that share a request are ranked: all the others are spared three sorts.
    ranked = together.mutate(
        is_first=first == 0,
        is_dearest=dearest == 0,
        request_nano_usd=cost.max().over(group_by=REQUEST),
        request_has_tokens=ibis.ifelse(_.takes_tokens, 1, 0).max().over(group_by=REQUEST) == 1,
        most_1h=_.cache_creation_1h_tokens.max().over(group_by=REQUEST),
        most_searches=_.web_search_requests.max().over(group_by=REQUEST),
    )
    ranked = ranked.mutate(
        is_repeated=_.takes_tokens & ~_.is_first,
        counted_nano_usd=ibis.cases(
            (_.takes_tokens & _.is_first, _.request_nano_usd),
            (~_.request_has_tokens & _.is_dearest, cost),
        ),
        # Only transcripts tell one-hour cache writes apart, and web searches.
        cache_creation_1h_tokens=ibis.ifelse(
            _.most_1h <= _.cache_creation_tokens, _.most_1h, _.cache_creation_1h_tokens
        ),
        web_search_requests=_.most_searches,
    ).mutate(takes_tokens=_.takes_tokens & _.is_first)
    counted = alone.mutate(is_repeated=False, counted_nano_usd=cost)
    return stack(counted, ranked.select(*counted.columns))
