"""What Google's service would say to our SQL, as far as it can be known without it.

The emulator runs the SQL on DuckDB, which takes more than BigQuery does.
"""

import datetime as dt
import json
import re
import subprocess
from pathlib import Path

import pytest
import sqlglot as sg
import sqlglot.expressions as sge

from pipeline.compile.compiler import compile_plan
from pipeline.config import Config
from pipeline.plan.check_results import count_query
from pipeline.plan.render import render
from tests.engines.servers import emulator_python

pytestmark = pytest.mark.slow

INSTANT = dt.datetime(2026, 11, 15, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def plan():
    return compile_plan("bigquery", Config(timezone="Europe/Berlin", internal_domains=("example.com",)))


@pytest.fixture(scope="module")
def statements(plan):
    """The query of every model, and those of its checks."""
    found = {}
    for table in plan.tables.values():
        found[table.name] = table.sql
        found[f"{table.name}: time drift"] = table.time_drift
        checks = [check for check in table.checks if check.sql]
        found |= {f"{table.name}: time drift of {check.name}": check.time_drift for check in checks}
        of_itself = [check for check in checks if not check.needs or check.kind == "reference"]
        of_several = [check for check in checks if check not in of_itself]
        found[f"{table.name}: checks"] = of_itself and count_query(table.relation, of_itself)
        found[f"{table.name}: checks across"] = of_several and count_query(None, of_several)
    return {name: render(sql, INSTANT, before=INSTANT) for name, sql in found.items() if sql}


def test_googles_analyzer_understands_every_statement(plan, statements):
    schemas = "|".join({table.schema for table in plan.tables.values()})

    def one_name(sql):
        """Its catalog knows no datasets; and it lacks MAX_BY, which BigQuery has as another spelling."""
        sql = re.sub(rf"`({schemas})`\.`(\w+)`", r"`\1.\2`", sql)
        return re.sub(r"\bMAX_BY\(\s*(\S+),\s*(\S+)\s*\)", r"ANY_VALUE(\1 HAVING MAX \2)", sql)

    given = {
        "tables": {
            f"{table.schema}.{table.stored_name}": {c.name: c.native_type for c in table.columns}
            for table in plan.tables.values()
        },
        "statements": {name: one_name(sql) for name, sql in statements.items()},
    }
    done = subprocess.run(
        [emulator_python(), Path(__file__).with_name("analyzer.py")],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == {}


def test_every_outer_join_has_an_equality(statements):
    """BigQuery refuses an outer join without one."""
    for name, sql in statements.items():
        for join in sg.parse_one(sql, dialect="bigquery").find_all(sge.Join):
            on = join.args.get("on")
            conditions = on.flatten() if isinstance(on, sge.And) else [on]
            assert not join.side or any(isinstance(one, sge.EQ) for one in conditions), name
