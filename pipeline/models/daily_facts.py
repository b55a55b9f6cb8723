"""Facts of one day, developer, agent and model: each reaches this grain before it meets another one."""

import ibis
from ibis import _

from pipeline.models.expressions import UNKNOWN

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


def sessions_of_days(sessions: ibis.Table) -> ibis.Table:
    """Sessions, on their start day under their main model."""
    return fact(
        sessions.mutate(day=_.session_date),
        sessions=_.row,
        # Whole microseconds: sums of fractions would differ from run to run.
        duration_microseconds=(_.duration_seconds * 1_000_000).round(),
        accepted_edits=_.accepted_edits,
        rejected_edits=_.rejected_edits,
    )


def usage_of_days(usage: ibis.Table) -> ibis.Table:
    """Tokens and cost, on the day and under the model that used them."""
    return fact(
        usage,
        **{name: _[name] for name in [*TOKENS, "total_tokens", "unpriced_tokens", "cost_nano_usd"]},
        used=ibis.ifelse(_.total_tokens > 0, 1, 0),
        known_cost=ibis.ifelse(_.cost_nano_usd.notnull(), 1, 0),
    )


def commits_of_days(commits: ibis.Table) -> ibis.Table:
    """Assisted commits, on their own day under their session's agent and model."""
    return fact(
        commits.filter(_.is_agent_assisted).mutate(day=_.commit_date),
        commits=_.row,
        commit_lines_added=_.lines_added,
        commit_lines_deleted=_.lines_deleted,
    )


def copilot_of_days(copilot: ibis.Table) -> ibis.Table:
    """Copilot's suggestions, which name no model."""
    return fact(
        copilot.mutate(
            day=_.date, agent_type=ibis.literal("github_copilot"), model_name=ibis.literal(UNKNOWN)
        ),
        suggestions=_.total_suggestions,
        acceptances=_.total_acceptances,
        lines_suggested=_.total_lines_suggested,
        lines_accepted=_.total_lines_accepted,
    )
