"""Pseudonyms on PostgreSQL: the same as on DuckDB, the rows that were there before among them."""

import pytest

from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.run import build
from tests.privacy.test_database import ADA, AS_OF, PSEUDONYMS, collect, land, people, request

pytestmark = pytest.mark.slow

# Points of one series have attributes of one text.
AS_TEXT = (
    "SELECT id, developer_id, body, CAST(attributes AS VARCHAR), record_hash FROM raw.otel_logs ORDER BY id"
)


def test_rows_of_before_and_of_other_collectors_are_changed(url, compiled):
    with connect(":memory:") as expected, connect(url) as engine:
        for database in (expected, engine):
            make_missing_raw_tables(database)
            land(database, request(), request("bob@example.com", 2))
        plan = compiled("postgres", shapes=engine.shapes("raw"))
        build(engine, plan, as_of=AS_OF)
        for database in (expected, engine):
            assert land(database, request(), pseudonyms=PSEUDONYMS).duplicates == 1
            collect(database, "cleo@example.net")
            land(database, pseudonyms=PSEUDONYMS)
        assert people(engine) == people(expected)
        assert people(engine)[0] == ADA
        assert engine.fetch(AS_TEXT) == expected.fetch(AS_TEXT)
        build(engine, plan, as_of=AS_OF, pseudonyms=PSEUDONYMS)
        built = engine.fetch("SELECT developer_id, developer_type FROM mart.dim_developers ORDER BY 2, 1")
    kinds = ["external", "internal", "internal"]
    assert [kind for _, kind in built] == kinds
    assert [name.partition("-")[0] for name, _ in built] == ["person"] * 3
