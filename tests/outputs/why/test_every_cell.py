"""The amounts of the rows that a number is made of are the number: of every cell of the demo's tables.

All rows of a column are asked at once, by the same expressions that a single cell is asked by.
"""

from pathlib import Path

import pytest

from pipeline.compile import plan_cache
from pipeline.compile.compiler import Compiler
from pipeline.config import load_config
from pipeline.engines import connect
from pipeline.models import marts
from pipeline.models.marts.fct_budgets import FORECAST
from pipeline.outputs.why.explain import Explainer
from pipeline.outputs.why.names import AMOUNT
from pipeline.outputs.why.parts import Tracer
from pipeline.plan.bind import unbound_settings

pytestmark = pytest.mark.slow

MARTS = sorted(file.stem for file in Path(*marts.__path__).glob("[!_]*.py"))
BELOW = ["int_agent_daily_aggregates", "int_usage_costs", "int_sessions_with_costs", "stg_agent_token_usage"]
NUMBERS = ("int64", "int32", "float64", "decimal")
# Numbers that no rows add up to: how many different ones there are.
NOT_SUMS = {
    ("int_sessions_with_costs", "model_count"),
    ("dim_teams", "members"),
    ("dim_teams", "members_ever"),
    ("dim_seats", "days_since_last_use"),
    *(("fct_budgets", name) for name in ("budget_usd", *FORECAST)),
}


@pytest.fixture(scope="module")
def explainer(company):
    config = load_config(company)
    with connect(str(company / "agent_analytics.duckdb"), read_only=True) as engine:
        yield Explainer(engine, plan_cache.load(engine.dialect, config, engine.shapes("raw")))


@pytest.fixture(scope="module")
def models(explainer):
    settings = unbound_settings(explainer.plan.settings, "duckdb")
    return Compiler("duckdb", settings, "pipeline.models", "schemas")


@pytest.mark.parametrize("name", [*MARTS, *BELOW])
def test_rows_above_every_number_add_up_to_it(explainer, models, name):
    table = explainer.plan.tables[name]
    expression, tables = models.expression(models.graph[name]), models.tables(models.graph[name])
    tracer = Tracer(tables, dict.fromkeys(tables.values(), ()))
    numbers = [column.name for column in table.columns if column.type.partition("(")[0] in NUMBERS]
    differing = {}
    for column in numbers:
        parts = tracer.parts(expression, column)
        assert parts, column
        if (name, column) in NOT_SUMS:
            assert not all(part.adds_up for part in parts)
            continue
        assert all(part.adds_up for part in parts), column
        keys = ", ".join(f'"{key}"' for key in table.key)
        rows = " UNION ALL ".join(
            f"SELECT * FROM ({models.query(part.rows.select(*table.key, AMOUNT))})" for part in parts
        )
        same = " AND ".join(f'cells."{key}" IS NOT DISTINCT FROM made."{key}"' for key in table.key)
        query = f"""
            SELECT cells.* FROM {explainer.engine.name(table.schema, name)} AS cells
            LEFT JOIN (SELECT {keys}, sum({AMOUNT}) AS made FROM ({rows}) GROUP BY {keys}) AS made ON {same}
            WHERE abs(coalesce(cells."{column}", 0) - coalesce(made.made, 0))
                > 1e-9 + 1e-9 * abs(coalesce(cells."{column}", 0))
        """
        differing[column] = explainer.fetch(query, table, {})
    assert {column: rows for column, rows in differing.items() if rows} == {}
    assert {*differing} == {name for name in numbers if (table.name, name) not in NOT_SUMS}


@pytest.mark.parametrize("column", ["total_cost_usd", "total_sessions"])
def test_layer_by_layer_down_to_raw_records_amounts_are_those_above(explainer, column):
    """The largest cell of a column: what each layer brings is what the layer above it shows."""
    table = explainer.engine.name("mart", "fct_daily_agent_usage")
    keys = explainer.plan.tables["fct_daily_agent_usage"].key
    (row,) = explainer.engine.fetch_dicts(
        f"SELECT * FROM {table} ORDER BY {column} DESC, {', '.join(keys)} LIMIT 1"
    )
    answer = explainer.why("fct_daily_agent_usage", column, {key: row[key] for key in keys})
    assert answer.adds_up

    def follow(layer):
        listed = sum(one["amount"] for one in layer.rows if layer.amount is not None)
        if layer.amount is not None:
            assert listed + (layer.more_amount or 0) == pytest.approx(layer.amount)
        raw = [found for below in layer.made_of for found in follow(below)]
        return raw or [layer.table]

    ends = {end for layer in answer.made_of for end in follow(layer)}
    assert {end for end in ends if end.startswith("raw_")}
