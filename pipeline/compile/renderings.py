"""How each engine writes our operations, and the few of Ibis that must read the same everywhere.

Ibis finds a rendering by the name of its method: `visit_` and the operation's class. These are subclasses
of Ibis' own compilers, which stay as they are for whoever else uses Ibis in the process. A connection that
is to understand our operations is given one of them: `connection.compiler = COMPILERS["duckdb"]()`.
"""

import json
from typing import Any, ClassVar

import ibis.expr.datatypes as dt
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.sql.compilers import (
    BigQueryCompiler,
    DuckDBCompiler,
    PostgresCompiler,
    PySparkCompiler,
)
from ibis.backends.sql.compilers.base import SQLGlotCompiler

from pipeline.models.operations import Once
from pipeline.plan.render import AS_OF, AS_OF_BEFORE

# What no float64 can hold is no number: a cast of it fails.
NUMBER = "^ *[+-]?([0-9]{1,100}[.]?[0-9]{0,100}|[.][0-9]{1,100})([eE][+-]?[0-9]{1,2})? *$"


def by_code_point(text: Any) -> Any:
    """A text that PostgreSQL compares by code points, as the other engines do, whatever its locale."""
    return sge.Collate(this=text, expression=sge.to_identifier("C", quoted=True))


def _path(key: str) -> Any:
    return sge.convert(f'$."{key}"')


class Everywhere:
    """What all engines write alike.

    It comes before Ibis' compiler among the bases, and must not be one: Ibis would fill it with renderings
    of its own, which would then come before the engine's.

    Attributes:
        joined_text: the distinct texts of a column `x` in the order of their code points, joined by a comma.
    """

    joined_text: ClassVar[str]
    dialect: Any
    type_mapper: Any
    cast: Any
    if_: Any

    def visit_Once(self, op: Any, *, arg: Any) -> Any:
        return arg

    def visit_AsOf(self, op: Any) -> Any:
        return self.cast(sge.convert(AS_OF), op.dtype)

    def visit_AsOfBefore(self, op: Any) -> Any:
        return self.cast(sge.convert(AS_OF_BEFORE), op.dtype)

    def visit_Span(self, op: Any, *, placeholder: str, unit: str) -> Any:
        return sge.Interval(this=sge.convert(placeholder), unit=sge.Var(this=op.dtype.resolution.upper()))

    def visit_JoinedText(self, op: Any, *, arg: Any) -> Any:
        expression = sg.parse_one(self.joined_text, dialect=self.dialect)
        return expression.transform(lambda node: arg.copy() if isinstance(node, sge.Column) else node)

    def try_number(self, arg: Any) -> Any:
        """The number that a text spells, where a cast can answer NULL."""
        return sge.TryCast(this=arg, to=self.type_mapper.from_ibis(dt.float64))

    def guarded_number(self, arg: Any) -> Any:
        """The number that a text spells, where a cast can only fail."""
        spelled = sge.RegexpLike(this=arg, expression=sge.convert(NUMBER))
        return self.if_(spelled, self.cast(arg, dt.float64), sge.Null())


class DuckDB(Everywhere, DuckDBCompiler):  # type: ignore[misc] # Ibis is not typed
    """DuckDB's SQL."""

    joined_text = "array_to_string(list_sort(array_agg(DISTINCT x) FILTER (WHERE x IS NOT NULL)), ', ')"

    def visit_JSONTexts(self, op: Any, *, arg: Any, keys: tuple[str, ...]) -> Any:
        # A foreign table may hold text that is no JSON; it has no values. The others do without TRY.
        # A list of paths would be looked for one by one: seventy of them take twice as long.
        structure = json.dumps(dict.fromkeys(keys, "VARCHAR"), ensure_ascii=False)
        return self.f.anon.TRY(self.f.anon.from_json(arg, sge.convert(structure)))

    def visit_JSONText(self, op: Any, *, arg: Any, keys: tuple[str, ...], index: int) -> Any:
        return self.f.struct_extract(arg, keys[index])

    def visit_Number(self, op: Any, *, arg: Any) -> Any:
        return self.try_number(arg)

    def visit_LocalTime(self, op: Any, *, arg: Any, timezone: str) -> Any:
        if timezone == "UTC":
            # The same as timezone('UTC', …), nine times faster: it does not ask the ICU library.
            return self.f.make_timestamp(self.f.epoch_us(arg))
        return self.f.anon.timezone(sge.convert(timezone), arg)


