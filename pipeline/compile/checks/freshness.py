"""How old the newest row of a raw table may be, as a check."""

import ibis
import ibis.expr.types as ir

from pipeline.compile.checks.sql import Renderer
from pipeline.config import Freshness
from pipeline.models.operations import as_of
from pipeline.plan import Check
from schemas.base import Source

ARRIVED = "created_at"
OCCURRED = ("timestamp", "commit_timestamp", "date")


def freshness_check(
    source: type[Source], table: ir.Table, limit: Freshness | None, dialect: str
) -> list[Check]:
    """The check that a configured limit asks for, if it does.

    It only warns: stale input is no reason to withhold what follows from it. A table without
    rows has no age.

    Args:
        source: the contract of the raw table.
        table: its columns, typed as the contract says.
        limit: what the configuration says about the table.
        dialect: of the database.
    """
    most = limit and (limit.warn_after or limit.error_after)
    columns = [name for name in (ARRIVED, *OCCURRED) if name in table.columns]
    if not most or not columns:
        return []
    newest = ibis.coalesce(*(table[name].max().cast("timestamp('UTC', 6)") for name in columns))
    stale = newest < as_of() - ibis.interval(seconds=int(most.total_seconds()))
    return [
        Check(
            name="fresh",
            kind="freshness",
            columns=columns,
            description=f"The newest row of {source.table()} is at most {most} old.",
            severity="warn",
            sql=Renderer(dialect).scalar(ibis.ifelse(stale, 1, 0)),
        )
    ]
