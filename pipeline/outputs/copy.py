"""From one database to another: the raw tables and the run metadata, in batches, checked at the end.

Rows are read as their contracts say and written in order of their ids, one transaction per batch.
So an interrupted copy goes on where it stopped, and a copy that is complete copies nothing.
Tables that are built are not copied: `aa-pipeline build` makes them anew, in the target's own way.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.engines import meta
from pipeline.engines.base import Engine
from pipeline.engines.raw_tables import complete_raw_tables, make_raw_table
from pipeline.errors import RunError
from pipeline.plan import Plan, PlanTable

ROWS_PER_BATCH = 100_000

# Tables of `meta` by their first column: the run, ingest or file that a row belongs to. What the target
# knows of one stays as it is.
RUN_METADATA = {table: next(iter(columns)) for table, columns in meta.TABLES.items() if table != "version"}

# A number that two engines make alike of a text: the beginning of its MD5.
MD5 = {
    "duckdb": "CAST('0x' || substr(md5({0}), 1, 8) AS BIGINT)",
    "postgres": "CAST(CAST('x' || substr(md5({0}), 1, 8) AS bit(32)) AS bigint)",
    "pyspark": "CAST(conv(substr(md5({0}), 1, 8), 16, 10) AS BIGINT)",
    "bigquery": "CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5({0})), 1, 8)) AS INT64)",
}
MICROSECONDS = {
    "duckdb": "epoch_us({0})",
    "postgres": "CAST(extract(epoch FROM {0}) * 1000000 AS bigint)",
    "pyspark": "unix_micros({0})",
    "bigquery": "UNIX_MICROS({0})",
}
TEXT = {"duckdb": "VARCHAR", "postgres": "text", "pyspark": "string", "bigquery": "STRING"}
# Sums of 64-bit numbers need more bits.
EXACT = {
    "duckdb": "CAST({0} AS HUGEINT)",
    "postgres": "CAST({0} AS numeric)",
    "pyspark": "CAST({0} AS decimal(38, 0))",
    "bigquery": "CAST({0} AS NUMERIC)",
}

Listener = Callable[[str, int], None]


@dataclass(frozen=True)
class CopiedTable:
    """What became of one table.

    Attributes:
        copied: rows written now.
        rows: rows that both databases hold now.
        checked: whether every column's checksum was compared; of run metadata only the rows are counted.
    """

    name: str
    copied: int
    rows: int
    checked: bool = True


def copy_database(
    source: Engine,
    target: Engine,
    source_plan: Plan,
    plan_of_target: Callable[[], Plan],
    *,
    on_rows: Listener = lambda table, rows: None,
) -> list[CopiedTable]:
    """Copy the raw tables and the run metadata, and compare counts and checksums.

    Args:
        source: where the rows are.
        target: where they go; missing schemas and tables are made.
        source_plan: compiled for the source's raw tables.
        plan_of_target: gives the plan for the target's raw tables, once they are made.
        on_rows: told how many rows of a table are there, after each batch.

    Raises:
        RunError: the target holds other rows, or the copy is not the same.
        QueryError: a database refused a statement; what was written stays for the next try.
    """
    sources = [t for t in source_plan.tables.values() if t.kind == "source" and not t.missing]
    meta.ensure(target)
    complete_raw_tables(target, [table.stored_name for table in sources])
    with target.transaction():
        target.create_schema("raw")
        there = target.shapes("raw")
        for table in sources:
            if table.stored_name not in there:
                make_raw_table(target, table.stored_name)
    target_plan = plan_of_target()
    done = [_copy_raw(source, target, table, target_plan.tables[table.name], on_rows) for table in sources]
    return done + _copy_run_metadata(source, target)


def _copy_raw(
    source: Engine, target: Engine, old: PlanTable, new: PlanTable, on_rows: Listener
) -> CopiedTable:
    """Copy one raw table in batches by id, from where the last copy stopped."""
    shown = f"{new.schema}.{new.stored_name}"
    columns = [column.name for column in old.columns]
    selected = ", ".join(map(source.quote, columns))
    key = source.quote("id")
    last, rows = target.fetch(f"SELECT max({target.quote('id')}), count(*) FROM {new.relation}")[0]
    already = f"{key} <= {last}" if rows else f"{key} < 0 AND {key} > 0"
    if rows != source.fetch(f"SELECT count(*) FROM {old.relation} WHERE {already}")[0][0]:
        raise RunError(
            f"{shown} of {target.url} holds rows that are not from {source.url}: a copy would mix the"
            " two. Copy into an empty database, or remove that table there."
        )
    copied = 0
    while True:
        after = "" if last is None else f" WHERE {key} > {last}"
        ids = f"SELECT {key} FROM {old.relation}{after} ORDER BY {key} LIMIT {ROWS_PER_BATCH}"
        end = source.fetch(f"SELECT max({key}) FROM ({ids}) AS batch")[0][0]
        if end is None:
            break
        within = f"{after} AND" if after else " WHERE"
        batch = source.fetch(f"SELECT {selected} FROM {old.relation}{within} {key} <= {end}")
        with target.transaction():
            target.append(new.schema, new.stored_name, columns, batch)
        copied, last = copied + len(batch), end
        on_rows(shown, rows + copied)
    expected, found = _checksums(source, old), _checksums(target, new)
    for (name, one), other in zip(expected.items(), found.values(), strict=True):
        if not _agree(one, other):
            raise RunError(
                f"The copy of {shown} is not the same: {name} is {one} in {source.url} and {other} in"
                f" {target.url}. Did something write to either meanwhile? Remove the table {shown} from"
                " the target and copy again."
            )
    return CopiedTable(shown, copied, int(found["count"]))


def _checksums(engine: Engine, table: PlanTable) -> dict[str, Any]:
    """How many rows a raw table has, and of each column a number that changes with its values."""
    parts = {"count": "count(*)"}
    for column in table.columns:
        name = engine.quote(column.name)
        kind, dialect = column.type, engine.dialect
        parts[f"number of {column.name}"] = f"count({name})"
        if kind.startswith("float"):
            # NaN would hide everything else.
            finite = f"CASE WHEN {name} BETWEEN -1e300 AND 1e300 THEN {name} END"
            parts[f"sum of {column.name}"] = f"sum({finite})"
            continue
        if kind.startswith("timestamp"):
            value = MICROSECONDS[dialect].format(name)
        elif kind.startswith("int"):
            value = name
        elif kind == "boolean":
            value = f"CASE WHEN {name} THEN 1 ELSE 0 END"
        else:
            value = MD5[dialect].format(f"CAST({name} AS {TEXT[dialect]})")
        parts[f"checksum of {column.name}"] = f"sum({EXACT[dialect].format(value)})"
    row = engine.fetch(f"SELECT {', '.join(parts.values())} FROM {table.relation}")[0]
    return dict(zip(parts, row, strict=True))


def _agree(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    if isinstance(one, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return int(one) == int(other)


def _copy_run_metadata(source: Engine, target: Engine) -> list[CopiedTable]:
    """Copy the metadata of runs and ingests that the target does not know.

    They come before the target's own: these made the tables that are there.
    """
    there = source.shapes(meta.SCHEMA)
    done = []
    with target.transaction():
        for table, key in RUN_METADATA.items():
            if table not in there:
                continue
            columns = [column for column in meta.TABLES[table] if column in there[table]]
            position = columns.index(key)
            stored = target.name(meta.SCHEMA, table)
            known = Counter(row[0] for row in target.fetch(f"SELECT {key} FROM {stored}"))
            names = ", ".join(map(source.quote, columns))
            order = f" ORDER BY {meta.newest_first(table, columns, 's')}" if table in meta.IN_ORDER else ""
            rows = source.fetch(f"SELECT {names} FROM {source.name(meta.SCHEMA, table)} AS s{order}")
            new = [row for row in rows if row[position] not in known]
            if table in meta.IN_ORDER:
                columns, new = _numbered(target, table, columns, new)
            if new:
                target.append(meta.SCHEMA, table, columns, new)
            rows_there = known.total() + len(new)
            done.append(CopiedTable(f"{meta.SCHEMA}.{table}", len(new), rows_there, checked=False))
    return done


def _numbered(
    target: Engine, table: str, columns: list[str], newest_first: list[tuple[Any, ...]]
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Rows with numbers below those of the target."""
    number, _ = meta.IN_ORDER[table]
    meta.next_number(target, table)  # numbers those of the target that have none
    lowest = target.fetch(f"SELECT min({number}) FROM {target.name(meta.SCHEMA, table)}")[0][0]
    highest = len(newest_first) if lowest is None else lowest - 1
    kept = [position for position, column in enumerate(columns) if column != number]
    return [number, *(columns[position] for position in kept)], [
        (highest - nth, *(row[position] for position in kept)) for nth, row in enumerate(newest_first)
    ]


__all__ = ["CopiedTable", "copy_database"]
