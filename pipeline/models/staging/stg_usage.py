"""What of all reported usage counts.

The same request often arrives in several forms: an agent's own event, a GenAI event, metrics, and
once more in a transcript. In each session one form counts, chosen for tokens and for cost apart;
forms are never added together. What does not count stays here, with the reason.
"""

import ibis
from ibis import _

from pipeline.models.agents import TOKEN_KINDS
from pipeline.models.expressions import UNKNOWN, day_scope, stack

REQUEST = ["agent_type", "request_id"]


def with_variant(records: ibis.Table) -> ibis.Table:
    """Records with the variant that they are part of: a form, or one source of it.

    Telemetry and transcript of a session are united by request id; where ids lack, or no id is in
    both, they cannot be, and each source is a variant of its own.
    """
    forms = records.group_by("scope", "form").agg(
        sources=_.source.nunique(), lacks_ids=_.request_id.isnull().any()
    )
    mixed = forms.filter(_.sources > 1)
    ids = records.semi_join(mixed.filter(~_.lacks_ids), ["scope", "form"])
    ids = ids.group_by("scope", "form", "request_id").agg(sources=_.source.nunique())
    united = ids.filter(_.sources > 1).select("scope", "form").distinct()
    split = mixed.anti_join(united, ["scope", "form"]).select("scope", "form", is_split=True)
    joined = records.left_join(split, ["scope", "form"])
    form = joined.form.cast("string")
    return joined.select(
        *records.columns,
        variant=ibis.ifelse(joined.is_split.fill_null(False), form + "|" + joined.source, form),
    )


def best_variants(records: ibis.Table) -> ibis.Table:
    """One row per scope: the variant whose tokens count, and the one whose cost does.

    An agent's own events before GenAI ones before metrics; of two sources the one with more.
    """
    variants = records.group_by("scope", "variant", "form").agg(
        output=_.output_tokens.sum(), tokens=_.total_tokens.sum(), nano=_.reported_nano_usd.sum()
    )
    by_tokens = [(_.tokens > 0).desc(), _.form, _.output.desc(), _.tokens.desc(), _.variant]
    by_cost = [_.form, _.nano.desc(), _.variant]
    tokens = variants.mutate(rank=ibis.row_number().over(group_by="scope", order_by=by_tokens))
    cost = variants.filter(_.nano > 0).mutate(rank=ibis.row_number().over(group_by="scope", order_by=by_cost))
    return (
        tokens.filter(_.rank == 0)
        .select("scope", token_variant=_.variant)
        .left_join(cost.filter(_.rank == 0).select("scope", cost_variant=_.variant), "scope")
        .drop("scope_right")
    )


def with_shadow(records: ibis.Table) -> ibis.Table:
    """Records with a flag for what has no session, on a day of which a better form tells.

    It cannot be laid beside the records of a session, and would be added to them: metrics beside
    events, and GenAI events and metrics beside the agent's own.
    """
    better = records.filter(_.is_event | (_.session_id.notnull() & (_.total_tokens > 0)))
    anybody = better.group_by("agent_type", "day").agg(best_of_anybody=_.form.min())
    somebody = better.group_by("agent_type", "day", "developer_id").agg(best_of_developer=_.form.min())
    joined = records.left_join(anybody, ["agent_type", "day"], rname="_any_{name}").left_join(
        somebody, ["agent_type", "day", "developer_id"], rname="_some_{name}"
    )
    best = ibis.ifelse(joined.developer_id == UNKNOWN, joined.best_of_anybody, joined.best_of_developer)
    is_shadowed = joined.session_id.isnull() & (best < joined.form).fill_null(False)
    return joined.select(*records.columns, is_shadowed=is_shadowed)


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


def with_payment(counted: ibis.Table) -> ibis.Table:
    """Records with a flag for tokens whose cost others report: another form, or an event of its own.

    They are not priced again. A cost pays for its session's tokens of its day and model, and for those
    that its developer used with its agent without a session; if either names no model, for all.
    """
    bills = counted.filter(_.counted_nano_usd > 0, ~_.takes_tokens | (_.total_tokens == 0))
    bills = stack(
        bills.select("scope", "day", "model_name"),
        bills.select("day", "model_name", scope=day_scope(bills)).select("scope", "day", "model_name"),
    ).distinct()
    days = bills.group_by("scope", "day").agg(pays_for_all=(_.model_name == UNKNOWN).any())
    joined = counted.left_join(days, ["scope", "day"], rname="_day_{name}").left_join(
        bills.mutate(pays_for_model=True), ["scope", "day", "model_name"], rname="_model_{name}"
    )
    is_paid = joined.pays_for_model | joined.pays_for_all
    is_paid |= joined.pays_for_all.notnull() & (joined.model_name == UNKNOWN)
    needs_cost = joined.takes_tokens & joined.counted_nano_usd.isnull()
    return joined.select(*counted.columns, is_paid_elsewhere=needs_cost & is_paid.fill_null(False))


def stg_usage(stg_usage_records: ibis.Table) -> ibis.Table:
    """One row per usage record: the tokens and the cost of it that count, and what is left out and why."""
    records = with_shadow(with_variant(stg_usage_records))
    best = best_variants(records.filter(~_.is_shadowed))
    weighed = records.left_join(best, "scope").select(
        *records.columns,
        takes_tokens=~_.is_shadowed & (_.variant == _.token_variant).fill_null(False),
        takes_cost=~_.is_shadowed
        & (_.variant == _.cost_variant).fill_null(False)
        & (_.reported_nano_usd > 0).fill_null(False),
    )
    counted = once_per_request(weighed)
    final = with_payment(counted)
    return final.select(
        *("session_id", "developer_id", "agent_type", "model_name", "reported_model", "speed", "day"),
        *("form", "request_id", "first_at", "last_at", "takes_tokens"),
        usage_source=ibis.ifelse(_.source == "otlp", "log", _.source),
        **{kind: ibis.ifelse(_.takes_tokens, _[kind], 0) for kind in (*TOKEN_KINDS, "total_tokens")},
        request_count=ibis.ifelse(_.takes_tokens, _.request_count, 0),
        # A reported 0 stays: it is a price for models that have none, and no report for those that do.
        reported_nano_usd=ibis.coalesce(
            _.counted_nano_usd, ibis.ifelse(_.takes_tokens & (_.reported_nano_usd == 0), 0, None)
        ),
        is_paid_elsewhere=_.is_paid_elsewhere,
        left_out=ibis.cases(
            (_.takes_tokens | _.counted_nano_usd.notnull(), None),
            (_.is_shadowed, "no session, and a better form tells of the day"),
            (_.is_repeated, "repeated request"),
            else_="another form of the session counts",
        ),
        left_out_tokens=ibis.ifelse(_.takes_tokens, 0, _.total_tokens),
    )
