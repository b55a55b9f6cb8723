"""What happened on each day: every fact reaches this grain before it meets another one."""

import ibis
from ibis import _

from pipeline.models.daily_facts import (
    COUNTS,
    GRAIN,
    TOKENS,
    commits_of_days,
    copilot_of_days,
    sessions_of_days,
    usage_of_days,
)
from pipeline.models.expressions import stack, usd


def int_agent_daily_aggregates(
    int_sessions_with_costs: ibis.Table,
    int_usage_costs: ibis.Table,
    int_commits_with_agent_context: ibis.Table,
    stg_copilot_metrics: ibis.Table,
) -> ibis.Table:
    """One row per day, developer, agent and model with any sessions, usage, assisted commits or Copilot use.

    A session counts once, on its start day, under its main model; tokens and cost on the day and under
    the model that used them; an assisted commit on its own day, under its session's agent and model.
    """
    facts = stack(
        sessions_of_days(int_sessions_with_costs),
        usage_of_days(int_usage_costs),
        commits_of_days(int_commits_with_agent_context),
        copilot_of_days(stg_copilot_metrics),
    )
    totals = facts.group_by(*GRAIN).agg(**{name: facts[name].sum() for name in COUNTS})
    # 0 without usage, NULL where there is usage and none of it has a cost, else the known part.
    cost = ibis.ifelse((_.used > 0) & (_.known_cost == 0), None, usd(_.cost_nano_usd))
    seconds = _.duration_microseconds.cast("float64") / 1_000_000
    return totals.rename(date="day").select(
        "date",
        *GRAIN[1:],
        total_sessions=_.sessions,
        total_duration_seconds=seconds,
        avg_duration_seconds=seconds / _.sessions.nullif(0),
        **{f"total_{name}": _[name] for name in TOKENS},
        total_tokens=_.total_tokens,
        total_cost_usd=cost,
        unpriced_tokens=_.unpriced_tokens,
        avg_cost_per_session_usd=cost / _.sessions.nullif(0),
        agent_assisted_commits=_.commits,
        agent_assisted_lines_added=_.commit_lines_added,
        agent_assisted_lines_deleted=_.commit_lines_deleted,
        edits_accepted=_.accepted_edits,
        edits_rejected=_.rejected_edits,
        copilot_suggestions=_.suggestions,
        copilot_acceptances=_.acceptances,
        copilot_lines_suggested=_.lines_suggested,
        copilot_lines_accepted=_.lines_accepted,
    )
