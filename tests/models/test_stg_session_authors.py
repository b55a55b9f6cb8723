"""Commits that a session's tools made tell whose session it is, where nothing better does."""

import pytest

from tests.models.harness import Warehouse, at, request, rows

SHA, SECOND = "a" * 40, "b" * 40
HASH = "f" * 64
ADA, BOB = "ada@example.com", "bob@example.com"
OCTOCAT = "1234+octocat@users.noreply.github.com"


def commit(sha=SHA, email=ADA, session="s1", **given):
    number = given.pop("id", 1)
    return {"id": number, "commit_hash": sha, "author_email": email, "agent_session_id": session, **given}


def result(sha, session="s1", clock="09:00"):
    return {"git_commit_id": sha, "session_id": session, "recorded_at": at(clock)}


def authors(*commits, **tables):
    return rows("stg_session_authors", {"raw_git_commits": [*commits], **tables})


def test_the_collector_or_a_tools_result_names_the_session_of_a_commit():
    commits = [commit(), commit(SECOND, session=None, id=2)]
    found = authors(*commits, stg_log_events=[result(SECOND[:7], "s2"), result(SECOND, "s3", "10:00")])
    assert found == [
        {"session_id": "s1", "developer_id": ADA, "commits": 1},
        {"session_id": "s2", "developer_id": ADA, "commits": 1},
    ]


def test_the_commits_of_a_thread_are_its_sessions():
    threads = [{"thread_id": "t1", "session_id": "s1"}]
    assert authors(commit(session="t1"), stg_session_threads=threads) == [
        {"session_id": "s1", "developer_id": ADA, "commits": 1}
    ]


def test_several_authors_in_one_session_are_nobody():
    assert authors(commit(), commit(SECOND, BOB)) == []


def test_one_persons_addresses_are_one_author():
    identities = [{"alias": BOB, "developer_id": ADA}]
    found = authors(commit(email=" Ada@Example.com "), commit(SECOND, BOB), identities=identities)
    assert found == [{"session_id": "s1", "developer_id": ADA, "commits": 2}]


def test_a_commit_that_landed_twice_tells_once_and_the_lowest_id_counts():
    assert authors(commit(SHA.upper(), BOB, id=2), commit()) == [
        {"session_id": "s1", "developer_id": ADA, "commits": 1}
    ]


def test_a_commit_of_any_age_tells():
    assert len(authors(commit(commit_timestamp=at("2019-01-01 09:00")))) == 1


def test_github_s_address_of_a_person_is_their_login():
    assert authors(commit(email=OCTOCAT)) == [{"session_id": "s1", "developer_id": "octocat", "commits": 1}]


PASSED_OVER = {
    "no address": commit(email=None),
    "a name": commit(email="ada"),
    "a merge": commit(parent_count=2),
    "a patch that another commits": commit(committer_email=BOB),
    "github committed it": commit(committer_email="noreply@github.com"),
    "an agent": commit(email="Noreply@Anthropic.com"),
    "an agent of our own": commit(email="Bot@Acme.example"),
    "a bot": commit(email="49699333+dependabot[bot]@users.noreply.github.com"),
    "a bot by name": commit(author_name="renovate[bot]"),
    "unknown": commit(developer_id="unknown", email=""),
    "no session": commit(session=" "),
    "no hash": commit(sha=None),
}


@pytest.mark.parametrize("given", PASSED_OVER.values(), ids=PASSED_OVER)
def test_commits_that_do_not_tell_who_was_there_are_passed_over(given):
    marks = [
        {"agent_type": "acme_coder", "kind": "email", "mark": "bot@ACME.example"},
        {"agent_type": "acme_coder", "kind": "line", "mark": ADA},
    ]
    assert authors(given, commit_marks=marks) == []
    beside = authors(given, commit(SECOND, parent_count=1, committer_email=ADA), commit_marks=marks)
    assert beside == [{"session_id": "s1", "developer_id": ADA, "commits": 1}]


# From raw rows to sessions


