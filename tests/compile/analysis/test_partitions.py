"""Which models can be rebuilt in part: what is proven, what must not be, and what a build says about it."""

import datetime as dt
from itertools import count

import ibis
import ibis.expr.operations as ops
import pytest
from ibis import _

from pipeline import run
from pipeline.compile import dialects
from pipeline.compile.analysis.partitions import partitions
from pipeline.compile.analysis.time_drift import partitions_over_time
from pipeline.engines import connect
from pipeline.models.operations import as_of
from pipeline.plan import Plan, PlanColumn, PlanLookup, PlanTable
from pipeline.plan.render import render
from pipeline.run import incremental
from tests.projects import compile_shop

pytestmark = pytest.mark.slow

EVENTS = ibis.table(
    {"id": "int64", "day": "date", "who": "string", "what": "string", "x": "float64"}, name="events"
)
PEOPLE = ibis.table({"who": "string", "name": "string"}, name="people")
TEAMS = ibis.table({"who": "string", "team": "string"}, name="teams")  # a seed


def apart(expression):
    tables = {table.op(): table.get_name() for table in (EVENTS, PEOPLE, TEAMS)}
    read = expression.op().find(ops.UnboundTable)
    return partitions(expression, {table: tables[table] for table in read}, fixed=["teams"])


def columns(expression):
    found = apart(expression)
    assert found.lookups == ()
    return found.columns


def of_events(*columns, **renamed):
    values = {column: column for column in columns} | renamed
    return {column: {"events": of} for column, of in values.items()}


WHO = {"who": {"events": "who", "people": "who"}}
by_who = EVENTS.group_by("who").agg(n=_.count())
lagged = EVENTS.mutate(before=_.id.lag().over(group_by="who", order_by=_.id))

PROVEN = {
    "a projection": (
        EVENTS.select("id", who=_.what),
        {"id": {"events": "id"}, "who": {"events": "what"}},
    ),
    "a filter": (EVENTS.filter(_.x > 1).select("who"), of_events("who")),
    "an aggregate by key": (by_who, of_events("who")),
    "an aggregate of aggregates": (
        EVENTS.group_by("who", "day").agg(n=_.count()).group_by("day").agg(_.n.max()),
        of_events("day"),
    ),
    "distinct": (EVENTS.select("who", "day").distinct(), of_events("who", "day")),
    "a window by key": (lagged.select("id", "who", "before"), of_events("who")),
    "the first of each": (
        EVENTS.mutate(nth=ibis.row_number().over(group_by="who", order_by=_.id))
        .filter(_.nth == 0)
        .select("who", "id"),
        of_events("who"),
    ),
    "a filter by a window": (
        EVENTS.filter(_.x.sum().over(group_by="who") > 1).select("who", "id"),
        of_events("who"),
    ),
    "a key in lower case": (
        EVENTS.mutate(who=_.who.lower()).group_by("who").agg(n=_.count()),
        of_events(who="lower(who)"),
    ),
    "the lower case of a key": (by_who.select(who=_.who.lower().lower()), of_events(who="lower(who)")),
    "a join by key": (EVENTS.inner_join(PEOPLE, "who").select("who", "id"), WHO),
    "a left join by key": (EVENTS.left_join(PEOPLE, "who").select("who", "name"), WHO),
    "a semi join by key": (EVENTS.semi_join(PEOPLE, "who").select("who", "day"), WHO),
    "an anti join by key": (EVENTS.anti_join(PEOPLE, "who").select("who", "day"), WHO),
    "a join of a seed by anything": (
        EVENTS.left_join(TEAMS, EVENTS.who > TEAMS.who).select("id", "day", "team"),
        of_events("id", "day"),
    ),
    "a join of a table with what it sums up to": (
        EVENTS.left_join(by_who, "who").select("who", "id", "n"),
        of_events("who"),
    ),
    "a union": (
        EVENTS.select("who", "day").union(EVENTS.select("who", "day")),
        of_events("who", "day"),
    ),
    "a union with a seed": (EVENTS.select("who").union(TEAMS.select("who")), of_events("who")),
    "the inner side of an inner join": (
        EVENTS.inner_join(PEOPLE, "who").select(who=PEOPLE.who),
        WHO,
    ),
}

# Events find people by `what`: a person who arrives concerns the values of events that do.
by_what = EVENTS.left_join(PEOPLE, EVENTS.what == PEOPLE.who)
by_key = EVENTS.group_by(key=_.what).agg(n=_.count())
BY_WHAT = PlanLookup("people", "events", (("what", "who"),))

