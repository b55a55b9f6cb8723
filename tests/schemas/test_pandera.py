"""What Pandera's Ibis backend does, and why we do not run contracts through it.

Each test pins one fact that some code of ours works around. If one fails after an upgrade,
the guard that it names can go.
"""

import duckdb
import ibis
import pandera.ibis as pa
import pytest
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaErrors

from pipeline.system.compat import ibis_duckdb
from schemas.base import Contract, UtcTimestamp, column


@pytest.fixture(scope="module")
def connection():
    driver = duckdb.connect()
    yield ibis_duckdb(driver)
    driver.close()


def rows(connection, sql):
    return connection.sql(sql)


def problems(contract, table):
    """Which checks Pandera finds broken, and of which column."""
    try:
        contract.validate(table, lazy=True)
    except SchemaErrors as errors:
        return [
            (error.schema.name, getattr(error.check, "name", error.check)) for error in errors.schema_errors
        ]
    return []


class Numbers(pa.DataFrameModel):
    """Numbers that are not negative."""

    n: int = pa.Field(ge=0)


def test_field_unique_is_ignored(connection):
    # Guard: keys are declared in Config.unique only, and counted as groups by pipeline.compile.checks.
    class Unique(pa.DataFrameModel):
        n: int = pa.Field(unique=True)

    assert problems(Unique, rows(connection, "SELECT 1::BIGINT AS n UNION ALL SELECT 1")) == []


def test_config_unique_is_enforced(connection):
    class Unique(pa.DataFrameModel):
        n: int

        class Config:
            unique = ["n"]

    twice = rows(connection, "SELECT 1::BIGINT AS n UNION ALL SELECT 1")
    assert problems(Unique, twice) == [("Unique", "multiple_fields_uniqueness")]


def test_table_without_rows_fails(connection):
    # Guard: pipeline.compile.checks counts failing rows; nothing is 0.
    empty = rows(connection, "SELECT 1::BIGINT AS n WHERE false")
    assert problems(Numbers, empty) == [("n", "not_nullable"), ("n", "greater_than_or_equal_to")]


def test_failing_rows_are_fetched_unless_limited(connection):
    # Guard: schemas.base.column sets n_failure_cases; nobody writes a bare pa.Field.
    class Limited(pa.DataFrameModel):
        n: int = pa.Field(ge=0, n_failure_cases=5)

    bad = rows(connection, "SELECT -range AS n FROM range(1, 101)")
    for contract, fetched in ((Numbers, 100), (Limited, 5)):
        with pytest.raises(SchemaErrors) as errors:
            contract.validate(bad, lazy=True)
        (error,) = errors.value.schema_errors
        assert len(error.failure_cases) == fetched


def test_every_column_of_ours_is_limited():
    class Ours(Contract):
        """Ours."""

        n: int = column(ge=0, description="N.")

    assert Ours.to_schema().columns["n"].checks[0].n_failure_cases == 5


def test_coerce_does_not_cast(connection):
    # Guard: the compiler casts a model's columns to the types of the contract.
    class Coerced(pa.DataFrameModel):
        n: int

        class Config:
            coerce = True

    assert problems(Coerced, rows(connection, "SELECT '1' AS n")) == [("n", "dtype('int64')")]


def test_timestamps_compare_including_scale():
    # Guard: schemas.base.UtcTimestamp is the only type of instants.
    class Instants(pa.DataFrameModel):
        at: UtcTimestamp

    def fits(kind):
        with config_context(validation_depth=ValidationDepth.SCHEMA_ONLY):
            return problems(Instants, ibis.table({"at": kind}, name="t")) == []

    assert fits("timestamp('UTC', 6)")
    assert not fits("timestamp('UTC')")


def test_columns_are_checked_without_data():
    # What makes proofs before any query possible at all.
    def found(columns):
        with config_context(validation_depth=ValidationDepth.SCHEMA_ONLY):
            return problems(Numbers, ibis.table(columns, name="t"))

    assert found({"n": "int64"}) == []
    assert found({"n": "string"}) == [("n", "dtype('int64')")]


def test_optional_type_means_the_column_may_be_absent():
    # Guard: contracts say nullable=True.
    class Optional(pa.DataFrameModel):
        n: int | None

    assert not Optional.to_schema().columns["n"].required


def test_answer_that_is_unknown_everywhere_fails(connection):
    # Guard: pipeline.compile.checks counts rows that answer no; an unknown answer is none.
    class Ordered(pa.DataFrameModel):
        a: int = pa.Field(nullable=True)
        b: int = pa.Field(nullable=True)

        @pa.dataframe_check
        def ordered(cls, data):
            """A comes first."""
            return data.table.a <= data.table.b

    unknown = "SELECT NULL::BIGINT AS a, NULL::BIGINT AS b"
    assert problems(Ordered, rows(connection, unknown)) == [("Ordered", "ordered")]
    one_known = f"{unknown} UNION ALL SELECT 1, 2"
    assert problems(Ordered, rows(connection, one_known)) == []


@pytest.mark.slow
def test_copied_checks_do_not_learn_about_ibis_later():
    # Guard: pipeline.compile.checks looks built-in checks up by name instead of calling the copy.
    import subprocess
    import sys

    code = """
import pandera.ibis as pa, ibis
class T(pa.DataFrameModel):
    n: int = pa.Field(ge=0)
check = T.to_schema().columns["n"].checks[0]
import pandera.backends.ibis.builtin_checks
from pandera.api.ibis.types import IbisData
try:
    check._check_fn(IbisData(ibis.table({"n": "int64"}, name="t"), "n"), min_value=0)
except KeyError:
    print("unknown")
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "unknown", done.stderr
