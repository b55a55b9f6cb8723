"""Operations that Ibis lacks, or that it spells differently from engine to engine.

Each is an Ibis operation with one rendering per dialect, so that a model that uses it
compiles for all four without a connection:

* `json_columns(table, column, keys)`: values of a JSON object by *whole* key. Ibis' own
  `column["session.id"]` walks `session` then `id` on DuckDB and gives NULL; OpenTelemetry keys are dotted.
* `once(value)`: a value that is computed in a select of its own.
* `number(text)`: the number that a text spells, NULL if it spells none.
* `local_time(instant, timezone)`: wall-clock time; Ibis ignores the zone of a cast.
* `joined_text(texts)`: the distinct texts of a group, in the same order everywhere.
* `as_of()`: the instant of the run, filled in when a plan is run, so that one plan serves every run.
"""

from collections.abc import Iterable

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.rules as rlz
import ibis.expr.types as ir
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.sql.compilers import (
    BigQueryCompiler,
    DuckDBCompiler,
    PostgresCompiler,
    PySparkCompiler,
)
from ibis.backends.sql.compilers.base import SQLGlotCompiler
from ibis.common.deferred import deferrable

INSTANT = dt.Timestamp(timezone="UTC", scale=6)

# Stands for the instant of the run in compiled SQL; the same text as pipeline.plan.AS_OF,
# which models may not import.
AS_OF = "{{as_of}}"

# What no float64 can hold is no number: a cast of it fails.
NUMBER = "^ *[+-]?([0-9]{1,100}[.]?[0-9]{0,100}|[.][0-9]{1,100})([eE][+-]?[0-9]{1,2})? *$"


class Once(ops.Impure):
    """A value that is computed in a select of its own.

    Ibis copies an expression into every place where it is used. It calls this one impure only
    because Ibis leaves impure expressions where they are.
    """

    arg: ops.Value

    dtype = rlz.dtype_like("arg")
    shape = rlz.shape_like("arg")


class JSONTexts(ops.Value):
    """A JSON object, prepared for taking the texts of `keys` out of it."""

    arg: ops.Value[dt.String]
    keys: tuple[str, ...]

    dtype = dt.Array(dt.string)
    shape = rlz.shape_like("arg")


class JSONText(ops.Value):
    """The text of `keys[index]` in a prepared JSON object."""

    arg: ops.Value[dt.Array]
    keys: tuple[str, ...]
    index: int

    dtype = dt.string
    shape = rlz.shape_like("arg")


class Number(ops.Value):
    """The float64 that a text spells, or NULL."""

    arg: ops.Value[dt.String]

    dtype = dt.float64
    shape = rlz.shape_like("arg")


class LocalTime(ops.Value):
    """The wall-clock time of an instant in a time zone."""

    arg: ops.Value[dt.Timestamp]
    timezone: str

    dtype = dt.Timestamp(scale=6)
    shape = rlz.shape_like("arg")


class JoinedText(ops.Reduction):
    """The distinct texts of a group in the order of their code points, joined by a comma."""

    arg: ops.Column[dt.String]

    dtype = dt.string


class AsOf(ops.Value):
    """The instant of the run."""

    dtype = INSTANT
    shape = ibis.expr.datashape.scalar


def json_columns(
    table: ir.Table, column: str, keys: Iterable[str]
) -> tuple[ir.Table, dict[str, ir.StringValue]]:
    """`table` with the values of `keys` in a JSON column as text columns, and these columns by key.

    A key that is absent is NULL. Naming all keys at once lets an engine parse the object once:
    on DuckDB, twenty keys of two million objects take 0.7 s together and 3.6 s one by one.
    """
    keys = tuple(dict.fromkeys(keys))
    names = {key: f"{column}__{key.replace('.', '__')}" for key in keys}
    prepared = table.mutate(_json=once(JSONTexts(table[column], keys).to_expr()))
    texts = {
        names[key]: once(JSONText(prepared._json, keys, index).to_expr()) for index, key in enumerate(keys)
    }
    parsed = prepared.select(*table.columns, **texts)
    return parsed, {key: parsed[name] for key, name in names.items()}


@deferrable
def once(value: ir.Value) -> ir.Value:
    """`value`, computed once, in a select of its own, however often it is used."""
    return Once(value).to_expr()


@deferrable
def number(text: ir.StringValue) -> ir.FloatingValue:
    """The number that a text spells ("12", "1.5e3"), NULL for anything else."""
    return Number(text).to_expr()


@deferrable
def local_time(instant: ir.TimestampValue, timezone: str) -> ir.TimestampValue:
    """The wall-clock time of an instant in `timezone`, an IANA name."""
    return LocalTime(instant, timezone).to_expr()


@deferrable
def joined_text(texts: ir.StringColumn) -> ir.StringScalar:
    """The distinct texts of a group, "a, b, c"; NULL if there are none.

    Ibis' own `group_concat` takes no order on Spark, and follows the database's locale on PostgreSQL.
    """
    return JoinedText(texts).to_expr()


def as_of() -> ir.TimestampScalar:
    """The instant of the run, filled in when the plan is run."""
    return AsOf().to_expr()


def _path(key: str) -> sge.Expression:
    return sge.convert(f'$."{key}"')


def _duckdb_texts(self, op, *, arg, keys):
    # A foreign table may hold text that is no JSON; it has no values. The others do without TRY.
    return self.f.anon.TRY(self.f.anon.json_extract_string(arg, self.f.array(*map(_path, keys))))


def _as_it_is(self, op, *, arg, **_):
    return arg


