"""What the page needs of pull requests: those that were merged, by day, developer, project and agent."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.engines.base import Engine

REQUESTS = "fct_pull_requests"
COLUMNS = ("day", "developer", "project", "agent", "merged", "costed", "nano", "seconds", "reverted")
MERGED = """
SELECT merged_at, developer_id, project_id, agent_type, CAST(ROUND(cost_usd * 1e9) AS BIGINT),
       CAST(ROUND(hours_to_merge * 3600) AS BIGINT), is_reverted_within_30_days
FROM {} WHERE merged_at IS NOT NULL
"""


def merged_requests(
    engine: Engine, timezone: str, first_day: dt.date, lists: Mapping[str, Sequence[Any]]
) -> dict[str, Any]:
    """Rows of sums, in order of days; no row where there are no requests.

    Args:
        engine: an open database whose marts are published.
        timezone: in which days begin.
        first_day: of the page.
        lists: its `developers`, `projects` and `agents`; a row holds their places there, or None.
    """
    if ("mart", REQUESTS) not in engine.kinds():
        return {"columns": COLUMNS, "rows": []}
    places = {name: {value: at for at, value in enumerate(values)} for name, values in lists.items()}
    sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 5)
    for merged_at, developer, project, agent, nano, seconds, reverted in engine.fetch(
        MERGED.format(engine.name("mart", REQUESTS))
    ):
        instant = merged_at if merged_at.tzinfo else merged_at.replace(tzinfo=dt.UTC)
        day = instant.astimezone(ZoneInfo(timezone)).date()
        if day < first_day:
            continue
        found = (("developers", developer), ("projects", project), ("agents", agent))
        total = sums[day, *(places[name].get(value) for name, value in found)]
        for at, value in enumerate((1, nano is not None, nano or 0, seconds, bool(reverted))):
            total[at] += value
    in_order = sorted(sums.items(), key=lambda item: tuple(-1 if key is None else key for key in item[0][1:]))
    in_order.sort(key=lambda item: item[0][0])
    return {"columns": COLUMNS, "rows": [[*key, *total] for key, total in in_order]}
