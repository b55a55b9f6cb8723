"""Raw tables as they are, read as their contracts say.

A database that another backend has filled works as it is: naive timestamps mean UTC, JSON may be
JSON or text, ids may be 32 or 64 bit, columns that only our own ingest writes may be missing, and
so may whole tables. Models never see any of it: wherever a query names a raw table that differs
from its contract, a subquery that conforms takes its place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.errors import TargetError
from pipeline.plan.layers import RAW
from pipeline.plan.plan import PlanColumn, PlanTable
from pipeline.plan.render import quote

JSON_TYPES = ("json", "jsonb", "variant")
NESTED_TYPES = ("struct", "map", "record", "row")
READ_AS_TIME = ("timestamp", "datetime", "date", "text", "varchar", "char", "string", "bpchar", "name")

# An instant from a time without zone. The obvious cast asks DuckDB's ICU library, 30 times slower.
NAIVE_TO_UTC = {
    "duckdb": "make_timestamptz(epoch_us({}))",
    "postgres": "({} AT TIME ZONE 'UTC')",
    "pyspark": "CAST({} AS TIMESTAMP)",
    "bigquery": "TIMESTAMP({})",
}
JSON_TO_TEXT = {
    "duckdb": "CAST({} AS VARCHAR)",
    "postgres": "CAST({} AS TEXT)",
    "pyspark": "to_json({})",
    "bigquery": "TO_JSON_STRING({})",
}
# PostgreSQL fails on a text that is no JSON, and its type json holds what it then cannot take apart:
# a NUL, which becomes the replacement character, and half of a surrogate pair, which no engine reads.
HALF_PAIR = (
    r"(?<!\\)(\\\\)*\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)
POSTGRES_JSON = {
    "jsonb": "CAST({} AS TEXT)",
    "json": (
        r"CASE WHEN strpos(CAST({0} AS TEXT), '\u') = 0 THEN CAST({0} AS TEXT)"
        f" WHEN CAST({{0}} AS TEXT) ~ '{HALF_PAIR.replace('{', '{{').replace('}', '}}')}' THEN NULL"
        r" ELSE replace(CAST({0} AS TEXT), '\u0000', '\ufffd') END"
    ),
    # A function that the engine makes: only a cast can tell, and a cast that fails ends the query.
    "text": "meta.json_or_null({})",
}
NESTED_TO_TEXT = JSON_TO_TEXT | {"duckdb": "CAST(to_json({}) AS VARCHAR)"}
# When the record of a raw table happened, where that is not called timestamp.
TIMES = {
    "git_commits": "commit_timestamp",
    "git_survival": "observed_at",
    "copilot_metrics": "date",
    "copilot_seats": "observed_at",
    "otel_spans": "start_timestamp",
    "pull_requests": "updated_at",
    "pull_request_commits": "updated_at",
    "billing": "date",
}


def time_column(table: str) -> str:
    """The column that says when a record of a raw table, such as otel_logs, happened."""
    return TIMES.get(table, "timestamp")


@dataclass
class RawTables:
    """What stands for each raw table in queries.

    Attributes:
        queries: name in the database → the query that conforms, where the table itself does not.
        reads: name in the database → column → the expression that reads it there.
        missing: names of sources whose table the database lacks.
        warnings: sentences for people.
    """

    queries: dict[str, str] = field(default_factory=dict)
    reads: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)


def conform(sources: Iterable[PlanTable], shapes: Mapping[str, Mapping[str, str]], dialect: str) -> RawTables:
    """How to read each source from the tables that a database really has.

    Args:
        sources: the raw tables as their contracts say.
        shapes: what the schema `raw` holds: table → column → native type.
        dialect: of the database.

    Raises:
        TargetError: a column is missing that no row can be understood without,
            or is of a type that cannot be read as the contract's.
    """
    raw = RawTables()
    expected: list[str] = []
    for source in sources:
        stored = source.stored_name
        shape = shapes.get(stored)
        if shape is None:
            raw.missing.add(source.name)
            if not source.may_be_missing:
                expected.append(f"{RAW.schema}.{stored}")
        elif dialect != "postgres" and [(column, native.lower()) for column, native in shape.items()] == [
            (column.name, column.native_type.lower()) for column in source.columns
        ]:
            continue
        raw.reads[stored] = _reads(source, shape, dialect, raw.warnings)
        columns = ",\n".join(
            f"  {value} AS {quote(name, dialect)}" for name, value in raw.reads[stored].items()
        )
        if shape is None:
            raw.queries[stored] = f"SELECT\n{columns}\nLIMIT 0"
        else:
            relation = f"{quote(RAW.schema, dialect)}.{quote(stored, dialect)} AS {quote('r', dialect)}"
            raw.queries[stored] = f"SELECT\n{columns}\nFROM {relation}"
    if expected:
        they_read, them = ("it reads", "it") if len(expected) == 1 else ("they read", "them")
        raw.warnings.append(
            f"There is no table {', '.join(expected)}: {they_read} as empty."
            f" `aa-pipeline ingest` makes and fills {them}."
        )
    return raw


def _reads(
    source: PlanTable, shape: Mapping[str, str] | None, dialect: str, warnings: list[str]
) -> dict[str, str]:
    """The expression for each column of a source; `shape` is None where there is no table."""
    stored = source.stored_name
    # Column names differ in case from collector to collector, and most engines do not care.
    actual = {column.lower(): (column, native) for column, native in (shape or {}).items()}
    reads = {}
    for column in source.columns:
        name = column.name
        if name in actual:
            there, native = actual[name]
            if dialect == "postgres" and name in source.json_columns and native in POSTGRES_JSON:
                value = POSTGRES_JSON[native].format(quote(there, dialect))
            else:
                where = f"{RAW.schema}.{stored}.{name}"
                value = _read(where, quote(there, dialect), native, column, dialect)
            if dialect == "postgres" and column.type == "string":
                # Else texts would be compared by the database's locale.
                value = f'({value}) COLLATE "C"'
        else:
            value = f"CAST(NULL AS {column.native_type})"
            if shape is not None and not column.nullable:
                raise TargetError(
                    f"The table {RAW.schema}.{stored} has no column {name}, and without it no row can"
                    " be understood. Add it, or point the target at another database."
                )
            if shape is not None and name not in source.optional_columns:
                warnings.append(f"{RAW.schema}.{stored} has no column {name}: it reads as NULL.")
        reads[name] = value
    return reads


def _read(where: str, quoted: str, native: str, column: PlanColumn, dialect: str) -> str:
    """A column of type `native` as the type that the contract says."""
    wanted = column.native_type
    found = native.lower()
    is_text = column.type == "string"
    is_instant = column.type.startswith("timestamp")
    if found == wanted.lower():
        return quoted
    if is_text and found.startswith(JSON_TYPES):
        return JSON_TO_TEXT[dialect].format(quoted)
    if is_text and found.startswith(NESTED_TYPES):
        return NESTED_TO_TEXT[dialect].format(quoted)
    nested = found.endswith("[]") or found.startswith((*NESTED_TYPES, *JSON_TYPES, "array", "list"))
    timeless = (is_instant or column.type == "date") and not found.startswith(READ_AS_TIME)
    if nested or timeless:
        raise TargetError(
            f"The column {where} is {native}, which cannot be read as {wanted}."
            f" Store it as {wanted}, or rename the column if it is something else."
        )
    if is_instant and _is_naive(found):
        return NAIVE_TO_UTC[dialect].format(quoted)
    return f"CAST({quoted} AS {wanted})"


def _is_naive(native: str) -> bool:
    """Whether a type of time names no zone, such as DATETIME or TIMESTAMP_NTZ."""
    if "with time zone" in native or native.startswith("timestamptz"):
        return False
    return native.startswith(("timestamp", "datetime"))
