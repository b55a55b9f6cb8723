"""Every number that adds up is held by a law: change one by hand, and the law says so."""

import datetime as dt
import json

import pytest

from pipeline import run
from pipeline.compile.compiler import Compiler
from pipeline.compile.contracts import contracts_of
from pipeline.compile.graph import discover
from pipeline.config import Config
from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.ingest.landing.landing import Landing
from pipeline.outputs.report import read_report
from pipeline.plan.bind import unbound_settings
from pipeline.plan.layers import LAYERS
from pipeline.plan.lineage import VALUE
from pipeline.run.auditor import Auditor

pytestmark = pytest.mark.slow

NOW = dt.datetime(2026, 3, 10, 18, tzinfo=dt.UTC)

AVERAGE = "an average or a ratio"
DISTANCE = "a distance in time"
PRICE = "the price of a month, on each of its days"
CLOCK = "a time of day or week"
NAME = "a name that is a number"
REPEATED = "of the whole session, on each of its commits; the shares of it add up"
RUNNING = "a running total; the last one is held by same_cost"
FORECAST = "made of running totals and averages"

# A dollar where money is counted in billionths.
MUCH = 1_000_000_000

# Numbers that do not add up, and why.
NOT_ADDITIVE = {
    "int_usage_costs.unpriced_requests": "a part of the requests, which no other table tells",
    "int_sessions_with_costs.cache_hit_rate": AVERAGE,
    "int_sessions_with_costs.tokens_per_second": AVERAGE,
    "int_sessions_with_costs.model_count": "sessions share models",
    "int_commits_with_agent_context.seconds_after_session": DISTANCE,
    "int_commits_with_agent_context.session_tokens": REPEATED,
    "int_commits_with_agent_context.session_cost_usd": REPEATED,
    "int_commits_with_agent_context.session_duration_seconds": REPEATED,
    "int_commits_with_agent_context.session_commits": REPEATED,
    "int_agent_daily_aggregates.avg_duration_seconds": AVERAGE,
    "int_agent_daily_aggregates.avg_cost_per_session_usd": AVERAGE,
    "fct_daily_agent_usage.avg_duration_seconds": AVERAGE,
    "fct_daily_agent_usage.avg_cost_per_session_usd": AVERAGE,
    "fct_daily_agent_usage.cost_per_commit_usd": AVERAGE,
    "fct_daily_agent_usage.tokens_per_commit": AVERAGE,
    "fct_daily_agent_usage.lines_per_1k_tokens": AVERAGE,
    "fct_daily_agent_usage.cache_hit_rate": AVERAGE,
    "fct_daily_agent_usage.acceptance_rate_pct": AVERAGE,
    "fct_git_commits.commit_hour": CLOCK,
    "fct_git_commits.commit_day_of_week": CLOCK,
    "fct_git_commits.agent_duration_seconds": REPEATED,
    "fct_git_commits.seconds_after_session": DISTANCE,
    "fct_git_commits.lines_per_1k_tokens": AVERAGE,
    "fct_git_commits.lines_per_dollar": AVERAGE,
    "int_pull_request_costs.number": NAME,
    "fct_pull_requests.number": NAME,
    "fct_pull_requests.hours_to_first_review": DISTANCE,
    "fct_pull_requests.hours_to_merge": DISTANCE,
    "fct_agent_costs.cumulative_cost_usd": RUNNING,
    "fct_agent_costs.wtd_cost_usd": RUNNING,
    "fct_agent_costs.mtd_cost_usd": RUNNING,
    "fct_agent_costs.avg_7day_cost_usd": AVERAGE,
    "fct_agent_costs.avg_30day_cost_usd": AVERAGE,
    "fct_agent_costs.month_forecast_usd": FORECAST,
    "fct_budgets.budget_usd": "what is allowed, not what is",
    "fct_budgets.spent_usd": "of scopes and periods that overlap; test_fct_budgets holds it",
    "fct_budgets.used_share": AVERAGE,
    "fct_budgets.forecast_usd": FORECAST,
    "fct_budgets.forecast_low_usd": FORECAST,
    "fct_budgets.forecast_high_usd": FORECAST,
    "fct_budgets.forecast_weeks": "how many weeks a forecast is made of",
    "fct_code_survival.alive_share": AVERAGE,
    "fct_seats.usd_per_month": PRICE,
    "dim_seats.usd_per_month": PRICE,
    "dim_seats.days_since_last_use": DISTANCE,
    "dim_teams.members_ever": "people, who may have been in several teams",
}

