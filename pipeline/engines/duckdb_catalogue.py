"""What tables a DuckDB database has, asked once as long as nobody can have changed it."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline.engines.base import Kind
from pipeline.plan.render import quote

# Statements after which there are the same tables with the same columns.
LEAVES = re.compile(
    r"\s*(SELECT|WITH|FROM|INSERT|DELETE|UPDATE|SET|BEGIN|COMMIT|CHECKPOINT|CREATE SCHEMA|CREATE TEMP|EXPLAIN"
    r"|COMMENT)\b"
)
TABLES = """
SELECT schema_name, table_name, 'table' FROM duckdb_tables() WHERE database_name = current_database()
UNION ALL
SELECT schema_name, view_name, 'view' FROM duckdb_views()
WHERE database_name = current_database() AND NOT internal
"""
COLUMNS = """
SELECT table_name, column_name, data_type FROM duckdb_columns()
WHERE database_name = current_database() AND schema_name = ?
ORDER BY table_name, column_index
"""

Shape = Mapping[str, str]
Fetch = Callable[[str, Sequence[Any] | None], list[tuple[Any, ...]]]


class Catalogue:
    """The tables of one database.

    Args:
        fetch: runs a query.

    Attributes:
        is_kept: whether answers stay right until `after` is told otherwise: nobody else makes tables.
    """

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self.is_kept = False
        self._kinds: dict[tuple[str, str], Kind] | None = None
        self._shapes: dict[str, dict[str, Shape]] = {}

    def after(self, sql: str) -> None:
        """Take note of a statement that has been run."""
        if not LEAVES.match(sql):
            self._kinds, self._shapes = None, {}

    def kinds(self) -> dict[tuple[str, str], Kind]:
        """See `Engine.kinds`."""
        kinds = self._kinds if self.is_kept else None
        if kinds is None:
            kinds = self._kinds = {(schema, name): kind for schema, name, kind in self._fetch(TABLES, None)}
        return kinds.copy()

    def shapes(self, schema: str) -> dict[str, dict[str, str]]:
        """See `Engine.shapes`."""
        if not self.is_kept or schema not in self._shapes:
            self._shapes[schema] = self._read(schema)
        return {name: {**shape} for name, shape in self._shapes[schema].items()}

    def _read(self, schema: str) -> dict[str, Shape]:
        kinds = {name: kind for (where, name), kind in self.kinds().items() if where == schema}
        # 1.5 cannot take a quoted name apart that contains a quote.
        if "view" in kinds.values() or any('"' in name for name in (schema, *kinds)):
            return self._by_catalogue(schema)
        if not kinds:
            return {}
        # Table by table, because duckdb_columns() first binds every view of DuckDB's own.
        tables = sorted(kinds)
        columns = "SELECT {}, cid, name, type FROM pragma_table_info(?)"
        query = " UNION ALL ".join(columns.format(number) for number in range(len(tables)))
        names = [f"{quote(schema, 'duckdb')}.{quote(table, 'duckdb')}" for table in tables]
        shapes: dict[str, dict[str, str]] = {table: {} for table in tables}
        for number, _, name, native in self._fetch(f"{query} ORDER BY 1, 2", names):
            shapes[tables[number]][name] = native
        return {**shapes}

    def _by_catalogue(self, schema: str) -> dict[str, Shape]:
        """The same, and not put off by a view whose tables are gone."""
        tables: dict[str, dict[str, str]] = {}
        for table, column, native in self._fetch(COLUMNS, [schema]):
            tables.setdefault(table, {})[column] = native
        return {**tables}
