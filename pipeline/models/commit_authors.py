"""Commits, each once, and those whose author is the person who was there."""

import ibis
import ibis.expr.types as ir
from ibis import _

from pipeline.agents import EMAILS
from pipeline.agents.conventions import BOT
from pipeline.models.expressions import UNKNOWN


def first_rows(raw_git_commits: ibis.Table) -> ibis.Table:
    """One row per commit_hash, in lower case: of several the lowest id wins."""
    commits = raw_git_commits.filter(_.commit_hash.notnull()).mutate(commit_hash=_.commit_hash.lower())
    order = ["id", "created_at", "author_name", "commit_message"]
    ranked = commits.mutate(rank=ibis.row_number().over(group_by="commit_hash", order_by=order))
    return ranked.filter(_.rank == 0).drop("rank")


def author(commits: ibis.Table) -> ir.StringValue:
    """Who wrote a commit: the collector's word, else the author's address."""
    said = commits.developer_id.strip().nullif("").nullif(UNKNOWN)
    return ibis.coalesce(said, commits.author_email.strip().lower())


def by_people(commits: ibis.Table, commit_marks: ibis.Table) -> ibis.Table:
    """The commits whose author has an address and made them, with that `developer_id`.

    Not the merges, nor those of bots and agents, nor those that somebody else committed, such as patches and
    cherry-picks: there the author may be anybody.
    """
    email, committer = (commits[name].strip().lower() for name in ("author_email", "committer_email"))
    own = commit_marks.filter(_.kind == "email").select(mark=commit_marks.mark.lower()).distinct()
    theirs = commits.mutate(author_email=email, developer_id=author(commits)).filter(
        email.contains("@"),
        commits.parent_count.fill_null(0) <= 1,
        committer.isnull() | (committer == email),
        ~email.isin(sorted(EMAILS)),
        ~email.contains(BOT + "@"),
        ~commits.author_name.fill_null("").lower().endswith(BOT),
    )
    return theirs.anti_join(own, theirs.author_email == own.mark)
