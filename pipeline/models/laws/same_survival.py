"""Lines that live on, in raw and in the mart."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal
from pipeline.models.survival_readings import last_readings


def same_survival(
    raw_git_survival: ibis.Table, projects: ibis.Table, fct_code_survival: ibis.Table
) -> ibis.Table:
    """The mart has the lines of the last reading of every commit: added, alive and reworked."""
    measures = {name: _[name].sum() for name in ("lines_added", "lines_alive", "lines_reworked")}
    rows = {"rows": _.count()}
    return unequal(
        total(last_readings(raw_git_survival, projects), **rows, **measures),
        total(fct_code_survival, **rows, **measures),
    )
