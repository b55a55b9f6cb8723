"""Pull requests: both of GitHub's forms give the same rows; what is no request is told with its place."""

import datetime as dt
import json
from contextlib import suppress
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.engines import connect
from pipeline.errors import IngestError
from pipeline.ingest.github.ingest import ingest_github
from pipeline.ingest.github.query import FIELDS, QUERY
from pipeline.ingest.github.requests import Unusable, pull_request

HASHES = ["a" * 40, "b" * 40]
BASE = {
    "id": "PR_kwDOA1",
    "number": 7,
    "url": "https://github.com/Octo/app/pull/7",
    "state": "MERGED",
    "createdAt": "2026-03-01T09:00:00Z",
    "updatedAt": "2026-03-03T09:00:00Z",
    "mergedAt": "2026-03-02T09:00:00Z",
    "closedAt": "2026-03-02T09:00:00Z",
    "body": "Prompts and such.\n\nReverts octo/app#5",
    "headRefName": "feature",
    "baseRefName": "main",
    "isCrossRepository": False,
    "additions": 10,
    "deletions": 4,
    "changedFiles": 2,
    "mergeCommit": {"oid": "C" * 40},
}


def graphql(**given):
    """A request as the GraphQL API tells it."""
    reviews = given.pop("reviews", [])
    return BASE | {
        "author": {"__typename": "User", "login": "Ada"},
        "labels": {"nodes": [{"name": "ui"}, {"name": "bug"}]},
        "commits": {"totalCount": 2, "nodes": [{"commit": {"oid": oid}} for oid in HASHES]},
        "reviews": {"totalCount": len(reviews), "nodes": reviews} if isinstance(reviews, list) else reviews,
        "head": {
            "nodes": [
                {
                    "commit": {
                        "statusCheckRollup": {
                            "contexts": {
                                "totalCount": 3,
                                "nodes": [
                                    {"__typename": "CheckRun", "conclusion": "SUCCESS"},
                                    {"__typename": "CheckRun", "conclusion": "FAILURE"},
                                    {"__typename": "StatusContext", "state": "ERROR"},
                                ],
                            }
                        }
                    }
                }
            ]
        },
    } | given  # fmt: skip


def listed(**given):
    """The same one as `gh pr list --json` tells it."""
    return (
        BASE
        | {
            "author": {"id": "U1", "is_bot": False, "login": "Ada", "name": "Ada"},
            "labels": [{"id": "L1", "name": "bug", "color": "d73a4a"}, {"name": "ui"}],
            "commits": [{"oid": oid, "authors": []} for oid in HASHES],
            "reviews": [],
            "statusCheckRollup": [
                {"__typename": "CheckRun", "conclusion": "SUCCESS"},
                {"__typename": "CheckRun", "conclusion": "FAILURE"},
                {"__typename": "StatusContext", "state": "ERROR"},
            ],
        }
        | given
    )


def review(login, at, state="APPROVED", kind="User"):
    author = login and {"__typename": kind, "login": login}
    return {"author": author, "state": state, "submittedAt": f"2026-03-{at}Z"}


def page(*requests, **more):
    return {"data": {"repository": {"pullRequests": {"nodes": [*requests]}}}} | more


def at(day, hour=9):
    return dt.datetime(2026, 3, day, hour, tzinfo=dt.UTC)


@pytest.fixture
def ingest(tmp_path):
    """Writes texts to files and lands them; the engine and the result."""
    with connect(":memory:") as engine:

        def land(*texts):
            paths = []
            for number, text in enumerate(texts):
                path = tmp_path / f"pulls-{number}.json"
                path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
                paths.append(str(path))
            return engine, ingest_github(engine, paths)

        yield land


def test_a_request_whole():
    row = pull_request(graphql()).row
    version = row.pop("version_id")
    assert row == {
        "project_id": "Octo/app",
        "number": 7,
        "developer_id": "ada",
        "state": "merged",
        "opened_at": at(1),
        "updated_at": at(3),
        "merged_at": at(2),
        "closed_at": at(2),
        "request_id": "PR_kwDOA1",
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
        "checks_failed": 2,
        "reverts_number": 5,
        "first_review_at": None,
        "first_bot_review_at": None,
        "review_count": 0,
        "review_rounds": 0,
    }
    assert pull_request(graphql()).commits == [
        {"version_id": version, "commit_hash": oid, "updated_at": at(3)} for oid in HASHES
    ]


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (None, None),
        ([], None),
        ([{"name": "ui"}, {"name": " bug "}, {"name": "ui"}, {"name": ""}, {"color": "red"}], "bug, ui"),
    ],
)
def test_labels_are_told_once_in_order(labels, told):
    assert pull_request(listed(labels=labels)).row["labels"] == told


def test_both_forms_of_github_tell_the_same():
    assert pull_request(listed()) == pull_request(graphql())


