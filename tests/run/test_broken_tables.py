"""Break each of the twelve tables in every way: the right check says so, and nothing is published."""

import datetime as dt
from dataclasses import replace

import ibis
import pytest

from pipeline import run
from pipeline.compile import plan_cache
from pipeline.compile.checks.contract_checks import contract_checks
from pipeline.compile.compiler import Compiler
from pipeline.compile.sources import MODELS, SCHEMAS
from pipeline.config import Config
from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.errors import ModelError
from pipeline.ingest.landing.landing import Landing
from pipeline.outputs.report import read_report, render
from pipeline.plan.bind import bind, unbound_settings

pytestmark = pytest.mark.slow

TABLES = [
    "stg_agent_sessions",
    "stg_agent_token_usage",
    "stg_git_commits",
    "stg_copilot_metrics",
    "int_sessions_with_costs",
    "int_commits_with_agent_context",
    "int_agent_daily_aggregates",
    "fct_daily_agent_usage",
    "fct_git_commits",
    "fct_agent_costs",
    "dim_developers",
    "dim_agents",
]

NOW = dt.datetime(2026, 3, 10, 18, tzinfo=dt.UTC)


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
            "cache_read_tokens": 2000,
            "cache_creation_tokens": 300,
            "cost_usd": 0.25,
            "request_id": f"req-{session}-{hour}",
        }
        | attributes,
    }


def commit(commit_hash, hour, author):
    return {
        "commit_hash": commit_hash * 40,
        "commit_message": "Change it",
        "author_name": author,
        "author_email": f"{author}@example.com",
        "commit_timestamp": NOW.replace(hour=hour),
        "files_changed": 1,
        "lines_added": 10,
        "lines_deleted": 2,
        "project_id": "shop",
    }


@pytest.fixture(scope="module")
def engine():
    with connect(":memory:") as engine:
        with Landing(engine, "test", []) as landing:
            landing.land(
                "otel_logs",
                [
                    *(request("s1", hour) for hour in (9, 10)),
                    request("s2", 11, "bob@example.com"),
                    request(None, 12, "bob@example.com"),
                ],
            )
            landing.land(
                "git_commits",
                [commit("a", 10, "ada"), commit("b", 15, "bob"), commit("c", 9, "ada")],
            )
            landing.land(
                "copilot_metrics",
                [
                    {
                        "date": NOW.date(),
                        "developer_id": "bob",
                        "total_suggestions": 10,
                        "total_acceptances": 5,
                        "total_lines_suggested": 20,
                        "total_lines_accepted": 8,
                        "report_scope": "user",
                    }
                ],
            )
        make_missing_raw_tables(engine)
        yield engine


class Project:
    """The pipeline's models, each of which can be replaced by a broken one."""

    def __init__(self, engine):
        self.engine = engine
        self.shapes = engine.shapes("raw")
        self.unbound = plan_cache._unbound("duckdb", Config(), MODELS, SCHEMAS)
        self.plan = self.bound({})
        settings = unbound_settings(Config().model_settings(), "duckdb")
        self.compiler = Compiler("duckdb", settings, MODELS, SCHEMAS)
        self.contracts, self.graph = self.compiler.contracts, self.compiler.graph

    def broken(self, name, change):
        """The plan with one model's rows changed."""
        model = self.graph[name]
        made = self.compiler._expression(model)
        table = self.compiler.model(replace(model, function=lambda *tables, **settings: change(made)))
        laws = [check for check in self.unbound.tables[name].checks if check.kind == "law"]
        table = replace(table, checks=[*table.checks, *laws])
        return self.bound({name: table})

    def bound(self, tables):
        plan = replace(self.unbound, tables=self.unbound.tables | tables)
        return bind(plan, Config().model_settings(), Config().check_settings(), self.shapes)

    def build(self, plan, **options):
        return run.build(self.engine, plan, as_of=NOW, **options)

    def published(self):
        """Every row of the twelve tables."""
        return {
            name: self.engine.fetch(f"SELECT * FROM {table.schema}.{name} ORDER BY ALL")
            for name, table in self.plan.tables.items()
            if name in TABLES
        }


