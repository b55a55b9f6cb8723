import dataclasses
import datetime as dt
import json
import subprocess
import sys

import pytest

from pipeline import run
from pipeline.compile.compiler import compile_plan
from pipeline.config import Config, Freshness
from pipeline.engines import connect
from pipeline.errors import ModelError, NoRawDataError, QueryError
from tests.projects import SHOP, compile_shop

pytestmark = pytest.mark.slow

NEW_YEAR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)

SALES = (
    "CREATE TABLE raw.sales (id BIGINT, timestamp TIMESTAMP, product VARCHAR, amount DOUBLE, attributes JSON)"
)
VISITS = "CREATE TABLE raw.visits (id BIGINT, timestamp TIMESTAMP)"


class Shop:
    """The miniature project over one database, with short words for what tests do to it."""

    def __init__(self, engine, project_dir):
        self.engine = engine
        self.project_dir = project_dir
        engine.create_schema("raw")
        engine.execute(SALES)
        engine.execute(VISITS)
        engine.execute("INSERT INTO raw.visits VALUES (1, TIMESTAMP '2025-12-31')")
        self.sell(1, "tea", 2)
        self.sell(2, "cake", 3)

    def sell(self, number, product, amount):
        self.engine.execute(
            "INSERT INTO raw.sales VALUES (?, TIMESTAMP '2026-01-01', ?, ?, NULL)",
            [number, product, amount],
        )

    def plan(self, **config):
        return compile_shop(config=Config(**config), shapes=self.engine.shapes("raw"))

    def build(self, plan=None, as_of=NEW_YEAR, **options):
        options.setdefault("project_dir", self.project_dir)
        return run.build(self.engine, plan or self.plan(), as_of=as_of, **options)

    def audit(self, **options):
        return run.audit(self.engine, self.plan(), **options)

    def rows(self, table):
        return self.engine.fetch(f"SELECT * FROM {table} ORDER BY ALL")


@pytest.fixture
def shop(tmp_path):
    with connect(":memory:") as engine:
        yield Shop(engine, tmp_path)


def actions(result):
    return {table.name: table.action for table in result.tables}


def reasons(result):
    return {table.name: table.reason for table in result.tables}


def statuses_of(result, *statuses):
    return {(audit.table, audit.audit): audit.status for audit in result.audits if audit.status in statuses}


# Publishing


def test_a_build_loads_seeds_builds_tables_and_audits_them(shop):
    result = shop.build()
    assert result.status == "success"
    assert [(t.name, t.action, t.row_count) for t in result.tables] == [
        ("raw_sales", "read", 2),
        ("raw_visits", "read", 1),
        ("products", "loaded", 2),
        ("stg_recent_visits", "full", 1),
        ("stg_sales", "full", 2),
        ("fct_visits", "full", 1),
        ("dim_products", "full", 3),
        ("fct_product_sales", "full", 2),
    ]
    assert not statuses_of(result, "failed", "warned", "skipped")
    assert shop.rows("mart.fct_product_sales") == [("cake", 1, 3.0), ("tea", 1, 2.0)]
    assert shop.rows("mart.dim_products") == [("cake", "cake"), ("milk", "milk"), ("tea", "Tea")]


def test_published_types_are_exactly_the_contracts(shop):
    shop.build()
    plan = shop.plan()
    for table in plan.tables.values():
        if table.kind != "source":
            assert shop.engine.shapes(table.schema)[table.name] == {
                column.name: column.native_type for column in table.columns
            }


def test_run_metadata_says_what_was_done(shop):
    result = shop.build()
    (book,) = shop.engine.fetch_dicts("SELECT * FROM meta.runs")
    assert (book["run_id"], book["command"], book["status"], book["as_of"], book["target"]) == (
        result.run_id,
        "build",
        "success",
        NEW_YEAR,
        "duckdb://:memory:",
    )
    assert book["finished_at"] > book["started_at"]
    assert shop.engine.fetch("SELECT table_schema, table_name, action, row_count FROM meta.run_tables") == [
        (table.schema, table.stored_name, table.action, table.row_count) for table in result.tables
    ]
    assert shop.engine.fetch("SELECT table_name, audit, status FROM meta.audit_results") == [
        (audit.table, audit.audit, audit.status) for audit in result.audits
    ]


