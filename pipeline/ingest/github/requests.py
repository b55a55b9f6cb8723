"""One pull request, as GitHub tells it → a row of raw.pull_requests and its commits.

Both of GitHub's forms are read: the nested one of its GraphQL API, in which lists are `{"nodes": [...]}`,
and that of `gh pr list --json`, in which they are lists. Title and body do not land, nor who reviewed.
"""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from pipeline.agents.projects import project_of
from pipeline.ingest.github.query import NEEDED, PAGE
from pipeline.ingest.landing.identity import hash_of

JsonObject = dict[str, Any]

ADDRESS = re.compile(r"(https?://[^/\s]+/[^/\s]+/[^/\s]+)/pull/\d+/?")
HASH = re.compile(r"[0-9a-fA-F]{7,64}")
# What GitHub's button "Revert" writes.
REVERTS = re.compile(r"(?m)^Reverts (?:([\w.-]+(?:/[\w.-]+)+)#|#)(\d{1,9})\s*$")

STATES = {"OPEN": "open", "CLOSED": "closed", "MERGED": "merged"}
VERDICTS = (
    "APPROVED",
    "CHANGES_REQUESTED",
    "COMMENTED",
    "DISMISSED",
)  # and PENDING, which nobody has seen yet
SENT_BACK = "CHANGES_REQUESTED"
FAILED = {"FAILURE", "ERROR", "TIMED_OUT", "STARTUP_FAILURE", "ACTION_REQUIRED"}
BOT = "[bot]"
BIGGEST = 2**63 - 1
SAID = 200  # characters that are shown of what GitHub says


class Unusable(ValueError):
    """Why something gives no row."""


@dataclass(frozen=True)
class PullRequest:
    """What is read of a request.

    Attributes:
        row: of raw.pull_requests.
        commits: rows of raw.pull_request_commits.
        cut: which of its lists GitHub told only a part of: commits, reviews or checks.
        missing: which of them were not asked for.
    """

    row: JsonObject
    commits: list[JsonObject]
    cut: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """A list in a request: what is told of it, and of how many."""

    items: list[JsonObject]
    total: int

    @property
    def is_cut(self) -> bool:
        """Whether there are, or may be, more than are told."""
        return self.total > len(self.items)


def pull_request(entry: Any, forge: str = "GitHub", address: re.Pattern[str] = ADDRESS) -> PullRequest:
    """A request of one of GitHub's two forms.

    Args:
        entry: the request.
        forge: who tells it.
        address: what its `url` looks like; the first group is its repository's.

    Raises:
        Unusable: it is none, or its values make no sense.
    """
    if not isinstance(entry, dict):
        raise Unusable("this is no JSON object")
    if said := _refusal(entry):
        raise Unusable(f"{forge} answered with an error: {said}")
    if lacking := [name for name in NEEDED if name not in entry]:
        raise Unusable(f"this is no pull request: it has no {', '.join(lacking)}")
    if not isinstance(entry["url"], str) or not (found := address.fullmatch(entry["url"])):
        raise Unusable("its url is none of a pull request")
    if not isinstance(entry["state"], str) or entry["state"] not in STATES:
        raise Unusable("its state is none of OPEN, CLOSED and MERGED")
    merged_at, closed_at = _instant(entry, "mergedAt"), _instant(entry, "closedAt")
    author, is_bot = _login(entry.get("author"))
    commits, reviews, checks = _part(entry, "commits"), _part(entry, "reviews"), _checks(entry)
    told = {"commits": commits, "reviews": reviews, "checks": checks}
    hashes = [_hash(commit.get("commit", commit)) for commit in commits.items] if commits else []
    updated_at = _needed(entry, "updatedAt")
    request_id = _text(entry, "id")
    number = _number(entry, "number")
    version = [request_id, number, updated_at.isoformat(), sorted(hashes)]
    version_id = hash_of("pull_requests", {"version": version})
    project = project_of(found[1])
    row = {
        "project_id": project,
        "number": number,
        "developer_id": author,
        "state": STATES[entry["state"]],
        "opened_at": _needed(entry, "createdAt"),
        "updated_at": updated_at,
        "merged_at": merged_at,
        "closed_at": closed_at or merged_at,
        "request_id": request_id,
        "version_id": version_id,
        "author_is_bot": is_bot,
        "labels": _labels(entry),
        "head_branch": _text(entry, "headRefName"),
        "base_branch": _text(entry, "baseRefName"),
        "is_from_fork": _flag(entry, "isCrossRepository"),
        **{
            column: _number(entry, name)
            for column, name in (
                ("additions", "additions"),
                ("deletions", "deletions"),
                ("changed_files", "changedFiles"),
            )
        },
        "commit_count": commits and commits.total,
        "merge_commit": _hash(entry["mergeCommit"]) if entry.get("mergeCommit") else None,
        "check_count": checks and checks.total,
        "checks_failed": checks and sum(_has_failed(check) for check in checks.items),
        "reverts_number": _reverted(entry.get("body"), project),
        **_reviewed(reviews, author, closed_at or merged_at),
    }
    return PullRequest(
        row,
        [
            {"version_id": version_id, "commit_hash": commit, "updated_at": updated_at}
            for commit in dict.fromkeys(hashes)
        ],
        cut=tuple(name for name, part in told.items() if part and part.is_cut),
        missing=tuple(name for name, part in told.items() if part is None),
    )


