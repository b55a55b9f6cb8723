"""Seats and subscriptions, by period."""

import ibis
from ibis import _

from pipeline.models.expressions import stack
from pipeline.models.seats import COLUMNS, of_github, of_seed


def stg_seats(
    seats: ibis.Table,
    raw_copilot_seats: ibis.Table,
    identities: ibis.Table,
    agent_aliases: ibis.Table,
    *,
    timezone: str,
) -> ibis.Table:
    """One row per developer, agent, first day and origin: seeds/seats.csv, or GitHub's answers.

    Of several that begin on one day, as in two organisations, the one that lasts longest. What GitHub reports
    has no price of its own.
    """
    periods = stack(
        of_seed(seats, identities, agent_aliases), of_github(raw_copilot_seats, identities, timezone)
    ).filter(_.developer_id.notnull())
    order = [_.valid_to.isnull().desc(), _.valid_to.desc(), _.observed_date.desc(), _.provider, _.plan]
    ranked = periods.mutate(
        rank=ibis.row_number().over(
            group_by=["developer_id", "agent_type", "valid_from", "is_reported"],
            order_by=[*order, _.usd_per_month, _.last_activity_date.desc()],
        )
    )
    return ranked.filter(_.rank == 0).select(*COLUMNS)