def test_a_failing_audit_leaves_everything_as_it_was_and_shows_the_rows(shop):
    shop.build()
    before = [shop.rows("staging.stg_sales"), shop.rows("mart.fct_product_sales")]
    for number in range(10, 20):
        shop.sell(number, "tea", -1)
    result = shop.build()
    assert result.status == "failed"
    assert statuses_of(result, "failed") == {
        ("stg_sales", "range(amount_usd >= 0)"): "failed",
        ("fct_product_sales", "range(revenue_usd >= 0)"): "failed",
    }
    assert [shop.rows("staging.stg_sales"), shop.rows("mart.fct_product_sales")] == before
    failures = shop.engine.fetch(
        "SELECT failures, row_count FROM meta.audit_results WHERE table_name = 'stg_sales'"
        " AND status = 'failed'"
    )
    assert failures == [(10, 12)]
    examples = shop.engine.fetch(
        "SELECT example, failing_row FROM meta.audit_failures WHERE table_name = 'stg_sales'"
    )
    assert [(number, json.loads(row)) for number, row in examples] == [
        (n, {"sale_id": 9 + n, "amount_usd": -1.0}) for n in range(1, 6)
    ]
    assert shop.engine.fetch("SELECT status FROM meta.runs ORDER BY run_id") == [
        ("success",),
        ("failed",),
    ]


def test_a_duplicate_key_fails_by_name(shop):
    shop.sell(1, "tea", 2)
    result = shop.build()
    assert statuses_of(result, "failed") == {("stg_sales", "unique(sale_id)"): "failed"}


def test_an_empty_table_passes_its_audits(shop):
    shop.engine.execute("DELETE FROM raw.sales")
    shop.engine.execute("DELETE FROM raw.visits")
    assert shop.build().status == "success"


def test_a_warning_does_not_stop_a_build(shop):
    shop.sell(3, "tea", -9)
    plan = shop.plan(severity={"stg_sales": "warn", "fct_product_sales": "warn"})
    result = shop.build(plan)
    assert result.status == "success"
    assert ("stg_sales", "range(amount_usd >= 0)") in statuses_of(result, "warned")
    assert shop.rows("mart.fct_product_sales") == [("cake", 1, 3.0), ("tea", 2, -7.0)]


def test_fail_fast_stops_at_the_first_failing_table(shop):
    shop.sell(1, "tea", -1)
    result = shop.build(fail_fast=True)
    assert result.status == "failed"
    assert "fct_product_sales" not in actions(result)


def break_table(plan, name):
    table = dataclasses.replace(plan.tables[name], sql="SELECT error('no luck') AS visits", fingerprint="x")
    plan.tables[name] = table
    return plan


def test_a_refused_statement_leaves_everything_as_it_was_and_names_the_table(shop):
    shop.build()
    shop.sell(3, "tea", 2)
    plan = break_table(shop.plan(), "dim_products")
    with pytest.raises(QueryError, match=r"mart\.dim_products could not be built.*no luck"):
        shop.build(plan)
    assert len(shop.rows("staging.stg_sales")) == 2
    assert shop.engine.fetch("SELECT status FROM meta.runs ORDER BY run_id") == [
        ("success",),
        ("error",),
    ]
    assert shop.build().status == "success"
    assert len(shop.rows("staging.stg_sales")) == 3


def test_an_interruption_leaves_everything_as_it_was(shop):
    shop.build()
    shop.sell(3, "tea", 2)

    def interrupt(table, result):
        if table.name == "fct_product_sales":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shop.build(on_event=interrupt)
    assert len(shop.rows("staging.stg_sales")) == 2
    assert shop.build().status == "success"


