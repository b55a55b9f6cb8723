"""What goes from a database as it grows older: rows that are past their days, and results of old runs.

A run leaves a row per table and a row per check. Of the last few runs, and of those that made what is
published, all of it stays. Of the others stay, unless the configuration says for how many days all does, how
many checks ended how, and those that failed or warned.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from pipeline.engines import meta
from pipeline.engines.base import Engine
from pipeline.plan import Plan, PlanTable
from pipeline.plan.layers import RAW
from pipeline.plan.raw_tables import time_column
from pipeline.plan.render import quote_text
from pipeline.run.state import UNTOUCHED

# Runs of which everything stays; a report's trend shows as many.
WHOLE_RUNS = 12

# What makes up a series of metric points, in which a cumulative one means what it grew since the one before.
SERIES = (
    *("metric_name", "developer_id", "attributes", "resource_attributes"),
    *("service_name", "service_version", "start_timestamp"),
)

# Runs that stay whole: the newest that audited something, and whichever last dealt with a table or made it.
KEPT_RUNS = """
WITH placed AS (
    SELECT r.run_id, r.status, ROW_NUMBER() OVER (ORDER BY {newest_first}) AS place FROM {runs} AS r
),
audited AS (
    SELECT run_id, ROW_NUMBER() OVER (ORDER BY place) AS nth FROM placed
    WHERE run_id IN (SELECT run_id FROM {audit_results})
    AND run_id NOT IN (SELECT run_id FROM {audit_totals})
),
of_tables AS (
    SELECT p.run_id,
        ROW_NUMBER() OVER (PARTITION BY table_schema, table_name ORDER BY place) AS dealt_with,
        ROW_NUMBER() OVER (
            PARTITION BY table_schema, table_name, CASE WHEN action IN ({untouched}) THEN 1 ELSE 0 END
            ORDER BY place
        ) AS made
    FROM {run_tables} AS t JOIN placed AS p ON t.run_id = p.run_id WHERE p.status = 'success'
)
SELECT run_id FROM placed WHERE place = 1
UNION SELECT run_id FROM audited WHERE nth <= {whole}
UNION SELECT run_id FROM of_tables WHERE dealt_with = 1 OR made = 1
"""
ROLL_UP = """
INSERT INTO {audit_totals} (run_id, status, audits)
SELECT run_id, status, count(*) FROM {audit_results}
WHERE run_id IN (SELECT run_id FROM {audit_results} WHERE {condition})
AND run_id NOT IN (SELECT run_id FROM {audit_totals})
GROUP BY run_id, status
"""


@dataclass(frozen=True)
class Removed:
    """How many rows of a table go, or have gone."""

    schema: str
    table: str
    rows: int


class Retention:
    """What is past its days in one database.

    Args:
        engine: an open database that keeps its promises in transactions.
        plan: for its raw tables.
        days: how many of each table stay; what is not named stays, but for the results of old runs.
        timezone: in which days begin; raw rows go by whole days.
        now: the instant of the run.
    """

    def __init__(
        self, engine: Engine, plan: Plan, days: Mapping[str, int], timezone: str, now: dt.datetime
    ) -> None:
        self.engine = engine
        self.plan = plan
        self.days = days
        self.zone = ZoneInfo(timezone)
        self.today = now.astimezone(self.zone).date()
        self.kinds = engine.kinds()
        self.warnings: list[str] = []

    def apply(self, *, dry_run: bool = False) -> list[Removed]:
        """Remove it, in one transaction; how many rows of each table that has some.

        Args:
            dry_run: only count.
        """
        if not dry_run:
            meta.ensure(self.engine)
        has_metadata = meta.TABLES.keys() <= self.engine.shapes(meta.SCHEMA).keys()
        with self.engine.transaction():
            past = self._raw() | (self._metadata() if has_metadata else {})
            removed = [Removed(*key, self._count(key, condition)) for key, condition in past.items()]
            if not dry_run:
                self._roll_up(past[meta.SCHEMA, "audit_results"])
                for key, condition in past.items():
                    self.engine.execute(f"DELETE FROM {self.engine.name(*key)} WHERE {condition}")
        return [found for found in removed if found.rows]

    def _count(self, key: tuple[str, str], condition: str) -> int:
        return int(
            self.engine.fetch(f"SELECT count(*) FROM {self.engine.name(*key)} WHERE {condition}")[0][0]
        )

    def _raw(self) -> dict[tuple[str, str], str]:
        """A condition for each raw table with a number of days."""
        found = {}
        for table in self.plan.tables.values():
            if table.kind != "source" or table.missing or table.stored_name not in self.days:
                continue
            key = RAW.schema, table.stored_name
            if self.kinds.get(key) != "table":
                self.warnings.append(f"{'.'.join(key)} is a view: its rows stay.")
                continue
            found[key] = self._past(table)
        return found

    def _past(self, table: PlanTable) -> str:
        column = time_column(table.stored_name)
        at = self._read(table, column)
        day = self.today - dt.timedelta(days=self.days[table.stored_name])
        limit = f"CAST('{day}' AS DATE)" if column == "date" else self._midnight(day)
        past = f"{at} < {limit}"
        if table.stored_name != "otel_metrics":
            return past
        # Without its first points, what a cumulative series counted before would count on the day of the
        # first that is left. So it goes when all of it is past its days.
        is_cumulative = f"coalesce({self._read(table, 'temporality')} = 'cumulative', false)"
        series = ", ".join(f"coalesce(CAST({self._read(table, name)} AS VARCHAR), '')" for name in SERIES)
        going_on = (
            f"SELECT {series} FROM {self.engine.name(RAW.schema, table.stored_name)}"
            f" WHERE {is_cumulative} AND {at} >= {limit}"
        )
        return f"{past} AND NOT ({is_cumulative} AND ({series}) IN ({going_on}))"

    def _read(self, table: PlanTable, column: str) -> str:
        return table.reads.get(column, self.engine.quote(column))

    def _midnight(self, day: dt.date) -> str:
        instant = dt.datetime.combine(day, dt.time(), self.zone).astimezone(dt.UTC)
        return f"CAST('{instant.isoformat(sep=' ')}' AS TIMESTAMPTZ)"

    def _metadata(self) -> dict[tuple[str, str], str]:
        """A condition for each table of run metadata that grows."""
        old = self._old_runs()
        rolled_up = f"{old} AND status NOT IN ('failed', 'warned')"
        conditions = {
            "quarantine": self._older("quarantine", "created_at"),
            "ingests": self._older("ingests", "started_at"),
            "run_tables": self._of_runs("run_tables", old) or old,
            "audit_results": self._of_runs("audit_results", old) or rolled_up,
            "audit_failures": self._of_runs("audit_failures", old) or old,
            "audit_totals": self._of_runs("runs", old),
            "runs": self._of_runs("runs", old),
        }
        if conditions["ingests"]:  # its number is where those to come go on
            last = f"(SELECT max(ingest_number) FROM {self._name('ingests')})"
            conditions["ingests"] += f" AND ingest_number < {last}"
        if conditions["runs"]:
            for table in ("run_tables", "audit_results", "audit_failures"):
                conditions[table] = f"({conditions[table]}) OR ({conditions['runs']})"
        return {(meta.SCHEMA, table): condition for table, condition in conditions.items() if condition}

    def _old_runs(self) -> str:
        """A condition: the row is of a run that does not stay whole."""
        names = {
            table: self._name(table) for table in ("runs", "run_tables", "audit_results", "audit_totals")
        }
        kept = self.engine.fetch(
            KEPT_RUNS.format(
                **names,
                newest_first=meta.newest_first("runs", meta.TABLES["runs"], "r"),
                untouched=", ".join(f"'{action}'" for action in UNTOUCHED),
                whole=WHOLE_RUNS,
            )
        )
        ids = [quote_text(run_id, self.engine.dialect) for (run_id,) in kept]
        return f"run_id NOT IN ({', '.join(ids) or 'NULL'})"

    def _of_runs(self, named: str, old: str) -> str:
        """A condition: the row is of a run that is past the days of a table; empty if that has none."""
        older = self._older(named, "started_at")
        return f"{old} AND run_id IN (SELECT run_id FROM {self._name('runs')} WHERE {older})" if older else ""

    def _older(self, named: str, column: str) -> str:
        if named not in self.days:
            return ""
        return f"{column} < {self._midnight(self.today - dt.timedelta(days=self.days[named]))}"

    def _name(self, table: str) -> str:
        return self.engine.name(meta.SCHEMA, table)

    def _roll_up(self, condition: str) -> None:
        """Keep how many of the checks ended how."""
        names = {table: self._name(table) for table in ("audit_results", "audit_totals")}
        self.engine.execute(ROLL_UP.format(**names, condition=condition))
