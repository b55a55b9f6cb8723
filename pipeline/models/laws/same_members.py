"""The people who are in a team today."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal
from pipeline.models.expressions import local_date
from pipeline.models.projects import is_member


def same_members(
    stg_team_members: ibis.Table, dim_teams: ibis.Table, *, as_of: ibis.Value, timezone: str
) -> ibis.Table:
    """Whoever is in a team today is a member of one team."""
    today = local_date(as_of, timezone)
    return unequal(
        total(stg_team_members, members=_.developer_id.nunique(where=is_member(_, today))),
        total(dim_teams, members=_.members.sum()),
    )
