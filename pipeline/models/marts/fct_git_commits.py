"""Every commit of the window, with the agent behind it and its share of the cost."""

import ibis
from ibis import _

from pipeline.models.expressions import local_time


def fct_git_commits(
    stg_git_commits: ibis.Table, int_commits_with_agent_context: ibis.Table, *, timezone: str
) -> ibis.Table:
    """One row per commit_hash, assisted or not."""
    context = int_commits_with_agent_context.drop(
        *("developer_id", "project_id", "commit_timestamp", "commit_date", "lines_added", "lines_deleted")
    )
    commits = stg_git_commits.drop("agent_session_id", "agent_type").inner_join(context, "commit_hash")
    local = local_time(_.commit_timestamp, timezone)
    lines = _.lines_added + _.lines_deleted
    return commits.select(
        *("commit_hash", "commit_message", "author_name", "author_email", "commit_timestamp", "commit_date"),
        commit_hour=local.hour().cast("int64"),
        # Ibis counts from Monday; the column from Sunday.
        commit_day_of_week=((local.day_of_week.index() + 1) % 7).cast("int64"),
        files_changed=_.files_changed,
        lines_added=_.lines_added,
        lines_deleted=_.lines_deleted,
        lines_changed=lines,
        commit_size=_.commit_size,
        developer_id=_.developer_id,
        project_id=_.project_id,
        is_agent_assisted=_.is_agent_assisted,
        attribution_method=_.attribution_method,
        agent_type=_.agent_type,
        model_name=_.model_name,
        agent_session_id=_.agent_session_id,
        tokens_used=_.allocated_tokens,
        cost_usd=_.allocated_cost_usd,
        agent_duration_seconds=_.session_duration_seconds,
        seconds_after_session=_.seconds_after_session,
        lines_per_1k_tokens=1000.0 * lines / _.allocated_tokens.nullif(0),
        lines_per_dollar=lines / _.allocated_cost_usd.nullif(0),
    )
