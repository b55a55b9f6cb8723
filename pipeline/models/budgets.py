"""What seeds/budgets.csv limits: which months and years, and what each scope cost on which day."""

import ibis
import ibis.expr.types as ir
from ibis import _

from pipeline.models.expressions import NANO, stack

LEVELS_DOUBLED = 3  # 2³: as many levels of teams above a team are looked up


def first_day(period: ir.StringValue, day: ir.DateValue) -> ir.DateValue:
    """Of the calendar month or year that has the day; a date on every engine, as truncating one is not."""
    return ibis.date(day.year(), ibis.ifelse(period == "year", 1, day.month()), 1)


def budget_periods(budgets: ir.Table, costs: ir.Table, today: ir.DateValue) -> ir.Table:
    """One row per scope, period and period_start, with period_end, the first day after it, and budget_usd.

    A budget of one month has that month. A dated one has each month or year of which the first day is in
    valid_from to valid_to, if anything costs in it or it is today's.
    """
    period = _.period.fill_null("month")
    month = first_day(ibis.literal("month"), _.month)
    given = budgets.select(
        "scope",
        "budget_usd",
        period=period,
        since=ibis.coalesce(_.valid_from, month),
        until=ibis.ifelse(_.month.isnull(), _.valid_to, (month + ibis.interval(months=1)).cast("date")),
        period_start=ibis.ifelse(_.month.isnull(), first_day(period, today), month),
    )
    months = costs.select(_day="date").distinct()
    of_costs = given.drop("period_start").cross_join(months)
    of_costs = of_costs.mutate(period_start=first_day(of_costs.period, of_costs._day))
    each = stack(given, of_costs).filter(
        (_.since <= _.period_start) & (_.until.isnull() | (_.period_start < _.until))
    )
    after = ibis.ifelse(
        _.period == "year", _.period_start + ibis.interval(years=1), _.period_start + ibis.interval(months=1)
    )
    return (
        each.select("scope", "period", "period_start", "budget_usd")
        .distinct()
        .mutate(period_end=after.cast("date"))
    )


def costs_by_scope(by_agent: ir.Table, by_team: ir.Table, by_project: ir.Table, teams: ir.Table) -> ir.Table:
    """One row per scope, as budgets are written, and date: nano, the known cost in billionths of a dollar.

    A team's cost has that of the teams below it, a cost centre's that of its teams.

    Args:
        by_agent: `fct_agent_costs`.
        by_team: `fct_costs_by_team`.
        by_project: `fct_costs_by_project`.
        teams: `dim_teams`.
    """
    above = with_teams_above(teams)
    by_teams = by_team.join(above, by_team.team == above.below)
    parts = [
        (by_agent, ibis.literal("all"), _.daily_cost_usd),
        (by_agent, "developer:" + _.developer_id, _.daily_cost_usd),
        (by_agent, "agent:" + _.agent_type, _.daily_cost_usd),
        (by_teams, "team:" + _.above, _.cost_usd),
        (by_team, "cost_centre:" + _.cost_centre, _.cost_usd),
        (by_project, "project:" + _.project_id, _.cost_usd),
    ]
    daily = [
        table.group_by("date", scope=scope).agg(nano=(usd * NANO).round().cast("int64").sum())
        for table, scope, usd in parts
    ]
    return stack(*daily).filter(_.nano.notnull())


def with_teams_above(teams: ir.Table) -> ir.Table:
    """One row per team, as `below`, and team `above` it: itself, its parent, that one's parent."""
    own = teams.select(below="team", above="team")
    found = stack(own, teams.filter(_.parent_team.notnull()).select(below="team", above="parent_team"))
    for _level in range(LEVELS_DOUBLED):
        further = found.view().select(_below="below", _above="above")
        joined = found.left_join(further, found.above == further._below)
        # A parent that nobody is in has no row of its own.
        found = joined.select("below", above=ibis.coalesce(joined._above, joined.above)).distinct()
    return found
