"""What became of commits' lines, as it was last read."""

import ibis
from ibis import _


def last_readings(raw_git_survival: ibis.Table) -> ibis.Table:
    """One row per project_id, commit_hash and age: the highest reading, if the commit is on the branch.

    Counts that cannot be, such as a collector of another make may leave, are no reading.
    """
    readings = raw_git_survival.filter(_.commit_hash.notnull(), _.age.notnull()).mutate(
        commit_hash=_.commit_hash.lower()
    )
    order = [_.reading.desc(nulls_first=False), _.id.desc()]
    key = ["project_id", "commit_hash", "age"]
    ranked = readings.mutate(rank=ibis.row_number().over(group_by=key, order_by=order))
    return ranked.filter(_.rank == 0, _.lines_added.notnull(), _.lines_alive.notnull()).drop("rank")