def _refusal(entry: JsonObject) -> str | None:
    """What GitHub says where it gives no requests: `{"errors": [...]}`, or `{"message": "Not Found"}`."""
    errors = entry.get("errors")
    told = errors[0] if isinstance(errors, list) and errors else entry
    said = told.get("message") if isinstance(told, dict) else told
    if isinstance(said, str) and "number" not in entry:
        return " ".join(said.split())[:SAID].rstrip(".")
    return "it does not say which" if "errors" in entry else None


def _reviewed(reviews: Part | None, author: str | None, end: dt.datetime | None) -> JsonObject:
    """What counts of the reviews: those by others than the author, before the end; bots' are told apart."""
    if reviews is None:
        return {}
    people: list[tuple[dt.datetime, str]] = []
    bots: list[dt.datetime] = []
    for review in reviews.items:
        at, (who, is_bot) = _instant(review, "submittedAt"), _login(review.get("author"))
        if at is None or review.get("state") not in VERDICTS or (end and at > end):
            continue
        if is_bot:
            bots.append(at)
        elif author is None or who != author:
            people.append((at, review["state"]))
    people.sort()
    sent_back = sum(state == SENT_BACK for _, state in people)
    return {
        "first_review_at": people[0][0] if people else None,
        "first_bot_review_at": min(bots, default=None),
        "review_count": len(people),
        "review_rounds": sent_back + (bool(people) and people[-1][1] != SENT_BACK),
    }


def _login(author: Any) -> tuple[str | None, bool | None]:
    """Who somebody is, as commits' addresses name them, and whether that is a bot; None for nobody."""
    if author is None:
        return None, None
    login = author.get("login") if isinstance(author, dict) else None
    if not isinstance(login, str):
        raise Unusable("an author has no login")
    name = login.strip().lower()
    if not name:  # `gh pr list` has an empty one where an account is gone
        return None, None
    bare = name.removeprefix("app/").removesuffix(BOT)
    is_bot = bare != name or author.get("__typename") == "Bot" or author.get("is_bot") is True
    return (bare + BOT if is_bot else name), is_bot


def _checks(entry: JsonObject) -> Part | None:
    """The checks of the last commit: a list of their own, or in the commit."""
    if "statusCheckRollup" in entry:
        return _part(entry, "statusCheckRollup") or Part([], 0)
    head = _part(entry, "head")
    if head is None:
        return None
    commit = head.items[0].get("commit") if head.items else None
    rollup = commit.get("statusCheckRollup") if isinstance(commit, dict) else None
    return (_part(rollup, "contexts") if isinstance(rollup, dict) else None) or Part([], 0)


def _has_failed(check: JsonObject) -> bool:
    return any(
        isinstance(said := check.get(name), str) and said in FAILED for name in ("conclusion", "state")
    )


def _reverted(body: Any, project: str) -> int | None:
    """The number of the request of the same repository that a body says it reverts."""
    found = REVERTS.search(body) if isinstance(body, str) else None
    if not found or (found[1] and found[1].lower() != project.lower()):
        return None
    return int(found[2])


def _part(entry: JsonObject, name: str) -> Part | None:
    """A list of objects in either form; None where it was not asked for."""
    value = entry.get(name)
    if value is None:
        return None
    total = None
    if isinstance(value, dict):
        total, value = value.get("totalCount"), value.get("nodes")
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Unusable(f"{name} is no list of JSON objects")
    if isinstance(total, int) and not isinstance(total, bool) and 0 <= total <= BIGGEST:
        return Part(value, total)
    # `gh pr list` does not tell of how many: a full page may be the first of several.
    return Part(value, len(value) + (name != "head" and len(value) == PAGE))


def _labels(entry: JsonObject) -> str | None:
    """The names of its labels: a request has 100 at most, so none is cut."""
    part = _part(entry, "labels")
    names = {name.strip() for label in part.items if (name := _text(label, "name"))} if part else set()
    return ", ".join(sorted(names - {""})) or None


def _hash(commit: Any) -> str:
    oid = commit.get("oid") if isinstance(commit, dict) else None
    if not isinstance(oid, str) or not HASH.fullmatch(oid):
        raise Unusable("a commit has no oid")
    return oid.lower()


def _number(entry: JsonObject, name: str) -> int | None:
    value = entry.get(name)
    if value is None and name not in NEEDED:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= BIGGEST:
        raise Unusable(f"{name} is no count")
    return value


def _text(entry: JsonObject, name: str) -> str | None:
    value = entry.get(name)
    return value if isinstance(value, str) and value else None


def _flag(entry: JsonObject, name: str) -> bool | None:
    value = entry.get(name)
    return value if isinstance(value, bool) else None


def _needed(entry: JsonObject, name: str) -> dt.datetime:
    if (at := _instant(entry, name)) is None:
        raise Unusable(f"its {name} is missing")
    return at


def _instant(entry: JsonObject, name: str) -> dt.datetime | None:
    """An instant as ISO 8601 has it, with any offset; none means UTC, and Go's year 1 nothing."""
    value = entry.get(name)
    if value is None or value == "" or value == "0001-01-01T00:00:00Z":
        return None
    try:
        at = dt.datetime.fromisoformat(value)
        at = at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
    except (TypeError, ValueError, OverflowError):
        raise Unusable(f"its {name} is not written like 2026-11-23T09:00:00Z") from None
    if not 1970 <= at.year < 2200:
        raise Unusable(f"its {name} is not between 1970 and 2199")
    return at
