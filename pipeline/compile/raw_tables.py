"""Raw tables as they are, read as their contracts say.

A database that another backend has filled works as it is: naive timestamps mean UTC, JSON may be
JSON or text, ids may be 32 or 64 bit, columns that only our own ingest writes may be missing, and
so may whole tables. Models never see any of it: wherever a query names a raw table that differs
from its contract, a subquery that conforms takes its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import ibis.expr.datatypes as dt
import sqlglot.expressions as sge

from pipeline.compile.dialects import native_type, parse, quote
from pipeline.errors import TargetError
from pipeline.plan.layers import RAW
from schemas.base import Source

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


@dataclass
class RawTables:
    """What stands for each raw table in queries.

    Attributes:
        queries: name in the database → the query that conforms, where the table itself does not.
        missing: contracts' names of tables that the database lacks.
        reads: name in the database → column → the expression that reads it there.
        warnings: sentences for people.
    """

    queries: dict[str, str] = field(default_factory=dict)
    reads: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def substitute(self, tree: sge.Query, dialect: str) -> sge.Query:
        """The tree with conforming subqueries in the place of raw tables."""
        tables = [
            table
            for table in tree.find_all(sge.Table)
            if table.db == RAW.schema and table.name in self.queries
        ]
        for table in tables:
            subquery = parse(self.queries[table.name], dialect).subquery(
                sge.to_identifier(table.alias or table.name, quoted=True), copy=False
            )
            table.replace(subquery)
        return tree


def table_name(source: type[Source]) -> str:
    """What a source is called in the database: `RawOtelLogs` is `otel_logs`."""
    return source.table().removeprefix(f"{RAW.schema}_")


def conform(
    sources: Mapping[str, type[Source]], shapes: Mapping[str, Mapping[str, str]], dialect: str
) -> RawTables:
    """How to read each source from the tables that a database really has.

    Args:
        sources: contracts by the name that models give the table.
        shapes: what the schema `raw` holds: table → column → native type.
        dialect: of the database.

    Raises:
        TargetError: a column is missing that no row can be understood without,
            or is of a type that cannot be read as the contract's.
    """
    raw = RawTables()
    for name, source in sources.items():
        stored = table_name(source)
        shape = shapes.get(stored)
        if shape is None:
            raw.missing.append(name)
            if not source.may_be_missing():
                raw.warnings.append(
                    f"There is no table {RAW.schema}.{stored}: it reads as empty."
                    " `aa-pipeline ingest` makes and fills it."
                )
        elif dialect != "postgres" and [(column, native.lower()) for column, native in shape.items()] == [
            (column, native_type(kind, dialect).lower()) for column, kind in source.columns().items()
        ]:
            continue
        raw.reads[stored] = _reads(source, shape, dialect, raw.warnings)
        columns = ", ".join(f"{value} AS {quote(name, dialect)}" for name, value in raw.reads[stored].items())
        if shape is None:
            raw.queries[stored] = f"SELECT {columns} LIMIT 0"
        else:
            relation = f"{quote(RAW.schema, dialect)}.{quote(stored, dialect)} AS {quote('r', dialect)}"
            raw.queries[stored] = f"SELECT {columns} FROM {relation}"
    return raw


def _reads(
    source: type[Source], shape: Mapping[str, str] | None, dialect: str, warnings: list[str]
) -> dict[str, str]:
    """The expression for each column of a source; `shape` is None where there is no table."""
    stored = table_name(source)
    # Column names differ in case from collector to collector, and most engines do not care.
    actual = {column.lower(): (column, native) for column, native in (shape or {}).items()}
    reads = {}
    for name, kind in source.columns().items():
        wanted = native_type(kind, dialect)
        if name in actual:
            column, native = actual[name]
            if dialect == "postgres" and name in source.json() and native in POSTGRES_JSON:
                value = POSTGRES_JSON[native].format(quote(column, dialect))
            else:
                value = _read(f"{RAW.schema}.{stored}.{name}", quote(column, dialect), native, kind, dialect)
            if dialect == "postgres" and kind.is_string():
                # Else texts would be compared by the database's locale.
                value = f'({value}) COLLATE "C"'
        else:
            value = f"CAST(NULL AS {wanted})"
            if shape is not None and not kind.nullable:
                raise TargetError(
                    f"The table {RAW.schema}.{stored} has no column {name}, and without it no row can"
                    " be understood. Add it, or point the target at another database."
                )
            if shape is not None and name not in source.optional():
                warnings.append(f"{RAW.schema}.{stored} has no column {name}: it reads as NULL.")
        reads[name] = value
    return reads


def _read(where: str, column: str, native: str, kind: dt.DataType, dialect: str) -> str:
    """A column of type `native` as the type that the contract says."""
    wanted = native_type(kind, dialect)
    found = native.lower()
    if found == wanted.lower():
        return column
    if kind.is_string() and found.startswith(JSON_TYPES):
        return JSON_TO_TEXT[dialect].format(column)
    if kind.is_string() and found.startswith(NESTED_TYPES):
        return NESTED_TO_TEXT[dialect].format(column)
    nested = found.endswith("[]") or found.startswith((*NESTED_TYPES, *JSON_TYPES, "array", "list"))
    timeless = kind.is_temporal() and not found.startswith(READ_AS_TIME)
    if nested or timeless:
        raise TargetError(
            f"The column {where} is {native}, which cannot be read as {wanted}."
            f" Store it as {wanted}, or rename the column if it is something else."
        )
    if kind.is_timestamp() and _is_naive(found):
        return NAIVE_TO_UTC[dialect].format(column)
    return f"CAST({column} AS {wanted})"


def _is_naive(native: str) -> bool:
    """Whether a type of time names no zone, such as DATETIME or TIMESTAMP_NTZ."""
    if "with time zone" in native or native.startswith("timestamptz"):
        return False
    return native.startswith(("timestamp", "datetime"))
