"""Metrics in a few ways that together use all of their SQL: for comparing engines."""

import pytest

from pipeline.outputs.metrics import METRICS, query_metric

# One of each kind of sum, count and ratio: for servers that take long over a statement.
OF_EACH_KIND = (
    *("cost_per_commit", "committed_cost", "human_share", "suggestion_acceptance"),
    *("developers", "active_days", "several_agents", "last_active"),
)


def everything(engine, names=tuple(METRICS)):
    """Answers by metric and dimensions: each value by its key, and the total."""
    found = {}
    for name in names:
        for by in ({"week", "developer"}, {"month"}):
            dimensions = [one for one in METRICS[name].dimensions if one in by]
            answer = query_metric(engine, name, by=dimensions, since="2026-09-20", until="2026-11-10")
            values = {str(row.key): about(row.value) for row in answer.rows}
            found[name, *dimensions] = values | {"total": about(answer.total.value)}
    return found


def about(value):
    """Shares of a cost are sums of floats: their last digit depends on the order."""
    return pytest.approx(value, rel=1e-9) if isinstance(value, float) else value
