"""Every model on every engine: the rows of DuckDB, floats to 1e-9 relative, timestamps as instants."""

import os

import pytest

from pipeline.compile.graph import discover
from pipeline.outputs.copy import copy_database
from pipeline.run import audit, build
from tests.engines import portability
from tests.engines.equality import difference

pytestmark = [
    pytest.mark.slow,
    # PySpark leaves its sockets to Python to close.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

# Fewer run on demand: AA_ENGINES="spark".
ENGINES = os.environ.get("AA_ENGINES", " ".join(portability.MATRIX)).split()
SEEDS = [
    "model_prices",
    "agents",
    "agent_aliases",
    "identities",
    "budgets",
    "commit_marks",
    "projects",
    "seat_prices",
    "seats",
    "teams",
]
TABLES = [*SEEDS, *discover()]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_gives_the_same_rows(lab, engine, table):
    expected, actual = lab.expected, lab.built(engine)
    planned = expected.plan().tables[table]
    assert difference(expected.engine, actual.engine, planned) is None


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_gives_the_same_results(lab, engine):
    assert lab.built(engine).audits == lab.expected.audits


@pytest.mark.parametrize("engine", ENGINES)
def test_what_was_copied_is_not_copied_again(lab, engine):
    expected, actual = lab.expected, lab.built(engine)
    again = copy_database(expected.engine, actual.engine, expected.plan(), actual.plan)
    assert sum(table.copied for table in again) == 0
    assert [table.rows for table in again if table.checked and table.rows == 0] == []


@pytest.mark.parametrize("engine", ENGINES)
def test_a_second_build_finds_nothing_to_do(lab, engine):
    actual = lab.built(engine)
    again = build(actual.engine, actual.plan(), as_of=actual.as_of, project_dir=actual.config.project_dir)
    assert {table.action for table in again.tables} == {"read", "skipped"}


@pytest.mark.parametrize("engine", ENGINES)
def test_what_was_built_is_what_the_plan_makes_anew(lab, engine):
    actual = lab.built(engine)
    some = ["model_prices", "commit_marks", "stg_log_events", "stg_git_commits", "int_usage_costs"]
    some += ["fct_agent_costs", "dim_developers"]
    result = audit(
        actual.engine,
        actual.plan(),
        selected=some,
        recompute=True,
        project_dir=actual.config.project_dir,
    )
    told = {found.table: found.status for found in result.audits if found.audit == "recompute"}
    assert told == dict.fromkeys(some, "passed")


def test_the_readme_says_which_engine_runs_which_model():
    assert portability.in_readme() == portability.table(), (
        "The README's table is out of date: python -m tests.engines.portability"
    )
