"""Which variant of its usage counts in a session, where several tell of the same requests."""

import ibis
from ibis import _


def with_variant(forms: ibis.Table, records: ibis.Table) -> ibis.Table:
    """Forms with the variant that they are part of: the form, or one source of it.

    Telemetry and transcript of a session are united by request id. Where no id is in both, or each has
    responses that the other does not know and some of these have no id, they cannot be, and each source is a
    variant of its own.
    """
    of_form = ["scope", "form"]
    kinds = forms.group_by(*of_form).agg(sources=_.count())
    mixed = kinds.filter(_.sources > 1)
    # Request ids are counted only where a form has several sources, which is seldom.
    ids = records.semi_join(mixed, of_form).group_by(*of_form, "request_id", "source").agg(records=_.count())
    ids = ids.mutate(sources=_.count().over(group_by=[*of_form, "request_id"]))
    is_alone = (_.sources == 1) | _.request_id.isnull()
    found = ids.group_by(*of_form).agg(
        has_common=(~is_alone).any(),
        lacks_ids=_.request_id.isnull().any(),
        alone=_.source.nunique(where=is_alone),
    )
    united = found.filter(_.has_common, ~(_.lacks_ids & (_.alone > 1)))
    split = mixed.anti_join(united, of_form).select(*of_form, is_split=True)
    joined = forms.left_join(split, of_form)
    form = joined.form.cast("string")
    return joined.select(
        *forms.columns,
        variant=ibis.ifelse(joined.is_split.fill_null(False), form + "|" + joined.source, form),
    )


def best_variants(forms: ibis.Table) -> ibis.Table:
    """One row per scope: the variant whose tokens count, and the one whose cost does.

    An agent's own events before GenAI ones before metrics; of two sources the one with more. What gives
    way to a better form of its day is not chosen.
    """
    variants = forms.group_by("scope", "variant", "form").agg(
        output=_.output.sum(where=~_.is_shadowed),
        tokens=_.tokens.sum(where=~_.is_shadowed),
        nano=_.nano.sum(where=~_.is_cost_shadowed),
    )
    by_tokens = [(_.tokens > 0).desc(), _.form, _.output.desc(), _.tokens.desc(), _.variant]
    by_cost = [_.form, _.nano.desc(), _.variant]
    tokens = variants.filter(_.tokens.notnull())
    tokens = tokens.mutate(rank=ibis.row_number().over(group_by="scope", order_by=by_tokens))
    cost = variants.filter(_.nano > 0).mutate(rank=ibis.row_number().over(group_by="scope", order_by=by_cost))
    return (
        variants.select("scope")
        .distinct()
        .left_join(tokens.filter(_.rank == 0).select("scope", token_variant=_.variant), "scope")
        .drop("scope_right")
        .left_join(cost.filter(_.rank == 0).select("scope", cost_variant=_.variant), "scope")
        .drop("scope_right")
    )
