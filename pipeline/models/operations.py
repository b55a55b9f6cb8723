"""Operations that Ibis lacks, or that it spells differently from engine to engine.

Each is an Ibis operation; how an engine writes it stands in `pipeline/compile/renderings.py`. So a model
that uses it compiles for all four without a connection:

* `json_columns(table, keys_of)`: values of JSON objects by *whole* key. Ibis' own
  `column["session.id"]` walks `session` then `id` on DuckDB and gives NULL; OpenTelemetry keys are dotted.
* `once(value)`: a value that is computed in a select of its own.
* `number(text)`: the number that a text spells, NULL if it spells none.
* `local_time(instant, timezone)`: wall-clock time; Ibis ignores the zone of a cast.
* `joined_text(texts)`: the distinct texts of a group, in the same order everywhere.
* `as_of()`: the instant of the run, filled in when a plan is run, so that one plan serves every run.
* `span(placeholder, unit)`: an interval that a setting tells, filled in when a plan is bound to a database.
"""

from collections.abc import Collection, Iterable, Mapping

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.rules as rlz
import ibis.expr.types as ir
from ibis.common.deferred import deferrable

INSTANT = dt.Timestamp(timezone="UTC", scale=6)


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


class Span(ops.Value):
    """An interval of as many units as is known when a plan is bound."""

    placeholder: str
    unit: str

    shape = ibis.expr.datashape.scalar

    @property
    def dtype(self) -> dt.Interval:
        """Of its unit."""
        return dt.Interval(self.unit)


def json_columns(
    table: ir.Table, keys_of: Mapping[str, Iterable[str]], numbers: Collection[str] = ()
) -> tuple[ir.Table, dict[str, dict[str, ir.Value]]]:
    """`table` with the values of keys in its JSON columns as columns, and these by column and key.

    They are texts; those of `numbers` are the numbers that the texts spell. A key that is absent is NULL.
    Naming all keys at once lets an engine parse the object once: on DuckDB, twenty keys of two million
    objects take 0.7 s together and 3.6 s one by one.
    """
    objects = {column: (f"{column}__", tuple(dict.fromkeys(keys))) for column, keys in keys_of.items()}
    prepared = table.mutate(
        **{name: once(JSONTexts(table[column], keys).to_expr()) for column, (name, keys) in objects.items()}
    )
    values = {}
    for name, keys in objects.values():
        for index, key in enumerate(keys):
            text = JSONText(prepared[name], keys, index).to_expr()
            values[name + _column(key)] = once(number(text) if key in numbers else text)
    parsed = prepared.select(*table.columns, **values)
    return parsed, {
        column: {key: parsed[name + _column(key)] for key in keys} for column, (name, keys) in objects.items()
    }


def _column(key: str) -> str:
    return key.replace("-", "___").replace(".", "__")


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


def span(placeholder: str, unit: str) -> ir.IntervalScalar:
    """An interval in a unit of Ibis ("D", "h", "s"); `placeholder` stands for their number in the SQL."""
    return Span(placeholder, unit).to_expr()
