"""The site of the miniature project, with one table whose every word is hostile."""

import datetime as dt
from dataclasses import replace

from pipeline import run
from pipeline.engines import connect
from pipeline.outputs.docs.site import site_files
from pipeline.outputs.docs.state import read_state
from pipeline.plan import Check, PlanColumn, PlanTable
from tests.projects import compile_shop

AT = dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC)

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'`{{7*7}}\x1b[31m\u202e../../x"

RAW = """
CREATE SCHEMA raw;
CREATE TABLE raw.sales AS SELECT 1::BIGINT AS id, TIMESTAMPTZ '2026-01-01 12:00Z' AS timestamp,
    'tea' AS product, 2.5 AS amount, '{}'::VARCHAR AS attributes;
"""


def hostile_table():
    """A table as nobody would write it, but as a plan can hold it."""
    return PlanTable(
        name=HOSTILE,
        layer="marts",
        schema=HOSTILE,
        kind="model",
        description=f"{HOSTILE}\n\n{HOSTILE}",
        columns=[PlanColumn(HOSTILE, HOSTILE, HOSTILE, True, HOSTILE, f"{HOSTILE}.{HOSTILE}")],
        key=[HOSTILE],
        depends_on=["fct_product_sales"],
        sql=f"SELECT '{HOSTILE}'",
        path=HOSTILE,
        lineage={HOSTILE: [["fct_product_sales", "sales", "value"]]},
        checks=[Check(HOSTILE, "custom", [HOSTILE], HOSTILE, sql="0")],
    )


def plan_with_hostile_table(shapes=None):
    plan = compile_shop(shapes=shapes)
    return replace(plan, tables={**plan.tables, HOSTILE: hostile_table()})


def built_shop_site(project_dir):
    """The files of the site of a shop that has been built."""
    with connect(":memory:") as engine:
        for statement in RAW.split(";")[:-1]:
            engine.execute(statement)
        shapes = engine.shapes("raw")
        run.build(engine, compile_shop(shapes=shapes), as_of=AT, project_dir=project_dir)
        plan = plan_with_hostile_table(shapes)
        return site_files(plan, read_state(engine, plan, profiles=True), generated_at=AT)