@pytest.mark.parametrize(
    ("author", "login", "is_bot"),
    [
        ({"__typename": "Bot", "login": "dependabot"}, "dependabot[bot]", True),
        ({"is_bot": True, "login": "app/dependabot"}, "dependabot[bot]", True),
        ({"login": "dependabot[bot]"}, "dependabot[bot]", True),
        ({"login": "Abbot"}, "abbot", False),
        ({"login": ""}, None, None),
        (None, None, None),
    ],
)
def test_a_bot_is_called_as_its_commits_are_and_nobody_is_nobody(author, login, is_bot):
    row = pull_request(graphql(author=author)).row
    assert (row["developer_id"], row["author_is_bot"]) == (login, is_bot)


def reviewed(*reviews, **given):
    row = pull_request(graphql(reviews=[*reviews], **given)).row
    return row["first_review_at"], row["review_count"], row["review_rounds"]


def test_review_by_the_author_is_none():
    assert reviewed(review("ada", "01T10:00:00"), review("bob", "01T12:00:00")) == (at(1, 12), 1, 1)


def test_review_by_a_bot_is_told_apart():
    entry = graphql(reviews=[review("copilot", "01T10:00:00", kind="Bot"), review("bob", "01T11:00:00")])
    row = pull_request(entry).row
    assert (row["first_bot_review_at"], row["first_review_at"], row["review_count"]) == (
        at(1, 10),
        at(1, 11),
        1,
    )


def test_approved_after_merge_is_no_review_of_it():
    assert reviewed(review("bob", "02T10:00:00")) == (None, 0, 0)


def test_review_that_nobody_has_seen_yet_is_none():
    pending = review("bob", "01T10:00:00", "PENDING") | {"submittedAt": None}
    assert reviewed(pending) == (None, 0, 0)


def test_rounds_are_how_often_it_came_back_and_the_last_one():
    back, ok = "CHANGES_REQUESTED", "APPROVED"
    first, second, third = (
        review("bob", "01T10:00:00", back),
        review("eve", "01T11:00:00", back),
        review("bob", "01T12:00:00", ok),
    )
    assert reviewed(third, first, second) == (at(1, 10), 3, 3)
    assert reviewed(first) == (at(1, 10), 1, 1)


def test_reopened_request_has_no_end_and_reviews_after_the_first_end_count():
    entry = {"state": "OPEN", "mergedAt": None, "closedAt": None}
    assert reviewed(review("bob", "09T10:00:00"), **entry) == (at(9, 10), 1, 1)


def test_times_with_offsets_are_instants():
    row = pull_request(graphql(createdAt="2026-03-01T11:00:00+02:00")).row
    assert row["opened_at"] == at(1)


def test_only_a_revert_of_the_same_repository_is_read_from_a_body():
    for body, number in (
        ("Reverts #5", 5),
        ("Reverts other/app#5", None),
        ("It reverts octo/app#5 in part", None),
        (None, None),
    ):
        assert pull_request(graphql(body=body)).row["reverts_number"] == number


def test_what_was_written_does_not_land(ingest):
    engine, _ = ingest(
        page(graphql(title="secret title", body="secret body", reviews=[review("zoe-q", "01T10:00:00")]))
    )
    told = json.dumps(engine.fetch_dicts("SELECT * FROM raw.pull_requests"), default=str)
    assert "secret" not in told
    assert "zoe-q" not in told


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(page(graphql())) + json.dumps(page(graphql(number=8, id="PR_2"))),
        json.dumps([page(graphql()), page(graphql(number=8, id="PR_2"))]),
        json.dumps([listed(), listed(number=8, id="PR_2")], indent=2),
        json.dumps(page(graphql())) + "\n" + json.dumps(page(graphql(number=8, id="PR_2"))) + "\n",
    ],
    ids=["paginate", "slurp", "pr list", "lines"],
)
def test_every_way_in_which_gh_writes_is_read(ingest, text):
    engine, result = ingest(text)
    assert result.landed_by_table == {"pull_requests": 2, "pull_request_commits": 4}
    assert result.warnings == ()
    assert engine.fetch("SELECT number FROM raw.pull_requests ORDER BY 1") == [(7,), (8,)]


def test_the_same_file_twice_lands_once(ingest):
    ingest(page(graphql()))
    _, again = ingest(page(graphql()))
    assert (again.landed, again.duplicates) == (0, 3)


def test_a_version_of_later_lands_beside_the_earlier(ingest):
    engine, _ = ingest(page(graphql()))
    ingest(page(graphql(updatedAt="2026-03-04T09:00:00Z")))
    assert engine.fetch("SELECT count(*), count(DISTINCT version_id) FROM raw.pull_requests") == [(2, 2)]


