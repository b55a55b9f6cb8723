from pathlib import Path

import duckdb
import ibis
import pytest

from pipeline.engines import connect
from pipeline.errors import SetupError
from pipeline.system import compat


def test_ibis_reads_and_joins_over_an_engines_connection():
    with connect(":memory:") as engine:
        engine.create_schema("mart")
        engine.execute("CREATE TABLE mart.x AS SELECT 1 AS a, 'one' AS b")
        connection = engine.ibis()
        x = connection.table("x", database="mart")
        rows = connection.to_pyarrow(ibis.memtable({"a": [1]}).join(x, "a"))
        assert rows.to_pylist() == [{"a": 1, "b": "one"}]
        assert x.execute().to_dict("records") == [{"a": 1, "b": "one"}]
        assert connection.list_tables(database="mart") == ["x"]


@pytest.mark.skipif(int(duckdb.__version__.split(".")[0]) < 2, reason="1.5 has the old names")
def test_ibis_still_calls_what_duckdb_2_renamed():
    # If this fails, ibis_duckdb can go.
    from ibis.backends import duckdb as backend

    assert ".fetch_arrow_table()" in Path(backend.__file__).read_text()


def test_the_installed_packages_work_together():
    compat.check_versions()


def test_a_sqlglot_that_ibis_cannot_work_with_is_named(monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda _: "30.18.0")
    with pytest.raises(SetupError, match=r"sqlglot 30\.18\.0"):
        compat.check_versions()
