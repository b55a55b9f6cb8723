"""How old the newest row of a raw table may be, as a check for which the configuration tells the limit."""

import ibis
import ibis.expr.types as ir

from pipeline.compile.checks.sql import Renderer
from pipeline.models.operations import as_of, span
from pipeline.plan import Check
from pipeline.plan.check_settings import FRESHNESS, FRESHNESS_SECONDS
from schemas.base import Source

ARRIVED = "created_at"
OCCURRED = ("timestamp", "commit_timestamp", "date")


def freshness_check(source: type[Source], table: ir.Table, dialect: str) -> list[Check]:
    """The check, if the table has a column that tells.

    It only warns: stale input is no reason to withhold what follows from it. A table without
    rows has no age.

    Args:
        source: the contract of the raw table.
        table: its columns, typed as the contract says.
        dialect: of the database.
    """
    columns = [name for name in (ARRIVED, *OCCURRED) if name in table.columns]
    if not columns:
        return []
    newest = ibis.coalesce(*(table[name].max().cast("timestamp('UTC', 6)") for name in columns))
    stale = newest < as_of() - span(FRESHNESS_SECONDS, "s")
    return [
        Check(
            name="fresh",
            kind="freshness",
            columns=columns,
            description=f"The newest row of {source.table()} is at most {FRESHNESS} old.",
            severity="warn",
            sql=Renderer(dialect).scalar(ibis.ifelse(stale, 1, 0)),
        )
    ]