def people(*logs, commits=(), identities=()):
    """Session → developer."""
    raw = {"raw_otel_logs": [*logs], "raw_git_commits": [*commits], "identities": [*identities]}
    found = Warehouse(**raw).rows("stg_agent_sessions", "session_id", "developer_id")
    return {row["session_id"]: row["developer_id"] for row in found}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("who", "best"),
    [
        ({"user__id": HASH}, BOB),
        ({"user__account_uuid": "acc-1"}, BOB),
        ({}, BOB),
        ({"user__email": ADA}, ADA),
        ({"developer_id": "mapped"}, "grace"),
        ({"developer_id": BOB}, BOB),
    ],
    ids=["hash", "account", "nobody", "address", "identity map", "the same"],
)
def test_the_author_outranks_an_account_and_a_hash_and_no_address(who, best):
    identities = [{"alias": "mapped", "developer_id": "grace"}]
    logs = [request(f"09:0{n}", "s1", **who) for n in range(3)]
    assert people(*logs, commits=[commit(email=BOB)], identities=identities) == {"s1": best}


@pytest.mark.slow
def test_a_hash_beside_commits_is_their_authors_alias_where_nothing_better_stands():
    logs = [
        request("09:00", "s1", user__id=HASH),
        request("10:00", "s2", user__id=HASH),
        request("11:00", None, user__id=HASH),
    ]
    warehouse = Warehouse(raw_otel_logs=logs, raw_git_commits=[commit()])
    assert warehouse.rows("stg_session_developers") == [
        {"session_id": "s1", "developer_id": ADA, "votes": 1, "name_rank": 1},
        {"session_id": "s1", "developer_id": HASH, "votes": 1, "name_rank": 3},
        {"session_id": "s2", "developer_id": HASH, "votes": 1, "name_rank": 3},
    ]
    assert warehouse.rows("identity_aliases") == [
        {"alias": HASH, "developer_id": ADA, "kind": "install", "sessions": 1}
    ]
    usage = warehouse.rows("stg_agent_token_usage", "session_id", "developer_id")
    assert [tuple(row.values()) for row in usage] == [("s1", ADA), ("s2", ADA), (None, ADA)]


@pytest.mark.slow
def test_a_machine_on_which_two_people_commit_is_nobodys_alias():
    logs = [request(f"{hour}:00", f"s{hour}", user__id=HASH) for hour in (10, 11, 12)]
    commits = [commit(session="s10"), commit(SECOND, BOB, "s11")]
    assert people(*logs, commits=commits) == {"s10": ADA, "s11": BOB, "s12": HASH}


@pytest.mark.slow
def test_a_login_that_records_and_commits_name_is_one_name():
    logs = [request("09:00", "s1", user__id=HASH), request("09:01", "s1", developer_id="octocat")]
    warehouse = Warehouse(raw_otel_logs=logs, raw_git_commits=[commit(email=OCTOCAT)])
    assert warehouse.rows("stg_session_developers") == [
        {"session_id": "s1", "developer_id": HASH, "votes": 1, "name_rank": 3},
        {"session_id": "s1", "developer_id": "octocat", "votes": 2, "name_rank": 1},
    ]


@pytest.mark.slow
def test_the_identity_map_names_the_author_and_overrules_the_hash():
    identities = [{"alias": ADA, "developer_id": "ada"}, {"alias": HASH, "developer_id": "grace"}]
    logs = [request("09:00", "s1", user__id="e" * 64), request("10:00", "s2", user__id=HASH)]
    commits = [commit(), commit(SECOND, BOB, "s2")]
    assert people(*logs, commits=commits, identities=identities) == {"s1": "ada", "s2": "grace"}


@pytest.mark.slow
def test_the_commits_of_the_session_are_then_its_persons():
    """Without the link the second would have no session: its author and the hash were two people."""
    logs = [request("09:00", "s1", user__id=HASH), request("09:04", "s1", user__id=HASH)]
    times = {"commit_timestamp": at("09:03")}
    commits = [commit(**times), commit(SECOND, session=None, **times)]
    found = Warehouse(raw_otel_logs=logs, raw_git_commits=commits).rows(
        "fct_git_commits", "commit_hash", "developer_id", "attribution_method", "agent_session_id"
    )
    assert [tuple(row.values()) for row in found] == [
        (SHA, ADA, "explicit", "s1"),
        (SECOND, ADA, "time_window", "s1"),
    ]
