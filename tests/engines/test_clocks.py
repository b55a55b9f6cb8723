"""Which run and which ingest is the last one, whatever the clocks of the machines say."""

import datetime as dt
from types import SimpleNamespace

import pytest

from pipeline import run
from pipeline.engines import connect
from pipeline.ingest.landing.landing import Landing
from pipeline.outputs.docs.state import read_state
from pipeline.outputs.report import read_report
from tests.projects import compile_shop

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture(params=["duckdb", "postgres"])
def url(request, tmp_path):
    if request.param == "postgres":
        return request.getfixturevalue("new_postgres")()
    return f"duckdb://{tmp_path}/shop.duckdb"


@pytest.fixture
def clock(monkeypatch):
    """Sets the clock that runs and ingests read."""

    def set_to(hours):
        now = NOON + hours * HOUR
        stopped = type("Stopped", (dt.datetime,), {"now": classmethod(lambda cls, tz: now)})
        for module in ("pipeline.run.results", "pipeline.run.builder", "pipeline.ingest.landing.landing"):
            monkeypatch.setattr(f"{module}.dt", SimpleNamespace(**vars(dt) | {"datetime": stopped}))

    return set_to


class Shop:
    """The miniature project, built by whoever comes along, each with a list of products of his own."""

    def __init__(self, url, folder):
        self.url = url
        self.folder = folder
        with connect(url) as engine:
            engine.create_schema("raw")
            engine.execute(
                "CREATE TABLE raw.sales (id BIGINT, timestamp TIMESTAMP, product VARCHAR,"
                " amount DOUBLE PRECISION, attributes JSON)"
            )
            engine.execute("CREATE TABLE raw.visits (id BIGINT, timestamp TIMESTAMP)")
            engine.execute("INSERT INTO raw.sales VALUES (1, TIMESTAMP '2026-01-01', 'tea', 2, NULL)")

    def build(self, label):
        (self.folder / "seeds").mkdir(exist_ok=True)
        (self.folder / "seeds" / "products.csv").write_text(f"product,label\ntea,{label}\n")
        with connect(self.url) as engine:
            return run.build(engine, self.plan(engine), project_dir=self.folder, as_of=NOON)

    def plan(self, engine):
        return compile_shop(engine.dialect, shapes=engine.shapes("raw"))

    def label(self):
        return self.fetch("SELECT label FROM mart.dim_products WHERE product = 'tea'")[0][0]

    def fetch(self, sql):
        with connect(self.url) as engine:
            return engine.fetch(sql)

    def as_an_older_release_left_it(self):
        """Without what this one has added to the run metadata."""
        with connect(self.url) as engine:
            engine.execute("ALTER TABLE meta.runs DROP COLUMN run_number")
            engine.execute("ALTER TABLE meta.ingests DROP COLUMN ingest_number")


@pytest.fixture
def shop(url, tmp_path):
    return Shop(url, tmp_path)


def runs(shop):
    return shop.fetch("SELECT run_number, started_at FROM meta.runs ORDER BY run_number")


@pytest.mark.slow
def test_what_was_set_back_after_the_clock_went_back_is_built(shop, clock):
    for hours, label in [(5, "Dear"), (0, "Cheap"), (1, "Dear")]:
        clock(hours)
        shop.build(label)
        assert shop.label() == label
    assert runs(shop) == [(1, NOON + 5 * HOUR), (2, NOON), (3, NOON + HOUR)]


@pytest.mark.slow
def test_two_machines_whose_clocks_differ_build_what_each_of_them_says(shop, clock):
    for hours, label in [(5, "Mine"), (0, "Yours"), (6, "Mine"), (1, "Yours"), (7, "Yours"), (2, "Yours")]:
        clock(hours)
        result = shop.build(label)
        assert shop.label() == label
    assert [table.name for table in result.tables if table.action not in ("read", "skipped")] == []


@pytest.mark.slow
def test_runs_of_an_older_release_keep_their_order_and_come_first(shop, clock):
    for hours, label in [(0, "First"), (1, "Second"), (2, "Third")]:
        clock(hours)
        shop.build(label)
    shop.as_an_older_release_left_it()
    clock(-9)
    assert {t.name: t.action for t in shop.build("Third").tables}["dim_products"] == "skipped"
    assert runs(shop) == [(1, NOON), (2, NOON + HOUR), (3, NOON + 2 * HOUR), (4, NOON - 9 * HOUR)]
    shop.build("First")
    assert shop.label() == "First"


@pytest.mark.slow
def test_runs_that_an_older_release_made_since_are_newer(shop, clock):
    clock(5)
    shop.build("Dear")
    clock(0)
    shop.build("Cheap")
    with connect(shop.url) as engine:  # an older release knows no number
        engine.execute("UPDATE meta.runs SET run_number = NULL WHERE run_number = 2")
    clock(1)
    shop.build("Dear")
    assert shop.label() == "Dear"
    assert runs(shop) == [(1, NOON + 5 * HOUR), (2, NOON), (3, NOON + HOUR)]


@pytest.mark.slow
@pytest.mark.parametrize("is_old", [False, True])
def test_reports_and_documentation_tell_of_the_last_run(shop, clock, is_old):
    clock(0)
    first = shop.build("First")
    clock(5 if is_old else -5)
    last = shop.build("Last")
    if is_old:
        shop.as_an_older_release_left_it()
    with connect(shop.url, read_only=True) as engine:
        report, state = read_report(engine), read_state(engine, shop.plan(engine))
        of_first = read_report(engine, first.run_id)
    assert report.run_id == last.run_id
    assert [past.run_id for past in report.trend] == [first.run_id, last.run_id]
    assert [past.run_id for past in of_first.trend] == [first.run_id]
    assert state.last_run["started_at"] == last.started_at
    assert state.tables["dim_products"].built_at == last.started_at


@pytest.mark.slow
def test_an_audit_is_as_of_the_last_run(shop, clock):
    clock(0)
    shop.build("Tea")
    with connect(shop.url) as engine:
        plan = shop.plan(engine)
        run.build(engine, plan, project_dir=shop.folder, as_of=NOON + 5 * HOUR, selected=["stg_sales"])
        run.build(engine, plan, project_dir=shop.folder, as_of=NOON + HOUR, selected=["fct_visits"])
        assert run.audit(engine, plan).as_of == NOON + HOUR


def test_ingests_are_numbered_in_the_order_in_which_they_came(url, clock):
    with connect(url) as engine:
        for hours in (5, 0):
            clock(hours)
            with Landing(engine, "otlp", ["here"]) as landing:
                landing.quarantine("a.json", hours, "no JSON")
        ingests = engine.fetch("SELECT ingest_number, started_at FROM meta.ingests ORDER BY 1")
    assert ingests == [(1, NOON + 5 * HOUR), (2, NOON)]


def test_ingests_of_an_older_release_keep_their_order(url, clock):
    with connect(url) as engine:
        for hours in (1, 3, 2):
            clock(hours)
            with Landing(engine, "otlp", ["here"]):
                pass
        engine.execute("ALTER TABLE meta.ingests DROP COLUMN ingest_number")
        clock(0)
        with Landing(engine, "otlp", ["here"]):
            pass
        ingests = engine.fetch("SELECT ingest_number, started_at FROM meta.ingests ORDER BY 1")
    assert ingests == [(nth, NOON + hours * HOUR) for nth, hours in enumerate((1, 2, 3, 0), 1)]
