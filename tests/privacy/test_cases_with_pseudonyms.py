"""Small inputs that pipelines got wrong have the same right values with pseudonyms."""

import json

import pytest

from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.privacy import database as privacy_database
from pipeline.privacy.pseudonyms import Pseudonyms
from pipeline.run import build
from tests.cases.test_cases import AS_OF, CASES, INGESTS, check

pytestmark = pytest.mark.slow

PSEUDONYMS = Pseudonyms(b"a key of the tests", ("example.com",))


def ingest(engine, case, told, pseudonyms):
    for kind, *names in told["ingest"]:
        INGESTS[kind](engine, [str(case / "input" / name) for name in names], pseudonyms=pseudonyms)


def landed(engine):
    """All rows but for when they landed; what a text holds of JSON as such."""
    return {
        table: sorted(
            repr({name: value for name, value in row.items() if name not in ("id", "created_at")})
            for row in engine.fetch_dicts(f"SELECT * FROM raw.{table}")
        )
        for table in engine.shapes("raw")
    }


@pytest.fixture(scope="module")
def plan(compiled):
    return compiled()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case, database, plan):
    told = json.loads((case / "case.json").read_text())
    ingest(database, case, told, PSEUDONYMS)
    before = landed(database)
    ingest(database, case, told, PSEUDONYMS)
    assert landed(database) == before
    assert build(database, plan, as_of=AS_OF, pseudonyms=PSEUDONYMS).status == "success"
    check(database, told)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_rows_that_landed_before_are_as_if_they_had_landed_after(case, database):
    told = json.loads((case / "case.json").read_text())
    ingest(database, case, told, None)
    with database.transaction():
        assert privacy_database.hide(database, PSEUDONYMS)
    with connect(":memory:") as other:
        make_missing_raw_tables(other)
        ingest(other, case, told, PSEUDONYMS)
        assert landed(database) == landed(other)
    before = landed(database)
    ingest(database, case, told, PSEUDONYMS)
    assert landed(database) == before