@pytest.fixture(scope="module")
def project(engine):
    project = Project(engine)
    assert project.build(project.plan).status == "success"
    rows = project.published()
    assert all(rows.values()), "every table has rows to break"
    return project


def failed(result):
    return {(audit.table, audit.audit) for audit in result.audits if audit.status == "failed"}


# Columns: what can be known is known before any query.

COLUMNS = {
    "wrong type": (
        lambda table, column: (
            table.mutate(**{column: table[column].cast("string").length()})
            if table[column].type().is_string()
            else table.mutate(**{column: table[column].cast("string")})
        ),
        "{table}.{column} is ",
    ),
    "missing column": (lambda table, column: table.drop(column), "{table} lacks the column {column}"),
    "extra column": (
        lambda table, column: table.mutate(surprise=table[column]),
        "{table} makes a column surprise",
    ),
    "order": (
        lambda table, column: table.relocate(column, after=table.columns[-1]),
        "{table} has its columns in another order",
    ),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize(("change", "message"), COLUMNS.values(), ids=COLUMNS)
def test_wrong_columns_are_refused_before_any_query(project, name, change, message):
    column = project.contracts[name].key()[0]
    with pytest.raises(ModelError) as error:
        project.broken(name, lambda table: change(table, column))
    assert message.format(table=name, column=column) in str(error.value)


# Rows: the checks say so before anything is published.


def bad_values(contract, table):
    """For each way of breaking a row that the contract forbids: the check, and the bad value."""
    key, ways = contract.key(), {}
    for check in (each.check for each in contract_checks(contract)):
        column = check.columns[0]
        if column in key and check.kind != "reference":
            continue
        kind = table[column].type()
        if check.kind == "not_null":
            ways.setdefault("null", (check.name, {column: ibis.null(kind)}))
        elif check.kind == "range" and ">" in check.name:
            ways.setdefault("out of range", (check.name, {column: ibis.literal(-1).cast(kind)}))
        elif check.kind == "isin":
            ways.setdefault("not in list", (check.name, {column: ibis.literal("no such value")}))
        elif check.kind == "reference":
            ways.setdefault("orphan", (check.name, {column: ibis.literal("nobody")}))
    if "null" not in ways:
        ways["null"] = (f"not_null({key[0]})", {key[0]: ibis.null(table[key[0]].type())})
    return {"duplicate key": (f"unique({', '.join(key)})", {}), **ways}


@pytest.mark.parametrize("name", TABLES)
def test_bad_rows_are_named_and_nothing_is_published(project, engine, name):
    contract = project.contracts[name]
    before = project.published()
    caught = {}

    def add_bad_rows(table):
        # One good row again, and once more with each of the bad values.
        one = table.order_by(contract.key()).limit(1)
        rows = table
        for way, (audit, values) in bad_values(contract, table).items():
            caught[way] = audit
            rows = rows.union(one.mutate(**values).select(table.columns))
        return rows

    result = project.build(project.broken(name, add_bad_rows), selected=[name])

    assert result.status == "failed"
    assert {(name, audit) for audit in caught.values() if "references" not in audit} <= failed(result)
    assert {"null", "duplicate key"} <= caught.keys()
    assert project.published() == before
    page = render(read_report(engine), "text")
    assert all(audit in page for audit in caught.values() if "references" not in audit)


REFERENCES = [
    (name, column)
    for name in ("fct_daily_agent_usage", "fct_git_commits", "fct_agent_costs")
    for column in ("developer_id", "agent_type")
]


@pytest.mark.parametrize(("name", "column"), REFERENCES)
def test_orphans_are_named_and_nothing_is_published(project, name, column):
    before = project.published()
    dim = f"dim_{column.split('_')[0]}s"
    plan = project.broken(dim, nothing)
    result = project.build(plan, selected=[name, dim])
    assert (name, f"references({column})") in failed(result)
    assert project.published() == before


def more(column, by=1):
    return lambda table: table.mutate(**{column: (table[column] + by).cast(table[column].type())})


def twice(column):
    return lambda table: table.mutate(**{column: table[column] * 2})


def nothing(table):
    return table.filter(ibis.literal(False))


LAWS = [
    ("stg_agent_token_usage", more("total_output_tokens"), "same_output_tokens"),
    ("stg_agent_sessions", nothing, "same_input_tokens"),
    ("int_sessions_with_costs", more("cache_read_tokens"), "same_cache_read_tokens"),
    ("int_sessions_with_costs", twice("session_cost_usd"), "same_cost"),
    ("int_agent_daily_aggregates", more("total_input_tokens"), "same_input_tokens"),
    ("fct_daily_agent_usage", more("total_cache_creation_tokens"), "same_cache_creation_tokens"),
    ("fct_agent_costs", twice("daily_cost_usd"), "same_cost"),
    ("fct_agent_costs", twice("cumulative_cost_usd"), "same_cost"),
    ("int_commits_with_agent_context", twice("allocated_cost_usd"), "shares_add_up"),
    ("int_commits_with_agent_context", twice("allocated_tokens"), "shares_add_up"),
    ("stg_git_commits", nothing, "same_commits"),
    ("fct_git_commits", nothing, "same_commits"),
]


@pytest.mark.parametrize(("name", "change", "law"), LAWS, ids=[f"{n}-{law}" for n, _, law in LAWS])
def test_broken_law_is_named_and_nothing_is_published(project, name, change, law):
    before = project.published()
    result = project.build(project.broken(name, change))
    assert law in {audit for _, audit in failed(result)}
    assert project.published() == before


def test_every_developer_and_agent_of_a_fact_is_promised_to_be_in_its_dimension(project):
    for name, column in REFERENCES:
        dim = f"dim_{column.split('_')[0]}s"
        assert project.contracts[name].references()[column] == f"{dim}.{column}"


def test_what_is_altered_after_it_was_published_is_found_by_test(project, engine):
    table = "mart.dim_agents"
    engine.execute(f"CREATE TABLE mart.kept AS SELECT * FROM {table}")
    engine.execute(f"UPDATE {table} SET vendor = NULL")
    try:
        result = run.audit(engine, project.plan, selected=["dim_agents"])
    finally:
        engine.execute(f"DROP TABLE {table}")
        engine.execute("ALTER TABLE mart.kept RENAME TO dim_agents")
    assert failed(result) == {("dim_agents", "not_null(vendor)")}


def test_all_failing_rows_are_stored_where_asked(project, engine):
    plan = project.broken("dim_agents", lambda table: table.mutate(vendor=ibis.null("string")))
    before = engine.fetch("SELECT agent_type FROM mart.dim_agents ORDER BY 1")
    result = project.build(plan, selected=["dim_agents"], store_failures=True)
    assert result.stored == ["audit.dim_agents__not_null_vendor"]
    stored = "SELECT * FROM audit.dim_agents__not_null_vendor ORDER BY 1"
    assert engine.fetch(stored) == [(agent, None) for (agent,) in before]
    assert project.build(project.plan, store_failures=True).stored == []
    assert engine.shapes("audit") == {}


def test_table_that_lost_most_of_its_rows_is_a_warning(project):
    plan = project.broken("stg_session_identities", nothing)
    result = project.build(plan, selected=["stg_session_identities"])
    (lost,) = [audit for audit in result.audits if audit.audit == "volume"]
    assert (lost.table, lost.status) == ("stg_session_identities", "warned")
    assert project.build(project.plan).status == "success"


def test_orphans_may_be_a_share_of_the_rows(project):
    name = "fct_git_commits"
    table = project.plan.tables[name]
    lenient = [
        replace(check, tolerance="100%") if check.kind == "reference" else check for check in table.checks
    ]
    plan = project.broken("dim_developers", nothing)
    plan = replace(plan, tables=plan.tables | {name: replace(table, checks=lenient)})
    result = project.build(plan, selected=[name, "dim_developers"], full_refresh=True)
    orphans = {audit.audit: audit for audit in result.audits if audit.kind == "reference"}
    found = orphans["references(developer_id)"]
    assert (found.status, found.failures, found.row_count) == ("passed", 3, 3)
