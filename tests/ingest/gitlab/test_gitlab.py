"""Merge requests: both of GitLab's forms become pull requests; what is none is told with its place."""

import datetime as dt
import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.engines import connect
from pipeline.errors import IngestError
from pipeline.ingest.github.requests import Unusable
from pipeline.ingest.gitlab.ingest import ingest_gitlab
from pipeline.ingest.gitlab.query import QUERY
from pipeline.ingest.gitlab.requests import NAMES, merge_request

HASHES = ["a" * 40, "b" * 40]


def note(username, action, at, bot=False):
    author = username and {"username": username, "bot": bot}
    metadata = action and {"action": action}
    return {"createdAt": f"2026-03-{at}Z", "author": author, "systemNoteMetadata": metadata}


def job(status="SUCCESS", allow_failure=False, retried=False):
    return {"status": status, "allowFailure": allow_failure, "retried": retried}


JOBS = [job(), job("FAILED"), job("FAILED", allow_failure=True), job("FAILED", retried=True)]


def graphql(**given):
    """A merge request as the GraphQL API tells it."""
    return {
        "id": "gid://gitlab/MergeRequest/4711",
        "iid": "7",
        "webUrl": "https://gitlab.example.com/Group/sub/app/-/merge_requests/7",
        "state": "merged",
        "createdAt": "2026-03-01T09:00:00Z",
        "updatedAt": "2026-03-03T09:00:00Z",
        "mergedAt": "2026-03-02T09:00:00Z",
        "closedAt": None,
        "description": "SECRET\n\nThis reverts merge request !5",
        "sourceBranch": "feature",
        "targetBranch": "main",
        "sourceProjectId": 3,
        "targetProjectId": 3,
        "author": {"username": "Ada", "bot": False},
        "labels": {"nodes": [{"title": "ui"}, {"title": "bug"}]},
        "diffStatsSummary": {"additions": 10, "deletions": 4, "fileCount": 2},
        "mergeCommitSha": "C" * 40,
        "commitCount": 2,
        "commits": {"nodes": [{"sha": sha} for sha in HASHES]},
        "notes": {"nodes": []},
        "headPipeline": {"jobs": {"nodes": JOBS}},
    } | given


def rest(**given):
    """The same one as the REST API tells it, without what it does not tell."""
    entry = graphql()
    told = {other: entry[name] for name, other in NAMES.items() if name in entry}
    return (
        told
        | {"id": 4711, "iid": 7, "labels": ["ui", "bug"], "squash_commit_sha": None, "draft": False}
        | given
    )


def page(*requests, **more):
    return {"data": {"project": {"mergeRequests": {"nodes": [*requests]}}}} | more


def at(day, hour=9):
    return dt.datetime(2026, 3, day, hour, tzinfo=dt.UTC)


@pytest.fixture
def ingest(tmp_path):
    with connect(":memory:") as engine:

        def land(*texts):
            paths = []
            for number, text in enumerate(texts):
                path = tmp_path / f"merges-{number}.json"
                path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
                paths.append(str(path))
            return engine, ingest_gitlab(engine, paths)

        yield land


def test_a_merge_request_whole():
    found = merge_request(graphql())
    row = dict(found.row)
    version = row.pop("version_id")
    assert row == {
        "project_id": "Group/sub/app",
        "number": 7,
        "developer_id": "ada",
        "state": "merged",
        "opened_at": at(1),
        "updated_at": at(3),
        "merged_at": at(2),
        "closed_at": at(2),
        "request_id": "gid://gitlab/MergeRequest/4711",
        "author_is_bot": False,
        "labels": "bug, ui",
        "head_branch": "feature",
        "base_branch": "main",
        "is_from_fork": False,
        "additions": 10,
        "deletions": 4,
        "changed_files": 2,
        "commit_count": 2,
        "merge_commit": "c" * 40,
        "check_count": 3,
        "checks_failed": 1,
        "reverts_number": 5,
        "first_review_at": None,
        "first_bot_review_at": None,
        "review_count": 0,
        "review_rounds": 0,
    }
    assert found.commits == [
        {"version_id": version, "commit_hash": sha, "updated_at": at(3)} for sha in HASHES
    ]
    assert (found.cut, found.missing) == ((), ())


def test_what_rest_tells_is_the_same_and_the_rest_unknown():
    row, whole = merge_request(rest()).row, merge_request(graphql()).row
    unknown = {
        *("additions", "deletions", "changed_files", "commit_count", "check_count", "checks_failed"),
        *("first_review_at", "first_bot_review_at", "review_count", "review_rounds", "version_id"),
    }
    assert {name: row[name] for name in row.keys() - unknown} == {
        name: whole[name] for name in whole.keys() - unknown
    }
    assert {row.get(name) for name in unknown - {"version_id"}} == {None}
    assert merge_request(rest()).missing == ("commits", "reviews", "checks")


def test_squashed_commit_stands_for_what_was_merged():
    assert merge_request(rest(squash_commit_sha="d" * 40)).row["merge_commit"] == "d" * 40


