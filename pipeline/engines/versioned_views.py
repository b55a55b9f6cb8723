"""Versioned views: publishing where a transaction covers one statement at most.

What people know as `mart.x` is a view of `mart.x__v<number>`, and each build makes a new version. A build
reads the new versions that it has made so far, and at the end points the views to them, one after the
other. A failure before that leaves every view as it was. A failure between two of these last statements
leaves some views old, and the next build completes them.
"""

import datetime as dt
import os
import re
import socket
import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from pipeline.engines.base import Engine, Kind
from pipeline.errors import DatabaseLockedError, QueryError

VERSION = re.compile(r"(.+)__v([0-9a-f]{12})")
# The version before the current one stays, for queries that have begun to read it.
KEPT = 2

# A table that only one process can make: whoever has made it writes.
LOCK_SCHEMA, LOCK = "meta", "aa_pipeline_lock"
SECONDS_BETWEEN_TRIES = 0.5


class VersionedViewsEngine(Engine):
    """An engine without transactions over several statements."""

    transactional = False
    wait: float

    def __init__(self) -> None:
        self._new: dict[tuple[str, str], tuple[str, Kind]] = {}  # name → its new version, and of what kind
        self._unwanted: list[tuple[str, str]] = []
        self._newest: dict[str, int] = {}  # schema → the highest number of a version
        self._depth = 0

    @abstractmethod
    def objects(self, schema: str) -> dict[str, Kind]:
        """Tables and views of a schema, versions among them."""

    @abstractmethod
    def schemas(self) -> list[str]:
        """Names of the schemas that there are."""

    @abstractmethod
    def lock_holder(self) -> str:
        """What was written into the lock: `pid@host`."""

    @abstractmethod
    def create_lock(self, holder: str) -> bool:
        """Make the table that is the lock; False if it is there already."""

    # What there is

    def kinds(self) -> dict[tuple[str, str], Kind]:
        found: dict[tuple[str, str], Kind] = {}
        for schema in self.schemas():
            objects = self.objects(schema)
            versions = {match[1]: objects[name] for name in objects if (match := VERSION.fullmatch(name))}
            for name, kind in objects.items():
                if self.is_logical(name):
                    found[schema, name] = versions.get(name, kind)
        return found

    def is_logical(self, name: str) -> bool:
        """Whether a name is one that people use, not a version behind it."""
        return not VERSION.fullmatch(name) and name != LOCK

    def current_name(self, schema: str, table: str) -> str:
        """What a table is called while it is built: its new version, where there is one."""
        return self._new[schema, table][0] if (schema, table) in self._new else table

    def redirected(self, sql: str) -> str:
        """A statement that reads the new versions of what has been built so far."""
        for (schema, table), (version, _) in self._new.items():
            sql = sql.replace(self.name(schema, table), self.name(schema, version))
        return sql

    # Writing

    def create(self, schema: str, table: str, select: str, kind: Kind, replacing: Kind | None) -> int | None:
        version = self._version(schema, table)
        storage = self.storage(schema, kind, select)
        self.execute(f"CREATE {kind.upper()} {self.name(schema, version)} {storage}AS {select}")
        self._published(schema, table, version, kind)
        return None

    def create_empty(
        self, schema: str, table: str, columns: Mapping[str, str], replacing: Kind | None
    ) -> None:
        version = self._version(schema, table)
        super().create_empty(schema, version, columns, None)
        self._published(schema, table, version, "table")

    def storage(self, schema: str, kind: Kind, select: str) -> str:
        """How a new table is stored, in the words of its definition."""
        return ""

    def drop(self, schema: str, table: str, kind: Kind) -> None:
        self._unwanted.append((schema, table))
        if not self._depth:
            self.publish()

    def _version(self, schema: str, table: str) -> str:
        """The name of a new version: its number is higher than those of all that there are."""
        if not self._depth or schema not in self._newest:
            matches = map(VERSION.fullmatch, self.objects(schema))
            self._newest[schema] = max((int(match[2], 16) for match in matches if match), default=0)
        self._newest[schema] += 1
        return f"{table}__v{self._newest[schema]:012x}"

    def _published(self, schema: str, table: str, version: str, kind: Kind) -> None:
        self._new[schema, table] = version, kind
        if not self._depth:
            self.publish()

    def publish(self) -> None:
        """Point the views to the new versions, and remove what nobody reads any more."""
        new, self._new = self._new, {}
        unwanted, self._unwanted = self._unwanted, []
        for (schema, table), (version, _) in new.items():
            select = f"SELECT * FROM {self.name(schema, version)}"
            self.execute(f"CREATE OR REPLACE VIEW {self.name(schema, table)} AS {select}")
        for schema in {schema for schema, _ in [*new, *unwanted]}:
            objects = self.objects(schema)
            for name in sorted(objects):
                if (schema, name) in unwanted:
                    self._drop(schema, name, objects[name])
                version_of = VERSION.fullmatch(name)
                if version_of and (schema, version_of[1]) in unwanted:
                    self._drop(schema, name, objects[name])
                if version_of and (schema, version_of[1]) in new:
                    versions = [other for other in objects if _base(other) == version_of[1]]
                    if name not in sorted(versions)[-KEPT:]:
                        self._drop(schema, name, objects[name])

    def _drop(self, schema: str, name: str, kind: Kind) -> None:
        self.execute(f"DROP {kind.upper()} IF EXISTS {self.name(schema, name)}")

    # One process writes at a time

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is built is published at the end, or not at all; what is appended stays.

        Raises:
            DatabaseLockedError: another process still writes after `wait` seconds.
        """
        self._lock()
        self._newest.clear()
        self._depth += 1
        try:
            try:
                yield
            except BaseException:
                self.rollback()
                raise
            self.publish()
        finally:
            self._depth -= 1
            with suppress(QueryError):
                self._drop(LOCK_SCHEMA, LOCK, "table")

    def rollback(self) -> None:
        new, self._new = self._new, {}
        self._unwanted.clear()
        for (schema, _), (version, kind) in reversed(new.items()):
            with suppress(QueryError):  # the first error is the one that counts
                self._drop(schema, version, kind)

    def _lock(self) -> None:
        self.create_schema(LOCK_SCHEMA)
        deadline = time.monotonic() + self.wait
        me = f"{os.getpid()}@{socket.gethostname()} since {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
        while not self.create_lock(me):
            holder = self.lock_holder()
            if _is_gone(holder):
                self._drop(LOCK_SCHEMA, LOCK, "table")
                continue
            if time.monotonic() >= deadline:
                raise DatabaseLockedError(
                    f"{self.url} is being written by process {holder or 'unknown'}; waited {self.wait:g} s."
                    " Let it finish, or try again later with a longer --wait. If that process is no more,"
                    f" remove the table {LOCK_SCHEMA}.{LOCK}."
                )
            time.sleep(SECONDS_BETWEEN_TRIES)


def _base(name: str) -> str | None:
    match = VERSION.fullmatch(name)
    return match[1] if match else None


def _is_gone(holder: str) -> bool:
    """Whether a lock's holder was a process of this machine that has ended."""
    match = re.match(r"(\d+)@(\S+)", holder)
    if not match or match[2] != socket.gethostname():
        return False
    try:
        os.kill(int(match[1]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
