"""What the pipeline asks of a database: the few things in which engines differ.

Statements are plain SQL text in the engine's dialect. Values from outside go in as parameters
(`?` in every engine), names through `quote`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

from pipeline.errors import ConfigError, TargetError, did_you_mean
from pipeline.plan.render import quote

# The alias of a relation whose rows are hashed whole. A column of this name would be hashed in their place.
ROW = "aa_whole_row"
IN_LIST = 1_000  # values that stand in one list of a statement

Kind = Literal["table", "view"]


@dataclass(frozen=True)
class Step:
    """One operator of a statement that was run.

    Attributes:
        operator: what the engine calls it.
        detail: what it worked on.
        seconds: of work, summed over all threads.
        rows: how many it passed on.
        rows_read: how many it read from a stored table.
    """

    operator: str
    detail: str
    seconds: float
    rows: int
    rows_read: int = 0


def check_options(
    engine: str, known: Mapping[str, str], options: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    """A target's options, all of them known to its engine.

    Raises:
        ConfigError: names the unknown option and those that there are.
    """
    for name in options or {}:
        if name not in known:
            there = "; ".join(f"{option}: {meaning}" for option, meaning in known.items()) or "none"
            raise ConfigError(
                f"{engine} has no option {name}.{did_you_mean(name, known)} Its options are {there}."
            )
    return options or {}


class Engine(ABC):
    """One open database. A context manager: leaving it closes the connection.

    Attributes:
        dialect: the name that Ibis gives the engine's SQL: duckdb, postgres, pyspark, bigquery.
        transactional: whether `transaction` covers the making and dropping of tables.
        row_id: a column that every table has, by which its rows are found again at once, as long as
            nobody changes it; None where there is none.
        url: where it is, without secrets; may be shown to people.
    """

    dialect: str
    transactional: bool = True
    row_id: str | None = None
    url: str

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Give the database back. May be called twice."""

    def interrupt(self) -> None:  # noqa: B027 most drivers have nothing to do
        """Stop the running statement, from another thread; for drivers that do not hear Ctrl-C."""

    @abstractmethod
    def shapes(self, schema: str) -> dict[str, dict[str, str]]:
        """Tables and views of a schema: name → column → the engine's own name of its type.

        Empty if there is no such schema.
        """

    @abstractmethod
    def kinds(self) -> dict[tuple[str, str], Kind]:
        """What the database holds: (schema, name) → table or view."""

    def has_for_itself(self) -> None:  # noqa: B027 most databases are everybody's
        """Learn that in this process nobody but this engine makes or drops tables of the database."""

    @abstractmethod
    def fetch_result(
        self, sql: str, params: Sequence[Any] | None = None
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Column names and all rows of a query.

        Raises:
            QueryError: the database refused the statement.
        """

    @abstractmethod
    def execute(self, sql: str, params: Sequence[Any] | None = None) -> int | None:
        """Run a statement; how many rows it wrote, where the engine tells.

        Raises:
            QueryError: the database refused the statement.
        """

    @abstractmethod
    def append(self, schema: str, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
        """Add rows in bulk, values cast to the table's types; the number of rows added.

        A dict or list becomes the text of a JSON document; a float that is no number, NULL.
        """

    @abstractmethod
    def ibis(self) -> Any:
        """An Ibis connection to the same database, for notebooks."""

    def fetch(self, sql: str, params: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self.fetch_result(sql, params)[1]

    def fetch_dicts(self, sql: str, params: Sequence[Any] | None = None) -> list[dict[str, Any]]:
        """All rows of a query, as one dict each."""
        columns, rows = self.fetch_result(sql, params)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: commits at the end, rolls back if anything is raised."""
        self.execute("BEGIN")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            self.rollback()
            raise

    @contextmanager
    def schema_change(self) -> Iterator[None]:
        """A transaction that adds columns to tables; rows are appended to them after it.

        DuckDB can do no such thing in one.
        """
        with self.transaction():
            yield

    def write_out(self) -> None:  # noqa: B027 most databases look after it
        """Write what was committed where it stays: only then `change_marker` tells of it."""

    def publish(self) -> None:  # noqa: B027 a transaction does it at its end
        """Let readers see what was built so far; called before the run metadata says that they can."""

    def rollback(self) -> None:
        """Undo the open transaction."""
        self.execute("ROLLBACK")

    def quote(self, identifier: str) -> str:
        """An identifier that may be put into SQL, whatever it contains."""
        return quote(identifier, self.dialect)

    def lower(self, text: str) -> str:
        """An expression of a text in lower case, as the models have it."""
        return f"LOWER({text})"

    def name(self, schema: str, table: str) -> str:
        """The quoted full name of a table."""
        return f"{self.quote(schema)}.{self.quote(table)}"

    def create_schema(self, name: str) -> None:
        """Make a schema unless it is there."""
        self.execute(f"CREATE SCHEMA IF NOT EXISTS {self.quote(name)}")

    def start_profiling(self) -> bool:
        """Begin to collect what `take_profile` returns; False where the engine cannot."""
        return False

    def take_profile(self) -> list[Step]:
        """The operators of all statements since the last call."""
        return []

    def tune(self) -> None:  # noqa: B027 some engines have nothing to prepare
        """Prepare for building many tables, fast; called before a build's transaction."""

    def create(self, schema: str, table: str, select: str, kind: Kind, replacing: Kind | None) -> int | None:
        """Store a query as a table or view of that name; the number of rows, where known.

        Args:
            schema: where to; must exist.
            table: its name.
            select: the query.
            kind: what to make of it.
            replacing: what stands there now, if anything.
        """
        if replacing:
            self.drop(schema, table, replacing)
        return self.execute(f"CREATE {kind.upper()} {self.name(schema, table)} AS {select}")

    def describe(  # noqa: B027 some engines have no comments
        self, schema: str, table: str, kind: Kind, description: str, columns: Mapping[str, str]
    ) -> None:
        """Store what a table and its columns mean, where the database has comments: BI tools show them."""

    def create_empty(
        self, schema: str, table: str, columns: Mapping[str, str], replacing: Kind | None
    ) -> None:
        """Make a table without rows, of columns and their native types.

        Args:
            schema: where to; must exist.
            table: its name.
            columns: native types by name.
            replacing: what stands there now, if anything.
        """
        if replacing:
            self.drop(schema, table, replacing)
        definitions = ", ".join(f"{self.quote(name)} {native}" for name, native in columns.items())
        self.execute(f"CREATE TABLE {self.name(schema, table)} ({definitions})")

    def drop(self, schema: str, table: str, kind: Kind) -> None:
        """Remove a table or view."""
        self.execute(f"DROP {kind.upper()} IF EXISTS {self.name(schema, table)}")

    def delete(self, schema: str, table: str, column: str, value: Any) -> None:
        """Remove the rows of a small table in which a column has a value, or has none (None)."""
        rows = f"DELETE FROM {self.name(schema, table)} WHERE {self.quote(column)}"
        if value is None:
            self.execute(f"{rows} IS NULL")
        else:
            self.execute(f"{rows} = ?", [value])

    def borrow(self, other: "Engine", schema: str, table: str, columns: Mapping[str, str]) -> str:
        """A relation with the rows of another database's table, for the transaction that is open.

        Args:
            other: an open database of the same engine, which stays open for as long.
            schema: of the table there.
            table: its name there.
            columns: native types by name.

        Raises:
            TargetError: the engine cannot read another database.
        """
        raise TargetError(
            f"{self.url} cannot read tables of {other.url}: a build defers from one DuckDB file to another,"
            " or from one PostgreSQL database to another. Build what is read here, or use such a target."
        )

    def place(self, alias: str) -> str:
        """A text that tells a row of a table of that alias from all others, until the row is changed.

        Only of engines that have transactions.
        """
        raise NotImplementedError  # who asks has made sure that there are transactions

    def delete_numbered(self, schema: str, table: str, numbers: Sequence[int], condition: str) -> None:
        """Remove the rows of a table of a condition in SQL that have one of these in their column `id`."""
        name, key = self.name(schema, table), self.quote("id")
        for start in range(0, len(numbers), IN_LIST):
            some = ", ".join(map(str, numbers[start : start + IN_LIST]))
            self.execute(f"DELETE FROM {name} WHERE {key} IN ({some}) AND {condition}")

    def sizes(self) -> dict[tuple[str, str], int]:
        """Bytes that each table takes, by schema and name, as far as the engine tells."""
        return {}

    def size(self) -> int:
        """Bytes that the database takes; 0 where the engine does not tell."""
        return 0

    def compact(self, *, always: bool = False) -> str | None:
        """Give back the space of rows that are gone, and look anew at how rows are distributed.

        Others read meanwhile. The engine may be closed after it.

        Args:
            always: also where little would be freed.

        Returns:
            Why it was not done, if it was not.
        """
        return None

    def bytes_to_scan(self, sql: str) -> int | None:
        """How many bytes a query would read; None where the engine does not bill by bytes."""
        return None

    def change_marker(self, schema: str, table: str) -> str:
        """A text that changes when rows of a table are altered in place.

        Empty where the engine has no cheap way to tell.
        """
        return ""

    def growth_marker(self, schema: str, table: str) -> str:
        """A text by which `only_grew` can tell later whether rows were altered in place."""
        return self.change_marker(schema, table)

    def only_grew(self, schema: str, table: str, marker: str) -> bool:
        """Whether the rows that were there when `growth_marker` was taken are unchanged.

        True too where the engine has no cheap way to tell.
        """
        return marker == self.growth_marker(schema, table)

    def row_hash(self, alias: str) -> str | None:
        """An expression that tells the rows of a relation of that alias apart; None if there is none."""
        return None

    def content_hash(self, query: str) -> str | None:
        """A short text that changes when the rows of a query do, whatever their order.

        None where the engine has no cheap way to tell.
        """
        return None

    def measure(self, query: str, aggregates: Sequence[str]) -> tuple[tuple[Any, ...], str | None]:
        """Values of aggregates over the rows of a query, and its `content_hash`."""
        row = self.fetch(f"SELECT {', '.join(aggregates)} FROM ({query}) AS {ROW}")[0]
        return row, self.content_hash(query)
