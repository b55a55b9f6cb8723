"""The company's pull requests, as `gh api graphql --paginate` writes them, of commits of its repositories.

Most of what somebody committed on a day was one request; some went straight to main. A branch that was
merged was one, too. Some were sent back, failed checks, were reverted, are still open, or were closed: of
those git has no commit.
"""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import orjson

from pipeline.demo.company import PEOPLE, REPOSITORIES, Commit, History

OWNER = "example"
LOGINS = {person.name: person.login for person in PEOPLE}
BOTS = {"dependabot[bot]": "dependabot"}
LATEST = dt.timedelta(minutes=40)  # after its last commit a request is opened
LABELS = ("bug", "enhancement", "documentation", "performance")
CHECKS = ("lint", "test", "build")


def write_pulls(folder: Path, rng: Random, history: History) -> list[Path]:
    """A file for each repository."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for repository in REPOSITORIES:
        nodes = list(_requests(rng, repository, history))
        requests = {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": nodes}
        page = {"data": {"repository": {"pullRequests": requests}}}
        path = folder / f"{repository}.json"
        path.write_bytes(orjson.dumps(page, option=orjson.OPT_INDENT_2))
        paths.append(path)
    return paths


def _requests(rng: Random, repository: str, history: History) -> Iterator[dict[str, Any]]:
    merged: dict[str, Any] | None = None  # the last one that lasted
    for number, commits in enumerate(_groups(rng, repository, history), 1):
        request = _request(rng, repository, number, commits, history.as_of)
        if merged and rng.random() < 0.06 and request["mergedAt"]:
            request["body"] = f"Reverts {OWNER}/{repository}#{merged['number']}"
            request["headRefName"] = f"revert-{merged['number']}-{merged['headRefName']}"
            merged = None
        elif request["mergedAt"]:
            merged = request
        yield request


def _groups(rng: Random, repository: str, history: History) -> Iterator[list[Commit]]:
    """Commits that are one request, in order of their last ones."""
    groups: dict[tuple[object, ...], list[Commit]] = {}
    for commit in history.commits:
        if commit.repository == repository and commit.author in LOGINS | BOTS:
            groups.setdefault((commit.author, commit.branch or commit.at.date()), []).append(commit)
    asked = [commits for commits in groups.values() if commits[0].branch or rng.random() < 0.7]
    opened = [commits for commits in asked if commits[-1].at + LATEST < history.as_of]
    yield from sorted(opened, key=lambda commits: commits[-1].at)


def _request(
    rng: Random, repository: str, number: int, commits: list[Commit], as_of: dt.datetime
) -> dict[str, Any]:
    last, author = commits[-1], commits[0].author
    is_bot = author in BOTS
    opened = last.at + LATEST * rng.random()
    ended = opened + dt.timedelta(hours=round(rng.lognormvariate(1.6, 1.2), 2))
    reviews = [
        review
        for review in _reviews(rng, author, repository, opened, ended)
        if review["submittedAt"] < _text(as_of)
    ]
    is_closed = rng.random() < 0.05
    state = "OPEN" if ended >= as_of else "CLOSED" if is_closed else "MERGED"
    failed = rng.choice(CHECKS) if rng.random() < 0.12 else None
    hashes = [commit.sha if state != "CLOSED" else f"{rng.getrandbits(160):040x}" for commit in commits]
    login = BOTS.get(author) or LOGINS[author]
    contexts = [
        {"__typename": "CheckRun", "conclusion": "FAILURE" if name == failed else "SUCCESS"}
        for name in CHECKS
    ]
    checked = {"contexts": {"totalCount": len(contexts), "nodes": contexts}}
    return {
        "id": f"PR_{repository}_{number}",
        "number": number,
        "url": f"https://github.com/{OWNER}/{repository}/pull/{number}",
        "state": state,
        "createdAt": _text(opened),
        "updatedAt": _text(min(ended, as_of)),
        "mergedAt": _text(ended) if state == "MERGED" else None,
        "closedAt": _text(ended) if state != "OPEN" else None,
        "body": "",
        "headRefName": last.branch or f"{login}/{last.at:%m-%d}",
        "baseRefName": "main",
        "isCrossRepository": False,
        "additions": sum(commit.lines_added for commit in commits),
        "deletions": sum(commit.lines_removed for commit in commits),
        "changedFiles": len(commits) + 1,
        "author": {"__typename": "Bot" if is_bot else "User", "login": login},
        "labels": {"nodes": [{"name": label} for label in _labels(is_bot, number)]},
        "mergeCommit": {"oid": last.sha} if state == "MERGED" and not last.branch else None,
        "commits": {
            "totalCount": len(commits),
            "nodes": [{"commit": {"oid": oid}} for oid in hashes],
        },
        "reviews": {
            "totalCount": len(reviews),
            "nodes": reviews,
        },
        "head": {"nodes": [{"commit": {"statusCheckRollup": checked}}]},
    }


def _labels(is_bot: bool, number: int) -> list[str]:
    return ["dependencies"] if is_bot else [LABELS[number % len(LABELS)]] if number % 3 else []


def _reviews(
    rng: Random, author: str, repository: str, opened: dt.datetime, ended: dt.datetime
) -> list[dict[str, Any]]:
    """Copilot's at once, then a colleague's: what they sent back they look at again."""
    colleagues = [p.login for p in PEOPLE if p.repository == repository and p.name != author]
    states = ["CHANGES_REQUESTED"] * (rng.random() < 0.2) + ["APPROVED"]
    times = sorted(rng.random() for _ in states)
    who = {"__typename": "User", "login": rng.choice(colleagues)}
    reviews = [
        _review(who, state, opened + (ended - opened) * time)
        for state, time in zip(states, times, strict=True)
    ]
    if rng.random() < 0.4:
        bot = {"__typename": "Bot", "login": "copilot-pull-request-reviewer"}
        reviews.insert(0, _review(bot, "COMMENTED", opened + (ended - opened) / 20))
    return reviews if rng.random() < 0.9 else []


def _review(author: dict[str, str], state: str, at: dt.datetime) -> dict[str, Any]:
    return {"author": author, "state": state, "submittedAt": _text(at)}


def _text(at: dt.datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
