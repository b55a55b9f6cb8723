"""Commits of the window, each once."""

import ibis
from ibis import _

from pipeline.models.commit_authors import author, first_rows
from pipeline.models.expressions import (
    UNKNOWN,
    canonical_agent,
    count_or_0,
    local_date,
    with_agent,
    with_developer,
)
from pipeline.models.projects import with_canonical, with_project, without_credentials


def stg_git_commits(
    raw_git_commits: ibis.Table,
    agents: ibis.Table,
    agent_aliases: ibis.Table,
    identities: ibis.Table,
    projects: ibis.Table,
    *,
    as_of: ibis.Value,
    window_hours: ibis.Value,
    timezone: str,
) -> ibis.Table:
    """One row per commit_hash whose author date is not more than the window before the run.

    The author date is the commit's time. Of several rows with one hash the lowest id wins. Merges
    count, with 0 lines: what they bring in was written in the commits that they merge.
    """
    first = first_rows(raw_git_commits.filter(_.commit_timestamp >= as_of - window_hours))
    first = first.mutate(
        developer_id=author(first),
        project_id=without_credentials(first.project_id),
        namespace=ibis.null("string"),
        stated=canonical_agent(_.agent_type),
        service=ibis.null("string"),
    )
    agent = with_agent(with_canonical(first).drop("agent_type"), agents, agent_aliases)
    commits = with_project(with_developer(agent, identities), projects)
    is_merge = (_.parent_count > 1).fill_null(False)
    return commits.select(
        "commit_hash",
        "commit_message",
        "author_name",
        author_email=_.author_email.strip().lower(),
        commit_timestamp=_.commit_timestamp,
        commit_date=local_date(_.commit_timestamp, timezone),
        committed_at=_.committed_at,
        files_changed=ibis.ifelse(is_merge, 0, count_or_0(_.files_changed)),
        lines_added=ibis.ifelse(is_merge, 0, count_or_0(_.lines_added)),
        lines_deleted=ibis.ifelse(is_merge, 0, count_or_0(_.lines_deleted)),
        is_merge=is_merge,
        agent_assisted=_.agent_assisted.fill_null(False),
        agent_session_id=_.agent_session_id.strip().nullif(""),
        agent_type=_.agent_type,
        developer_id=_.developer_id.fill_null(UNKNOWN),
        project_id=_.project_id,
        notes=_.notes,
    )