KILLED = """
import os, sys
from pathlib import Path
from pipeline import run
from pipeline.engines import connect
from pipeline.plan import Plan

def die(table, result):
    if table.name == "fct_product_sales" and len(sys.argv) > 3:
        os._exit(9)

with connect(sys.argv[1]) as engine:
    plan = Plan.from_json(Path(sys.argv[2]).read_text())
    result = run.build(engine, plan, on_event=die)
    run.audit(engine, plan)
# Older drivers import these by themselves.
drivers = set() if __import__("duckdb").__version__ >= "2" else {"pandas", "numpy", "pyarrow"}
heavy = {"ibis", "sqlglot", "pandera", "pandas", "numpy", "pyarrow"} - drivers | {"pipeline.agents"}
print(result.status, sorted(heavy & {*sys.modules}))
"""


def test_a_kill_in_the_middle_leaves_everything_as_it_was_and_running_a_plan_is_lean(tmp_path):
    database, plan = tmp_path / "shop.duckdb", tmp_path / "plan.json"
    with connect(str(database)) as engine:
        shop = Shop(engine, tmp_path)
        shop.build()
        shop.sell(3, "tea", 2)
        plan.write_text(shop.plan().to_json())
    arguments = [sys.executable, "-c", KILLED, str(database), str(plan)]
    assert subprocess.run([*arguments, "die"], cwd=tmp_path, check=False).returncode == 9
    with connect(str(database)) as engine:
        assert engine.fetch("SELECT count(*) FROM staging.stg_sales") == [(2,)]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "success []\n"
    with connect(str(database)) as engine:
        assert engine.fetch("SELECT count(*) FROM staging.stg_sales") == [(3,)]


def test_run_builds_without_audits(shop):
    shop.sell(1, "tea", -1)
    result = run.run(shop.engine, shop.plan(), as_of=NEW_YEAR, project_dir=shop.project_dir)
    assert (result.status, result.audits) == ("success", [])
    assert ("tea", 2, 1.0) in shop.rows("mart.fct_product_sales")


# Raw tables that lack


def test_without_any_raw_table_there_is_nothing_to_build_from(tmp_path):
    with connect(":memory:") as engine:
        plan = compile_shop(shapes={})
        with pytest.raises(NoRawDataError, match="aa-pipeline ingest"):
            run.build(engine, plan)
        assert engine.kinds() == {}


def test_a_missing_raw_table_reads_as_empty_even_through_a_view(shop):
    shop.engine.execute("DROP TABLE raw.visits")
    result = shop.build()
    assert result.status == "success"
    assert [warning.split(":")[0] for warning in result.warnings] == ["There is no table raw.visits"]
    assert shop.rows("mart.fct_visits") == [(0,)]


# What stands in the way


def test_views_and_tables_replace_each_other(shop):
    plan = shop.plan()
    plan.tables["stg_sales"] = dataclasses.replace(plan.tables["stg_sales"], materialized="view")
    shop.build(plan)
    assert shop.engine.kinds()["staging", "stg_sales"] == "view"
    shop.build()
    assert shop.engine.kinds()["staging", "stg_sales"] == "table"
    shop.build(plan)
    assert shop.engine.kinds()["staging", "stg_sales"] == "view"


def test_what_no_model_makes_any_more_goes_and_what_others_made_stays(shop):
    shop.build()
    shop.engine.execute("CREATE TABLE mart.of_somebody_else AS SELECT 1 AS a")
    plan = shop.plan()
    del plan.tables["fct_visits"]
    assert actions(shop.build(plan))["fct_visits"] == "dropped"
    assert {name for schema, name in shop.engine.kinds() if schema == "mart"} == {
        "dim_products",
        "fct_product_sales",
        "of_somebody_else",
    }
    assert "fct_visits" not in actions(shop.build(plan))
    assert shop.build().status == "success"


# Selection


def test_what_is_not_selected_is_read_as_published(shop):
    shop.build()
    shop.sell(3, "tea", 2)
    result = shop.build(selected=["fct_product_sales"])
    assert actions(result) == {"fct_product_sales": "skipped"}
    result = shop.build(selected=["stg_sales", "fct_product_sales"])
    assert actions(result) == {"raw_sales": "read", "stg_sales": "full", "fct_product_sales": "full"}
    assert shop.rows("mart.fct_product_sales") == [("cake", 1, 3.0), ("tea", 2, 4.0)]


def test_what_is_read_must_have_been_built(shop):
    with pytest.raises(ModelError, match=r"fct_product_sales reads stg_sales.*build -s \+fct_product_sales"):
        shop.build(selected=["fct_product_sales"])