LOOKED_UP = {
    "a join by another column": (
        EVENTS.inner_join(PEOPLE, EVENTS.what == PEOPLE.who).select("who", "id"),
        of_events("who", "id"),
        BY_WHAT,
    ),
    "a left join by another column": (by_what.select("id", "name"), of_events("id"), BY_WHAT),
    "an anti join by another column": (
        EVENTS.anti_join(PEOPLE, EVENTS.what == PEOPLE.who).select("who"),
        of_events("who"),
        BY_WHAT,
    ),
    "a join to what a table sums up to": (
        by_what.select("who", "id", "name")
        .left_join(PEOPLE.group_by("name").agg(n=_.count()), "name")
        .select("who", "n"),
        {},
        None,
    ),
    "a window after a join by another column": (
        by_what.select("who", "id", "name")
        .mutate(nth=ibis.row_number().over(group_by="who", order_by=_.id))
        .select("who", "nth", "name"),
        of_events("who"),
        BY_WHAT,
    ),
    "a sum joined by another column": (
        EVENTS.group_by("who", "day")
        .agg(n=_.count())
        .left_join(PEOPLE.group_by(day=_.name.cast("date")).agg(m=_.count()), "day")
        .select("who", "n", "m"),
        {},
        None,
    ),
    "a join by two columns": (
        EVENTS.left_join(PEOPLE, [EVENTS.what == PEOPLE.who, EVENTS.who == PEOPLE.name]).select("id", "name"),
        of_events("id"),
        PlanLookup("people", "events", (("what", "who"), ("who", "name"))),
    ),
    "what is derived of a table beside the table": (
        EVENTS.left_join(by_key, EVENTS.who == by_key.key).select("id", "n"),
        {},
        None,
    ),
}

NOT_PROVEN = {
    "one number": EVENTS.agg(n=_.count()),
    "a window over everything": EVENTS.mutate(n=_.x.sum()).select("who", "n"),
    "an ordered window over everything": EVENTS.mutate(n=ibis.row_number().over(order_by=_.id)),
    "the first rows": EVENTS.order_by("id").limit(3),
    "a computed key": EVENTS.group_by(who=_.who.upper()).agg(_.count()),
    "a text beside its lower case": EVENTS.select("who").union(EVENTS.select(who=_.who.lower())),
    "a window by the text as it is": EVENTS.mutate(
        who=_.who.lower(), nth=ibis.row_number().over(group_by=_.who.upper())
    ),
    "an aggregate of windows by another key": lagged.group_by("day").agg(_.before.max()),
    "a join by order": EVENTS.inner_join(PEOPLE, EVENTS.who > PEOPLE.who).select("who"),
    "a join that compares what is computed": EVENTS.inner_join(
        PEOPLE, EVENTS.who.lower() == PEOPLE.who.lower()
    ).select("who"),
    "the outer side of a left join": EVENTS.left_join(PEOPLE, "who").select(who=PEOPLE.who),
    "an outer join": EVENTS.outer_join(PEOPLE, "who").select("who"),
    "a union of two columns of one table": EVENTS.select("who").union(EVENTS.select(who="what")),
    "a table beside itself by two columns": EVENTS.inner_join(
        EVENTS.view().select(what="what", other="id"), EVENTS.who == _.what
    ).select("who"),
    "a subquery": EVENTS.filter(_.x > EVENTS.x.mean()).select("who"),
    "a list from a subquery": EVENTS.filter(_.who.isin(PEOPLE.name)).select("who"),
    "the instant of the run": EVENTS.filter(_.day.cast("timestamp('UTC', 6)") > as_of()).select("who"),
    "chance": EVENTS.filter(_.x > ibis.random()).select("who"),
    "the clock": EVENTS.filter(_.day < ibis.today()).select("who"),
    "a fraction": EVENTS.select("x"),
    "a sample": EVENTS.sample(0.5).select("who"),
    "a filled key": EVENTS.select("who").fill_null("nobody"),
}


@pytest.mark.parametrize("rule", PROVEN)
def test_rows_are_kept_apart_by(rule):
    expression, expected = PROVEN[rule]
    assert columns(expression) == expected


@pytest.mark.parametrize("rule", LOOKED_UP)
def test_a_table_is_looked_up_by(rule):
    expression, expected, lookup = LOOKED_UP[rule]
    found = apart(expression)
    assert (found.columns, found.lookups) == (expected, (lookup,) if lookup else ())


