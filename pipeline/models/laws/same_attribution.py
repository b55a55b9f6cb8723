"""What commits owe to agents, on the way to the mart."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal


def same_attribution(int_commits_with_agent_context: ibis.Table, fct_git_commits: ibis.Table) -> ibis.Table:
    """The mart has the commits that were attributed, with their lines and their shares of cost and tokens."""
    counts = {
        "commits": _.count(),
        "assisted": _.count(where=_.is_agent_assisted),
        "lines_added": _.lines_added.sum(),
        "lines_deleted": _.lines_deleted.sum(),
    }
    return unequal(
        total(
            int_commits_with_agent_context,
            **counts,
            cost_usd=_.allocated_cost_usd.sum(),
            tokens=_.allocated_tokens.sum(),
        ),
        total(fct_git_commits, **counts, cost_usd=_.cost_usd.sum(), tokens=_.tokens_used.sum()),
    )
