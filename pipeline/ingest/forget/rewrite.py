"""Everything in a database passed through `Records` and `Texts`: raw tables, quarantine, run metadata."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline.engines import meta
from pipeline.engines.base import Engine
from pipeline.engines.forgotten import Forgotten
from pipeline.errors import RunError
from pipeline.ingest.forget.marks import own_marks
from pipeline.ingest.forget.people import TABLES, records
from pipeline.ingest.forget.records import Records
from pipeline.ingest.forget.texts import Texts

Key = tuple[str, str]

CHANGES = "forgetting"  # a table of `meta`, while rows are rewritten
PLACE, GONE = "aa_place", "aa_gone"  # its columns beside those of the raw table
TEXTS = ("VARCHAR", "JSON", "TEXT", "CHAR")  # how native types of texts begin
# Columns of run metadata that quote what was read, or say where it stood.
QUOTING = {
    "quarantine": ("file", "reason", "excerpt"),
    "ingests": ("inputs",),
    "ingest_files": ("path",),
    "runs": ("target",),
    "run_tables": ("reason",),
    "audit_failures": ("failing_row",),
}


class Rewrite:
    """Lets forgotten people go from a database; in the caller's transaction.

    Args:
        engine: an open database.
        forgotten: its tombstones, new ones included.
        masked: what examples show of addresses; see `plan.check_results.mask`.
        on_table: told which table is next.
    """

    def __init__(
        self, engine: Engine, forgotten: Forgotten, masked: set[str], on_table: Callable[[str], None]
    ) -> None:
        self.engine = engine
        self.records = Records(forgotten, own_marks(engine))
        self.texts = Texts(forgotten)
        self.masked = masked
        self.on_table = on_table
        self.kinds = engine.kinds()
        self.changes = engine.name(meta.SCHEMA, CHANGES)

    def go(self, *, dry_run: bool = False) -> dict[Key, int]:
        """How many rows of each table change, or would.

        Rows of raw tables are found again by their place: a collector may have given several one id, or none.

        Raises:
            RunError: a raw table is somebody's view.
        """
        changed: Counter[Key] = Counter()
        shapes = self.engine.shapes("raw")
        for table in TABLES:
            if table in shapes:
                self.on_table(f"raw.{table}")
                changed["raw", table] += self._raw(table, shapes[table], dry_run)
        there = self.engine.shapes(meta.SCHEMA)
        for table, columns in QUOTING.items():
            for column in columns:
                if column in there.get(table, {}):
                    changed[meta.SCHEMA, table] += self._quoting(table, column, dry_run)
        if "transcript_files" in there and not dry_run:
            # Of its names and hashes, names could be tried; the files are read again instead.
            self.engine.execute(f"DELETE FROM {self.engine.name(meta.SCHEMA, 'transcript_files')} WHERE true")
        changed |= self._stored_failures(dry_run)
        return {key: rows for key, rows in changed.items() if rows}

    # Raw tables

    def _raw(self, table: str, shape: Mapping[str, str], dry_run: bool) -> int:
        columns = [name for name, native in shape.items() if native.upper().startswith(TEXTS)]
        number = 0
        if not dry_run:
            text = meta.NATIVE[self.engine.dialect]["text"]
            types = [f"{PLACE} {text}", f"{GONE} BOOLEAN"]
            types += [f"{self.engine.quote(name)} {shape[name]}" for name in columns]
            self.engine.execute(f"CREATE TABLE {self.changes} ({', '.join(types)})")
        for page in records(self.engine, table, columns):
            changed: list[Sequence[Any]] = []
            for place, record in page:
                cleaned = self.records.clean(table, record)
                if cleaned is not record:
                    values = cleaned or dict.fromkeys(columns)
                    changed.append((place, cleaned is None, *(values[column] for column in columns)))
            number += len(changed)
            if changed and self.kinds["raw", table] != "table":
                raise RunError(
                    f"raw.{table} is a view: its rows stand elsewhere. Remove the person there first."
                    " Nothing was changed."
                )
            if not dry_run:
                self.engine.append(meta.SCHEMA, CHANGES, [PLACE, GONE, *columns], changed)
        if not dry_run:
            self._apply(table, columns)
            self.engine.execute(f"DROP TABLE {self.changes}")
        return number

    def _apply(self, table: str, columns: list[str]) -> None:
        quote = self.engine.quote
        stored = f"{self.engine.name('raw', table)} AS stored"
        place = self.engine.place("stored")
        values = ", ".join(f"{quote(column)} = changed.{quote(column)}" for column in columns)
        # Deleted first: a row that is updated takes another place.
        self.engine.execute(
            f"DELETE FROM {stored} USING {self.changes} AS changed"
            f" WHERE {place} = changed.{PLACE} AND changed.{GONE}"
        )
        self.engine.execute(
            f"UPDATE {stored} SET {values} FROM {self.changes} AS changed"
            f" WHERE {place} = changed.{PLACE} AND NOT changed.{GONE}"
        )

    # Run metadata

    def _quoting(self, table: str, column: str, dry_run: bool) -> int:
        name, quoted = self.engine.name(meta.SCHEMA, table), self.engine.quote(column)
        number = 0
        told = self.engine.fetch(
            f"SELECT {quoted}, count(*) FROM {name} WHERE {quoted} IS NOT NULL GROUP BY 1"
        )
        for value, rows in told:
            cleaned = self.texts.clean_own(value)
            if cleaned == value and not (table == "audit_failures" and self._is_masked(value)):
                continue
            number += rows
            if dry_run:
                continue
            if table == "audit_failures":
                self.engine.delete(meta.SCHEMA, table, column, value)
            else:
                # Of a record that was not understood nobody knows what else it tells.
                kept = None if column == "excerpt" else cleaned
                self.engine.execute(f"UPDATE {name} SET {quoted} = ? WHERE {quoted} = ?", [kept, value])
        return number

    def _is_masked(self, example: str) -> bool:
        return any(f'"{address}"' in example for address in self.masked)

    def _stored_failures(self, dry_run: bool) -> dict[Key, int]:
        """Tables of whole rows that failed an audit go where they name a person; a build makes them anew."""
        found = {}
        for table in self.engine.shapes(meta.FAILING_ROWS):
            rows: list[tuple[Any, ...]] = self.engine.fetch(
                f"SELECT * FROM {self.engine.name(meta.FAILING_ROWS, table)}"
            )
            texts = (str(value) for row in rows for value in row if value is not None)
            if any(self.texts.clean_own(text) != text for text in texts):
                found[meta.FAILING_ROWS, table] = len(rows)
                if not dry_run:
                    self.engine.drop(meta.FAILING_ROWS, table, self.kinds[meta.FAILING_ROWS, table])
        return found


def refuse_forgotten(source: Engine, target: Engine) -> None:
    """Refuse to copy from a database that names people whom the other one has forgotten.

    Raises:
        RunError: says how many rows there are, and what to do.
        ConfigError: the environment has not the key by which they are known again.
    """
    forgotten = Forgotten.of(target)
    if not forgotten:
        return
    found = Rewrite(source, forgotten, set(), lambda table: None).go(dry_run=True)
    if found:
        tables = ", ".join(f"{'.'.join(key)} ({rows:,})" for key, rows in found.items())
        raise RunError(
            f"Rows of {source.url} name people whom {target.url} has forgotten: {tables}. Nothing was copied."
            " Run `aa-pipeline forget` there first, for the same people."
        )
