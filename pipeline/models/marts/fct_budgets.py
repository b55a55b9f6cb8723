"""Budgets, what is spent of them, and what will be."""

import ibis
from ibis import _

from pipeline.models.budgets import budget_periods, costs_by_scope
from pipeline.models.conservation import differs
from pipeline.models.expressions import earlier, local_date, usd
from pipeline.models.forecasts import with_forecasts

GRAIN = ("scope", "period", "period_start", "period_end")
FORECAST = ("forecast_usd", "forecast_low_usd", "forecast_high_usd", "forecast_weeks")


def fct_budgets(
    budgets: ibis.Table,
    fct_agent_costs: ibis.Table,
    fct_costs_by_team: ibis.Table,
    fct_costs_by_project: ibis.Table,
    dim_teams: ibis.Table,
    *,
    as_of: ibis.Value,
    timezone: str,
) -> ibis.Table:
    """One row per scope, period and first day of it: what may be spent, what is, and what will be.

    A team's cost has that of all teams below it, as teams.csv has them by its latest lines; so the budgets
    of a team and of its parent count the same dollars, as do those of a person and of all. A cost centre
    is that of the person's team on the day. A budget that is just reached holds. Where nothing tells a
    cost, it is not in here: `unpriced_tokens` of other marts counts what is missing. A period of which the
    run's day is has a forecast (`pipeline.models.forecasts`). It begins after the last day with any cost,
    or with the run's own day, whichever is earlier: what has not come in yet is expected, and not nothing.
    """
    today = local_date(as_of, timezone)
    costs = costs_by_scope(fct_agent_costs, fct_costs_by_team, fct_costs_by_project, dim_teams)
    last = fct_agent_costs.agg(last=(_.date.max() + ibis.interval(days=1)).cast("date"))
    periods = budget_periods(budgets, fct_agent_costs, today).cross_join(last)
    periods = periods.mutate(known_to=earlier(today, _.last)).drop("last")
    daily = costs.rename(_scope="scope")
    spending = periods.left_join(
        daily,
        [
            periods.scope == daily._scope,
            periods.period_start <= daily.date,
            daily.date < periods.period_end,
        ],
    )
    spent = spending.group_by(*GRAIN, "budget_usd", "known_to").agg(
        spent_usd=usd(_.nano.sum().coalesce(0)),
        before_usd=usd(_.nano.sum(where=_.date < _.known_to).coalesce(0)),
    )
    told = with_forecasts(spent, costs)
    is_now = (told.period_start <= today) & (today < told.period_end)
    told = told.mutate(**{name: ibis.ifelse(is_now, told[name], None) for name in FORECAST})
    return told.select(
        *GRAIN,
        "budget_usd",
        "spent_usd",
        used_share=_.spent_usd / _.budget_usd.nullif(0.0),
        **{name: _[name] for name in FORECAST},
        status=ibis.cases(
            (_passes(told.spent_usd, told.budget_usd), "broken"),
            (_passes(told.forecast_usd, told.budget_usd), "will_break"),
            else_="holds",
        ),
    )


def _passes(usd: ibis.Value, budget: ibis.Value) -> ibis.Value:
    return (usd > budget) & differs(usd, budget)