def test_what_is_read_must_have_its_columns(shop):
    shop.build()
    shop.engine.execute("ALTER TABLE staging.stg_sales DROP COLUMN till")
    with pytest.raises(ModelError, match=r"stg_sales has no column till.*build -s"):
        shop.build(selected=["fct_product_sales"])


def test_audits_that_look_beyond_the_selection_are_skipped(shop):
    shop.build()
    shop.sell(3, "scone", 2)
    result = shop.build(selected=["stg_sales", "fct_product_sales"])
    assert statuses_of(result, "failed", "skipped") == {
        ("fct_product_sales", "references(product)"): "skipped"
    }
    assert shop.build().status == "success"


def test_stale_input_is_a_warning_and_is_looked_at_every_time(tmp_path):
    with connect(":memory:") as engine:
        shop = Shop(engine, tmp_path)
        limits = {"sales": Freshness(warn_after=2 * DAY), "visits": Freshness(error_after=2 * DAY)}
        config = Config(freshness=limits)
        plan = compile_plan("duckdb", config, engine.shapes("raw"), **SHOP)
        assert statuses_of(shop.build(plan, as_of=NEW_YEAR + DAY), "warned") == {}
        result = shop.build(plan, as_of=NEW_YEAR + 3 * DAY)
        assert result.status == "success"
        assert statuses_of(result, "warned") == {
            ("raw_sales", "fresh"): "warned",
            ("raw_visits", "fresh"): "warned",
        }


# Seeds


def test_seeds_are_loaded_when_missing_or_changed(shop):
    assert reasons(shop.build())["products"] == "first time"
    assert actions(shop.build())["products"] == "skipped"
    (shop.project_dir / "seeds").mkdir()
    (shop.project_dir / "seeds" / "products.csv").write_text("product,label\ntea,Green tea\n")
    result = shop.build()
    assert reasons(result)["products"] == "its file changed"
    assert reasons(result)["dim_products"] == "products changed"
    assert actions(result)["stg_sales"] == "skipped"
    assert ("tea", "Green tea") in shop.rows("mart.dim_products")


def test_seed_loads_seeds_and_nothing_else(shop):
    result = run.seed(shop.engine, shop.plan(), project_dir=shop.project_dir)
    assert actions(result) == {"products": "loaded"}
    assert shop.rows("staging.products") == [
        ("milk", None, 1.0, None),
        ("tea", "Tea", 0.1, dt.date(2026, 1, 1)),
    ]


# Doing nothing twice


def test_nothing_is_built_twice(shop):
    first = shop.build()
    second = shop.build()
    made = {name: action for name, action in actions(second).items() if action != "read"}
    assert set(made.values()) == {"skipped"}
    assert [(t.name, t.row_count) for t in second.tables] == [(t.name, t.row_count) for t in first.tables]
    assert second.audits == first.audits
    assert reasons(second)["raw_sales"] == "no new rows"


# All but what is about the instant of the run.
TIMELESS = ("raw_sales", "products", "stg_sales", "dim_products", "fct_product_sales")


def is_up_to_date(shop, names=TIMELESS, **config):
    return run.is_up_to_date(shop.engine, shop.plan(**config), names, shop.project_dir)


def test_after_a_build_tables_are_up_to_date(shop):
    assert not is_up_to_date(shop)
    shop.build()
    assert is_up_to_date(shop)


def test_asking_leaves_no_trace(shop):
    shop.build()
    before = shop.rows("meta.runs")
    is_up_to_date(shop)
    assert shop.rows("meta.runs") == before


@pytest.mark.parametrize(
    "change",
    [
        lambda shop: shop.sell(3, "tea", 2),
        lambda shop: shop.engine.execute("DELETE FROM raw.sales WHERE id = 1"),
        lambda shop: shop.engine.execute("DROP TABLE mart.dim_products"),
        lambda shop: (
            (shop.project_dir / "seeds").mkdir()
            or (shop.project_dir / "seeds" / "products.csv").write_text("product,label\ntea,Green tea\n")
        ),
        lambda shop: run.run(shop.engine, shop.plan(), full_refresh=True),  # which checks nothing
    ],
    ids=["new row", "row gone", "table gone", "seed", "not checked"],
)
def test_whatever_a_build_would_do_makes_them_out_of_date(shop, change):
    shop.build()
    change(shop)
    assert not is_up_to_date(shop)


