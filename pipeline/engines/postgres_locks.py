"""Locks on PostgreSQL that others wait behind: asked for again and again, for a moment each time.

Whoever waits for a table that somebody reads has all later readers wait behind him. So a statement that needs
a table for itself gives up after a moment, lets them pass, and tries again.
"""

import datetime as dt
import re
import time
from collections.abc import Collection
from typing import Any

import psycopg

from pipeline.errors import QueryError

MOMENT = 0.1  # seconds that readers are held up
PAUSE = 0.3  # seconds in which they pass
# PostgreSQL stops an autovacuum that stands in the way after its deadlock_timeout, a second as a rule.
LONG_MOMENT = 1.5

# Statements that need a table or view for themselves. The name is quoted as `Engine.name` does.
NEEDS_ALL_OF = re.compile(r'(?:ALTER|DROP) (?:TABLE|VIEW) (?:IF EXISTS )?("(?:[^"]|"")+"\."(?:[^"]|"")+")')

# Who holds a lock on some tables. The user may not see of others since when they are at it.
HOLDERS = """
SELECT DISTINCT a.pid, a.usename, a.application_name, a.state, a.xact_start, a.backend_type
FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.granted AND l.locktype = 'relation' AND a.leader_pid IS NULL
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND l.relation IN (SELECT CAST(to_regclass(name) AS oid) FROM unnest(CAST($1 AS text[])) AS name)
AND l.pid IS DISTINCT FROM pg_backend_pid() AND (l.mode <> 'AccessShareLock' OR $2)
ORDER BY a.xact_start, a.pid
"""


def patiently(connection: Any, wait: float, sql: str, tables: Collection[str], *, alone: bool) -> None:
    """Run statements that wait for others, for so many seconds at most.

    Args:
        connection: within a transaction, or the statements are one.
        wait: seconds.
        sql: the statements; all of them are run again if one of them has waited in vain.
        tables: quoted names of what they lock.
        alone: whether readers wait for them, too. If not, they wait at one go.

    Raises:
        QueryError: names the sessions that stand in the way.
    """
    deadline = time.monotonic() + wait
    moment = MOMENT if alone else wait
    while True:
        left = deadline - time.monotonic()
        try:
            with connection.transaction():
                connection.execute(
                    f"SET LOCAL lock_timeout = {milliseconds(min(moment, left))}; {sql};"
                    f" SET LOCAL lock_timeout = {milliseconds(wait)}"
                )
                return
        except psycopg.errors.LockNotAvailable as error:
            holders = _holders(connection, tables, alone)
            left = deadline - time.monotonic()
            if left <= 0:
                raise QueryError(_in_the_way(wait, tables, holders)) from error
        if alone:
            only_vacuum = holders and all(holder[-1] == "autovacuum worker" for holder in holders)
            moment = LONG_MOMENT if only_vacuum else MOMENT
            time.sleep(min(PAUSE, left))


def milliseconds(seconds: float) -> int:
    """A time limit as PostgreSQL takes it, to which 0 means none."""
    return max(1, round(seconds * 1000))


def _holders(connection: Any, tables: Collection[str], alone: bool) -> list[tuple[Any, ...]]:
    # Within a transaction, PostgreSQL shows the sessions that it has shown before.
    connection.execute("SELECT pg_stat_clear_snapshot()")
    found: list[tuple[Any, ...]] = (
        psycopg.RawCursor(connection).execute(HOLDERS, [list(tables), alone]).fetchall()
    )
    return found


def _in_the_way(wait: float, tables: Collection[str], holders: list[tuple[Any, ...]]) -> str:
    names = ", ".join(sorted(table.replace('"', "") for table in tables))
    who = "; ".join(_described(*holder) for holder in holders) or "a session that has ended since"
    end = (
        f" (an administrator can: SELECT pg_terminate_backend({holders[0][0]}))"
        if holders and holders[0][0]
        else ""
    )
    return (
        f"Somebody else holds {names}: {who}. Waited {wait:g} s. Nothing was published. Have that"
        f" transaction ended{end}, or try again with a longer --wait."
    )


def _described(
    pid: int | None,
    user: str | None,
    program: str,
    state: str | None,
    since: dt.datetime | None,
    kind: str,
) -> str:
    if pid is None:
        return "a prepared transaction (see pg_prepared_xacts)"
    of = f" of {user}" if user else ""
    details = [program or kind, state or ""]
    if since:
        details.append(f"its transaction is open since {since:%Y-%m-%d %H:%M:%S} UTC")
    return f"backend {pid}{of} ({', '.join(filter(None, details))})"
