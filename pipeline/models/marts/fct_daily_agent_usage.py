"""What each developer did with each agent and model, day by day."""

import ibis
from ibis import _


def fct_daily_agent_usage(int_agent_daily_aggregates: ibis.Table) -> ibis.Table:
    """One row per date, developer, agent and model. Ratios are NULL where their denominator is 0."""
    lines = _.agent_assisted_lines_added + _.agent_assisted_lines_deleted
    sent = _.total_input_tokens + _.total_cache_creation_tokens + _.total_cache_read_tokens
    # Of Copilot its suggestions are decided upon, of the other agents their edits.
    has_suggestions = _.copilot_suggestions > 0
    decided = ibis.ifelse(has_suggestions, _.copilot_suggestions, _.edits_accepted + _.edits_rejected)
    accepted = ibis.ifelse(has_suggestions, _.copilot_acceptances, _.edits_accepted)
    return int_agent_daily_aggregates.mutate(
        total_duration_hours=_.total_duration_seconds / 3600,
        cost_per_commit_usd=_.total_cost_usd / _.agent_assisted_commits.nullif(0),
        tokens_per_commit=_.total_tokens / _.agent_assisted_commits.nullif(0),
        lines_per_1k_tokens=1000.0 * lines / _.total_tokens.nullif(0),
        cache_hit_rate=_.total_cache_read_tokens / sent.nullif(0),
        acceptance_rate_pct=100.0 * accepted / decided.nullif(0),
    )
