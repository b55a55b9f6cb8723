"""The demo's company with pseudonyms: nobody is named, and every number is as it is without."""

import datetime as dt
import re

import pytest

from pipeline.demo.company import PEOPLE
from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.ingest.billing.ingest import ingest_billing
from pipeline.ingest.copilot.ingest import ingest_copilot
from pipeline.ingest.git.ingest import ingest_git
from pipeline.ingest.github.ingest import ingest_github
from pipeline.ingest.otlp.ingest import ingest_otlp
from pipeline.privacy.pseudonyms import Pseudonyms
from pipeline.run import build
from tests.conftest import AS_OF

PSEUDONYMS = Pseudonyms(b"a key of the tests", ("example.com",))
NAMES = {
    name.lower()
    for person in PEOPLE
    for name in (person.name, person.email, person.login, *person.name.split())
    if len(name) > 3
}
OF_PEOPLE = (
    *("developer_id", "developer_name", "developer_email", "author_name", "author_email"),
    *("commit_message", "labels", "project_id", "repository", "owner", "api_key_id", "workspace_id", "scope"),
    "product",  # of more words than a name has
)
TABLES = (
    *("dim_agents", "dim_developers", "fct_agent_costs", "fct_daily_agent_usage", "fct_git_commits"),
    *("fct_billed", "fct_reconciliation", "dim_projects", "dim_teams", "fct_sessions"),
    *("dim_seats", "fct_budgets", "fct_costs_by_project", "fct_costs_by_team", "fct_seats", "fct_tool_usage"),
    "fct_pull_requests",
)


@pytest.fixture(scope="module")
def hidden(company, tmp_path_factory, compiled):
    file = tmp_path_factory.mktemp("hidden") / "aa.duckdb"
    with connect(str(file)) as engine:
        make_missing_raw_tables(engine)
        ingest_otlp(engine, [str(company / "telemetry")], pseudonyms=PSEUDONYMS)
        ingest_git(engine, sorted((company / "repositories").iterdir()), pseudonyms=PSEUDONYMS)
        ingest_copilot(engine, [str(company / "copilot")], pseudonyms=PSEUDONYMS)
        ingest_github(engine, [str(company / "pulls")], pseudonyms=PSEUDONYMS)
        ingest_billing(engine, sorted((company / "bills").iterdir()), pseudonyms=PSEUDONYMS)
        as_of = dt.datetime.fromisoformat(AS_OF)
        result = build(engine, compiled(), as_of=as_of, project_dir=company, pseudonyms=PSEUDONYMS)
        assert result.status == "success"
    return file


def told(file, table):
    with connect(str(file), read_only=True) as engine:
        rows = engine.fetch_dicts(f"SELECT * FROM mart.{table}")
    return sorted(repr({name: row[name] for name in row if name not in OF_PEOPLE}) for row in rows)


@pytest.mark.parametrize("table", TABLES)
def test_every_number_is_as_it_is_without(company, hidden, table):
    assert told(hidden, table) == told(company / "agent_analytics.duckdb", table)


def test_nobody_is_named(company, hidden):
    words = re.compile(rb"\b(" + b"|".join(name.encode() for name in NAMES) + rb")\b", re.IGNORECASE)
    assert words.search((company / "agent_analytics.duckdb").read_bytes())
    assert words.findall(hidden.read_bytes()) == []
    with connect(str(hidden), read_only=True) as engine:
        for schema, table in engine.kinds():
            rows = str(engine.fetch(f"SELECT * FROM {engine.name(schema, table)}")).encode()
            assert words.findall(rows) == [], (schema, table)
