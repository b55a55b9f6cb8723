"""What became of commits' lines, as it was last read."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
from ibis import _

from pipeline.models.projects import with_project


def last_readings(raw_git_survival: ibis.Table, projects: ibis.Table) -> ibis.Table:
    """One row per project_id, commit_hash and age: the highest reading, if the commit is on the branch.

    Of several repositories that projects.csv calls one project, the one that was looked at last holds. Counts
    that cannot be, such as a collector of another make may leave, are no reading.
    """
    named = raw_git_survival.filter(_.commit_hash.notnull(), _.age.notnull())
    readings = _last(named.mutate(commit_hash=_.commit_hash.lower()), [_.reading.desc(), _.id.desc()])
    alive = readings.filter(_.lines_alive.between(0, _.lines_added))
    return _last(with_project(alive, projects), [_.observed_at.desc(), _.reading.desc(), _.id.desc()])


def _last(readings: ir.Table, order: Sequence[ir.Value]) -> ir.Table:
    key = ["project_id", "commit_hash", "age"]
    ranked = readings.mutate(rank=ibis.row_number().over(group_by=key, order_by=order))
    return ranked.filter(_.rank == 0).drop("rank")