def _duckdb_text(self, op, *, arg, keys, index):
    return self.f.list_extract(arg, index + 1)


def _postgres_texts(self, op, *, arg, keys):
    # Parsed once; taking a value out of a jsonb is a search in a sorted list. Raw text that is no
    # JSON is NULL before it comes here.
    return sge.cast(arg, "jsonb")


def _postgres_text(self, op, *, arg, keys, index):
    return by_code_point(self.f.anon.jsonb_extract_path_text(arg, sge.convert(keys[index])))


def by_code_point(text: sge.Expression) -> sge.Expression:
    """A text that PostgreSQL compares by code points, as the other engines do, whatever its locale."""
    return sge.Collate(this=text, expression=sge.to_identifier("C", quoted=True))


def _postgres_lower(self, op, *, arg):
    # By code points alone, only ASCII letters have a lower case.
    default = sge.to_identifier("default", quoted=True)
    return by_code_point(self.f.lower(sge.Collate(this=sge.paren(arg), expression=default)))


def _postgres_select(self, op, **parts):
    """A select that PostgreSQL does not merge with the one around it, where a value is to be made once.

    Else it would copy the value's expression to every place that uses it, and parse JSON at each.
    """
    select = SQLGlotCompiler.visit_Select(self, op, **parts)
    if any(isinstance(value, Once) for value in op.selections.values()):
        select = select.offset(0)
    return select


def _pyspark_texts(self, op, *, arg, keys):
    # Parsed once: get_json_object parses the object anew for each key, and takes three times as long.
    return self.f.anon.from_json(arg, sge.convert("MAP<STRING, STRING>"))


def _pyspark_text(self, op, *, arg, keys, index):
    return self.f.anon.try_element_at(arg, sge.convert(keys[index]))


def _pyspark_strip(self, op, *, arg):
    # In Spark's texts "\\v" and "\\f" are the letters: Ibis' own rendering takes them off names too.
    blanks = self.f.concat(sge.convert(" \t\n\r"), self.f.anon.char(11), self.f.anon.char(12))
    return sge.Trim(this=arg, expression=blanks, position="BOTH")


def _bigquery_text(self, op, *, arg, keys, index):
    # Of an object or an array json_value is NULL, where the other engines give its JSON.
    path = _path(keys[index])
    nested = self.f.nullif(self.f.anon.json_query(arg, path), "null")
    return self.f.coalesce(self.f.anon.json_value(arg, path), nested)


def _try_cast(self, op, *, arg):
    return sge.TryCast(this=arg, to=self.type_mapper.from_ibis(dt.float64))


def _guarded_cast(self, op, *, arg):
    # PostgreSQL 15 has no cast that answers NULL, and sqlglot writes Spark's as one that fails.
    spelled = sge.RegexpLike(this=arg, expression=sge.convert(NUMBER))
    return self.if_(spelled, self.cast(arg, dt.float64), sge.Null())


def _duckdb_local(self, op, *, arg, timezone):
    if timezone == "UTC":
        # The same as timezone('UTC', …), nine times faster: it does not ask the ICU library.
        return self.f.make_timestamp(self.f.epoch_us(arg))
    return self.f.anon.timezone(sge.convert(timezone), arg)


def _postgres_local(self, op, *, arg, timezone):
    return self.f.anon.timezone(sge.convert(timezone), arg)


def _pyspark_local(self, op, *, arg, timezone):
    return self.f.anon.from_utc_timestamp(arg, sge.convert(timezone))


def _bigquery_local(self, op, *, arg, timezone):
    return self.f.anon.datetime(arg, sge.convert(timezone))


def _joined(template):
    """The rendering of JoinedText that writes `template` with the column in place of x."""

    def visit(self, op, *, arg):
        expression = sg.parse_one(template, dialect=self.dialect)
        return expression.transform(lambda node: arg.copy() if isinstance(node, sge.Column) else node)

    return visit


JOINED = {
    DuckDBCompiler: "array_to_string(list_sort(array_agg(DISTINCT x) FILTER (WHERE x IS NOT NULL)), ', ')",
    PostgresCompiler: """string_agg(DISTINCT x COLLATE "C", ', ' ORDER BY x COLLATE "C")""",
    PySparkCompiler: "nullif(concat_ws(', ', array_sort(collect_set(x))), '')",
    BigQueryCompiler: "string_agg(DISTINCT x, ', ' ORDER BY x)",
}


def _as_of(self, op):
    return self.cast(sge.convert(AS_OF), INSTANT)


RENDERINGS = {
    DuckDBCompiler: (_duckdb_texts, _duckdb_text, _try_cast, _duckdb_local),
    PostgresCompiler: (_postgres_texts, _postgres_text, _guarded_cast, _postgres_local),
    PySparkCompiler: (_pyspark_texts, _pyspark_text, _guarded_cast, _pyspark_local),
    BigQueryCompiler: (_as_it_is, _bigquery_text, _try_cast, _bigquery_local),
}
for compiler, (texts, text, spelled, local) in RENDERINGS.items():
    compiler.visit_Once = _as_it_is
    compiler.visit_JSONTexts = texts
    compiler.visit_JSONText = text
    compiler.visit_Number = spelled
    compiler.visit_LocalTime = local
    compiler.visit_JoinedText = _joined(JOINED[compiler])
    compiler.visit_AsOf = _as_of
PostgresCompiler.visit_Select = _postgres_select
PostgresCompiler.visit_Lowercase = _postgres_lower
PySparkCompiler.visit_Strip = _pyspark_strip
