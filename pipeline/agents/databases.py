"""SQLite databases of agents, read so that the agent can go on writing and nothing is left beside them.

Whoever wrote one may have wanted to do harm (sqlite.org/security.html): it gives only rows of tables, and a
small file cannot keep us busy, or fill the memory, by pages that point to the same pages.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pipeline.agents.events import Journal
from pipeline.agents.files import Sample
from pipeline.agents.usage import tell_unknown, usage_in

HEADER = b"SQLite format 3\0"
WRITE_AHEAD = b"\2\2"  # bytes 18 and 19 of the header: sqlite.org/fileformat.html
# How much a database gives, and how long it takes, by its size: the rows of honest ones are read a few times.
TIMES, AT_LEAST = 8, 1 << 24
STEPS = 10_000  # after so many it is asked whether they are too many
LONGEST_VALUE = 1 << 28


@contextmanager
def open_database(file: Path) -> Iterator[sqlite3.Connection]:
    """A database that cannot be written to; rows have names.

    Raises:
        sqlite3.Error: it is none, or damaged, or gives more than it can hold; reading rows raises it too.
        OSError: it cannot be read.
    """
    if not file.is_file():
        raise OSError("it is no file")
    with file.open("rb") as opened:
        writes_ahead = opened.read(20)[18:] == WRITE_AHEAD
    # Without a log nobody writes. SQLite would make one, and leave it there.
    rests = writes_ahead and not Path(f"{file}-wal").exists()
    address = f"{file.absolute().as_uri()}?mode=ro{'&immutable=1' if rests else ''}"
    with closing(sqlite3.connect(address, uri=True)) as database:
        database.text_factory = lambda text: text.decode("utf-8", "replace")
        database.execute("PRAGMA trusted_schema = OFF")
        database.execute("PRAGMA cell_size_check = ON")
        database.execute("PRAGMA cache_size = -8192")  # the file may ask for more
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
        _bound(database, AT_LEAST + TIMES * _size(file))
        yield database


def _size(file: Path) -> int:
    log = Path(f"{file}-wal")
    return file.stat().st_size + (log.stat().st_size if log.is_file() else 0)


def _bound(database: sqlite3.Connection, most: int) -> None:
    """Let a database give no more than so many bytes, and take no more steps."""
    given = steps = 0

    def is_too_long() -> bool:
        nonlocal steps
        steps += STEPS
        return steps > most

    def row(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> sqlite3.Row:
        nonlocal given
        given += sum(len(value) for value in values if isinstance(value, str | bytes))
        if given > most:
            raise sqlite3.DataError("it gives more than it can hold")
        return sqlite3.Row(cursor, values)

    database.set_progress_handler(is_too_long, STEPS)
    database.row_factory = row


def tables_of(sample: Sample) -> dict[str, set[str]]:
    """The columns of each table of a file; nothing if it is no database."""
    if not sample.head.startswith(HEADER):
        return {}
    try:
        with open_database(sample.path) as database:
            return columns(database)
    except (sqlite3.Error, OSError):
        return {}


def columns(database: sqlite3.Connection) -> dict[str, set[str]]:
    """The columns of each table."""
    found = database.execute(
        "SELECT tables.name, columns.name FROM sqlite_master AS tables"
        " JOIN pragma_table_info(tables.name) AS columns"
        # What full-text search and the like keep needs a module that may not be there.
        " WHERE tables.type = 'table' AND tables.sql NOT LIKE 'CREATE VIRTUAL%'"
    )
    tables: dict[str, set[str]] = {}
    for table, column in found:
        tables.setdefault(table, set()).add(column)
    return tables


def rows(database: sqlite3.Connection, table: str, wanted: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """A table's rows with the columns that it has.

    Args:
        database: an open database.
        table: which table; one that is not there has no rows.
        wanted: columns → what is selected of each, mostly the column itself.
    """
    has = columns(database).get(table, set())
    selected = [f"{expression} AS {column}" for column, expression in wanted.items() if column in has]
    if selected:
        for row in database.execute(f"SELECT {', '.join(selected)} FROM {_quoted(table)}"):
            yield dict(row)


def tell_unknown_columns(
    database: sqlite3.Connection,
    known: Mapping[str, frozenset[str]],
    file: Path,
    agent: str,
    journal: Journal,
) -> None:
    """Put rows aside that carry usage in columns which the agent's reader does not know.

    Args:
        database: an open database.
        known: the columns that are read, or are known to be no usage, by table.
        file: which database it is.
        agent: whose it is.
        journal: keeps account.
    """
    for table, names in sorted(columns(database).items()):
        unknown = names - known.get(table, frozenset())
        telling = sorted(name for name in unknown if usage_in({name: 1}))
        if telling:
            query = f"SELECT {', '.join(map(_quoted, telling))} FROM {_quoted(table)}"
            for number, row in enumerate(database.execute(query), start=1):
                tell_unknown(journal, file, number, agent, f"row of {table}", dict(row))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