def test_number_is_that_of_the_project_and_not_of_all_of_gitlab():
    row = merge_request(graphql(iid="12")).row
    assert (row["number"], row["request_id"]) == (12, "gid://gitlab/MergeRequest/4711")


@pytest.mark.parametrize(("state", "meant"), [("opened", "open"), ("locked", "open"), ("closed", "closed")])
def test_a_request_that_is_not_merged(state, meant):
    entry = graphql(state=state, mergedAt=None, mergeCommitSha=None, closedAt=None)
    assert merge_request(entry).row["state"] == meant


def test_a_fork_is_of_another_project_and_one_that_is_gone_too():
    for source in (4, None):
        assert merge_request(graphql(sourceProjectId=source)).row["is_from_fork"] is True


def test_approvals_and_requested_changes_are_reviews_and_other_notes_are_none():
    notes = [
        note("bob", "requested_changes", "01T12:00:00"),
        note("bob", "approved", "01T14:00:00"),
        note("ada", "approved", "01T10:00:00"),
        note("duo", "reviewed", "01T09:30:00", bot=True),
        note("bob", "commit", "01T09:40:00"),
        note(None, None, "01T09:50:00"),
        note("eve", "approved", "03T10:00:00"),
    ]
    row = merge_request(graphql(notes={"nodes": notes})).row
    assert (row["first_review_at"], row["first_bot_review_at"]) == (
        at(1, 12),
        at(1) + dt.timedelta(minutes=30),
    )
    assert (row["review_count"], row["review_rounds"]) == (2, 2)


@pytest.mark.parametrize(
    ("description", "number"),
    [
        ("This reverts merge request !5", 5),
        ("This reverts merge request group/sub/app!5", 5),
        ("This reverts merge request other/app!5", None),
        ("See !5", None),
        (None, None),
    ],
)
def test_only_a_revert_of_the_same_project_is_read(description, number):
    assert merge_request(graphql(description=description)).row["reverts_number"] == number


def test_more_commits_than_are_told_are_said_to_be():
    assert merge_request(graphql(commitCount=130)).cut == ("commits",)
    many = {"nodes": [{"sha": f"{n:040x}"} for n in range(100)]}
    assert merge_request(graphql(commitCount=None, commits=many)).cut == ()


def test_a_request_without_a_pipeline_has_no_checks():
    assert merge_request(graphql(headPipeline=None)).row["check_count"] == 0


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(page(graphql())) + json.dumps(page(graphql(iid="8", id="gid://gitlab/MergeRequest/2"))),
        json.dumps([rest(), rest(iid=8, id=2)], indent=2),
        json.dumps([rest()]) + json.dumps([rest(iid=8, id=2)]),
    ],
    ids=["graphql", "mr list", "rest pages"],
)
def test_every_way_in_which_glab_writes_is_read_and_nothing_that_was_written_lands(ingest, text):
    engine, result = ingest(text)
    assert result.landed_by_table["pull_requests"] == 2
    told = engine.fetch_dicts("SELECT * FROM raw.pull_requests ORDER BY number")
    assert [row["number"] for row in told] == [7, 8]
    assert "SECRET" not in str(told)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"data": {"project": null}}', "GitLab knows no such project, or does not show it to you"),
        ('{"message": "404 Project Not Found"}', "GitLab answered with an error: 404 Project Not Found"),
        ('{"errors": [{"message": "Field x"}]}', "GitLab answered with an error: Field x"),
        ('[{"iid": 7}]', "this is no merge request: it has no webUrl, state, createdAt, updatedAt"),
    ],
)
def test_what_holds_no_requests_is_refused_with_its_place(ingest, text, reason):
    with pytest.raises(IngestError) as refused:
        ingest(text)
    assert reason in str(refused.value)
    assert "glab api graphql --paginate" in str(refused.value)


@pytest.mark.parametrize(
    "given",
    [
        {"iid": "x"},
        {"iid": "9" * 30},
        {"webUrl": "https://gitlab.com/group/app/-/issues/7"},
        {"state": ["merged"]},
        {"commits": {"nodes": [{"sha": 7}]}},
        {"commits": 7},
        {"notes": {"nodes": [7]}},
        {"author": {"username": 7}},
        {"mergeCommitSha": 7},
        {"createdAt": "yesterday"},
    ],
)
def test_values_that_make_no_sense_are_told(given):
    with pytest.raises(Unusable):
        merge_request(graphql(**given))


keys = st.sampled_from([*NAMES, "nodes", "sha", "systemNoteMetadata", "action", "jobs"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(field=st.sampled_from([*graphql()]), value=anything)
def test_whatever_stands_in_a_field_a_request_is_read_or_refused(field, value):
    with suppress(Unusable):
        merge_request(graphql(**{field: value}))


def test_the_query_is_what_glab_needs_to_turn_pages():
    assert "$endCursor: String" in QUERY
    assert "after: $endCursor" in QUERY
    assert "pageInfo { hasNextPage endCursor }" in QUERY
    assert QUERY.count("{") == QUERY.count("}")
