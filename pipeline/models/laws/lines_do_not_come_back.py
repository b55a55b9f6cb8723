"""Lines of a commit, from age to age."""

import ibis
from ibis import _


def lines_do_not_come_back(fct_code_survival: ibis.Table) -> ibis.Table:
    """Of no commit more lines are alive at a higher age."""
    order = {"7_days": 1, "30_days": 2, "90_days": 3, "today": 4}
    aged = fct_code_survival.mutate(at=_.age.cases(*order.items(), else_=5))
    before = aged.lines_alive.lag().over(group_by=["project_id", "commit_hash"], order_by="at")
    return aged.mutate(before=before).filter(_.before < _.lines_alive).drop("at")
