"""Whose commits the tools of a session made."""

import ibis
from ibis import _

from pipeline.models.commit_authors import by_people, first_rows
from pipeline.models.commit_evidence import linked_sessions, named_in_results
from pipeline.models.expressions import UNKNOWN, with_developer
from pipeline.models.threads import in_their_sessions, naming_sessions


def stg_session_authors(
    raw_git_commits: ibis.Table,
    stg_log_events: ibis.Table,
    stg_session_threads: ibis.Table,
    stg_thread_events: ibis.Table,
    identities: ibis.Table,
    commit_marks: ibis.Table,
) -> ibis.Table:
    """One row per session_id whose commits are all of one person, of whatever age they are.

    A session's commits are those that its tools' results name, or whose collector names it. Commits that do
    not tell who was there are passed over: see `commit_authors.by_people`.
    """
    commits = by_people(first_rows(raw_git_commits), commit_marks).select(
        "commit_hash", "agent_session_id", "developer_id"
    )
    results = named_in_results(in_their_sessions(stg_log_events, stg_session_threads, stg_thread_events))
    linked = commits.left_join(linked_sessions(commits, results), "commit_hash").drop("commit_hash_right")
    named = linked.mutate(
        named_session_id=ibis.coalesce(_.agent_session_id.strip().nullif(""), _.link_session_id)
    )
    whose = with_developer(naming_sessions(named, stg_session_threads), identities)
    found = whose.filter(_.named_session_id.notnull(), _.developer_id.notnull(), _.developer_id != UNKNOWN)
    people = found.group_by(session_id=_.named_session_id).agg(
        people=_.developer_id.nunique(), developer_id=_.developer_id.min(), commits=_.count()
    )
    return people.filter(_.people == 1).drop("people")