def test_so_do_other_settings_and_what_time_may_change(shop):
    shop.build()
    assert not is_up_to_date(shop, window_days=7)
    assert not is_up_to_date(shop, ["stg_recent_visits"])


def test_new_rows_rebuild_what_they_reach(shop):
    shop.build()
    shop.sell(3, "tea", 2)
    assert reasons(shop.build()) == {
        "raw_sales": "1 new row",
        "raw_visits": "no new rows",
        "products": "its file has not changed",
        "stg_recent_visits": "nothing that it reads has changed",
        "stg_sales": "raw_sales changed",
        "fct_visits": "nothing that it reads has changed",
        "dim_products": "stg_sales changed",
        "fct_product_sales": "stg_sales changed",
    }
    assert shop.rows("mart.fct_product_sales") == [("cake", 1, 3.0), ("tea", 2, 4.0)]


def test_deleted_rows_are_noticed(shop):
    shop.build()
    shop.engine.execute("DELETE FROM raw.sales WHERE id = 1")
    shop.build()
    assert shop.rows("mart.fct_product_sales") == [("cake", 1, 3.0)]


def test_a_row_that_took_the_number_of_a_deleted_one_is_noticed(shop):
    shop.build()
    shop.engine.execute("DELETE FROM raw.sales WHERE id = 2")
    shop.engine.execute("INSERT INTO raw.sales VALUES (2, TIMESTAMP '2025-12-31', 'tea', 4, NULL)")
    shop.build()
    assert shop.rows("mart.fct_product_sales") == [("tea", 2, 6.0)]


def test_changed_settings_rebuild_what_they_reach(shop):
    shop.build()
    built = reasons(shop.build(shop.plan(window_days=7)))
    assert built["stg_recent_visits"] == "code or settings changed"
    assert built["fct_visits"] == "code or settings changed"
    assert built["stg_sales"] == "nothing that it reads has changed"


def test_time_rebuilds_only_where_it_changes_rows(shop):
    shop.build()
    later = shop.build(as_of=NEW_YEAR + DAY)
    assert actions(later)["stg_recent_visits"] == "skipped"
    much_later = shop.build(as_of=NEW_YEAR + 100 * DAY)
    assert reasons(much_later)["stg_recent_visits"] == "the window moved"
    assert reasons(much_later)["fct_visits"] == "stg_recent_visits changed"
    assert shop.rows("mart.fct_visits") == [(0,)]
    shop.build(as_of=NEW_YEAR)
    assert shop.rows("mart.fct_visits") == [(1,)]


def test_a_full_refresh_sees_rows_that_were_altered_in_place(shop):
    shop.build()
    shop.engine.execute("UPDATE raw.sales SET amount = 9 WHERE id = 1")
    result = shop.build(full_refresh=True)
    assert {*actions(result).values()} == {"read", "loaded", "full"}
    assert shop.rows("mart.fct_product_sales") == [("cake", 1, 3.0), ("tea", 1, 9.0)]


def test_rows_altered_in_place_in_a_file_are_noticed(tmp_path):
    database = str(tmp_path / "shop.duckdb")
    with connect(database) as engine:
        Shop(engine, tmp_path)

    def build():
        with connect(database) as engine:
            plan = compile_shop(shapes=engine.shapes("raw"))
            return actions(run.build(engine, plan, as_of=NEW_YEAR, project_dir=tmp_path))

    assert build()["stg_sales"] == "full"
    assert build()["stg_sales"] == "skipped"
    with connect(database) as engine:
        engine.execute("UPDATE raw.sales SET amount = 9 WHERE id = 1")
    assert build()["stg_sales"] == "full"
    with connect(database) as engine:
        assert ("tea", 1, 9.0) in engine.fetch("SELECT * FROM mart.fct_product_sales")


