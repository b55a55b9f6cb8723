"""What happened on each day: every fact reaches this grain before it meets another one."""

import ibis
from ibis import _

from pipeline.models.expressions import UNKNOWN, stack, usd

GRAIN = ["day", "developer_id", "agent_type", "model_name"]
TOKENS = ["input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens"]
COUNTS = [
    *("sessions", "duration_microseconds", "accepted_edits", "rejected_edits"),
    *(*TOKENS, "total_tokens", "unpriced_tokens", "used", "known_cost", "cost_nano_usd"),
    *("commits", "commit_lines_added", "commit_lines_deleted"),
    *("suggestions", "acceptances", "lines_suggested", "lines_accepted"),
]


def fact(rows: ibis.Table, **counts: ibis.Value) -> ibis.Table:
    """One fact at the grain: sums of the given counts, 0 for the other facts'; `_.row` counts rows."""
    totals = rows.mutate(row=1).group_by(*GRAIN).agg(**{name: value.sum() for name, value in counts.items()})
    return totals.select(
        *GRAIN,
        **{
            name: (totals[name].fill_null(0) if name in counts else ibis.literal(0)).cast("int64")
            for name in COUNTS
        },
    )


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
    sessions = fact(
        int_sessions_with_costs.mutate(day=_.session_date),
        sessions=_.row,
        # Whole microseconds: sums of fractions would differ from run to run.
        duration_microseconds=(_.duration_seconds * 1_000_000).round(),
        accepted_edits=_.accepted_edits,
        rejected_edits=_.rejected_edits,
    )
    usage = fact(
        int_usage_costs,
        **{name: _[name] for name in [*TOKENS, "total_tokens", "unpriced_tokens", "cost_nano_usd"]},
        used=ibis.ifelse(_.total_tokens > 0, 1, 0),
        known_cost=ibis.ifelse(_.cost_nano_usd.notnull(), 1, 0),
    )
    commits = fact(
        int_commits_with_agent_context.filter(_.is_agent_assisted).mutate(day=_.commit_date),
        commits=_.row,
        commit_lines_added=_.lines_added,
        commit_lines_deleted=_.lines_deleted,
    )
    copilot = fact(
        stg_copilot_metrics.mutate(
            day=_.date, agent_type=ibis.literal("github_copilot"), model_name=ibis.literal(UNKNOWN)
        ),
        suggestions=_.total_suggestions,
        acceptances=_.total_acceptances,
        lines_suggested=_.total_lines_suggested,
        lines_accepted=_.total_lines_accepted,
    )
    facts = stack(sessions, usage, commits, copilot)
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
