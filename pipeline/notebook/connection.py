"""An Ibis connection to a database that is open only while something is executed."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import ibis.expr.operations as ops

from pipeline.compile.renderings import COMPILERS

if TYPE_CHECKING:
    import pyarrow as pa


def on_demand(backend: str, opened: Callable[[], AbstractContextManager[Any]]) -> Any:
    """A connection that opens the database for each execution, and closes it after it.

    Args:
        backend: the name of Ibis's module: duckdb, pyspark.
        opened: a context manager that opens the database and yields its engine.
    """
    base = import_module(f"ibis.backends.{backend}").Backend
    return type("OnDemand", (_OnDemand, base), {"compiler": COMPILERS[backend]()})(opened)


def connected(engine: Any) -> Any:
    """The Ibis connection of an open engine, which can execute models too: it knows their operations."""
    connection = engine.ibis()
    connection.compiler = COMPILERS[engine.dialect]()
    return connection


class _OnDemand:
    """What is different from a backend of Ibis that stays connected; comes before it among the bases."""

    def __init__(self, opened: Callable[[], AbstractContextManager[Any]]) -> None:
        super().__init__()
        self._opened = opened

    @contextmanager
    def _open(self) -> Iterator[Any]:
        with self._opened() as engine:
            yield connected(engine)

    def table(self, name: str, /, *, database: str | None = None) -> Any:
        with self._open() as connection:
            schema = connection.table(name, database=database).schema()
        namespace = ops.Namespace(database=database)
        return ops.DatabaseTable(name, schema=schema, source=self, namespace=namespace).to_expr()

    def sql(self, query: str, /, **kwargs: Any) -> Any:
        with self._open() as connection:
            schema = connection.sql(query, **kwargs).schema()
        return ops.SQLQueryResult(query, schema, self).to_expr()

    def list_tables(self, **kwargs: Any) -> Any:
        with self._open() as connection:
            return connection.list_tables(**kwargs)

    def execute(self, expr: Any, /, **kwargs: Any) -> Any:
        with self._open() as connection:
            return connection.execute(expr, **kwargs)

    def to_pyarrow(self, expr: Any, /, **kwargs: Any) -> Any:
        with self._open() as connection:
            return connection.to_pyarrow(expr, **kwargs)

    def to_pyarrow_batches(
        self, expr: Any, /, *, chunk_size: int = 1_000_000, **kwargs: Any
    ) -> "pa.RecordBatchReader":
        # A reader that is read later would need the file: everything is read now.
        return self.to_pyarrow(expr.as_table(), **kwargs).to_reader(max_chunksize=chunk_size)

    def to_parquet(self, expr: Any, /, path: Any, **kwargs: Any) -> None:
        with self._open() as connection:
            connection.to_parquet(expr, path, **kwargs)

    def to_csv(self, expr: Any, /, path: Any, **kwargs: Any) -> None:
        with self._open() as connection:
            connection.to_csv(expr, path, **kwargs)
