"""Tables rebuilt in part on PostgreSQL: the same statements, the same rows."""

import datetime as dt

import pytest

from pipeline import run
from pipeline.engines import connect
from pipeline.plan import Plan, PlanColumn, PlanLookup, PlanTable
from pipeline.run import incremental
from tests.projects import compile_shop

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def engine(new_postgres, monkeypatch):
    monkeypatch.setattr(incremental, "SMALL", 0)
    monkeypatch.setattr(incremental, "MOST", 1)
    with connect(new_postgres()) as engine:
        engine.create_schema("raw")
        engine.execute(
            "CREATE TABLE raw.sales"
            " (id bigint, timestamp timestamp, product text, amount float8, attributes json)"
        )
        engine.execute("CREATE TABLE raw.visits (id bigint, timestamp timestamp)")
        yield engine


def build(engine, folder, *rows):
    for number, product in rows:
        engine.execute("INSERT INTO raw.sales VALUES (?, TIMESTAMP '2026-01-01', ?, 1)", [number, product])
    plan = compile_shop("postgres", shapes=engine.shapes("raw"))
    result = run.build(engine, plan, as_of=NOW, project_dir=folder)
    assert result.status == "success"
    return {table.name: table.action for table in result.tables}


def test_what_arrives_is_appended_and_its_keys_are_rebuilt(engine, tmp_path):
    build(engine, tmp_path, (1, "tea"), (2, "cake"), (3, None))
    done = build(engine, tmp_path, (4, "tea"), (5, None), (6, "scone"))
    assert (done["stg_sales"], done["fct_product_sales"]) == ("appended", "rebuilt")
    assert engine.fetch("SELECT product, sales FROM mart.fct_product_sales ORDER BY 1") == [
        ("cake", 1),
        ("scone", 1),
        ("tea", 2),
    ]
    assert engine.fetch("SELECT count(*), count(product) FROM staging.stg_sales") == [(6, 4)]


def test_deleted_rows_are_no_growth(engine, tmp_path):
    build(engine, tmp_path, (1, "tea"), (2, "cake"), (3, "cake"))
    engine.execute("DELETE FROM raw.sales WHERE id = 2")
    done = build(engine, tmp_path, (4, "tea"))
    assert (done["stg_sales"], done["fct_product_sales"]) == ("full", "rebuilt")
    assert engine.fetch("SELECT product, sales FROM mart.fct_product_sales ORDER BY 1") == [
        ("cake", 1),
        ("tea", 2),
    ]


def test_what_arrives_in_a_table_that_is_looked_up_concerns_who_looks_it_up(engine):
    made = (
        'SELECT b.id, l.name FROM "s"."base" AS b'
        ' LEFT JOIN "s"."looked_up" AS l ON b.one = l.one AND b.two = l.two'
    )
    usual = {"layer": "staging", "schema": "s", "kind": "model", "description": "", "key": []}

    def columns(*names):
        return [PlanColumn(name, "string", "text", True, "") for name in names]

    base = PlanTable("base", columns=columns("id", "one", "two"), **usual)
    looked_up = PlanTable("looked_up", columns=columns("one", "two", "name"), **usual)
    m = PlanTable(
        "m",
        columns=columns("id", "name"),
        **usual,
        sql=made,
        depends_on=["base", "looked_up"],
        partitions={"id": {"base": "id"}},
        lookups=[PlanLookup("looked_up", "base", (("one", "one"), ("two", "two")))],
    )
    plan = Plan("", "postgres", "", {}, {"base": base, "looked_up": looked_up, "m": m})
    engine.create_schema("s")
    engine.execute("CREATE TABLE s.base (id bigint, one text, two text)")
    engine.execute("INSERT INTO s.base VALUES (1, 'a', 'a'), (2, 'a', 'b'), (3, 'a', NULL), (4, 'b', 'b')")
    engine.execute("CREATE TABLE s.looked_up (one text, two text, name text)")
    engine.execute("INSERT INTO s.looked_up VALUES ('b', 'b', 'old')")
    # As a table stands whose model has changed the order of its columns since.
    engine.execute(f"CREATE TABLE s.m AS SELECT name, id FROM ({made}) AS made")
    with engine.transaction():
        changes = incremental.Changes(engine, plan, [m])
        old = changes.remember(looked_up)
        engine.execute("INSERT INTO s.looked_up VALUES ('a', 'b', 'new'), ('a', NULL, 'nobody')")
        changes.compare(looked_up, old)
        done = changes.rebuild(m, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), 4, {"base"})
    assert (done.removed, done.inserted) == (1, 1)
    assert engine.fetch("SELECT id, name FROM s.m ORDER BY id") == [
        (1, None),
        (2, "new"),
        (3, None),
        (4, "old"),
    ]


def test_what_was_altered_is_named_beside_what_it_should_be(engine, tmp_path):
    build(engine, tmp_path, (1, "tea"), (2, "cake"))
    engine.execute("UPDATE mart.fct_product_sales SET revenue_usd = 5 WHERE product = 'tea'")
    plan = compile_shop("postgres", shapes=engine.shapes("raw"))
    result = run.audit(engine, plan, recompute=True, project_dir=tmp_path)
    told = [audit for audit in result.audits if audit.audit == "recompute"]
    assert {audit.table for audit in told if audit.status == "failed"} == {"fct_product_sales"}
    assert len(told) == 6