def test_a_raw_table_may_be_a_view(shop):
    shop.engine.execute("ALTER TABLE raw.visits RENAME TO door")
    shop.engine.execute("CREATE VIEW raw.visits AS SELECT * FROM raw.door")
    assert shop.build().status == "success"
    assert reasons(shop.build())["raw_visits"] == "no new rows"


def test_a_table_that_somebody_dropped_is_built_again(shop):
    shop.build()
    shop.engine.execute("DROP TABLE mart.dim_products")
    result = shop.build()
    assert [name for name, action in actions(result).items() if action == "full"] == ["dim_products"]


def test_a_build_that_failed_is_not_taken_for_one_that_published(shop):
    shop.build()
    shop.sell(3, "tea", -9)
    assert shop.build().status == "failed"
    assert shop.build().status == "failed"
    shop.engine.execute("UPDATE raw.sales SET amount = 9 WHERE id = 3")
    assert shop.build().status == "success"
    assert ("tea", 2, 11.0) in shop.rows("mart.fct_product_sales")


def test_tables_that_were_run_are_audited_by_the_next_build(shop):
    shop.sell(3, "tea", -9)
    run.run(shop.engine, shop.plan(), as_of=NEW_YEAR, project_dir=shop.project_dir)
    result = shop.build()
    assert actions(result)["stg_sales"] == "skipped"
    assert ("stg_sales", "range(amount_usd >= 0)") in statuses_of(result, "failed")


def test_warnings_are_carried_over_with_their_examples(shop):
    shop.sell(3, "tea", -9)
    plan = shop.plan(severity={"stg_sales": "warn", "fct_product_sales": "warn"})
    first, second = shop.build(plan), shop.build(plan)
    assert second.audits == first.audits
    assert second.failing_rows == first.failing_rows
    assert len(first.failing_rows) == 2


# Auditing what is published


def test_what_was_published_passes(shop):
    built = shop.build()
    result = shop.audit()
    assert result.status == "success"
    assert statuses_of(result, "failed", "proven", "skipped") == {}
    assert {(a.table, a.audit) for a in result.audits} == {(a.table, a.audit) for a in built.audits}
    assert shop.engine.fetch("SELECT command FROM meta.runs ORDER BY run_id") == [("build",), ("test",)]


def test_nothing_counts_as_proven_of_a_table_that_anybody_can_write(shop):
    shop.build()
    shop.engine.execute("UPDATE mart.fct_product_sales SET product = NULL WHERE product = 'tea'")
    result = shop.audit(selected=["fct_product_sales"])
    assert result.status == "failed"
    assert statuses_of(result, "failed") == {("fct_product_sales", "not_null(product)"): "failed"}


def test_a_missing_table_has_failed(shop):
    result = shop.audit(selected=["fct_visits"])
    assert result.status == "failed"
    assert statuses_of(result, "failed") == {("fct_visits", "shape"): "failed"}


def test_a_table_with_wrong_columns_has_failed(shop):
    shop.build()
    shop.engine.execute("ALTER TABLE mart.fct_visits ALTER visits TYPE INTEGER")
    result = shop.audit()
    assert statuses_of(result, "failed") == {("fct_visits", "shape"): "failed"}
    assert "fct_visits.visits is INTEGER, not BIGINT" in next(
        audit.description for audit in result.audits if audit.status == "failed"
    )


def test_auditing_stands_at_the_instant_of_the_run_that_published(shop):
    shop.build(as_of=NEW_YEAR + DAY)
    assert shop.audit().as_of == NEW_YEAR + DAY


# Profiles


def test_a_profile_tells_what_each_table_took(shop):
    tables = {table.name: table for table in shop.build(profile=True).tables}
    scans = [step for step in tables["stg_sales"].steps if step.rows_read]
    assert [(step.rows, step.rows_read) for step in scans] == [(2, 2)]
    assert "sales" in scans[0].detail
    assert all(step.seconds >= 0 for step in tables["fct_product_sales"].steps)
    assert {step.operator for step in tables["fct_product_sales"].steps} >= {"HASH_GROUP_BY"}


def test_without_being_asked_nothing_is_profiled(shop):
    assert [table.steps for table in shop.build().tables if table.steps] == []