class Postgres(Everywhere, PostgresCompiler):  # type: ignore[misc]
    """PostgreSQL's SQL, of version 15 and later."""

    joined_text = """string_agg(DISTINCT x COLLATE "C", ', ' ORDER BY x COLLATE "C")"""

    def visit_JSONTexts(self, op: Any, *, arg: Any, keys: tuple[str, ...]) -> Any:
        # Parsed once; taking a value out of a jsonb is a search in a sorted list. Raw text that is no
        # JSON is NULL before it comes here.
        return sge.cast(arg, "jsonb")

    def visit_JSONText(self, op: Any, *, arg: Any, keys: tuple[str, ...], index: int) -> Any:
        return by_code_point(self.f.anon.jsonb_extract_path_text(arg, sge.convert(keys[index])))

    def visit_Number(self, op: Any, *, arg: Any) -> Any:
        return self.guarded_number(arg)

    def visit_LocalTime(self, op: Any, *, arg: Any, timezone: str) -> Any:
        return self.f.anon.timezone(sge.convert(timezone), arg)

    def visit_Lowercase(self, op: Any, *, arg: Any) -> Any:
        # By code points alone, only ASCII letters have a lower case.
        default = sge.to_identifier("default", quoted=True)
        return by_code_point(self.f.lower(sge.Collate(this=sge.paren(arg), expression=default)))

    def visit_StringContains(self, op: Any, *, haystack: Any, needle: Any) -> Any:
        # `POSITION(x IN y COLLATE "C")` is no PostgreSQL: a collation must stand in brackets there.
        texts = {"haystack": haystack, "needle": needle}
        bracketed = {
            name: sge.paren(text) if isinstance(text, sge.Collate) else text for name, text in texts.items()
        }
        return super().visit_StringContains(op, **bracketed)

    def visit_Select(self, op: Any, **parts: Any) -> Any:
        """A select that PostgreSQL does not merge with the one around it, where a value is to be made once.

        Else it would copy the value's expression to every place that uses it, and parse JSON at each.
        """
        select = super().visit_Select(op, **parts)
        if any(isinstance(value, Once) for value in op.selections.values()):
            select = select.offset(0)
        return select


class Spark(Everywhere, PySparkCompiler):  # type: ignore[misc]
    """Spark's SQL, of version 4."""

    joined_text = "nullif(concat_ws(', ', array_sort(collect_set(x))), '')"

    def visit_JSONTexts(self, op: Any, *, arg: Any, keys: tuple[str, ...]) -> Any:
        # Parsed once: get_json_object parses the object anew for each key, and takes three times as long.
        return self.f.anon.from_json(arg, sge.convert("MAP<STRING, STRING>"))

    def visit_JSONText(self, op: Any, *, arg: Any, keys: tuple[str, ...], index: int) -> Any:
        return self.f.anon.try_element_at(arg, sge.convert(keys[index]))

    def visit_Number(self, op: Any, *, arg: Any) -> Any:
        return self.guarded_number(arg)  # sqlglot writes a cast that answers NULL as one that fails

    def visit_LocalTime(self, op: Any, *, arg: Any, timezone: str) -> Any:
        return self.f.anon.from_utc_timestamp(arg, sge.convert(timezone))

    def visit_Strip(self, op: Any, *, arg: Any) -> Any:
        # In Spark's texts "\\v" and "\\f" are the letters: Ibis' own rendering takes them off names too.
        blanks = self.f.concat(sge.convert(" \t\n\r"), self.f.anon.char(11), self.f.anon.char(12))
        return sge.Trim(this=arg, expression=blanks, position="BOTH")

    # Ibis' own two ask options of its Spark connection whether NaN is NULL, and fail where there is none.

    def visit_Field(self, op: Any, *, rel: Any, name: str) -> Any:
        return SQLGlotCompiler.visit_Field(self, op, rel=rel, name=name)

    def visit_NonNullLiteral(self, op: Any, *, value: Any, dtype: dt.DataType) -> Any:
        if dtype.is_floating():
            return SQLGlotCompiler.visit_NonNullLiteral(self, op, value=value, dtype=dtype)
        return super().visit_NonNullLiteral(op, value=value, dtype=dtype)


class BigQuery(Everywhere, BigQueryCompiler):  # type: ignore[misc]
    """BigQuery's SQL."""

    joined_text = "string_agg(DISTINCT x, ', ' ORDER BY x)"

    def visit_JSONTexts(self, op: Any, *, arg: Any, keys: tuple[str, ...]) -> Any:
        return arg

    def visit_JSONText(self, op: Any, *, arg: Any, keys: tuple[str, ...], index: int) -> Any:
        # Of an object or an array json_value is NULL, where the other engines give its JSON.
        path = _path(keys[index])
        nested = self.f.nullif(self.f.anon.json_query(arg, path), "null")
        return self.f.coalesce(self.f.anon.json_value(arg, path), nested)

    def visit_Number(self, op: Any, *, arg: Any) -> Any:
        return self.try_number(arg)

    def visit_RegexExtract(self, op: Any, *, arg: Any, pattern: Any, index: Any) -> Any:
        # Ibis' own replaces what is around the match up to the ends of its line only.
        around = self.f.concat("(?s)^.*?(", pattern, ").*$")
        group = self.f.concat("\\", self.cast(index + 1, dt.string))
        return self.if_(
            self.f.regexp_contains(arg, pattern), self.f.regexp_replace(arg, around, group), sge.Null()
        )

    def visit_LocalTime(self, op: Any, *, arg: Any, timezone: str) -> Any:
        return self.f.anon.datetime(arg, sge.convert(timezone))


COMPILERS: dict[str, type[SQLGlotCompiler]] = {
    "duckdb": DuckDB,
    "postgres": Postgres,
    "pyspark": Spark,
    "bigquery": BigQuery,
}
