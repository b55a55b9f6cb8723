"""Whose a session is by the commits that its tools made, as `stg_session_authors` finds it out."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from pipeline.agents import EMAILS
from pipeline.agents.conventions import BOT, SHORT_HASH
from pipeline.agents.marks import OwnMark

COLUMNS = ("commit_hash", "agent_session_id", "committer_email", "author_name", "parent_count")


class Commits:
    """Collects commits and the results of tools that name them.

    Args:
        marks: by which commits are known to be an agent's, beside those that come with the package.
    """

    def __init__(self, marks: list[OwnMark]) -> None:
        self._agents = EMAILS | {mark.mark for mark in marks if mark.kind == "email"}
        self._authors: dict[str, tuple[str, str]] = {}  # of a commit: its session, if told, and its author
        self._results: dict[str, set[tuple[str, str]]] = defaultdict(set)  # start of a hash → hash, session

    def result(self, attributes: Mapping[str, Any], session: str) -> None:
        """Take a record of a session."""
        named = attributes.get("git_commit_id")
        if isinstance(named, str) and len(named) >= SHORT_HASH:
            self._results[named[:SHORT_HASH]].add((named, session))

    def commit(self, record: Mapping[str, Any]) -> None:
        """Take a commit; merges, and those of bots, agents and of somebody else's patch tell nothing."""
        email, committer = (
            str(record.get(name) or "").strip().lower() for name in ("author_email", "committer_email")
        )
        if (
            "@" not in email
            or email in self._agents
            or f"{BOT}@" in email
            or str(record.get("author_name") or "").lower().endswith(BOT)
            or committer not in ("", email)
            or (record.get("parent_count") or 0) > 1
        ):
            return
        session = str(record.get("agent_session_id") or "").strip()
        self._authors[str(record["commit_hash"]).lower()] = session, email

    def authors(self) -> dict[str, set[str]]:
        """The addresses of the authors, by session; a commit that several sessions name tells nothing."""
        found: dict[str, set[str]] = defaultdict(set)
        for commit, (told, email) in self._authors.items():
            results = self._results.get(commit[:SHORT_HASH], set())
            sessions = {told} if told else {one for named, one in results if commit.startswith(named)}
            if len(sessions) == 1:
                found[sessions.pop()].add(email)
        return found
