"""`forget PERSON` on PostgreSQL: the same as on DuckDB, in one transaction."""

import pytest
from click.testing import CliRunner

from pipeline.cli import cli
from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.system.pseudonyms import KEY_VARIABLE
from tests.cli.forgetting import ADA, KEY, Company, sums, traces
from tests.ingest.forget import shared_ids

pytestmark = pytest.mark.slow


def invoke(*words, expect=0):
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == expect, result.output
    return result


@pytest.fixture
def company(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    company = Company(tmp_path, invoke, url)
    company.ingest()
    company.build()
    return company


def test_nobody_finds_them_sums_stay_and_nothing_comes_back(company, url):
    def ask(sql):
        with connect(url, read_only=True) as engine:
            return [tuple(map(plain, row)) for row in engine.fetch(sql)]

    def plain(value):
        return float(value) if type(value).__name__ == "Decimal" else value

    def found():
        with connect(url, read_only=True) as engine:
            tables = [engine.name(*key) for key in engine.kinds()]
            return traces(tables, lambda table: engine.fetch(f"SELECT * FROM {table}"))

    before = sums(ask)
    assert found()
    company.run("forget", ADA, "--yes")
    assert found() == []
    assert sums(ask) == before
    landed = [line.partition(" = ")[2].partition(" ")[0] for line in company.ingest()]
    assert landed == ["0", "0", "0", "0"]
    company.build("--full-refresh")
    assert (found(), sums(ask)) == ([], before)
    company.run("forget", ADA, "--drop", "--yes")
    assert sums(ask)["raw"] == [(3, 2, 1, 1)]
    assert sums(ask)["sessions"] == [(1,)]


def test_what_fails_in_the_middle_changes_nothing(company, url, monkeypatch):
    from pipeline.ingest.forget.rewrite import Rewrite

    def fail(*_):
        raise OSError(28, "No space left on device")

    with connect(url, read_only=True) as engine:
        before = engine.fetch("SELECT * FROM raw.git_commits ORDER BY id")
    with monkeypatch.context() as patch:
        patch.setattr(Rewrite, "_quoting", fail)
        company.run("forget", ADA, "--yes", expect=1)
    with connect(url, read_only=True) as engine:
        assert engine.fetch("SELECT * FROM raw.git_commits ORDER BY id") == before
        assert engine.fetch("SELECT count(*) FROM meta.forgotten") == [(0,)]


def test_rows_of_one_id_or_none_are_forgotten_one_by_one(url, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    with connect(url) as engine:
        make_missing_raw_tables(engine)
        shared_ids.check(engine)


def test_rows_of_partitions_are_forgotten_where_they_are(url, monkeypatch):
    """Every partition has a first row, and each of them the same place."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    with connect(url) as engine:
        make_missing_raw_tables(engine)
        engine.execute("ALTER TABLE raw.otel_logs RENAME TO once")
        engine.execute(
            "CREATE TABLE raw.otel_logs (LIKE raw.once) PARTITION BY HASH (CAST(attributes AS text))"
        )
        for part in range(3):
            engine.execute(
                f"CREATE TABLE raw.part{part} PARTITION OF raw.otel_logs"
                f" FOR VALUES WITH (MODULUS 3, REMAINDER {part})"
            )
        shared_ids.check(engine)