@pytest.mark.parametrize("rule", NOT_PROVEN)
def test_rows_are_not_kept_apart_by(rule):
    assert "who" not in apart(NOT_PROVEN[rule]).columns


# What time does

NOW = dt.datetime(2026, 1, 10, tzinfo=dt.UTC)
since = as_of() - ibis.interval(days=7)
DAY = EVENTS.day.cast("timestamp('UTC', 6)")
recent = EVENTS.filter(since <= DAY)

OVER_TIME = {
    "a window": recent.group_by("who").agg(n=_.count()),
    "a window of what is computed": EVENTS.mutate(at=DAY).filter(_.at >= since).select("who", "id"),
    "two windows": recent.select("who", "id").union(EVENTS.filter(since > DAY).select("who", "id")),
    "a window by a key in lower case": recent.mutate(who=_.who.lower()).select("who", "id"),
    "a window of what is in lower case": EVENTS.mutate(who=_.who.lower()).filter(since <= DAY).select("who"),
}

NOT_OVER_TIME = {
    "the instant beside a row": EVENTS.select("who", at=as_of()),
    "a window of sums": EVENTS.group_by("who")
    .agg(day=_.day.max())
    .filter(_.day.cast("timestamp('UTC', 6)") >= since)
    .filter(_.who.length() > as_of().minute()),
    "a window by chance": recent.filter(_.x > ibis.random()).select("who"),
    "a window without the key": EVENTS.select("day").filter(since <= DAY),
}


def over_time(expression):
    return partitions_over_time(expression, {EVENTS.op(): "events"})


@pytest.mark.parametrize("rule", OVER_TIME)
def test_time_concerns_the_values_at_the_edge_of(rule):
    found, moved = over_time(OVER_TIME[rule])
    assert "who" in found.columns
    query = dialects.text(dialects.query(moved.select("who"), "duckdb"), "duckdb")
    with connect(":memory:") as engine:
        engine.execute("CREATE TABLE events (id BIGINT, day DATE, who TEXT, what TEXT, x DOUBLE)")
        for day, who in ((1, "ada"), (4, "bob"), (8, "eve")):
            engine.execute(f"INSERT INTO events (day, who) VALUES (DATE '2026-01-0{day}', ?)", [who])
        at = {days: render(query, NOW, before=NOW - dt.timedelta(days=days)) for days in (0, 1, 7)}
        assert {days: sorted(engine.fetch(sql)) for days, sql in at.items()} == {
            0: [],
            1: [],
            7: [("ada",)],
        }
        later = render(query, NOW + dt.timedelta(days=2), before=NOW)
        assert engine.fetch(later) == [("bob",)]


@pytest.mark.parametrize("rule", NOT_OVER_TIME)
def test_time_may_concern_any_value_of(rule):
    assert "who" not in over_time(NOT_OVER_TIME[rule])[0].columns


# What a build does


@pytest.fixture
def eager(monkeypatch):
    """Tables of any size are rebuilt in part wherever that is sound."""
    monkeypatch.setattr(incremental, "SMALL", 0)
    monkeypatch.setattr(incremental, "MOST", 1)


class Shop:
    def __init__(self, engine, folder):
        self.engine, self.folder = engine, folder
        self.numbers = count(1)
        engine.create_schema("raw")
        engine.execute("CREATE TABLE raw.sales (id BIGINT, timestamp TIMESTAMP, product TEXT, amount DOUBLE)")
        engine.execute("CREATE TABLE raw.visits (id BIGINT, timestamp TIMESTAMP)")

    def sell(self, *products):
        for product in products:
            at = dt.datetime(2026, 1, 1)
            self.engine.execute(
                "INSERT INTO raw.sales VALUES (?, ?, ?, 1)", [next(self.numbers), at, product]
            )

    def build(self, **options):
        plan = compile_shop(shapes=self.engine.shapes("raw"))
        now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        result = run.build(self.engine, plan, as_of=now, project_dir=self.folder, **options)
        assert result.status == "success"
        return {table.name: (table.action, table.reason) for table in result.tables}

    def sold(self):
        return self.engine.fetch("SELECT product, sales FROM mart.fct_product_sales ORDER BY 1")


@pytest.fixture
def shop(tmp_path):
    with connect(":memory:") as engine:
        made = Shop(engine, tmp_path)
        made.sell("tea", "tea", "cake")
        made.build()
        yield made


