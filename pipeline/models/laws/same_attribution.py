"""What commits owe to agents, on the way to the mart."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal


def same_attribution(int_commits_with_agent_context: ibis.Table, fct_git_commits: ibis.Table) -> ibis.Table:
    """The mart has the assisted commits that were found, with their shares of cost and tokens."""
    assisted = _.count(where=_.is_agent_assisted)
    return unequal(
        int_commits_with_agent_context=total(
            int_commits_with_agent_context,
            assisted=assisted,
            cost_usd=_.allocated_cost_usd.sum(),
            tokens=_.allocated_tokens.sum(),
        ),
        fct_git_commits=total(
            fct_git_commits, assisted=assisted, cost_usd=_.cost_usd.sum(), tokens=_.tokens_used.sum()
        ),
    )
