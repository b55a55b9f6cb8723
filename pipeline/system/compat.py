"""What one release of a dependency needs in order to work with another.

Each entry has a test that fails once it is no longer needed.
"""

import warnings
from typing import Any

from pipeline.errors import SetupError


def check_versions() -> None:
    """Name a pair of installed packages that cannot work together.

    Raises:
        SetupError: sqlglot is newer than what Ibis 12 understands: it would write
            `DROP TABLE` without a name and wrong JSON access for PostgreSQL.
    """
    from importlib.metadata import version

    sqlglot = version("sqlglot")
    if tuple(int(part) for part in sqlglot.split(".")[:2]) >= (30, 16):
        raise SetupError(
            f"sqlglot {sqlglot} and ibis-framework {version('ibis-framework')} do not work"
            " together: statements would come out wrong."
            " Install an older one with: pip install 'sqlglot>=28.6,<30.16'."
        )


def ibis_duckdb(connection: Any) -> Any:
    """An Ibis connection over an open DuckDB connection."""
    import ibis

    mend_duckdb()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return ibis.duckdb.from_connection(connection)


def mend_duckdb() -> None:
    """Let Ibis read results of DuckDB 2.0.

    Ibis 12 calls two methods of the driver that DuckDB 2.0 has renamed, on connections and on
    relations (fixed upstream, unreleased).
    """
    import duckdb

    if hasattr(duckdb.DuckDBPyRelation, "to_arrow_table"):
        for kind in (duckdb.DuckDBPyConnection, duckdb.DuckDBPyRelation):
            kind.fetch_arrow_table = _fetch_arrow_table
            kind.fetch_record_batch = _fetch_record_batch


def _fetch_arrow_table(self: Any) -> Any:
    with warnings.catch_warnings():
        # It recommends another way to reach the rows; Ibis has chosen this one.
        warnings.simplefilter("ignore", UserWarning)
        return self.to_arrow_table()


def _fetch_record_batch(self: Any, rows_per_batch: int = 1_000_000) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return self.to_arrow_reader(rows_per_batch)
