"""How many bytes a build would read, where the engine bills by them: the option `--dry-run`."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.engines.base import Engine
from pipeline.errors import TargetError
from pipeline.plan import Check, Plan, PlanTable
from pipeline.plan.check_results import count_query, pending
from pipeline.plan.render import render


@dataclass(frozen=True)
class Estimate:
    """What a full build would read for one table.

    Attributes:
        name: of the table.
        to_build: bytes that its query reads; None where it reads what is not there yet.
        to_audit: bytes that its checks read; None where they look at what is not there yet.
        missing: the tables that are not there yet.
    """

    name: str
    to_build: int | None
    to_audit: int | None
    missing: list[str]


def estimate(
    engine: Engine,
    plan: Plan,
    *,
    selected: Iterable[str] | None = None,
    as_of: dt.datetime | None = None,
) -> list[Estimate]:
    """Ask what the statements of a build would read; none of them is run.

    Args:
        engine: an open database.
        plan: compiled for the engine's dialect and the raw tables of this database.
        selected: names of the tables; all of the plan if None.
        as_of: the instant to run as; the clock if None.

    Raises:
        TargetError: the engine cannot tell.
        QueryError: the database refused a statement.
    """
    if engine.bytes_to_scan("SELECT 1") is None:
        raise TargetError(
            f"{engine.url} does not bill by the bytes that a query reads, and cannot tell them before:"
            " --dry-run is for BigQuery. `aa-pipeline compile` shows the SQL of a build, and"
            " `build --profile` where its time goes."
        )
    instant = as_of or dt.datetime.now(dt.UTC)
    kinds = engine.kinds()
    there = {name for name, table in plan.tables.items() if (table.schema, table.stored_name) in kinds}
    there |= {name for name, table in plan.tables.items() if table.missing}  # they read as empty

    def bytes_of(queries: Iterable[str]) -> int:
        return sum(engine.bytes_to_scan(render(query, instant)) or 0 for query in queries)

    found = []
    chosen = set(plan.tables if selected is None else selected)
    for table in (table for table in plan.tables.values() if table.name in chosen):
        checks = pending(table.checks, plan.tables)  # as if everything upstream had passed
        unbuilt = set(table.depends_on) - there
        unchecked = ({table.name} if checks else set()).union(*(check.needs for check in checks)) - there
        found.append(
            Estimate(
                name=table.name,
                to_build=None if unbuilt else bytes_of([table.sql] if table.sql else []),
                to_audit=None if unchecked else bytes_of(_count_queries(table, checks)),
                missing=sorted(unbuilt or unchecked),
            )
        )
    return found


def _count_queries(table: PlanTable, checks: Sequence[Check]) -> list[str]:
    """The queries that answer some checks of a table."""
    of_itself = [check for check in checks if not check.needs or check.kind == "reference"]
    of_several = [check for check in checks if check not in of_itself]
    return [
        *([count_query(table.relation, of_itself)] if of_itself else []),
        *([count_query(None, of_several)] if of_several else []),
    ]