NUMBERS = [
    f"{name}.{column}"
    for name, contract in contracts_of().items()
    if name in discover() and discover()[name].layer in ("intermediate", "marts")
    for column, kind in contract.columns().items()
    if kind.is_numeric() and not kind.is_boolean()
]
ADDITIVE = [number for number in NUMBERS if number not in NOT_ADDITIVE]


def request(session, hour, developer="ada@example.com", **attributes):
    """A request of Claude Code, as its telemetry tells it."""
    return {
        "timestamp": NOW.replace(hour=hour),
        "event_name": "claude_code.api_request",
        "body": "claude_code.api_request",
        "attributes": {
            "session.id": session,
            "user.email": developer,
            "model": "claude-sonnet-4-5-20250929",
            "input_tokens": 1000,
            "output_tokens": 500,
            "cost_usd": 0.25,
            "request_id": f"req-{session}-{hour}",
        }
        | attributes,
    }


def tool_call(session, hour):
    """A call of a tool that failed, as Claude Code tells it."""
    told = {"session.id": session, "user.email": "ada@example.com", "tool_name": "Bash", "success": "false"}
    name = "claude_code.tool_result"
    at = NOW.replace(hour=hour, minute=1)
    return {"timestamp": at, "event_name": name, "body": name, "attributes": told | {"duration_ms": "80"}}


@pytest.fixture(scope="module")
def engine():
    with connect(":memory:") as engine:
        with Landing(engine, "test", []) as landing:
            landing.land(
                "otel_logs",
                [
                    request("s1", 9),
                    request("s2", 11, "bob@example.com", cost_usd=0),
                    request(None, 12, "bob@example.com"),
                    tool_call("s1", 9),
                ],
            )
            author = {"author_email": "ada@example.com", "files_changed": 1, "lines_added": 10}
            landing.land(
                "git_commits",
                [
                    author | {"commit_hash": letter * 40, "commit_timestamp": NOW.replace(hour=hour)}
                    for letter, hour in (("a", 9), ("b", 15))
                ],
            )
            added = {"project_id": "app", "lines_added": 10, "lines_reworked": 2, "observed_at": NOW}
            counts = {"7_days": 9, "30_days": 8, "today": 8}
            arrived = {"commit_hash": "a" * 40, "arrived_at": NOW.replace(hour=9), "reading": 1}
            landing.land(
                "git_survival",
                [added | arrived | {"age": age, "lines_alive": alive} for age, alive in counts.items()],
            )
            suggested = {"total_suggestions": 10, "total_acceptances": 5, "report_scope": "user"}
            requested = {"project_id": "octo/app", "number": 1, "version_id": "v", "state": "open"}
            requested |= {"opened_at": NOW.replace(hour=8), "updated_at": NOW, "additions": 3}
            landing.land("pull_requests", [requested | {"developer_id": "ada@example.com"}])
            landing.land(
                "pull_request_commits", [{"version_id": "v", "commit_hash": "a" * 40, "updated_at": NOW}]
            )
            landing.land("copilot_metrics", [suggested | {"date": NOW.date(), "developer_id": "bob"}])
            charge = {"provider": "anthropic", "report": "cost", "date": NOW.date(), "currency": "USD"}
            money = {"gross_nano": 500_000_000, "discount_nano": 100_000_000, "net_nano": 400_000_000}
            what = {"model_name": "claude-sonnet-4-5", "unit": "tokens", "quantity": 3000.5}
            which = {"scope": "a", "version": "1", "line": 1}
            landing.land("billing", [charge | money | what | which])
            seat = {"developer_id": "ada", "plan": "business", "answer": "a", "observed_at": NOW}
            landing.land("copilot_seats", [seat | {"assigned_at": NOW - dt.timedelta(days=60)}])
        make_missing_raw_tables(engine)
        yield engine