def test_what_arrives_is_appended_and_its_keys_are_rebuilt(shop, eager):
    shop.sell("tea", "scone")
    done = shop.build()
    assert done["raw_sales"] == ("read", "2 new rows")
    assert done["stg_sales"] == ("appended", "2 rows for 2 values of sale_id")
    assert done["fct_product_sales"] == ("rebuilt", "2 rows for 2 values of product")
    assert shop.sold() == [("cake", 1), ("scone", 1), ("tea", 3)]


def test_what_changes_no_row_changes_nothing_downstream(shop, eager):
    shop.sell(None)
    shop.build()
    shop.sell(None)
    done = shop.build()
    assert done["stg_sales"] == ("appended", "1 row for 1 value of sale_id")
    assert shop.sold() == [("cake", 1), ("tea", 2)]


def test_a_raw_table_may_have_a_column_that_is_called_as_the_number_of_its_rows(shop, eager):
    shop.engine.execute("ALTER TABLE raw.sales ADD COLUMN RowID BIGINT")
    for number in range(4, 7):
        row = f"{number}, TIMESTAMP '2026-01-01', 'tea', 1, NULL"
        shop.engine.execute(f"INSERT INTO raw.sales VALUES ({row})")
        shop.build()
    assert shop.sold() == [("cake", 1), ("tea", 5)]


def test_a_view_is_made_anew(shop, eager):
    for number in range(2):
        shop.engine.execute(f"INSERT INTO raw.visits VALUES ({number}, TIMESTAMP '2026-01-01')")
        assert shop.build()["stg_recent_visits"][0] == "full"


def test_a_small_table_is_built_anew(shop):
    shop.sell("tea")
    assert shop.build()["stg_sales"] == ("full", "raw_sales changed")


def test_a_table_most_of_which_is_concerned_is_built_anew(shop, eager, monkeypatch):
    monkeypatch.setattr(incremental, "MOST", 0.4)
    shop.sell("tea")
    done = shop.build()
    assert done["stg_sales"][0] == "appended"
    assert done["fct_product_sales"] == ("full", "stg_sales changed; most of it is concerned")


def test_deleted_rows_are_no_growth(shop, eager):
    shop.engine.execute("DELETE FROM raw.sales WHERE id = 1")
    shop.sell("tea", "tea")
    done = shop.build()
    assert done["raw_sales"] == ("read", "its rows changed")
    assert done["stg_sales"] == ("full", "raw_sales changed; which rows of raw_sales is not known")
    # What changed in a table that was built anew is found by comparison.
    assert done["fct_product_sales"] == ("rebuilt", "1 row for 1 value of product")
    assert shop.sold() == [("cake", 1), ("tea", 3)]


def test_rows_without_a_number_are_no_growth(shop, eager):
    shop.engine.execute("INSERT INTO raw.sales VALUES (NULL, TIMESTAMP '2026-01-01', 'tea', 1)")
    assert shop.engine.execute("DELETE FROM raw.sales WHERE id = 1") == 1
    with pytest.raises(AssertionError):
        shop.build()  # a sale without a number breaks its contract
    shop.engine.execute("UPDATE raw.sales SET id = 0 WHERE id IS NULL")
    assert shop.build()["stg_sales"][0] == "full"
    assert shop.sold() == [("cake", 1), ("tea", 2)]


def test_rows_altered_in_place_are_no_growth(shop, eager):
    shop.engine.execute("UPDATE raw.sales SET product = 'scone' WHERE id = 1")
    shop.sell("tea")
    assert shop.build()["stg_sales"][0] == "full"
    assert shop.sold() == [("cake", 1), ("scone", 1), ("tea", 2)]


def test_a_table_that_missed_a_build_is_built_anew(shop, eager):
    shop.sell("tea")
    shop.build(selected=["stg_sales"])
    shop.sell("cake")
    done = shop.build()
    assert done["stg_sales"][0] == "appended"
    assert done["fct_product_sales"] == ("full", "stg_sales changed")
    assert shop.sold() == [("cake", 2), ("tea", 3)]


def test_a_seed_that_changed_rebuilds_what_it_reaches(shop, eager):
    (shop.folder / "seeds").mkdir()
    (shop.folder / "seeds" / "products.csv").write_text("product,label\ntea,Green tea\n")
    assert shop.build()["dim_products"] == ("full", "products changed")


def test_a_full_refresh_takes_nothing_over(shop, eager):
    shop.sell("tea")
    assert {action for action, _ in shop.build(full_refresh=True).values()} == {"read", "loaded", "full"}


