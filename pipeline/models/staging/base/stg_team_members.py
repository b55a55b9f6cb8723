"""Who was in which team, by the developers' canonical names."""

import ibis
from ibis import _

from pipeline.models.expressions import with_developer


def stg_team_members(teams: ibis.Table, identities: ibis.Table) -> ibis.Table:
    """One row per developer_id and valid_from: no day of a developer is in two of them.

    Two names of one developer may have periods that overlap, which no line of the seed shows: then the later
    period ends the earlier one, and of two that begin on one day the first team by name counts.
    """
    members = with_developer(teams, identities)
    first = ibis.row_number().over(
        group_by=["developer_id", "valid_from"], order_by=[_.team, _.valid_to, _.parent_team, _.cost_centre]
    )
    each = members.mutate(rank=first).filter(_.rank == 0)
    following = each.valid_from.lead().over(group_by=each.developer_id, order_by=each.valid_from)
    periods = each.mutate(following=following)
    is_cut = _.following.notnull() & (_.valid_to.isnull() | (_.following < _.valid_to))
    return periods.select(
        *("developer_id", "team", "parent_team", "cost_centre", "valid_from"),
        valid_to=ibis.ifelse(is_cut, _.following, _.valid_to),
    )