def test_what_is_cut_is_said_aloud(ingest):
    cut = graphql(commits={"totalCount": 130, "nodes": [{"commit": {"oid": oid}} for oid in HASHES]})
    many = listed(number=8, id="PR_2", reviews=[review("bob", "01T10:00:00")] * 100)
    _, result = ingest(page(cut), [many])
    assert [warning.partition(": ")[2] for warning in result.warnings] == [
        f"GitHub tells at most 100 {part} of a request at once, and 1 may have more:"
        " those beyond are not counted."
        for part in ("commits", "reviews")
    ]


def test_what_was_not_asked_for_is_said_and_unknown(ingest):
    entry = {name: value for name, value in listed().items() if name not in ("reviews", "statusCheckRollup")}
    engine, result = ingest([entry])
    assert [warning.partition(": the ")[2] for warning in result.warnings] == [
        "checks of 1 pull requests were not asked for; they stay unknown.",
        "reviews of 1 pull requests were not asked for; they stay unknown.",
    ]
    assert engine.fetch("SELECT review_count, check_count FROM raw.pull_requests") == [(None, None)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<!DOCTYPE html><html><body>Unicorn!</body></html>", "this is a page of HTML and no JSON"),
        ('{"errors": [{"message": "Bad credentials"}]}', "GitHub answered with an error: Bad credentials"),
        (
            '{"data": {"repository": null}, "errors": [{"type": "NOT_FOUND", "message": "No such thing."}]}',
            "GitHub answered with an error: No such thing",
        ),
        ('{"message": "Not Found", "status": "404"}', "GitHub answered with an error: Not Found"),
        (json.dumps(page(graphql()))[:-9], "this is no JSON"),
        ("7", "this is no JSON object"),
        ('{"a": 1}', "this is no pull request: it has no number, url, state, createdAt, updatedAt"),
    ],
)
def test_what_holds_no_requests_is_refused_with_its_place(ingest, text, reason):
    with pytest.raises(IngestError) as refused:
        ingest(text)
    assert "pulls-0.json: " in str(refused.value)
    assert reason in str(refused.value)
    assert "gh api graphql --paginate" in str(refused.value)


def test_an_error_beside_requests_is_put_aside_and_they_land(ingest):
    _, result = ingest(page(graphql(), errors=[{"message": "Timed out"}]))
    assert (result.landed, result.quarantined) == (3, 1)


def test_a_page_without_requests_is_no_mistake(ingest):
    _, result = ingest(page())
    assert (result.rows_in, len(result.warnings)) == (0, 1)


@pytest.mark.parametrize(
    "given",
    [
        {"number": "7"},
        {"number": True},
        {"number": -1},
        {"number": 2**70},
        {"url": 7},
        {"url": "https://github.com/octo/app/issues/7"},
        {"state": ["MERGED"]},
        {"state": "odd"},
        {"createdAt": "yesterday"},
        {"createdAt": None},
        {"createdAt": "9999-12-31T23:59:59-14:00"},
        {"updatedAt": 7},
        {"additions": 1.5},
        {"commits": {"nodes": "all"}},
        {"commits": [None]},
        {"commits": [{"oid": "x"}]},
        {"commits": [{"commit": None}]},
        {"reviews": 7},
        {"reviews": [{"author": "bob", "state": "APPROVED"}]},
        {"mergeCommit": {"oid": 7}},
        {"author": 7},
        {"head": {"nodes": [{"commit": {"statusCheckRollup": {"contexts": 7}}}]}},
    ],
)
def test_values_that_make_no_sense_are_told(given):
    with pytest.raises(Unusable):
        pull_request(graphql(**given))


keys = st.sampled_from([*FIELDS, "nodes", "oid"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(field=st.sampled_from([*FIELDS, "head"]), value=anything)
def test_whatever_stands_in_a_field_a_request_is_read_or_refused(field, value):
    with suppress(Unusable):
        pull_request(graphql(**{field: value}))


def test_the_query_is_what_gh_needs_to_turn_pages():
    assert "$endCursor: String" in QUERY
    assert "after: $endCursor" in QUERY
    assert "pageInfo { hasNextPage endCursor }" in QUERY
    assert QUERY.count("{") == QUERY.count("}")


def test_any_order_of_files_lands_the_same_rows(tmp_path):
    versions = [graphql(updatedAt=f"2026-03-0{day}T09:00:00Z", additions=day) for day in (3, 4, 5)]
    found = set()
    for number, order in enumerate(permutations(versions)):
        with connect(":memory:") as engine:
            for place, version in enumerate(order):
                path = tmp_path / f"{number}-{place}.json"
                path.write_text(json.dumps(page(version)))
                ingest_github(engine, [str(path)])
            found.add(str(engine.fetch("SELECT additions, record_hash FROM raw.pull_requests ORDER BY 1")))
    assert len(found) == 1
