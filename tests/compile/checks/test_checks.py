"""Contracts as SQL: each check counts exactly the rows that break it, as Pandera itself would say."""

import datetime as dt
import math

import duckdb
import ibis
import pandera.ibis as pa
import pytest
from pandera.config import set_config
from pandera.errors import SchemaErrors

from pipeline.compile.checks.contract_checks import contract_checks
from pipeline.compile.checks.sql import table_checks
from pipeline.compile.checks.wording import words_for
from pipeline.errors import ModelError
from pipeline.plan.check_results import EXAMPLES, count_query, pending, results_of
from pipeline.system.compat import ibis_duckdb
from schemas.base import Contract, Source, column
from tests.compile.checks.check_contracts import GOOD, FctVisits

pytestmark = pytest.mark.slow

SCHEMAS = {"dim_people": "mart", "fct_visits": "mart"}
DIALECTS = ["duckdb", "postgres", "pyspark", "bigquery"]


@pytest.fixture(scope="module")
def database():
    """A database with people and an empty table of visits."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("CREATE SCHEMA mart")
    connection.execute("CREATE TABLE mart.dim_people (person VARCHAR)")
    connection.execute("INSERT INTO mart.dim_people VALUES ('ada'), ('bob')")
    connection.execute(
        "CREATE TABLE mart.fct_visits (day DATE, person VARCHAR, visits BIGINT, minutes DOUBLE,"
        " share DOUBLE, score DOUBLE, mood VARCHAR, city VARCHAR, code VARCHAR, word VARCHAR,"
        " first_at TIMESTAMPTZ, last_at TIMESTAMPTZ)"
    )
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def checks():
    return table_checks(FctVisits, None, dialect="duckdb", schema="mart", schemas=SCHEMAS)


def fill(database, rows):
    database.execute("DELETE FROM mart.fct_visits")
    for row in rows:
        values = list((GOOD | row).values())
        database.execute(f"INSERT INTO mart.fct_visits VALUES ({', '.join('?' * 12)})", values)


def promised(contract):
    return [each.check for each in contract_checks(contract)]


def failures(database, checks):
    """Failing rows by check, of the checks that did not pass."""
    found, relation = checks
    asked = pending(found, passed=[])
    row = database.execute(count_query(relation, asked)).fetchone()
    results = results_of("fct_visits", asked, row)
    return {result.audit: result.failures for result in results if result.failures}


DAY2 = {"day": dt.date(2026, 1, 2)}

# What is wrong with a second row → which audits say so.
BAD = {
    "nothing": (DAY2, {}),
    "NULLs where they may be": (DAY2 | {"mood": None, "minutes": None, "last_at": None}, {}),
    "NULL": (DAY2 | {"score": None}, {"not_null(score)": 1}),
    "NaN": (DAY2 | {"score": math.nan}, {"not_null(score)": 1, "range(score)": 1}),
    "NULL in the key": (DAY2 | {"person": None}, {"not_null(person)": 1}),
    "duplicate key": ({}, {"unique(day, person)": 2}),
    "orphan": (DAY2 | {"person": "eve"}, {"references(person)": 1}),
    "below the least": (DAY2 | {"visits": -2}, {"range(visits >= 0)": 1}),
    "on the open bound": (DAY2 | {"minutes": 0.0}, {"range(minutes > 0)": 1}),
    "on the other open bound": (DAY2 | {"minutes": 1441.0}, {"range(minutes < 1441)": 1}),
    "below a share": (DAY2 | {"share": -0.1}, {"range(share >= 0)": 1}),
    "above a share": (DAY2 | {"share": 1.1}, {"range(share <= 1)": 1}),
    "outside a range": (DAY2 | {"score": 5.5}, {"range(score)": 1}),
    "not in the list": (DAY2 | {"mood": "bad"}, {"isin(mood)": 1}),
    "in the forbidden list": (DAY2 | {"city": "Atlantis"}, {"notin(city)": 1}),
    "no match": (DAY2 | {"code": "xAB1"}, {"str_matches(code)": 1}),
    "too long": (DAY2 | {"word": "it's so"}, {"str_length(word)": 1}),
    "a check of its own": (DAY2 | {"visits": 3}, {"even(visits)": 1}),
    "across columns": (
        DAY2 | {"last_at": dt.datetime(2025, 1, 1, tzinfo=dt.UTC)},
        {"leaves_no_earlier_than_it_comes": 1},
    ),
    "about the whole table": (DAY2 | {"visits": 100}, {"enough_in_all": 1}),
}


@pytest.mark.parametrize(("row", "expected"), BAD.values(), ids=BAD)
def test_each_kind_of_bad_row_is_counted_by_its_check_alone(database, checks, row, expected):
    fill(database, [{}, row])
    assert failures(database, checks) == expected


def test_check_over_neighbouring_rows_counts_rows(database, checks):
    fill(database, [{"visits": 30}, DAY2 | {"visits": 2}, DAY2 | {"person": "bob"}])
    assert failures(database, checks) == {"no_gap": 1}


def test_table_without_rows_passes_every_check(database, checks):
    fill(database, [])
    assert failures(database, checks) == {}


# How Pandera names what we name: the reason, or the check's own name.
def pandera_says(table):
    try:
        FctVisits.validate(table, lazy=True)
    except SchemaErrors as errors:
        return {
            (error.schema.name, getattr(error.check, "name", error.check)) for error in errors.schema_errors
        } - {("FctVisits", "no_gap")}
    return set()


# Pandera knows no references, and cannot run a check over neighbouring rows.
NOT_PANDERAS = ("references(person)", "no_gap")


def as_pandera_names(name):
    check = next(check for check in promised(FctVisits) if check.name == name)
    if check.kind == "unique":
        return "FctVisits", "multiple_fields_uniqueness"
    if check.kind == "not_null":
        return check.columns[0], "not_nullable"
    schema = FctVisits.to_schema()
    where = {None: schema} | schema.columns
    return next(
        (column or "FctVisits", panderas.name)
        for column, part in where.items()
        for panderas in part.checks
        if words_for(panderas, column)[0] == name
    )


@pytest.mark.parametrize(("row", "expected"), BAD.values(), ids=BAD)
def test_result_is_that_of_pandera(database, checks, row, expected):
    fill(database, [{}, row])
    ours = {as_pandera_names(name) for name in failures(database, checks) if name not in NOT_PANDERAS}
    theirs = pandera_says(ibis_duckdb(database).table("fct_visits", database="mart"))
    assert ours == theirs


@pytest.mark.filterwarnings("ignore:Re-registered pandera backends")
def test_result_on_an_empty_table_is_that_of_panderas_narwhals_backend(database, checks):
    fill(database, [])
    set_config(use_narwhals_backend=True)
    try:
        theirs = pandera_says(ibis_duckdb(database).table("fct_visits", database="mart"))
    finally:
        set_config(use_narwhals_backend=False)
    assert theirs - {("FctVisits", "enough_in_all")} == set()
    assert failures(database, checks) == {}


def test_examples_are_at_most_five_rows_keys_first(database, checks):
    bad = [{"day": dt.date(2026, 1, day), "mood": "bad"} for day in range(1, 9)]
    fill(database, bad)
    check = next(check for check in checks[0] if check.name == "isin(mood)")
    rows = database.execute(f"{check.failing_rows_sql} LIMIT {EXAMPLES}").fetchall()
    assert rows == [(dt.date(2026, 1, day), "ada", "bad") for day in range(1, 6)]


def test_examples_of_a_duplicate_key_say_how_many_rows_share_it(database, checks):
    fill(database, [{}, {}, {}])
    check = next(check for check in checks[0] if check.kind == "unique")
    assert database.execute(check.failing_rows_sql).fetchall() == [(dt.date(2026, 1, 1), "ada", 3)]


def test_closed_list_is_a_value_of_its_check_and_not_only_a_sentence():
    lists = {check.name: check.values for check in promised(FctVisits) if check.values is not None}
    assert lists == {"isin(mood)": ["good", "so-so"]}


def test_every_check_has_a_sentence():
    assert {check.name: check.description for check in promised(FctVisits)} == {
        "unique(day, person)": "day, person together identify a row.",
        "not_null(day)": "day is never missing.",
        "not_null(person)": "person is never missing.",
        "references(person)": "Every person is found in dim_people.person.",
        "not_null(visits)": "visits is never missing.",
        "range(visits >= 0)": "visits is at least 0.",
        "even(visits)": "Visits come in pairs.",
        "range(minutes > 0)": "minutes is more than 0.",
        "range(minutes < 1441)": "minutes is less than 1441.",
        "range(share >= 0)": "share is at least 0.",
        "range(share <= 1)": "share is at most 1.",
        "not_null(score)": "score is never missing.",
        "range(score)": "score is between 1 and 5.",
        "isin(mood)": "mood is one of good, so-so.",
        "notin(city)": "city is none of Atlantis.",
        "str_matches(code)": r"code matches [A-Z]{2}\d$.",
        "str_length(word)": "word has at most 5 characters.",
        "leaves_no_earlier_than_it_comes": "Nobody leaves before they come.",
        "no_gap": "Nobody's visits fall by more than ten from one day to the next.",
        "enough_in_all": "There are at most a hundred visits in all.",
    }


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_check_compiles_for_every_dialect_without_a_connection(dialect):
    found, relation = table_checks(FctVisits, None, dialect=dialect, schema="mart", schemas=SCHEMAS)
    assert relation.endswith("fct_visits` AS t0" if dialect in DIALECTS[2:] else '" AS t0')
    assert [check.name for check in pending(found, [])] == [check.name for check in promised(FctVisits)]


def test_plan_reads_the_same_in_every_process():
    import subprocess
    import sys

    code = (
        "from tests.compile.checks.check_contracts import FctVisits;"
        "from pipeline.compile.checks.sql import table_checks;"
        "print(table_checks(FctVisits, None, dialect='duckdb', schema='mart'))"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONHASHSEED": "1", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert elsewhere == f"{table_checks(FctVisits, None, dialect='duckdb', schema='mart')}\n"


def test_checks_of_a_source_only_warn():
    class RawThings(Source):
        """Things."""

        id: int = column(description="Number.")

    assert [check.severity for check in promised(RawThings)] == ["warn"]


def test_check_declared_to_warn_only_warns():
    severities = {check.name: check.severity for check in promised(FctVisits)}
    assert severities["no_gap"] == "warn"
    assert severities["even(visits)"] == "error"


def test_column_says_how_many_rows_may_fail_and_whether_that_stops_a_build():
    class FctThings(Contract):
        """Things."""

        size: int = column(warn=True, tolerance="1%", ge=0, description="Size.")

    assert [(check.name, check.severity, check.tolerance) for check in promised(FctThings)] == [
        ("not_null(size)", "warn", "1%"),
        ("range(size >= 0)", "warn", "1%"),
    ]


def test_check_that_is_no_expression_is_refused_before_any_query():
    class FctThings(Contract):
        """Things."""

        size: int = column(description="Size.")

        @pa.dataframe_check
        def looks(cls, data):
            """It looks at the rows."""
            return data.table.to_pandas().size > 0

    with pytest.raises(ModelError, match="The check looks of FctThings cannot be told"):
        contract_checks(FctThings)


SHAPES = {
    "right": ({"day": "date", "n": "int64"}, None),
    "missing": ({"day": "date"}, "fct_days lacks the column n."),
    "extra": (
        {"day": "date", "n": "int64", "x": "int64"},
        "fct_days makes a column x that its contract does not know.",
    ),
    "type": ({"day": "date", "n": "string"}, "fct_days.n is string, and its contract says int64."),
    "order": (
        {"n": "int64", "day": "date"},
        "fct_days has its columns in another order than its contract: "
        "column 1 is n, and the contract says day.",
    ),
}


class FctDays(Contract):
    """Days."""

    day: dt.date = column(description="Day.")
    n: int = column(description="Number.")


@pytest.mark.parametrize(("columns", "problem"), SHAPES.values(), ids=SHAPES)
def test_shape_is_proven_before_any_query_as_pandera_would(columns, problem):
    from pandera.config import ValidationDepth, config_context

    made = ibis.table(columns, name="made")
    with config_context(validation_depth=ValidationDepth.SCHEMA_ONLY):
        try:
            FctDays.validate(made)
            pandera_passes = True
        except SchemaErrors:
            pandera_passes = False
    assert pandera_passes == (problem is None)
    if problem is None:
        (shape, *_), _ = table_checks(FctDays, made, dialect="duckdb", schema="mart")
        assert (shape.kind, shape.proven) == ("shape", "names, order and types of the expression")
        return
    with pytest.raises(ModelError) as error:
        table_checks(FctDays, made, dialect="duckdb", schema="mart")
    assert problem in str(error.value)
