"""In which form the usage of each session counts.

The same request often arrives in several forms: an agent's own event, a GenAI event, metrics, and
once more in a transcript. In each session one form counts, chosen for tokens and for cost apart;
forms are never added together.
"""

import ibis
from ibis import _

from pipeline.agents.declaration import REPORTS
from pipeline.models.expressions import UNKNOWN, stack
from pipeline.models.usage_variants import best_variants, with_variant

FORM = ["scope", "form", "source"]


def totals(records: ibis.Table, *of_scope: str) -> ibis.Table:
    """One row per scope, form and source: what records of it add up to; columns that a scope has one of."""
    return records.group_by(*FORM, *of_scope).agg(
        output=_.output_tokens.sum(),
        tokens=_.total_tokens.sum(),
        nano=_.reported_nano_usd.sum(),
    )


def with_shadow(forms: ibis.Table, days: ibis.Table) -> ibis.Table:
    """Forms of usage without a session, with a flag where a better form tells of the day.

    It cannot be laid beside the records of a session, and would be added to them: metrics beside
    events, and GenAI events and metrics beside the agent's own. The cost of a report stands until
    a better form reports one: it is all that is known of what was charged.
    """
    anybody = days.group_by("agent_type", "day").agg(
        best_of_anybody=_.best_form.min(), best_cost_of_anybody=_.best_cost_form.min()
    )
    joined = forms.left_join(anybody, ["agent_type", "day"], rname="_any_{name}").left_join(
        days, ["agent_type", "day", "developer_id"], rname="_some_{name}"
    )
    best = ibis.ifelse(joined.developer_id == UNKNOWN, joined.best_of_anybody, joined.best_form)
    best_cost = ibis.ifelse(
        joined.developer_id == UNKNOWN, joined.best_cost_of_anybody, joined.best_cost_form
    )
    is_shadowed = (best < joined.form).fill_null(False)
    is_cost_shadowed = ibis.ifelse(
        joined.form < REPORTS, is_shadowed, (best_cost < joined.form).fill_null(False)
    )
    return joined.select(*forms.columns, is_shadowed=is_shadowed, is_cost_shadowed=is_cost_shadowed)


def stg_usage_forms(stg_usage_records: ibis.Table, stg_usage_days: ibis.Table) -> ibis.Table:
    """One row per scope, form and source: whether its tokens count, and its cost."""
    of_sessions = totals(stg_usage_records.filter(_.session_id.notnull()))
    of_days = totals(stg_usage_records.filter(_.session_id.isnull()), "agent_type", "developer_id", "day")
    forms = stack(
        of_sessions.mutate(is_shadowed=False, is_cost_shadowed=False),
        with_shadow(of_days, stg_usage_days).select(*of_sessions.columns, "is_shadowed", "is_cost_shadowed"),
    )
    varied = with_variant(forms, stg_usage_records)
    best = best_variants(varied)
    joined = varied.left_join(best, "scope").drop("scope_right")
    return joined.select(
        *FORM,
        "is_shadowed",
        takes_tokens=~_.is_shadowed & (_.variant == _.token_variant).fill_null(False),
        takes_cost=~_.is_cost_shadowed & (_.variant == _.cost_variant).fill_null(False),
    )
