"""Budgets: which days and whose cost they count."""

import datetime as dt

import pytest

from tests.models.harness import AS_OF, rows

TODAY = AS_OF.date()
MARCH = dt.date(2026, 3, 1)
APRIL = dt.date(2026, 4, 1)
YEAR = dt.date(2026, 1, 1)


STANDING = ("scope", "period_start", "spent_usd", "status")
FORECAST = ("period_start", "spent_usd", "forecast_usd", "forecast_weeks", "status")


def budget(scope, month=None, usd=10.0, **dated):
    return {"scope": scope, "month": month, "budget_usd": usd, **dated}


def cost(day, usd, **whom):
    """Of somebody's agent, in the team and the project that are named, else of none."""
    usual = {"developer_id": "ada", "agent_type": "codex", "team": "unknown", "cost_centre": "unknown"}
    return {"date": day, "usd": usd, "project_id": "unknown"} | usual | whom


def stand(budgets, costs=(), teams=(), columns=STANDING, **settings):
    """Scope, first day, what is spent and how it stands, or other columns, of every budget."""
    money = {"fct_agent_costs": "daily_cost_usd", "fct_costs_by_team": "cost_usd"}
    money["fct_costs_by_project"] = "cost_usd"
    tables = {
        table: [
            {column: row["usd"]}
            | {name: value for name, value in row.items() if name in WHOM[table] or name == "date"}
            for row in costs
        ]
        for table, column in money.items()
    }
    tables["dim_teams"] = [dict(zip(("team", "parent_team"), pair, strict=True)) for pair in teams]
    found = rows("fct_budgets", tables | {"budgets": budgets}, timezone="UTC", **settings)
    return [tuple(row[name] for name in columns) for row in found]


WHOM = {
    "fct_agent_costs": ("developer_id", "agent_type"),
    "fct_costs_by_team": ("team", "cost_centre", "agent_type"),
    "fct_costs_by_project": ("project_id", "agent_type"),
}


def test_a_budget_of_one_month_counts_the_cost_of_its_scope_on_its_days():
    costs = [
        cost(dt.date(2026, 2, 28), 100.0),
        cost(MARCH, 2.0),
        cost(dt.date(2026, 3, 31), 3.0, agent_type="claude_code"),
        cost(dt.date(2026, 3, 31), 4.0, developer_id="bob"),
        cost(APRIL, 100.0),
    ]
    scopes = ("all", "developer:ada", "agent:codex")
    assert stand([budget(scope, MARCH) for scope in scopes], costs) == [
        ("agent:codex", MARCH, 6.0, "holds"),
        ("all", MARCH, 9.0, "holds"),
        ("developer:ada", MARCH, 5.0, "holds"),
    ]


def test_any_day_of_a_month_means_the_month():
    assert stand([budget("all", dt.date(2026, 3, 15))], [cost(MARCH, 2.0)]) == [("all", MARCH, 2.0, "holds")]


def test_a_budget_breaks_when_more_is_spent_and_not_when_it_is_just_reached():
    def of(usd):
        ((_, _, _, status),) = stand([budget("all", MARCH, usd)], [cost(MARCH, 0.1)] * 3)
        return status

    assert (of(0.3), of(0.29), of(0.0), of(0.31)) == ("holds", "broken", "broken", "holds")


def test_a_budget_of_nothing_has_no_share_and_one_without_cost_holds():
    tables = {"budgets": [budget("all", MARCH, 0.0)], "fct_agent_costs": []}
    others = {name: [] for name in ("fct_costs_by_team", "fct_costs_by_project", "dim_teams")}
    (row,) = rows("fct_budgets", tables | others, timezone="UTC")
    assert (row["spent_usd"], row["used_share"], row["status"]) == (0.0, None, "holds")


def test_a_dated_budget_is_of_every_period_with_cost_from_its_first_day_on_and_of_todays():
    costs = [cost(dt.date(2025, 12, 31), 1.0), cost(dt.date(2026, 2, 1), 2.0), cost(MARCH, 4.0)]
    february = dt.date(2026, 2, 1)
    assert stand([budget("all", usd=99.0, valid_from=february)], costs) == [
        ("all", february, 2.0, "holds"),
        ("all", MARCH, 4.0, "holds"),
    ]
    assert stand([budget("all", valid_from=YEAR, valid_to=MARCH)], costs) == [("all", february, 2.0, "holds")]
    assert stand([budget("agent:amp", valid_from=february, valid_to=APRIL)]) == [
        ("agent:amp", MARCH, 0.0, "holds")
    ]
    assert stand([budget("all", valid_from=APRIL)]) == []


def test_a_budget_of_a_year_has_all_its_days():
    costs = [cost(dt.date(2025, 12, 31), 1.0), cost(YEAR, 2.0), cost(dt.date(2026, 12, 31), 4.0)]
    dated = budget("all", usd=5.0, period="year", valid_from=YEAR)
    assert stand([dated, budget("all", usd=5.0, valid_from=YEAR, valid_to=MARCH)], costs) == [
        ("all", YEAR, 2.0, "holds"),
        ("all", YEAR, 6.0, "broken"),
    ]


