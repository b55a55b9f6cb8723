"""What bills charge beside what usage costs, and seats that nobody uses; nothing where there is neither."""

from collections import defaultdict
from typing import Any

from pipeline.engines.base import Engine
from pipeline.plan.layers import MARTS

RECONCILIATION, SEATS = "fct_reconciliation", "dim_seats"

BY_DAY = "SELECT date, provider, SUM(billed_usd), SUM(estimated_usd) FROM {} GROUP BY date, provider"
UNUSED = """
SELECT s.developer_id, d.developer_name, a.agent_display_name, s.plan, s.usd_per_month, s.last_used_date
FROM {seats} AS s
JOIN {developers} AS d ON s.developer_id = d.developer_id
JOIN {agents} AS a ON s.agent_type = a.agent_type
WHERE s.is_current AND s.is_unused_30_days
ORDER BY s.developer_id, s.agent_type
"""


def bills(engine: Engine) -> list[dict[str, Any]]:
    """One entry per month and provider with a bill: billed, estimated, and the gap, in US dollars."""
    if RECONCILIATION not in engine.shapes(MARTS.schema):
        return []
    months: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for day, provider, *amounts in engine.fetch(BY_DAY.format(engine.name(MARTS.schema, RECONCILIATION))):
        sums = months[f"{day:%Y-%m}", provider]
        sums[:] = [so_far + more for so_far, more in zip(sums, amounts, strict=True)]
    return [
        {"month": month, "provider": provider, "billed": billed, "estimated": estimated}
        for (month, provider), (billed, estimated) in sorted(months.items())
    ]


def unused_seats(engine: Engine) -> list[dict[str, Any]]:
    """One entry per seat that somebody has today and has not used for 30 days."""
    if SEATS not in engine.shapes(MARTS.schema):
        return []
    names = {"seats": SEATS, "developers": "dim_developers", "agents": "dim_agents"}
    query = UNUSED.format(**{name: engine.name(MARTS.schema, table) for name, table in names.items()})
    return [
        {"developer": name or developer, "agent": agent, "plan": plan, "usd": usd, "last_used": last_used}
        for developer, name, agent, plan, usd, last_used in engine.fetch(query)
    ]
