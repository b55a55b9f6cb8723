"""What a run returns and writes into `meta`."""

import datetime as dt
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from pipeline.engines.base import Step
from pipeline.plan import PlanTable
from pipeline.plan.check_results import CheckResult

NO_NEWS = "no new rows"  # why a source changes nothing


@dataclass(frozen=True)
class TableResult:
    """What a run did with one table.

    Attributes:
        name: of the table in the plan.
        schema: of the database.
        stored_name: of the table in its schema.
        action: read (a source), loaded (a seed), full, appended or rebuilt (in part), skipped,
            dropped or error.
        reason: why that and nothing else.
        row_count: its rows, where counted.
        seconds: how long it took.
        fingerprint: of the code and the inputs that it was made from.
        steps: what the engine did to make it, if that was asked for.
    """

    name: str
    schema: str
    stored_name: str
    action: str
    reason: str
    row_count: int | None = None
    seconds: float = 0.0
    fingerprint: str = ""
    steps: list[Step] = field(default_factory=list)

    @property
    def is_unchanged(self) -> bool:
        """Whether it is as the run before has left it."""
        return self.action == "skipped" or self.reason == NO_NEWS


@dataclass(frozen=True)
class FailingRow:
    """One row that a check failed on, as JSON text; what names a person is masked."""

    table: str
    audit: str
    example: int
    failing_row: str


@dataclass
class RunResult:
    """What one command did to a database.

    Attributes:
        command: build, run, seed or test.
        status: success; failed, if a check of severity error did; error, if the database refused.
        as_of: the instant that the tables stand for, in UTC.
        seconds: how long it all took.
        warnings: sentences for people.
        audits: the results of the checks.
        stored: tables that keep all failing rows, if that was asked for.
        layers: the layer of each table of the plan.
        arguments: of the command that were not its defaults, `selected` as the names of tables.
    """

    command: str
    as_of: dt.datetime
    target: str
    plan_fingerprint: str
    version: str
    run_id: str = ""
    started_at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    status: str = "success"
    seconds: float = 0.0
    tables: list[TableResult] = field(default_factory=list)
    audits: list[CheckResult] = field(default_factory=list)
    failing_rows: list[FailingRow] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)
    layers: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # For people; the random end keeps two runs of one microsecond apart.
        self.run_id = f"{self.started_at:%Y%m%dT%H%M%S.%fZ}-{os.urandom(3).hex()}"

    def finish(self) -> None:
        """Take the time."""
        self.seconds = (dt.datetime.now(dt.UTC) - self.started_at).total_seconds()


def given(*, selected: Iterable[str] | None = None, **arguments: Any) -> dict[str, Any]:
    """The arguments of a command that say something, as JSON can hold them."""
    told = {name: value for name, value in arguments.items() if value}
    return told if selected is None else {"selected": [*selected], **told}


# Told about each table when work on it begins (None) and when it is done.
Listener = Callable[[PlanTable, TableResult | None], None]


def silent(table: PlanTable, result: TableResult | None) -> None:
    """A listener that does nothing."""
