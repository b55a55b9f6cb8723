"""Names and e-mail addresses that facts know people by."""

import ibis
from ibis import _

from pipeline.models.expressions import NOREPLY


def authors(commits: ibis.Table) -> ibis.Table:
    """One row per commit: its author's name and address."""
    return commits.select("developer_id", name=_.author_name, email=_.author_email, at=_.commit_timestamp)


def addresses(records: ibis.Table, last: str) -> ibis.Table:
    """One row per developer and address: when telemetry last names them together."""
    named = records.filter(_.developer_email.notnull()).group_by("developer_id", "developer_email")
    return named.agg(at=_[last].max()).select(
        "developer_id", name=ibis.null("string"), email=_.developer_email, at=_["at"]
    )


def latest(named: ibis.Table, column: str) -> ibis.Table:
    """One row per developer: the value of `column` that was used last; GitHub's noreply ones last."""
    rows = named.filter(_[column].notnull())
    order = [rows[column].endswith(NOREPLY), rows["at"].desc(), rows[column]]
    ranked = rows.mutate(rank=ibis.row_number().over(group_by="developer_id", order_by=order))
    return ranked.filter(_.rank == 0).select("developer_id", column)
