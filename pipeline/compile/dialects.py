"""How each engine writes queries and names types; nothing here connects to anything."""

import re

import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import sqlglot.expressions as sge

from pipeline.compile.renderings import COMPILERS
from pipeline.errors import ModelError

# Ibis type → what the engine itself calls it when asked for a table's columns.
NATIVE: dict[str, dict[type[dt.DataType], str]] = {
    "duckdb": {
        dt.Int32: "INTEGER",
        dt.Int64: "BIGINT",
        dt.Float64: "DOUBLE",
        dt.String: "VARCHAR",
        dt.Boolean: "BOOLEAN",
        dt.Date: "DATE",
    },
    "postgres": {
        dt.Int32: "integer",
        dt.Int64: "bigint",
        dt.Float64: "double precision",
        dt.String: "text",
        dt.Boolean: "boolean",
        dt.Date: "date",
    },
    "pyspark": {
        dt.Int32: "int",
        dt.Int64: "bigint",
        dt.Float64: "double",
        dt.String: "string",
        dt.Boolean: "boolean",
        dt.Date: "date",
    },
    "bigquery": {
        dt.Int32: "INT64",
        dt.Int64: "INT64",
        dt.Float64: "FLOAT64",
        dt.String: "STRING",
        dt.Boolean: "BOOL",
        dt.Date: "DATE",
    },
}
INSTANT = {
    "duckdb": "TIMESTAMP WITH TIME ZONE",
    "postgres": "timestamp with time zone",
    "pyspark": "timestamp",
    "bigquery": "TIMESTAMP",
}
DECIMAL = {
    "duckdb": "DECIMAL({},{})",
    "postgres": "numeric({},{})",
    "pyspark": "decimal({},{})",
    "bigquery": "NUMERIC",  # what a query gives carries no digits: it always has 29 and 9
}

# Ibis and sqlglot number what has no name at random; a plan must read the same every time.
RANDOM_NAME = re.compile(r"\b_?(?:ibis|sqlglot)_[a-z0-9_]*?_?[a-z0-9]{20,}\b")


def native_type(kind: dt.DataType, dialect: str) -> str:
    """The engine's own name of a type that contracts may use.

    Raises:
        ModelError: contracts may not use the type.
    """
    if isinstance(kind, dt.Timestamp) and kind.timezone == "UTC":
        return INSTANT[dialect]
    if isinstance(kind, dt.Decimal):
        return DECIMAL[dialect].format(kind.precision, kind.scale)
    if type(kind) not in NATIVE[dialect]:
        raise ModelError(
            f"A contract uses the type {kind}, which not every engine can store. Use int64,"
            " float64, string, boolean, date, a decimal, or a timestamp in UTC."
        )
    return NATIVE[dialect][type(kind)]


def query(expression: ir.Expr, dialect: str) -> sge.Query:
    """An expression as the syntax tree of a query; needs no connection."""
    tree: sge.Query = COMPILERS[dialect]().to_sqlglot(expression.as_table())
    for star in tree.find_all(sge.Star):
        if left_out := star.args.get("except_"):
            left_out.sort(key=lambda column: column.name)  # Ibis has them in a set
    return tree


def text(tree: sge.Expression | sge.Query, dialect: str) -> str:
    """A syntax tree as readable SQL, the same for the same expression in every process."""
    sql = tree.sql(dialect=COMPILERS[dialect].dialect, pretty=True)
    names: dict[str, str] = {}
    return RANDOM_NAME.sub(lambda found: names.setdefault(found[0], f"unnamed_{len(names)}"), sql)
