"""Arrow tables on their way into a database. DuckDB reads them where they are."""

import datetime as dt
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

from pipeline.errors import QueryError
from pipeline.ingest.landing.columns import encoded_json, integers, texts

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.engines.base import Engine
    from pipeline.privacy.rows import Rows

MANY = 100  # rows

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


def import_arrow_alone() -> None:
    """Import Arrow without NumPy, with which it takes three times as long and starts threads.

    For processes of our own: what of Arrow needs NumPy does not work in them.
    """
    if sys.modules.keys() & {"numpy", "pyarrow"}:
        return
    sys.modules["numpy"] = None  # type: ignore[assignment] # Python's mark of what cannot be imported
    try:
        import pyarrow  # noqa: F401 # whoever imports it next gets this one
    finally:
        del sys.modules["numpy"]


@dataclass(frozen=True)
class Summary:
    """What is known of rows when they are read, so that the database need not be asked.

    Attributes:
        all_different: whether no two rows have the same key.
        oldest: the first of their times.
        newest: the last of them.
    """

    all_different: bool
    oldest: dt.datetime
    newest: dt.datetime

    @classmethod
    def of(cls, keys: Sequence[str], microseconds: Sequence[int]) -> Self:
        """Of keys, and of times since 1970."""
        return cls(
            len(set(keys)) == len(keys),
            EPOCH + dt.timedelta(microseconds=min(microseconds)),
            EPOCH + dt.timedelta(microseconds=max(microseconds)),
        )

    @classmethod
    def of_all(cls, summaries: Iterable[Self]) -> Self:
        """Of the rows of several summaries. Equal keys have equal times."""
        in_order = sorted(summaries, key=lambda summary: summary.oldest)
        apart = all(one.newest < next_one.oldest for one, next_one in pairwise(in_order))
        return cls(
            apart and all(summary.all_different for summary in in_order),
            in_order[0].oldest,
            max(summary.newest for summary in in_order),
        )


def table_of(columns: Mapping[str, Sequence[Any]], shape: Mapping[str, str]) -> "pa.Table | None":
    """An Arrow table of columns; None if one holds what is no text, number or instant.

    Args:
        columns: their values, JSON as text.
        shape: the types of the columns in the database.
    """
    import pyarrow as pa

    made = {name: _column(values, shape.get(name) == "JSON") for name, values in columns.items()}
    return None if None in made.values() else pa.table(made)


def _column(values: Sequence[Any], is_json: bool) -> "pa.Array | None":
    import pyarrow as pa

    kinds = {*map(type, values)}
    kinds.discard(type(None))
    if is_json and kinds == {str} and None not in values:
        return encoded_json([value.encode() for value in values])
    if kinds <= {str}:
        return texts(values)
    if kinds == {int}:
        return integers(values) if all(-(2**63) <= value < 2**63 for value in values if value) else None
    if kinds == {dt.datetime}:
        instants = [None if value is None else (value - EPOCH) // MICROSECOND for value in values]
        return integers(instants, pa.timestamp("us", "UTC"))
    return None


def is_worth_arrow(engine: "Engine", count: int) -> bool:
    """Whether so many rows go by Arrow: to DuckDB, if it has been imported and they are many.

    Of many rows an Arrow table takes a tenth of the memory of JSON, and of the time.
    """
    return engine.dialect == "duckdb" and count >= MANY and "pyarrow" in sys.modules


def append_columns(
    engine: "Engine",
    schema: str,
    table: str,
    columns: Mapping[str, Sequence[Any]],
    shape: Mapping[str, str],
    common: Mapping[str, Any],
) -> None:
    """Add rows that are given by columns: by Arrow, where that is worth it.

    Args:
        engine: an open engine.
        schema: where the table is.
        table: its name.
        columns: the values, JSON as text.
        shape: the types of the table's columns.
        common: further columns, with the value that all of the rows have.
    """
    if is_worth_arrow(engine, len(next(iter(columns.values())))):
        incoming = table_of(columns, shape)
        if incoming is not None:
            append_arrow(engine, schema, table, incoming, common)
            return
    rows = [(*common.values(), *row) for row in zip(*columns.values(), strict=True)]
    engine.append(schema, table, [*common, *columns], rows)


def append_arrow(
    engine: "Engine",
    schema: str,
    table: str,
    incoming_rows: "pa.Table",
    common: Mapping[str, Any] | None = None,
) -> None:
    """Add the rows of an Arrow table; DuckDB reads it in place.

    Args:
        engine: an open engine.
        schema: where the table is.
        table: its name.
        incoming_rows: the rows.
        common: further columns, with the value that all of the rows have.
    """
    common = common or {}
    own = incoming_rows.column_names
    columns = [*common, *own]
    if engine.dialect != "duckdb":
        values = [incoming_rows.column(name).to_pylist() for name in own]
        rows = [(*common.values(), *row) for row in zip(*values, strict=True)]
        engine.append(schema, table, columns, rows)
        return
    names = ", ".join(map(engine.quote, columns))
    selected = ", ".join(["?"] * len(common) + list(map(engine.quote, own)))
    sql = f"INSERT INTO {engine.name(schema, table)} ({names}) SELECT {selected} FROM incoming"
    fetch_with_arrow(engine, sql, incoming_rows, list(common.values()))


def fetch_with_arrow(
    engine: "Engine", sql: str, incoming: "pa.Table", parameters: Sequence[Any] = ()
) -> list[tuple[Any, ...]]:
    """The rows of a query of DuckDB that reads an Arrow table in place, as `incoming`."""
    import duckdb

    try:
        # Found by the name of the variable: a registered table would stay in memory until the
        # transaction ends.
        rows: list[tuple[Any, ...]] = engine.connection.execute(sql, parameters).fetchall()  # type: ignore[attr-defined]
    except duckdb.Error as error:
        raise QueryError(f"DuckDB refused rows: {error}") from error
    return rows


def without_people_in(table: str, rows: "pa.Table", hidden: "Rows") -> "pa.Table":
    """The rows of an Arrow table for a raw table, in which pseudonyms stand for people."""
    import pyarrow as pa

    before = rows.to_pylist()
    after = [hidden.record(table, row) for row in before]
    for at, name in enumerate(rows.column_names):
        values = [row[name] for row in after]
        if isinstance(rows.schema.field(name).type, pa.JsonType):
            rows = rows.set_column(at, name, encoded_json([value.encode() for value in values]))
        elif any(isinstance(value, str) for value in values):
            rows = rows.set_column(at, name, texts(values))
    return rows
