"""Asking the database behind the command line."""

import duckdb


def query(sql, path="agent_analytics.duckdb"):
    """The rows of the last statement."""
    with duckdb.connect(path) as connection:
        return connection.execute(sql).fetchall()
