"""What a database holds, and from which code and inputs it was made."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pipeline.engines import meta
from pipeline.engines.base import Engine, Kind
from pipeline.plan import PlanTable
from pipeline.plan.check_results import CheckResult
from pipeline.plan.render import render
from pipeline.run.results import FailingRow

# The last time that each table was dealt with by a run that published, the last run first.
LATEST = """
SELECT table_schema, table_name, run_id, command, plan_fingerprint, as_of, action,
       fingerprint, row_count
FROM (
    SELECT t.*, r.command, r.plan_fingerprint, r.as_of,
           row_number() OVER (PARTITION BY table_schema, table_name ORDER BY {newest_first}) AS nth,
           row_number() OVER (ORDER BY {newest_first}) AS place
    FROM meta.run_tables AS t JOIN meta.runs AS r ON t.run_id = r.run_id
    WHERE r.status = 'success'
) AS dealt_with
WHERE nth = 1 AND action <> 'dropped'
ORDER BY place
"""

# What a run did with tables that it did not make anew.
UNTOUCHED = ("skipped", "read")

# Columns that tell one row of a raw table from another, and that are quick to read.
TELLING = ("id", "timestamp", "date", "created_at")


@dataclass(frozen=True)
class Published:
    """A table as the last successful run left it."""

    schema: str
    stored_name: str
    run_id: str
    command: str
    plan_fingerprint: str
    as_of: dt.datetime
    action: str
    fingerprint: str
    row_count: int | None


@dataclass
class Standing:
    """What stands in the database while a build walks the plan.

    Attributes:
        kinds: (schema, name) → table or view, as it is now.
        published: how the last run left each table.
        unchanged: names of tables that are still as it left them.
        reliably_unchanged: names of those raw tables among them of which every change is noticed.
    """

    kinds: dict[tuple[str, str], Kind]
    published: dict[tuple[str, str], Published]
    unchanged: set[str] = field(default_factory=set)
    reliably_unchanged: set[str] = field(default_factory=set)

    def before(self, table: PlanTable) -> Published | None:
        """How the last run left a table, if it still stands there as that."""
        stands = self.kinds.get((table.schema, table.stored_name))
        if stands is None or (table.kind != "source" and stands != stored_kind(table)):
            return None
        return self.published.get((table.schema, table.stored_name))


def stored_kind(table: PlanTable) -> Kind:
    """What a planned table is stored as."""
    return "view" if table.materialized == "view" else "table"


def has_drifted(engine: Engine, query: str, before: Published, as_of: dt.datetime) -> bool:
    """Whether time alone has changed something since a table was dealt with.

    Args:
        engine: an open database.
        query: what a plan has as `time_drift`.
        before: how the table was left.
        as_of: the instant of this run.
    """
    return bool(engine.fetch(render(query, as_of, before=before.as_of))[0][0])


def published(engine: Engine, there: Mapping[str, Mapping[str, str]]) -> dict[tuple[str, str], Published]:
    """Every table that runs have left, by schema and name, the last run's first; empty before the first run.

    Args:
        engine: an open database.
        there: the shapes of its schema `meta`.
    """
    if "runs" not in there or "run_tables" not in there:
        return {}
    query = LATEST.format(newest_first=meta.newest_first("runs", there["runs"], "r"))
    return {(row[0], row[1]): Published(*row) for row in engine.fetch(query)}


@dataclass(frozen=True)
class Raw:
    """A raw table as a run finds it.

    Attributes:
        fingerprint: the same as before if the rows are.
        row_count: how many there are.
        grown_after: the largest id of before, if rows with larger ones are all that is new.
        reliably_unchanged: whether the fingerprint tells of every change, rows altered in place among them.
    """

    fingerprint: str
    row_count: int
    grown_after: int | None = None
    reliably_unchanged: bool = False


def look_at(engine: Engine, source: PlanTable, is_table: bool, before: str | None) -> Raw:
    """Whether the rows of a raw table have changed since they had the fingerprint `before`.

    Collectors append, so numbers and times of the rows tell; the number is the order of arrival.
    A row that was altered in place is noticed where the engine tells cheaply; elsewhere only
    a full refresh sees it.
    """
    named = [engine.quote(column.name) for column in source.columns if column.name in TELLING]
    counted = ["COUNT(*)", *(f"MAX({name})" for name in named)]
    telling = f"SELECT {', '.join(named) or 'NULL'} FROM {source.relation}"
    row, rows = engine.measure(telling, counted)
    marker = engine.change_marker(source.schema, source.stored_name) if is_table else ""
    identity = ":".join([*map(str, row), rows or "", marker])
    was, _, rest = (before or "").partition("|")
    if was == identity:
        return Raw(before or "", row[0], reliably_unchanged=bool(marker))
    number = engine.quote("id")
    last = row[1 + named.index(number)] if number in named else None
    if not is_table or rows is None or last is None:
        return Raw(identity, row[0])
    growth = engine.growth_marker(source.schema, source.stored_name)
    raw = Raw(f"{identity}|{last}|{rows}|{growth}", row[0])
    if not rest:
        return raw
    last_before, rows_before, growth_before = rest.split("|", 2)
    earlier = engine.content_hash(f"{telling} WHERE {number} <= {int(last_before)}")
    if earlier == rows_before and engine.only_grew(source.schema, source.stored_name, growth_before):
        return replace(raw, grown_after=int(last_before))
    return raw


class EarlierResults:
    """What the checks of earlier runs found, read once per run and only if asked for."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.runs: dict[str, dict[tuple[str, str], CheckResult]] = {}
        self.rows: dict[str, list[FailingRow]] = {}

    def results(self, run_id: str) -> dict[tuple[str, str], CheckResult]:
        """The results of a run by table and check."""
        if run_id not in self.runs:
            found = self.engine.fetch_dicts("SELECT * FROM meta.audit_results WHERE run_id = ?", [run_id])
            results = map(CheckResult.of_row, found)
            self.runs[run_id] = {(result.table, result.audit): result for result in results}
        return self.runs[run_id]

    def failing_rows(self, run_id: str, results: Iterable[CheckResult]) -> list[FailingRow]:
        """The examples that a run kept for some of its results."""
        wanted = {(r.table, r.audit) for r in results if r.status in ("failed", "warned")}
        if not wanted:
            return []
        if run_id not in self.rows:
            found = self.engine.fetch(
                "SELECT table_name, audit, example, failing_row FROM meta.audit_failures"
                " WHERE run_id = ? ORDER BY table_name, audit, example",
                [run_id],
            )
            self.rows[run_id] = [FailingRow(*row) for row in found]
        return [row for row in self.rows[run_id] if (row.table, row.audit) in wanted]
