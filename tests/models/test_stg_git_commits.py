"""Commits of the window, each once."""

import datetime as dt

import pytest

from tests.models.harness import AS_OF, at, rows

WINDOW = dt.timedelta(hours=24 * 90)
INSTANT = dt.timedelta(microseconds=1)


def commits(*raw, columns=(), **given):
    settings = {key: given.pop(key) for key in ("timezone", "window_days") if key in given}
    return rows("stg_git_commits", {"raw_git_commits": list(raw), **given}, *columns, **settings)


def commit(name="abc123", when=None, **given):
    return {
        "commit_hash": name,
        "commit_timestamp": when or at("09:00"),
        "author_name": "Ann",
        "author_email": "Ann@Example.com",
        **given,
    }


def test_a_commit_whole():
    raw = commit(
        "ABC123",
        commit_message="Mend it\n\nbecause",
        files_changed=2,
        lines_added=10,
        lines_deleted=4,
        agent_assisted=True,
        agent_session_id="s1",
        agent_type="Claude Code",
        project_id="p",
        committed_at=at("10:00"),
        parent_count=1,
        notes="a note",
    )
    assert commits(raw) == [
        {
            "commit_hash": "abc123",
            "commit_message": "Mend it\n\nbecause",
            "author_name": "Ann",
            "author_email": "ann@example.com",
            "commit_timestamp": at("09:00"),
            "commit_date": dt.date(2026, 3, 10),
            "committed_at": at("10:00"),
            "files_changed": 2,
            "lines_added": 10,
            "lines_deleted": 4,
            "is_merge": False,
            "agent_assisted": True,
            "agent_session_id": "s1",
            "agent_type": "claude_code",
            "developer_id": "ann@example.com",
            "project_id": "p",
            "notes": "a note",
        }
    ]


def test_the_window_begins_90_times_24_hours_before_the_run_and_has_no_end():
    raw = [
        commit("inside", AS_OF - WINDOW),
        commit("outside", AS_OF - WINDOW - INSTANT),
        commit("future", AS_OF + 2 * WINDOW),
    ]
    assert commits(*raw, columns=["commit_hash"]) == [{"commit_hash": "future"}, {"commit_hash": "inside"}]


def test_the_window_can_be_configured():
    raw = [
        commit("inside", AS_OF - dt.timedelta(hours=24)),
        commit("outside", AS_OF - dt.timedelta(hours=25)),
    ]
    assert commits(*raw, columns=["commit_hash"], window_days=1) == [{"commit_hash": "inside"}]


def test_of_several_rows_of_one_commit_the_lowest_id_counts():
    raw = [commit(id=2, author_name="late"), commit("ABC123", id=1, author_name="first"), commit(id=3)]
    assert commits(*raw, columns=["author_name"]) == [{"author_name": "first"}]


def test_rows_without_an_id_are_still_one_commit():
    names = ["b", "a", "c"]
    raw = [commit(id=None, commit_message=None, author_name=name) for name in names]
    assert commits(*raw, columns=["author_name"]) == commits(*reversed(raw), columns=["author_name"])


def test_a_merge_counts_with_0_lines():
    raw = commit(parent_count=2, lines_added=500, lines_deleted=20, files_changed=9)
    assert commits(raw, columns=["is_merge", "lines_added", "lines_deleted", "files_changed"]) == [
        {"is_merge": True, "lines_added": 0, "lines_deleted": 0, "files_changed": 0}
    ]


def test_a_developer_is_the_collectors_word_else_the_authors_address():
    people = [
        ({"developer_id": "ann"}, "ann"),
        ({}, "ann@example.com"),
        ({"developer_id": " "}, "ann@example.com"),
        ({"developer_id": "unknown"}, "ann@example.com"),
        ({"author_email": "7+octocat@users.noreply.github.com"}, "octocat"),
        ({"author_email": None}, "unknown"),
        ({"author_email": ""}, "unknown"),
    ]
    raw = [commit(str(number), **given) for number, (given, _) in enumerate(people)]
    found = [row["developer_id"] for row in commits(*raw, columns=["commit_hash", "developer_id"])]
    assert found == [developer for _, developer in people]


def test_the_identity_map_unites_a_persons_addresses():
    raw = [commit("a"), commit("b", author_email="ann@home.example.org")]
    people = [{"alias": "ann@home.example.org", "developer_id": "ann@example.com"}]
    assert commits(*raw, columns=["developer_id"], identities=people) == [
        {"developer_id": "ann@example.com"},
        {"developer_id": "ann@example.com"},
    ]


@pytest.mark.slow
def test_a_commits_day_is_one_of_the_configured_time_zone():
    raw = [commit("winter", at("2026-03-28 22:30")), commit("summer", at("2026-03-29 22:30"))]
    assert commits(*raw, columns=["commit_hash", "commit_date"], timezone="Europe/Berlin") == [
        {"commit_hash": "summer", "commit_date": dt.date(2026, 3, 30)},
        {"commit_hash": "winter", "commit_date": dt.date(2026, 3, 28)},
    ]


def test_what_is_not_known_is_0_false_or_null():
    columns = ["files_changed", "lines_added", "agent_assisted", "agent_session_id", "is_merge"]
    assert commits(commit(agent_session_id=""), columns=columns) == [
        {
            "files_changed": 0,
            "lines_added": 0,
            "agent_assisted": False,
            "agent_session_id": None,
            "is_merge": False,
        }
    ]


def test_counts_that_cannot_be_are_0():
    raw = [commit("a", lines_added=-5, lines_deleted=2**63 - 1), commit("b", files_changed=-1)]
    assert (
        commits(*raw, columns=["lines_added", "lines_deleted", "files_changed"])
        == [{"lines_added": 0, "lines_deleted": 0, "files_changed": 0}] * 2
    )


def test_a_row_without_hash_or_time_is_no_commit():
    assert commits(commit(None), commit() | {"commit_timestamp": None}) == []