def test_a_build_that_fails_leaves_nothing_behind(shop, eager):
    shop.sell("tea")
    shop.engine.execute("UPDATE raw.sales SET amount = -1 WHERE id = 4")
    with pytest.raises(AssertionError):
        shop.build()
    assert shop.sold() == [("cake", 1), ("tea", 2)]
    shop.engine.execute("UPDATE raw.sales SET amount = 1 WHERE id = 4")
    assert shop.build()["stg_sales"][0] == "appended"
    assert shop.sold() == [("cake", 1), ("tea", 3)]


def test_growth_is_told_from_alteration_in_a_file(tmp_path, eager):
    database = str(tmp_path / "shop.duckdb")

    def build(*statements):
        with connect(database) as engine:
            for statement in statements:
                engine.execute(statement)
        with connect(database) as engine:
            plan = compile_shop(shapes=engine.shapes("raw"))
            return {table.name: table.action for table in run.run(engine, plan, project_dir=tmp_path).tables}

    with connect(database) as engine:
        Shop(engine, tmp_path)
    row = "now()::TIMESTAMP, 'tea', 1"
    assert build(f"INSERT INTO raw.sales SELECT i, {row} FROM range(300000) AS r(i)")["stg_sales"] == "full"
    for number in range(300_000, 300_004):
        assert build(f"INSERT INTO raw.sales VALUES ({number}, {row})")["stg_sales"] == "appended"
    for altered in (7, 299_999, 300_002):
        number += 1
        update = f"UPDATE raw.sales SET product = 'milk' WHERE id = {altered}"
        assert build(update, f"INSERT INTO raw.sales VALUES ({number}, {row})")["stg_sales"] == "full"


# Tables that are not the shop's

AS_OF = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def table(name, *columns, **given):
    columns = [PlanColumn(column, "int64", "BIGINT", True, "") for column in columns]
    usual = {
        "layer": "staging",
        "schema": "s",
        "kind": "model",
        "description": "",
        "columns": columns,
        "key": [],
    }
    return PlanTable(name, **usual | given)


def changes(engine, *tables):
    plan = Plan("", "duckdb", "", {}, {one.name: one for one in tables})
    return incremental.Changes(engine, plan, tables)


def test_a_column_may_be_called_as_one_calls_a_row(eager):
    total = "SELECT r, q, SUM(v)::BIGINT AS v FROM {} GROUP BY r, q"
    with connect(":memory:") as engine:
        engine.create_schema("s")
        engine.execute("CREATE TABLE s.up AS SELECT 1 AS r, 1 AS q, 10 AS v")
        engine.execute(f"CREATE TABLE s.m AS {total.format('s.up')}")
        sql = total.format('"s"."up"')
        m = table("m", "r", "q", "v", sql=sql, depends_on=["up"], partitions={"r": {"up": "r"}})
        found = changes(engine, table("up", "r", "q", "v"), m)
        before = engine.content_hash("SELECT * FROM s.up")
        old = found.remember(found.plan.tables["up"])
        engine.execute("UPDATE s.up SET v = 99")
        assert engine.content_hash("SELECT * FROM s.up") != before
        found.compare(found.plan.tables["up"], old)
        found.rebuild(m, AS_OF, 1, set())
        assert engine.fetch("SELECT r, v FROM s.m") == [(1, 99)]


def test_rows_of_a_raw_table_that_is_missing_look_nothing_up(eager):
    nothing = '(SELECT NULL::BIGINT AS id, NULL::BIGINT AS till WHERE FALSE) AS "t0"'
    with connect(":memory:") as engine:
        engine.create_schema("s")
        engine.execute("CREATE TABLE s.people AS SELECT 1 AS till")
        engine.execute("CREATE TABLE s.m (id BIGINT)")
        raw = table("raw_visits", schema="raw", kind="source", missing=True, relation=nothing)
        m = table(
            "m",
            "id",
            sql="SELECT 1 AS id WHERE FALSE",
            depends_on=["raw_visits", "people"],
            partitions={"id": {"raw_visits": "id"}},
            lookups=[PlanLookup("people", "raw_visits", (("till", "till"),))],
        )
        found = changes(engine, raw, table("people", "till"), m)
        old = found.remember(found.plan.tables["people"])
        engine.execute("INSERT INTO s.people VALUES (2)")
        found.compare(found.plan.tables["people"], old)
        assert found.rebuild(m, AS_OF, 1, {"raw_visits"}) == incremental.NOTHING