def test_the_cost_of_a_team_has_that_of_the_teams_below_it():
    costs = [cost(MARCH, 1.0, team="Web"), cost(MARCH, 2.0, team="Shop"), cost(MARCH, 4.0, team="Core")]
    teams = [("Web", "Shop"), ("Shop", "Product"), ("Core", None)]
    scopes = ("team:Web", "team:Shop", "team:Product", "team:Core")
    assert stand([budget(scope, MARCH) for scope in scopes], costs, teams) == [
        ("team:Core", MARCH, 4.0, "holds"),
        ("team:Product", MARCH, 3.0, "holds"),  # in which nobody is
        ("team:Shop", MARCH, 3.0, "holds"),
        ("team:Web", MARCH, 1.0, "holds"),
    ]


def test_teams_that_are_parts_of_each_other_count_once():
    costs = [cost(MARCH, 1.0, team="Web"), cost(MARCH, 2.0, team="Shop")]
    teams = [("Web", "Shop"), ("Shop", "Web")]
    assert stand([budget("team:Web", MARCH)], costs, teams) == [("team:Web", MARCH, 3.0, "holds")]


def test_eight_teams_above_a_team_have_its_cost():
    teams = [(f"T{level}", f"T{level + 1}") for level in range(9)]
    found = stand([budget(f"team:T{level}", MARCH) for level in (0, 8)], [cost(MARCH, 1.0, team="T0")], teams)
    assert [spent for _, _, spent, _ in found] == [1.0, 1.0]


def test_a_project_and_a_cost_centre_have_their_own_cost():
    costs = [
        cost(MARCH, 1.0, project_id="octo/shop", cost_centre="4711"),
        cost(MARCH, 2.0, project_id="octo/shop", cost_centre="4712"),
        cost(MARCH, 4.0),
    ]
    scopes = ("project:octo/shop", "cost_centre:4711", "cost_centre:unknown")
    assert stand([budget(scope, MARCH) for scope in scopes], costs) == [
        ("cost_centre:4711", MARCH, 1.0, "holds"),
        ("cost_centre:unknown", MARCH, 4.0, "holds"),
        ("project:octo/shop", MARCH, 3.0, "holds"),
    ]


def test_usage_of_which_nothing_tells_the_cost_spends_nothing_that_is_known():
    costs = [cost(MARCH, 1.0, team="Web"), cost(MARCH, None, team="Web", developer_id="bob")]
    tables = {
        "budgets": [budget("team:Web", MARCH)],
        "fct_costs_by_team": [
            {"date": row["date"], "team": row["team"], "cost_usd": row["usd"]} for row in costs
        ],
        "dim_teams": [{"team": "Web"}],
        "fct_agent_costs": [],
        "fct_costs_by_project": [],
    }
    (row,) = rows("fct_budgets", tables, timezone="UTC")
    assert row["spent_usd"] == 1.0


def everyday(first, last, usd=1.0):
    """A dollar on each day, both included."""
    return [cost(first + dt.timedelta(days=n), usd) for n in range((last - first).days + 1)]


def test_only_the_period_of_the_runs_day_has_a_forecast_and_breaks_before_it_is_broken():
    costs = everyday(dt.date(2026, 2, 1), dt.date(2026, 3, 20))
    budgets = [budget("all", dt.date(2026, month, 1), usd=30.0) for month in (2, 3, 4)]
    at = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC)
    assert stand(budgets, costs, columns=FORECAST, as_of=at) == [
        (dt.date(2026, 2, 1), 28.0, None, None, "holds"),
        (MARCH, 20.0, 31.0, 6, "will_break"),
        (APRIL, 0.0, None, None, "holds"),
    ]


def test_what_a_day_that_goes_on_has_cost_already_is_not_expected_twice():
    costs = [*everyday(dt.date(2026, 2, 1), dt.date(2026, 3, 30)), cost(dt.date(2026, 3, 31), 5.0)]
    assert stand([budget("all", MARCH, usd=36.0)], costs, columns=FORECAST) == [
        (MARCH, 35.0, 35.0, 8, "holds")
    ]


def test_days_that_have_not_come_in_yet_are_expected_and_not_nothing():
    costs = everyday(dt.date(2026, 1, 1), dt.date(2026, 3, 21))
    assert stand([budget("all", MARCH, usd=31.0)], costs, columns=FORECAST) == [
        (MARCH, 21.0, 31.0, 8, "holds")
    ]
    early = dt.datetime(2026, 4, 3, 12, tzinfo=dt.UTC)  # in a month of which nothing has come in yet
    (standing,) = stand([budget("all", APRIL, usd=30.0)], costs, columns=FORECAST, as_of=early)
    assert standing == (APRIL, 0.0, pytest.approx(30.0), 8, "holds")
