"""Bills, with what of them counts."""

import ibis
from ibis import _

from pipeline.models.expressions import canonical_model, with_developer

SUPERSEDED = "a later report tells of it"
REPEATED = "repeated line"
TOLD_BY_COSTS = "an estimate of what a cost report charges"


def stg_billing(raw_billing: ibis.Table, identities: ibis.Table) -> ibis.Table:
    """One row per line of a bill that was ever downloaded, with why it does not count.

    Of a scope the version that landed last counts, whole. A provider's own estimates count on days that none
    of its cost reports tells of: both tell of the same money.
    """
    known = with_developer(raw_billing, identities)
    versions = known.group_by("scope", "version").agg(first_id=_.id.min())
    latest = versions.group_by("scope").agg(latest_id=_.first_id.max())
    current = versions.join(latest, [versions.scope == latest.scope, versions.first_id == latest.latest_id])
    current = current.select(current_scope=versions.scope, current_version=versions.version)
    joined = known.left_join(
        current, [known.scope == current.current_scope, known.version == current.current_version]
    )
    repeats = ibis.row_number().over(group_by=["scope", "version", "line"], order_by=joined.id)
    marked = joined.mutate(is_current=joined.current_version.notnull(), repeat=repeats)
    is_counted = marked.is_current & (marked.repeat == 0)
    costs = marked.filter(is_counted, _.report == "cost", _.date.notnull())
    costs = costs.select(told_provider="provider", told_date="date").distinct()
    told = marked.left_join(
        costs,
        [
            marked.provider == costs.told_provider,
            marked.date == costs.told_date,
            marked.report == "estimate",
        ],
    )
    return told.select(
        *("id", "provider", "report", "date", "product"),
        model_name=canonical_model(told.model_name),
        reported_model=told.model_name,
        developer_id=told.developer_id,
        **{name: told[name] for name in ("workspace_id", "api_key_id", "organization", "account")},
        **{name: told[name] for name in ("cost_centre", "unit", "quantity")},
        **{name: told[name] for name in ("gross_nano", "discount_nano", "net_nano", "currency")},
        left_out=ibis.cases(
            (~told.is_current, SUPERSEDED),
            (told.repeat > 0, REPEATED),
            (told.told_provider.notnull(), TOLD_BY_COSTS),
        ),
    )
