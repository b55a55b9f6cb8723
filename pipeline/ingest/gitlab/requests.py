"""One merge request, as GitLab tells it → a pull request, as GitHub would tell it.

Both of GitLab's forms are read: that of its GraphQL API, in camel case, and that of its REST API, in snake
case, which `glab mr list --output json` prints and which has no commits, approvals, jobs and sizes. A merge
request is known by its `iid`, the number that people see; its `id` is one of all of GitLab's.
"""

import re
from collections.abc import Mapping
from typing import Any

from pipeline.ingest.github.requests import JsonObject, PullRequest, Unusable, pull_request

ADDRESS = re.compile(r"(https?://[^/\s]+/[^\s?#]+?)/-/merge_requests/\d+/?")
# What GitLab's button "Revert" writes: of the same project, or of one that it names.
REVERTS = re.compile(r"(?m)^This reverts merge request (?:([\w./-]+))?!(\d{1,9})\s*$")

NAMES = {
    "id": "id",
    "iid": "iid",
    "webUrl": "web_url",
    "state": "state",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "mergedAt": "merged_at",
    "closedAt": "closed_at",
    "description": "description",
    "sourceBranch": "source_branch",
    "targetBranch": "target_branch",
    "sourceProjectId": "source_project_id",
    "targetProjectId": "target_project_id",
    "author": "author",
    "mergeCommitSha": "merge_commit_sha",
    "squashCommitSha": "squash_commit_sha",
}
NEEDED = ("iid", "webUrl", "state", "createdAt", "updatedAt")
STATES = {"opened": "OPEN", "locked": "OPEN", "closed": "CLOSED", "merged": "MERGED"}
REVIEWS = {"approved": "APPROVED", "requested_changes": "CHANGES_REQUESTED", "reviewed": "COMMENTED"}
GLOBAL_ID = "gid://gitlab/MergeRequest/"


def merge_request(entry: Any) -> PullRequest:
    """A merge request of one of GitLab's two forms.

    Raises:
        Unusable: it is none, or its values make no sense.
    """
    if not isinstance(entry, dict):
        raise Unusable("this is no JSON object")
    if entry.get("data") == {"project": None}:
        raise Unusable("GitLab knows no such project, or does not show it to you")
    told = {name: entry.get(name, entry.get(other)) for name, other in NAMES.items()}
    if "iid" in entry:
        lacking = [name for name in NEEDED if told[name] is None]
        if lacking:
            raise Unusable(f"this is no merge request: it has no {', '.join(lacking)}")
        entry = _as_github_tells(told, entry)
    return pull_request(entry, forge="GitLab", address=ADDRESS)


def _as_github_tells(told: Mapping[str, Any], entry: JsonObject) -> JsonObject:
    is_squashed = isinstance(told["squashCommitSha"], str)
    made = told["squashCommitSha"] if is_squashed else told["mergeCommitSha"]
    source, target = told["sourceProjectId"], told["targetProjectId"]
    sizes = entry.get("diffStatsSummary")
    sizes = sizes if isinstance(sizes, dict) else {}
    request = {
        "id": _global_id(told["id"]),
        "number": _number(told["iid"]),
        "url": told["webUrl"],
        "state": STATES.get(told["state"], told["state"]) if isinstance(told["state"], str) else None,
        "body": _revert(told["description"]),
        "headRefName": told["sourceBranch"],
        "baseRefName": told["targetBranch"],
        "isCrossRepository": source != target,
        "additions": sizes.get("additions"),
        "deletions": sizes.get("deletions"),
        "changedFiles": sizes.get("fileCount"),
        "author": _author(told["author"]),
        "labels": _labels(entry.get("labels")),
        "mergeCommit": {"oid": made} if made else None,
        **{name: told[name] for name in ("createdAt", "updatedAt", "mergedAt", "closedAt")},
    }
    if "commits" in entry:
        commits = _nodes(entry["commits"], "commits")
        total = entry.get("commitCount") or len(commits)  # GitLab counts those of a merged one only
        hashes = [{"oid": commit.get("sha")} for commit in commits]
        request["commits"] = {"totalCount": total, "nodes": hashes}
    if "notes" in entry:
        reviews = [_review(note) for note in _nodes(entry["notes"], "notes")]
        request["reviews"] = [review for review in reviews if review]
    if "headPipeline" in entry:
        pipeline = entry["headPipeline"]
        jobs = _nodes(pipeline.get("jobs"), "jobs") if isinstance(pipeline, dict) else []
        request["statusCheckRollup"] = [_check(job) for job in jobs if job.get("retried") is not True]
    return request


def _global_id(own: Any) -> Any:
    """REST has the number alone."""
    return f"{GLOBAL_ID}{own}" if isinstance(own, int) else own


def _number(iid: Any) -> Any:
    """GraphQL has it as text."""
    return int(iid) if isinstance(iid, str) and iid.isascii() and iid.isdigit() and len(iid) < 10 else iid


def _revert(description: Any) -> str | None:
    """What GitHub would write for a revert."""
    found = REVERTS.search(description) if isinstance(description, str) else None
    return found and f"Reverts {found[1] or ''}#{found[2]}"


def _author(author: Any) -> Any:
    if not isinstance(author, dict):
        return author
    return {"login": author.get("username"), "is_bot": author.get("bot") is True}


def _labels(labels: Any) -> list[JsonObject]:
    """GraphQL has objects with a title, REST the titles alone."""
    if isinstance(labels, list) and all(isinstance(title, str) for title in labels):
        return [{"name": title} for title in labels]
    return [{"name": label.get("title")} for label in _nodes(labels, "labels")]


def _review(note: JsonObject) -> JsonObject | None:
    """A note of GitLab's own, if it tells of a review."""
    metadata = note.get("systemNoteMetadata")
    action = metadata.get("action") if isinstance(metadata, dict) else None
    state = REVIEWS.get(action) if isinstance(action, str) else None
    if state is None:
        return None
    return {"author": _author(note.get("author")), "state": state, "submittedAt": note.get("createdAt")}


def _check(job: JsonObject) -> JsonObject:
    """A job of the pipeline; one that may fail does not fail it."""
    has_failed = job.get("status") == "FAILED" and job.get("allowFailure") is not True
    return {"conclusion": "FAILURE" if has_failed else "SUCCESS"}


def _nodes(connection: Any, name: str) -> list[JsonObject]:
    nodes = connection.get("nodes") if isinstance(connection, dict) else [] if connection is None else None
    if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
        raise Unusable(f"{name} is no list of JSON objects")
    return nodes
