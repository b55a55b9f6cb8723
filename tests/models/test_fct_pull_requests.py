"""Pull requests, from their readings to the mart."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.harness import Warehouse, at, request

date = dt.date.fromisoformat
APP = "octo/app"


def reading(number=1, **given):
    """A row of raw.pull_requests: opened on March 1st, merged a day later."""
    return {
        "id": number,
        "project_id": "Octo/App",
        "number": number,
        "request_id": f"PR_{number}",
        "version_id": f"v{number}",
        "developer_id": "ada",
        "state": "merged",
        "opened_at": at("2026-03-01 09:00"),
        "updated_at": at("2026-03-02 09:00"),
        "merged_at": at("2026-03-02 09:00"),
        "closed_at": at("2026-03-02 09:00"),
        "record_hash": f"r{number}",
    } | given


def has(*commits, version="v1"):
    return [{"version_id": version, "commit_hash": letter * 40} for letter in commits]


def commit(letter, **given):
    return {
        "commit_hash": letter * 40,
        "commit_timestamp": at("2026-03-02 09:00"),
        "project_id": APP,
        "developer_id": "ada",
        "author_email": "ada@example.com",
    } | given


def requests(readings, commits=(), *, lists=(), columns=("number",), **tables):
    warehouse = Warehouse(
        raw_pull_requests=list(readings),
        raw_pull_request_commits=list(lists),
        raw_git_commits=[{"id": number, **row} for number, row in enumerate(commits)],
        **tables,
    )
    return [tuple(row.values()) for row in warehouse.rows("fct_pull_requests", *columns)]


ORIGIN = ("number", "commits", "agent_commits", "person_commits", "unknown_commits")
REVERTS = ("number", "reverted_at", "is_reverted_within_7_days", "is_reverted_within_30_days")


def test_later_reading_supersedes_in_any_order():
    early = reading(id=9, additions=1, updated_at=at("2026-03-01 10:00"), state="open", record_hash="z")
    for order in ([early, reading(additions=5)], [reading(additions=5), early]):
        assert requests(order, columns=("number", "state", "additions")) == [(1, "merged", 5)]


def test_reopened_request_is_open_again():
    closed = reading(state="closed", merged_at=None)
    again = reading(state="open", merged_at=None, closed_at=None, updated_at=at("2026-03-04 09:00"))
    assert requests([again, closed], columns=("state", "closed_at", "hours_to_merge")) == [
        ("open", None, None)
    ]


def test_renamed_repository_is_one_and_a_number_used_again_is_the_latest_request():
    renamed = reading(project_id="octo/new", updated_at=at("2026-03-03 09:00"))
    assert requests([reading(), renamed], columns=("repository", "number")) == [("octo/new", 1)]
    anew = reading(request_id="PR_9", opened_at=at("2026-03-05 09:00"), additions=7)
    assert requests([reading(), anew], columns=("number", "additions")) == [(1, 7)]


def test_author_whom_nobody_knows_is_null_and_counted():
    assert requests([reading(developer_id=None)], columns=("number", "developer_id")) == [(1, None)]


def test_login_meets_its_developer_by_the_identity_map():
    identities = [{"alias": "ADA", "developer_id": "ada@example.com"}]
    found = requests([reading()], identities=identities, columns=("developer_id",))
    assert found == [("ada@example.com",)]


def test_force_pushed_commits_are_no_longer_its_commits():
    later = reading(version_id="v2", updated_at=at("2026-03-03 09:00"))
    lists = has("a", "b") + has("c", version="v2")
    commits = [commit("a"), commit("b"), commit("c")]
    assert requests([reading(), later], commits, lists=lists, columns=ORIGIN) == [(1, 1, 0, 1, 0)]


def test_squash_stands_for_commits_that_git_has_not():
    signed = "Mend it (#1)\n\nCo-authored-by: Claude <noreply@anthropic.com>"
    squashed = commit("d", commit_message=signed)
    for told in ({"merge_commit": "d" * 40}, {"merge_commit": None}):
        found = requests([reading(**told)], [squashed], lists=has("a", "b"), columns=ORIGIN)
        assert found == [(1, 1, 1, 0, 0)]


def test_squash_beside_commits_that_git_has_is_not_counted_twice():
    commits = [commit("a"), commit("d", commit_message="Mend it (#1)")]
    found = requests([reading(merge_commit="d" * 40)], commits, lists=has("a", "b"), columns=ORIGIN)
    assert found == [(1, 2, 0, 1, 1)]


def test_subject_with_the_number_of_another_repository_is_not_its_own():
    other = commit("d", commit_message="Mend it (#1)", project_id="octo/site")
    assert requests([reading()], [other], lists=has("a"), columns=ORIGIN) == [(1, 1, 0, 0, 1)]


PROJECTS = [{"alias": name, "project_id": "shop"} for name in ("octo/app", "octo/site")]


def test_repositories_of_one_project_have_numbers_of_their_own():
    squashed = commit("d", commit_message="Mend it (#1)")
    two = [reading(), reading(request_id="PR_2", version_id="v2", project_id="octo/site")]
    found = requests(two, [squashed], projects=PROJECTS, columns=("repository", "project_id", "commits"))
    assert sorted(found) == [("octo/app", "shop", 0), ("octo/site", "shop", 0)]


def test_squash_is_found_in_a_project_of_another_name():
    squashed = commit("d", commit_message="Mend it (#1)")
    assert requests([reading()], [squashed], projects=PROJECTS, columns=ORIGIN) == [(1, 1, 0, 1, 0)]


def test_team_is_its_authors_on_the_day_it_was_opened():
    periods = (("core", date("2026-01-01"), date("2026-03-02")), ("web", date("2026-03-02"), None))
    teams = [
        {"developer_id": "ada", "team": team, "valid_from": first, "valid_to": end}
        for team, first, end in periods
    ]
    readings = [reading(), reading(2, opened_at=at("2026-03-02 09:00")), reading(3, developer_id=None)]
    found = requests(readings, teams=teams, columns=("number", "team"))
    assert sorted(found) == [(1, "core"), (2, "web"), (3, "unknown")]


def test_reverted_by_a_commit_that_names_one_of_its_commits():
    when = at("2026-03-04 09:00")
    undone = commit(
        "e", commit_message=f"Revert it\n\nThis reverts commit {'a' * 40}.", commit_timestamp=when
    )
    found = requests([reading()], [commit("a"), undone], lists=has("a"), columns=REVERTS)
    assert found == [(1, when, True, True)]


def test_commit_that_takes_back_another_of_the_same_request_is_no_revert():
    own = commit("e", commit_message=f"This reverts commit {'a' * 40}.")
    found = requests([reading()], [commit("a"), own], lists=has("a", "e"), columns=REVERTS)
    assert found[0][1] is None


def test_reverted_by_a_request_that_says_so_once_that_is_merged():
    when = at("2026-03-05 09:00")
    undoing = reading(2, reverts_number=1, merged_at=when, closed_at=when)
    assert requests([reading(), undoing], columns=REVERTS)[0] == (1, when, True, True)
    still_open = undoing | {"merged_at": None, "closed_at": None, "state": "open"}
    assert requests([reading(), still_open], columns=REVERTS)[0][1] is None


def test_reverted_revert_is_a_revert_of_the_revert_alone():
    first, second = at("2026-03-03 09:00"), at("2026-03-06 09:00")
    commits = [
        commit("e", commit_message='Revert "Mend it (#1)" (#2)', commit_timestamp=first),
        commit("f", commit_message='Revert "Revert "Mend it (#1)" (#2)" (#3)', commit_timestamp=second),
    ]
    found = requests([reading(), reading(2)], commits, columns=("number", "reverted_at"))
    assert found == [(1, first), (2, second)]


def costs(readings, lists, sessions, made, *, events=(), **given):
    """Rows of int_pull_request_costs, of sessions, the commits that they made, and what they tell."""
    warehouse = Warehouse(
        raw_pull_requests=readings,
        raw_pull_request_commits=lists,
        stg_git_commits=[],
        int_sessions_with_costs=sessions,
        int_commits_with_agent_context=made,
        stg_log_events=list(events),
        stg_session_threads=[],
        stg_thread_events=[],
        **given,
    )
    columns = ("session_id", "number", "cost_method", "cost_nano_usd")
    return [tuple(row.values()) for row in warehouse.rows("int_pull_request_costs", *columns)]


def session(name="s1", usd=1.0, **given):
    return {
        "session_id": name,
        "developer_id": "ada",
        "project_id": APP,
        "session_start": at("2026-03-01 10:00"),
        "session_end": at("2026-03-01 11:00"),
        "session_cost_usd": usd,
    } | given


def made(letter, name="s1"):
    return {"commit_hash": letter * 40, "agent_session_id": name}


def test_two_requests_with_the_same_commit_share_it_to_the_nano_dollar():
    readings, lists = [reading(), reading(2)], has("a") + has("a", version="v2")
    found = costs(readings, lists, [session(usd=1e-9 * 5)], [made("a"), made("b")])
    assert sorted(found, key=str) == [
        ("s1", 1, "commits", 2),
        ("s1", 2, "commits", 1),
        ("s1", None, None, 2),
    ]


def test_session_without_commits_is_its_authors_open_requests():
    assert costs([reading()], [], [session()], []) == [("s1", 1, "window", 1_000_000_000)]


@pytest.mark.parametrize(
    "given",
    [
        {"developer_id": "bob"},
        {"project_id": "ada/app"},
        {"project_id": None},
        {"session_start": at("2026-03-02 09:01"), "session_end": at("2026-03-02 10:00")},
        {"session_start": at("2026-03-01 07:00"), "session_end": at("2026-03-01 08:00")},
    ],
    ids=["somebody else", "a fork's branch of the same name", "no repository", "after it", "before it"],
)
def test_session_of_another_person_place_or_time_is_nobodys(given):
    assert costs([reading()], [], [session(**given)], []) == [("s1", None, None, 1_000_000_000)]


def test_session_meets_the_requests_of_its_project_by_its_one_name():
    found = costs([reading()], [], [session(project_id="shop")], [], projects=PROJECTS)
    assert found == [("s1", 1, "window", 1_000_000_000)]


def test_session_without_a_cost_gives_none():
    assert costs([reading()], has("a"), [session(usd=None)], [made("a")]) == []


def on(branch, name="s1", **given):
    """An event of a session that has a branch checked out."""
    return {"session_id": name, "head_branch": branch} | given


def linked(request, name="s1"):
    """An event of a session that names a request."""
    return {"session_id": name, "pull_request": request}


BOB = {"developer_id": "bob"}  # whose sessions are in no request's window
WHOLE = 1_000_000_000
NOBODYS = [("s1", None, None, WHOLE)]


def test_session_on_a_requests_branch_is_its_whoever_worked():
    readings = [reading(head_branch="topic"), reading(2, head_branch="other")]
    found = costs(readings, [], [session(**BOB)], [], events=[on("main"), on("topic"), on("topic")])
    assert found == [("s1", 1, "branch", WHOLE)]


def test_branch_of_a_record_reaches_the_mart():
    told = {"developer_id": "bob", "project_id": APP, "vcs__ref__head__name": "topic", "cost_usd": 0.25}
    found = requests(
        [reading(head_branch="topic")],
        raw_otel_logs=[request("2026-03-01 10:00", **told)],
        columns=("number", "cost_method", "cost_usd", "agent_type"),
    )
    assert found == [(1, "branch", 0.25, "claude_code")]


def test_session_on_two_branches_is_shared_by_their_requests():
    readings = [reading(head_branch="topic"), reading(2, head_branch="other")]
    found = costs(readings, [], [session(**BOB)], [], events=[on("other"), on("topic")])
    assert sorted(found) == [("s1", 1, "branch", WHOLE // 2), ("s1", 2, "branch", WHOLE // 2)]


@pytest.mark.parametrize(
    "given",
    [
        {"head_branch": "main", "base_branch": "production"},
        {"head_branch": "master"},
        {"head_branch": "develop"},
    ],
    ids=["main", "master", "one that others go into"],
)
def test_branch_that_everybody_works_on_draws_no_session(given):
    readings = [
        reading(**given),
        *(reading(n, head_branch=f"t{n}", base_branch="develop") for n in (2, 3)),
    ]
    found = costs(readings, [], [session(**BOB)], [], events=[on(given["head_branch"])])
    assert found == NOBODYS


def test_branch_below_another_in_a_stack_is_its_requests_own():
    readings = [
        reading(head_branch="first", base_branch="main"),
        reading(2, head_branch="second", base_branch="first"),
    ]
    assert costs(readings, [], [session(**BOB)], [], events=[on("first")]) == [("s1", 1, "branch", WHOLE)]


def test_branch_used_again_is_the_request_that_was_not_closed_yet():
    before, after = at("2026-02-01 09:00"), at("2026-02-02 09:00")
    earlier = reading(2, head_branch="topic", opened_at=before, merged_at=after, closed_at=after)
    later = reading(3, head_branch="topic", opened_at=at("2026-03-09 09:00"), merged_at=None, closed_at=None)
    readings = [later, reading(head_branch="topic"), earlier]
    assert costs(readings, [], [session(**BOB)], [], events=[on("topic")]) == [("s1", 1, "branch", WHOLE)]


def test_branch_of_a_fork_is_its_authors_alone():
    fork = reading(head_branch="topic", is_from_fork=True)
    assert costs([fork], [], [session(**BOB)], [], events=[on("topic")]) == NOBODYS
    assert costs([fork], [], [session()], [], events=[on("topic")]) == [("s1", 1, "branch", WHOLE)]


def test_branch_of_the_same_name_in_another_repository_is_another():
    elsewhere = session(project_id="octo/site", **BOB)
    assert costs([reading(head_branch="topic")], [], [elsewhere], [], events=[on("topic")]) == NOBODYS


def test_session_that_names_a_request_is_its_in_whatever_folder_it_ran():
    found = costs(
        [reading()], [], [session(project_id=None, **BOB)], [], events=[linked("octo/app#1"), linked("7")]
    )
    assert found == [("s1", 1, "session_link", WHOLE)]


def test_session_that_looks_at_what_was_closed_before_is_nobodys():
    late = session(session_start=at("2026-03-02 09:01"), session_end=at("2026-03-02 10:00"), **BOB)
    told = [on("topic"), linked("octo/app#1")]
    assert costs([reading(head_branch="topic")], [], [late], [], events=told) == NOBODYS


def test_first_method_that_finds_a_request_is_the_only_one():
    readings = [reading(1), *(reading(n, head_branch=f"t{n}") for n in (2, 3))]
    told = [on("t2"), linked("octo/app#3")]
    by_commit = costs(readings, has("a"), [session()], [made("a"), made("b")], events=told)
    assert sorted(by_commit, key=str) == [
        ("s1", 1, "commits", WHOLE // 2),
        ("s1", None, None, WHOLE // 2),
    ]
    assert costs(readings, [], [session()], [made("a")], events=told) == [("s1", 2, "branch", WHOLE)]
    assert costs(readings, [], [session()], [], events=told[1:]) == [("s1", 3, "session_link", WHOLE)]


def test_session_whose_commits_no_request_has_is_not_found_by_the_time():
    assert costs([reading()], [], [session()], [made("a")]) == NOBODYS


def test_request_tells_the_method_of_most_of_its_cost():
    parts = [
        {"session_id": f"s{n}", "repository": APP, "number": 1, "cost_method": method, "cost_nano_usd": nano}
        for n, (method, nano) in enumerate([("branch", 2), ("commits", 4), ("window", 3)])
    ]
    found = requests(
        [reading()],
        int_pull_request_costs=parts,
        int_sessions_with_costs=[],
        columns=("number", "cost_method", "cost_usd"),
    )
    assert found == [(1, "commits", 9e-9)]


NAMES = st.lists(st.sampled_from(["t1", "t2", "main", "octo/app#1", "octo/app#3", "octo/gone#1"]), max_size=3)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    amounts=st.lists(st.integers(0, 10**13), min_size=1, max_size=4),
    made_by=st.lists(st.integers(0, 3), max_size=6),
    lists=st.lists(st.sets(st.sampled_from("abcdef")), max_size=4),
    branches=st.lists(st.sampled_from(["t1", "t2", "main"]), min_size=4, max_size=4),
    named=st.lists(NAMES, max_size=4),
    people=st.lists(st.sampled_from(["ada", "bob"]), min_size=4, max_size=4),
)
def test_parts_of_a_session_and_its_rest_are_the_session(amounts, made_by, lists, branches, named, people):
    sessions = [session(f"s{n}", nano / 10**9, developer_id=people[n]) for n, nano in enumerate(amounts)]
    commits = [made(letter, f"s{by}") for letter, by in zip("abcdef", made_by, strict=False)]
    readings = [reading(n + 1, head_branch=branches[n]) for n in range(len(lists))]
    listed = [row for n, some in enumerate(lists) for row in has(*some, version=f"v{n + 1}")]
    told = [
        linked(name, f"s{n}") if "#" in name else on(name, f"s{n}")
        for n, names in enumerate(named)
        for name in names
    ]
    sums, methods = {}, {}
    for name, _, method, nano in costs(readings, listed, sessions, commits, events=told):
        assert nano >= 0
        sums[name] = sums.get(name, 0) + nano
        methods.setdefault(name, set()).add(method)
    assert sums == {f"s{n}": nano for n, nano in enumerate(amounts)}
    assert all(len(ways - {None}) <= 1 for ways in methods.values())
