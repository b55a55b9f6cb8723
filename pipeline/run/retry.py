"""What the last run was, and which tables it has to deal with once more if it failed.

A build publishes all that it has made or nothing, on every engine. So after one that has failed nothing
stands that could be gone on from: it is repeated whole. Tables that nothing has changed are skipped, as ever.
"""

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from pipeline.engines import meta
from pipeline.engines.base import Engine

COMMANDS = ("build", "run", "seed", "test")


@dataclass(frozen=True)
class LastRun:
    """The run that the database knows last.

    Attributes:
        arguments: what it was called with; empty where an older release has run it.
    """

    run_id: str
    command: str
    status: str
    started_at: dt.datetime
    arguments: dict[str, Any]

    @property
    def selected(self) -> list[str] | None:
        """The names of its tables; None if it was all of them."""
        return self.arguments.get("selected")


def last_run(engine: Engine) -> LastRun | None:
    """The last build, run, seed or test of a database that came to its end; None if there was none."""
    there = engine.shapes(meta.SCHEMA)
    if "runs" not in there:
        return None
    among = ", ".join(f"'{command}'" for command in COMMANDS)
    arguments = "arguments" if "arguments" in there["runs"] else "NULL"
    runs, newest_first = engine.name(meta.SCHEMA, "runs"), meta.newest_first("runs", there["runs"], "r")
    rows = engine.fetch(
        f"SELECT run_id, command, status, started_at, {arguments} FROM {runs} AS r"
        f" WHERE command IN ({among}) ORDER BY {newest_first} LIMIT 1"
    )
    if not rows:
        return None
    run_id, command, status, started_at, told = rows[0]
    return LastRun(run_id, command, status, started_at, json.loads(told or "{}"))


def tables_to_retry(engine: Engine, last: LastRun) -> list[str] | None:
    """The names of the tables that a failed run has to deal with once more; None if it is all of them.

    Of `test`, which looks at one table after the other and changes none, those whose audits have not passed.
    """
    if last.command != "test" or last.arguments.get("fail_fast"):
        return last.selected
    found = engine.fetch(
        "SELECT DISTINCT table_name FROM meta.audit_results"
        " WHERE run_id = ? AND status IN ('failed', 'skipped') ORDER BY table_name",
        [last.run_id],
    )
    return [name for (name,) in found] or last.selected
