"""How a commit tells that an agent helped: by its collector, a link to a session, a note, or a mark."""

import ibis
from ibis import _

from pipeline.agents.conventions import SHORT_HASH
from pipeline.models.expressions import UNKNOWN, canonical_agent

# git-ai's notes (refs/notes/ai) name the agent's own conversation.
NOTE_SESSION = '"agent_id"[^}]*"id" *: *"([^"]+)"'
NOTE_AGENT = '"agent_id"[^}]*"tool" *: *"([^"]+)"'


def with_evidence(commits: ibis.Table, events: ibis.Table, marks: ibis.Table) -> ibis.Table:
    """Commits, without their texts, with how they are known to be assisted, and who and what is named.

    `evidence` is `explicit` (the collector's flag or session), `commit_link` (a tool result or a git-ai
    note names it), `trailer` (a mark in its message or author), or NULL. `named_session_id`,
    `named_agent` and `signed_model` are NULL where nothing names one.
    """
    links = linked_sessions(commits, named_in_results(events))
    linked = commits.left_join(links, "commit_hash").drop("commit_hash_right")
    marked = linked.left_join(marks, "commit_hash").drop("commit_hash_right")
    noted = marked.mutate(
        note_session_id=_.notes.re_extract(NOTE_SESSION, 1).nullif(""),
        note_agent=canonical_agent(_.notes.re_extract(NOTE_AGENT, 1)),
    )
    return noted.select(
        *("commit_hash", "developer_id", "project_id", "commit_timestamp", "commit_date"),
        *("lines_added", "lines_deleted", "signed_model"),
        evidence=ibis.cases(
            (_.agent_assisted | _.agent_session_id.notnull(), "explicit"),
            (_.link_session_id.notnull() | _.note_session_id.notnull(), "commit_link"),
            (_.signing_agent.notnull(), "trailer"),
        ),
        named_session_id=ibis.coalesce(_.agent_session_id, _.link_session_id, _.note_session_id),
        named_agent=ibis.coalesce(_.agent_type, _.note_agent, _.signing_agent.nullif(UNKNOWN)),
    )


def named_in_results(events: ibis.Table) -> ibis.Table:
    """One row per `git_commit_id`, a hash or its beginning, and session whose tools named it, since `at`."""
    results = events.filter(_.session_id.notnull(), _.git_commit_id.length() >= SHORT_HASH)
    return results.group_by("git_commit_id", "session_id").agg(at=_.recorded_at.min())


def linked_sessions(commits: ibis.Table, named: ibis.Table) -> ibis.Table:
    """One row per commit of those `named_in_results`: the session that named it first."""
    hashes = commits.select("commit_hash")
    pairs = hashes.inner_join(
        named,
        [
            # An equality: a join by `startswith` alone would hold every commit against every result.
            hashes.commit_hash.left(SHORT_HASH) == named.git_commit_id.left(SHORT_HASH),
            hashes.commit_hash.startswith(named.git_commit_id),
        ],
    )
    first = ibis.row_number().over(group_by="commit_hash", order_by=[pairs["at"], pairs.session_id])
    return pairs.mutate(rank=first).filter(_.rank == 0).select("commit_hash", link_session_id=_.session_id)
