"""In which form the usage of each session counts.

The same request often arrives in several forms: an agent's own event, a GenAI event, metrics, and
once more in a transcript. In each session one form counts, chosen for tokens and for cost apart;
forms are never added together.
"""

import ibis
from ibis import _

from pipeline.models.expressions import UNKNOWN, stack

FORM = ["scope", "form", "source"]


def totals(records: ibis.Table, *of_scope: str) -> ibis.Table:
    """One row per scope, form and source: what records of it add up to; columns that a scope has one of."""
    return records.group_by(*FORM, *of_scope).agg(
        output=_.output_tokens.sum(),
        tokens=_.total_tokens.sum(),
        nano=_.reported_nano_usd.sum(),
        lacks_ids=_.request_id.isnull().any(),
    )


def with_shadow(forms: ibis.Table, days: ibis.Table) -> ibis.Table:
    """Forms of usage without a session, with a flag where a better form tells of the day.

    It cannot be laid beside the records of a session, and would be added to them: metrics beside
    events, and GenAI events and metrics beside the agent's own.
    """
    anybody = days.group_by("agent_type", "day").agg(best_of_anybody=_.best_form.min())
    joined = forms.left_join(anybody, ["agent_type", "day"], rname="_any_{name}").left_join(
        days, ["agent_type", "day", "developer_id"], rname="_some_{name}"
    )
    best = ibis.ifelse(joined.developer_id == UNKNOWN, joined.best_of_anybody, joined.best_form)
    is_shadowed = (best < joined.form).fill_null(False)
    return joined.select(*forms.columns, is_shadowed=is_shadowed)


def with_variant(forms: ibis.Table, records: ibis.Table) -> ibis.Table:
    """Forms with the variant that they are part of: the form, or one source of it.

    Telemetry and transcript of a session are united by request id; where ids lack, or no id is in
    both, they cannot be, and each source is a variant of its own.
    """
    of_form = ["scope", "form"]
    kinds = forms.group_by(*of_form).agg(sources=_.count(), lacks_ids=_.lacks_ids.any())
    mixed = kinds.filter(_.sources > 1)
    ids = records.semi_join(mixed.filter(~_.lacks_ids), of_form)
    ids = ids.group_by(*of_form, "request_id").agg(sources=_.source.nunique())
    united = ids.filter(_.sources > 1).select(*of_form).distinct()
    split = mixed.anti_join(united, of_form).select(*of_form, is_split=True)
    joined = forms.left_join(split, of_form)
    form = joined.form.cast("string")
    return joined.select(
        *forms.columns,
        variant=ibis.ifelse(joined.is_split.fill_null(False), form + "|" + joined.source, form),
    )


def best_variants(forms: ibis.Table) -> ibis.Table:
    """One row per scope: the variant whose tokens count, and the one whose cost does.

    An agent's own events before GenAI ones before metrics; of two sources the one with more.
    """
    variants = forms.group_by("scope", "variant", "form").agg(
        output=_.output.sum(), tokens=_.tokens.sum(), nano=_.nano.sum()
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


def stg_usage_forms(stg_usage_records: ibis.Table, stg_usage_days: ibis.Table) -> ibis.Table:
    """One row per scope, form and source: whether its tokens count, and its cost."""
    of_sessions = totals(stg_usage_records.filter(_.session_id.notnull()))
    of_days = totals(stg_usage_records.filter(_.session_id.isnull()), "agent_type", "developer_id", "day")
    forms = stack(
        of_sessions.mutate(is_shadowed=False),
        with_shadow(of_days, stg_usage_days).select(*of_sessions.columns, "is_shadowed"),
    )
    varied = with_variant(forms, stg_usage_records)
    best = best_variants(varied.filter(~_.is_shadowed))
    joined = varied.left_join(best, "scope").drop("scope_right")
    return joined.select(
        *FORM,
        "is_shadowed",
        takes_tokens=~_.is_shadowed & (_.variant == _.token_variant).fill_null(False),
        takes_cost=~_.is_shadowed & (_.variant == _.cost_variant).fill_null(False),
    )
