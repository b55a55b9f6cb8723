import datetime as dt
import shutil
import sys
from pathlib import Path

import ibis
import ibis.expr.operations as ops
import pytest
from ibis import _

from pipeline import testing
from pipeline.compile import dialects
from pipeline.compile.analysis.time_drift import time_drift
from pipeline.compile.compiler import compile_plan
from pipeline.compile.renderings import COMPILERS
from pipeline.config import Config
from pipeline.engines import connect
from pipeline.errors import ModelError, TargetError
from pipeline.models.expressions import local_date
from pipeline.models.operations import AsOf, as_of
from pipeline.plan import Plan
from pipeline.plan.render import AS_OF, render
from tests.projects import compile_shop

EXACT_SALES = {
    "id": "BIGINT",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "product": "VARCHAR",
    "amount": "DOUBLE",
    "attributes": "VARCHAR",
    "till": "BIGINT",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of the miniature project that a test may break: write(path, text)."""
    name = "broken_shop"
    shutil.copytree(
        Path(__file__).parents[1] / "projects" / "shop",
        tmp_path / name,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    monkeypatch.syspath_prepend(tmp_path)

    def compiled(**files):
        for path, text in files.items():
            (tmp_path / name / path.replace("__", "/")).with_suffix(".py").write_text(text)
        return compile_plan("duckdb", models=f"{name}.models", schemas=f"{name}.schemas")

    yield compiled
    for module in [module for module in sys.modules if module.split(".")[0] == name]:
        del sys.modules[module]


@pytest.mark.slow
@pytest.mark.parametrize("dialect", COMPILERS)
def test_every_model_compiles_for_every_dialect_without_a_connection(dialect):
    plan = compile_shop(dialect)
    assert plan.dialect == dialect
    assert all(table.sql for table in plan.tables.values() if table.kind == "model")


def test_a_plan_holds_sources_then_seeds_then_models_each_after_what_it_reads():
    tables = compile_shop().tables
    assert [(table.name, table.schema, table.kind, table.depends_on) for table in tables.values()] == [
        ("raw_sales", "raw", "source", []),
        ("raw_visits", "raw", "source", []),
        ("products", "staging", "seed", []),
        ("stg_recent_visits", "staging", "model", ["raw_visits"]),
        ("stg_sales", "staging", "model", ["raw_sales"]),
        ("fct_visits", "mart", "model", ["stg_recent_visits"]),
        ("dim_products", "mart", "model", ["products", "stg_sales"]),
        ("fct_product_sales", "mart", "model", ["stg_sales"]),
    ]


def test_a_plan_is_the_same_every_time_and_survives_json():
    plan = compile_shop()
    assert compile_shop() == plan
    assert Plan.from_json(plan.to_json()) == plan


def test_published_columns_are_what_the_contract_says():
    column = compile_shop().tables["stg_sales"].columns[1]
    assert (column.name, column.type, column.native_type, column.nullable, column.description) == (
        "sold_at",
        "timestamp('UTC', 6)",
        "TIMESTAMP WITH TIME ZONE",
        False,
        "When.",
    )
    references = {c.name: c.references for c in compile_shop().tables["fct_product_sales"].columns}
    assert references == {"product": "dim_products.product", "sales": None, "revenue_usd": None}


def test_the_instant_of_the_run_stays_open_and_other_settings_are_filled_in():
    sql = compile_shop(config=Config(window_days=7)).tables["stg_recent_visits"].sql
    assert AS_OF in sql
    assert "'7'" in sql


def test_a_model_may_insist_on_being_a_view():
    tables = compile_shop().tables
    assert tables["stg_recent_visits"].materialized == "view"
    assert tables["fct_visits"].materialized == "table"


def test_fingerprints_of_what_a_setting_reaches_change_and_no_others():
    before, after = compile_shop(), compile_shop(config=Config(window_days=7))
    assert {
        name for name in before.tables if before.tables[name].fingerprint != after.tables[name].fingerprint
    } == {"stg_recent_visits", "fct_visits"}


@pytest.mark.parametrize(
    ("returned", "problem"),
    [
        ("visit_id=_.id", "stg_recent_visits lacks the column visited_at"),
        ("visit_id=_.id.cast('int32')", "stg_recent_visits.visit_id is int32, and its contract"),
        ("x=_.id", "a column x that its contract does not know"),
    ],
)
def test_a_model_that_breaks_its_contract_is_refused_before_any_query(project, returned, problem):
    model = "from ibis import _\ndef stg_recent_visits(raw_visits):\n"
    model += f"    return raw_visits.select({returned})"
    with pytest.raises(ModelError, match=problem):
        project(models__staging__stg_recent_visits=model)


def test_columns_in_another_order_are_refused(project):
    model = "def stg_recent_visits(raw_visits):\n    return raw_visits.select("
    model += "visited_at='timestamp', visit_id='id')"
    with pytest.raises(ModelError, match="in another order"):
        project(models__staging__stg_recent_visits=model)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("return stg_recent_visits.nowhere", "AttributeError.*nowhere"),
        ("return 3", "returns int, not a table"),
        ("import ibis; return ibis.memtable({'visits': [1]})", "Put them into a seed"),
    ],
)
def test_a_model_that_cannot_be_built_is_named_by_its_file(project, body, problem):
    model = f"def fct_visits(stg_recent_visits):\n    {body}"
    with pytest.raises(ModelError, match=rf"models/marts/fct_visits\.py:\d+ .*{problem}"):
        project(models__marts__fct_visits=model)


def test_a_model_without_contract_is_refused_with_the_close_match(project):
    model = "def fct_visit(stg_recent_visits):\n    return stg_recent_visits"
    with pytest.raises(ModelError, match=r"no contract.*Did you mean fct_visits"):
        project(models__marts__fct_visit=model)


def test_two_contracts_of_one_table_are_refused(project):
    contract = "from schemas.base import Contract\nclass StgSales(Contract):\n    sale_id: int\n"
    with pytest.raises(ModelError, match="stg_sales has two contracts"):
        project(schemas__other=contract)


def test_a_law_that_is_called_like_a_check_of_its_table_is_refused(project, tmp_path):
    (tmp_path / "broken_shop" / "models" / "laws").mkdir()
    (tmp_path / "broken_shop" / "models" / "laws" / "__init__.py").touch()
    contract = (
        "import pandera.ibis as pa\nfrom schemas.base import Contract, count\n"
        "class FctVisits(Contract):\n    'One row.'\n    visits: int = count(description='Visits.')\n"
        "    @pa.dataframe_check\n    def few(cls, data):\n        'Few come.'\n"
        "        return data.table.visits < 9\n"
    )
    law = "def few(fct_visits):\n    'Few come.'\n    return fct_visits.filter(fct_visits.visits > 9)\n"
    shop = (tmp_path / "broken_shop" / "schemas" / "marts.py").read_text().partition("class FctVisits")[0]
    with pytest.raises(ModelError, match=r"few\.py:1 is called like a check of fct_visits itself\."):
        project(schemas__marts=shop, schemas__visits=contract, models__laws__few=law)


def conformed(create):
    """The rows of stg_sales over a raw table made by plain SQL."""
    with connect(":memory:") as engine:
        engine.execute("SET TimeZone = 'America/New_York'")
        engine.create_schema("raw")
        engine.execute(create)
        plan = compile_shop(shapes=engine.shapes("raw"))
        rows = engine.fetch(
            f"SELECT sale_id, epoch_us(sold_at), product, amount_usd, till, customer"
            f" FROM ({plan.tables['stg_sales'].sql}) ORDER BY sale_id"
        )
        return plan, rows


def test_a_raw_table_like_its_contract_is_read_as_it_is():
    visits = {"id": "BIGINT", "timestamp": "TIMESTAMP WITH TIME ZONE"}
    plan = compile_shop(shapes={"sales": EXACT_SALES, "visits": visits})
    assert plan.warnings == []
    assert plan == compile_shop()


@pytest.mark.parametrize(
    "create",
    [
        # zoned, JSON, an extra column, another order
        """CREATE TABLE raw.sales AS SELECT 'x' AS colour, CAST('{"customer.name": "Ada"}' AS JSON)
           AS attributes, 1.5::DOUBLE AS amount, 'tea' AS product, 7::BIGINT AS till,
           TIMESTAMPTZ '2026-01-01 00:00:00+00' AS timestamp, 1::BIGINT AS id""",
        # naive, a struct, 32 bit, a decimal, upper case
        """CREATE TABLE raw.sales AS SELECT 1::INTEGER AS "ID",
           TIMESTAMP '2026-01-01' AS "TIMESTAMP", 'tea' AS "Product", 1.5::DECIMAL(10, 2) AS amount,
           {'customer.name': 'Ada'} AS attributes, 7::SMALLINT AS till""",
        # seconds, text
        """CREATE TABLE raw.sales AS SELECT 1::UTINYINT AS id,
           TIMESTAMP_S '2026-01-01' AS timestamp, 'tea' AS product, 1.5::FLOAT AS amount,
           '{"customer.name": "Ada"}' AS attributes, '7' AS till""",
    ],
)
def test_other_types_and_orders_of_a_raw_table_read_the_same_in_any_session(create):
    _, rows = conformed(create)
    assert rows == [(1, 1767225600000000, "tea", 1.5, 7, "Ada")]


def test_an_optional_column_may_lack_silently_and_a_nullable_one_with_a_warning():
    plan, rows = conformed(
        "CREATE TABLE raw.sales AS SELECT 1 AS id, TIMESTAMP '2026-01-01' AS timestamp,"
        " 'tea' AS product, NULL::JSON AS attributes"
    )
    assert rows == [(1, 1767225600000000, "tea", None, None, None)]
    assert plan.warnings[0] == "raw.sales has no column amount: it reads as NULL."
    assert not any("till" in warning for warning in plan.warnings)


def test_missing_raw_tables_are_said_in_one_sentence():
    plan = compile_shop(shapes={})
    assert plan.warnings == [
        "There is no table raw.sales, raw.visits: they read as empty."
        " `aa-pipeline ingest` makes and fills them."
    ]


def test_a_missing_raw_table_reads_as_empty_with_a_warning_that_names_it():
    plan = compile_shop(shapes={"sales": EXACT_SALES})
    assert plan.tables["raw_visits"].missing
    assert [warning.split(":")[0] for warning in plan.warnings] == ["There is no table raw.visits"]
    with connect(":memory:") as engine:
        assert engine.fetch(render(plan.tables["stg_recent_visits"].sql, dt.datetime.now(dt.UTC))) == []


def test_a_column_without_which_no_row_can_be_understood_must_be_there():
    with pytest.raises(TargetError, match=r"raw\.sales has no column timestamp"):
        compile_shop(shapes={"sales": {"id": "BIGINT"}})


def test_a_time_that_is_no_time_is_named():
    with pytest.raises(TargetError, match=r"raw.sales.timestamp is BOOLEAN, which cannot be read as"):
        compile_shop(shapes={"sales": EXACT_SALES | {"timestamp": "BOOLEAN"}})


def test_a_column_of_a_type_that_means_nothing_here_is_named():
    with pytest.raises(TargetError, match=r"raw\.sales\.product is VARCHAR\[\]"):
        compile_shop(shapes={"sales": EXACT_SALES | {"product": "VARCHAR[]"}})


# What time alone changes

VISITS = ibis.table({"id": "int64", "at": "timestamp('UTC', 6)"}, name="visits")


def test_what_time_changes_is_asked_at_the_edge_of_the_window():
    recent = VISITS.filter(_.at >= as_of() - ibis.interval(days=7)).filter(_.id > 3)
    (edge,) = time_drift(recent.group_by("id").agg(n=_.count())).op().find(ops.Filter)
    (condition,) = edge.predicates
    assert len(condition.find(AsOf)) == 2
    assert edge.parent == VISITS.op()


@pytest.mark.parametrize(
    "expression",
    [
        VISITS.filter(_.at >= as_of())
        .filter(_.at <= as_of() + ibis.interval(days=1))
        .limit(3)
        .filter(_.at > as_of()),
        VISITS.inner_join(VISITS.view(), [VISITS.at > as_of()]).select(VISITS.id),
        VISITS.group_by("id").agg(n=(VISITS.at > as_of()).sum()),
    ],
)
def test_what_uses_the_instant_otherwise_than_row_by_row_is_looked_at_as_a_whole(expression):
    assert time_drift(expression) is None


def drifted(expression, rows, before, now):
    """How many rows time has changed, by a database."""
    connection = testing.connect()
    connection.execute('CREATE TABLE visits (id BIGINT, "at" TIMESTAMPTZ)')
    for row in rows:
        connection.execute("INSERT INTO visits VALUES (?, ?)", row)
    query = dialects.text(dialects.query(time_drift(expression).as_table(), "duckdb"), "duckdb")
    instants = [dt.datetime.fromisoformat(f"2026-03-{day}:00+00:00") for day in (now, before)]
    return connection.execute(render(query, instants[0], before=instants[1])).fetchone()[0]


def test_of_a_column_that_asks_the_instant_the_rows_that_change_are_counted():
    rows = [(1, "2026-03-01 10:00Z"), (2, "2026-03-02 10:00Z"), (3, None)]
    over = VISITS.mutate(is_over=VISITS.at + ibis.interval(days=7) <= as_of())
    assert drifted(over, rows, "08 09:00", "08 09:59") == 0
    assert drifted(over, rows, "08 09:00", "08 10:00") == 1
    assert drifted(over, rows, "08 09:00", "09 10:00") == 2


def test_what_asks_only_for_the_day_is_the_same_until_midnight_where_people_are():
    today = local_date(as_of(), "Europe/Berlin")
    ages = VISITS.group_by("id").agg(is_past=(local_date(_.at, "UTC") < today).any()).mutate(today=today)
    assert drifted(ages, [], "08 00:00", "08 22:59") == 0
    assert drifted(ages, [], "08 22:59", "08 23:00") > 0


def test_a_window_of_days_is_asked_for_its_rows():
    recent = VISITS.filter(local_date(_.at, "UTC") >= local_date(as_of(), "UTC"))
    rows = [(1, "2026-03-08 10:00Z")]
    assert drifted(recent, rows, "06 10:00", "08 10:00") == 0
    assert drifted(recent, rows, "08 10:00", "09 10:00") == 1
