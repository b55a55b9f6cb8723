"""The teams that anybody is or was in."""

import ibis
from ibis import _

from pipeline.models.expressions import UNKNOWN, local_date, stack
from pipeline.models.projects import is_member


def dim_teams(
    stg_team_members: ibis.Table,
    fct_sessions: ibis.Table,
    fct_costs_by_team: ibis.Table,
    *,
    as_of: ibis.Value,
    timezone: str,
) -> ibis.Table:
    """One row per team of seeds/teams.csv, and `unknown` for sessions and usage of people without one.

    Parent and cost centre are those of the latest period of anybody.
    """
    today = local_date(as_of, timezone)
    order = [_.valid_from.desc(), _.developer_id]
    latest = stg_team_members.mutate(rank=ibis.row_number().over(group_by="team", order_by=order))
    teams = latest.group_by("team").agg(
        parent_team=_.parent_team.max(where=_.rank == 0),
        cost_centre=_.cost_centre.max(where=_.rank == 0),
        members=_.developer_id.nunique(where=is_member(_, today)),
        members_ever=_.developer_id.nunique(),
        first_date=_.valid_from.min(),
    )
    there = stack(
        teams.select("team"), fct_sessions.select("team"), fct_costs_by_team.select("team")
    ).distinct()
    return (
        there.left_join(teams, "team")
        .drop("team_right")
        .select(
            "team",
            parent_team=_.parent_team,
            cost_centre=_.cost_centre.fill_null(UNKNOWN),
            members=_.members.fill_null(0),
            members_ever=_.members_ever.fill_null(0),
            first_date=_.first_date,
            is_known=_.team != UNKNOWN,
        )
    )
