"""Laws as checks of the tables that they are listed at."""

from collections.abc import Collection

from pipeline.compile.model_files import Law
from pipeline.plan import Check


def law_check(
    law: Law,
    *,
    columns: list[str],
    broken: str,
    time_drift: str,
    sources: Collection[str],
) -> Check:
    """The check of a law.

    Args:
        law: the law.
        columns: the columns of its table that it compares.
        broken: the query for the rows that break it.
        time_drift: the query that tells whether time alone changes these rows.
        sources: names of the raw tables: one that is missing reads as empty, and need not exist.
    """
    return Check(
        name=law.name,
        kind="law",
        columns=columns,
        description=law.description,
        severity=law.severity,
        sql=f"(SELECT COUNT(*) FROM ({broken}) AS broken)",
        failing_rows_sql=broken,
        needs=[name for name in law.upstreams if name not in sources],
        time_drift=time_drift,
    )