@pytest.fixture(scope="module")
def plan(engine, compiled, tmp_path_factory):
    plan = compiled()
    project = tmp_path_factory.mktemp("project")
    (project / "seeds").mkdir()
    (project / "seeds" / "teams.csv").write_text(
        "developer_id,team,valid_from\nada@example.com,Web,2026-01-01\n", encoding="utf-8"
    )
    assert run.build(engine, plan, as_of=NOW, project_dir=project).status == "success"
    assert broken_laws(engine, plan) == set()
    return plan


@pytest.fixture(scope="module")
def laws_of():
    """The laws that compare a column, by `table.column`, wherever in their chain the table stands."""
    settings = unbound_settings(Config().model_settings(), "duckdb")
    compiler = Compiler("duckdb", settings, "pipeline.models", "schemas")
    found: dict[str, set[str]] = {}
    for law in compiler.laws:
        for edges in compiler._lineage(law, compiler._expression(law)).values():
            for table, column, kind in edges:
                if kind == VALUE:
                    found.setdefault(f"{table}.{column}", set()).add(law.name)
    return found


def broken_laws(engine, plan):
    """Names of the laws that do not hold."""
    auditor = Auditor(engine, NOW)
    for table in plan.tables.values():
        auditor.across(table, [check for check in table.checks if check.kind == "law"], plan.tables)
    return {result.audit for result in auditor.results if result.status == "failed"}


def test_what_does_not_add_up_is_a_number_of_a_contract():
    assert set(NOT_ADDITIVE) <= set(NUMBERS)


@pytest.mark.parametrize("number", ADDITIVE)
def test_every_additive_column_is_held_by_a_law(laws_of, number):
    assert laws_of.get(number), f"{number} adds up: hold it by a law in pipeline/models/laws"


@pytest.mark.parametrize("number", ADDITIVE)
def test_a_value_that_is_changed_by_hand_breaks_a_law_of_its_column(engine, plan, laws_of, number):
    name, column = number.split(".")
    table = engine.name(plan.tables[name].schema, name)
    engine.execute("BEGIN")
    try:
        one = f"(SELECT min(rowid) FROM {table})"
        engine.execute(f"UPDATE {table} SET {column} = coalesce({column}, 0) + {MUCH} WHERE rowid = {one}")
        broken = broken_laws(engine, plan)
    finally:
        engine.execute("ROLLBACK")
    assert broken
    assert broken <= laws_of[number]


def test_cost_of_one_developer_doubled_in_the_mart_of_usage_fails_the_test(engine, plan):
    of_ada = "mart.fct_daily_agent_usage SET total_cost_usd = total_cost_usd"
    where = "WHERE developer_id = 'ada@example.com'"
    engine.execute(f"UPDATE {of_ada} * 2 {where}")
    try:
        result = run.audit(engine, plan)
    finally:
        engine.execute(f"UPDATE {of_ada} / 2 {where}")
    failed = {(audit.table, audit.audit) for audit in result.audits if audit.status == "failed"}
    assert result.status == "failed"
    assert failed == {
        ("fct_daily_agent_usage", "same_daily_agent_usage"),
        ("fct_costs_by_project", "same_costs_by_project"),
        ("fct_costs_by_team", "same_costs_by_team"),
    }
    rows = [row for row in result.failing_rows if row.audit == "same_daily_agent_usage"]
    (row,) = [json.loads(row.failing_row) for row in rows]
    assert {measure: more for measure, more in row.items() if more} == {"total_cost_usd": 0.25}
    assert run.audit(engine, plan).status == "success"


def test_report_of_a_test_shows_every_table_in_the_layer_that_it_is_planned_in(engine, plan):
    run.audit(engine, plan)
    shown = {table.name: layer for layer, tables in read_report(engine).layers.items() for table in tables}
    assert shown == {name: plan.tables[name].layer for name in shown}
    assert {layer.name for layer in LAYERS.values()} == set(shown.values())
