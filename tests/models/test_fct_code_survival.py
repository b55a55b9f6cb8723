"""What became of the lines that commits added, by age."""

import datetime as dt

import pytest

from tests.models.harness import at, rows

COUNTS = ("commit_hash", "age", "lines_alive")


def reading(age="today", **given):
    """A reading of a commit of 10 lines, of which 8 are alive."""
    return {
        "id": 1,
        "commit_hash": "abc",
        "project_id": "app",
        "age": age,
        "reading": 1,
        "lines_added": 10,
        "lines_alive": 8,
        "arrived_at": at("09:00"),
        "observed_at": at("2026-03-30 12:00"),
        **given,
    }


GONE = {"lines_added": None, "lines_alive": None, "lines_reworked": None, "arrived_at": None}


def commit(**given):
    return {
        "commit_hash": "abc",
        "is_agent_assisted": True,
        "agent_type": "codex",
        "developer_id": "ann",
        **given,
    }


def survival(readings, *columns, commits=(), **given):
    settings = {key: given.pop(key) for key in ("timezone",) if key in given}
    tables = {"raw_git_survival": readings, "fct_git_commits": list(commits), **given}
    return rows("fct_code_survival", tables, *columns, **settings)


def test_a_commit_whole():
    raw = [reading("7_days", commit_hash="ABC", lines_reworked=1)]
    assert survival(raw, commits=[commit()]) == [
        {
            "project_id": "app",
            "commit_hash": "abc",
            "age": "7_days",
            "date": dt.date(2026, 3, 10),
            "origin": "agent",
            "agent_type": "codex",
            "developer_id": "ann",
            "lines_added": 10,
            "lines_alive": 8,
            "lines_reworked": 1,
            "alive_share": 0.8,
        }
    ]


def test_a_commit_too_young_for_30_days_has_no_row_rather_than_0():
    raw = [reading("7_days"), reading("today", id=2)]
    assert survival(raw, *COUNTS) == [
        {"commit_hash": "abc", "age": "7_days", "lines_alive": 8},
        {"commit_hash": "abc", "age": "today", "lines_alive": 8},
    ]


def test_a_commit_too_young_to_tell_reworked_lines_has_null():
    assert survival([reading()], "lines_reworked") == [{"lines_reworked": None}]


def test_a_commit_that_left_the_branch_is_gone():
    raw = [reading(), reading(id=2, reading=2, **GONE), reading(id=3, commit_hash="def")]
    assert survival(raw, *COUNTS) == [{"commit_hash": "def", "age": "today", "lines_alive": 8}]


def test_a_commit_that_came_back_is_there_again():
    raw = [reading(), reading(id=2, reading=2, **GONE), reading(id=3, reading=3, lines_alive=5)]
    assert survival(raw, *COUNTS) == [{"commit_hash": "abc", "age": "today", "lines_alive": 5}]


@pytest.mark.parametrize("ids", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_a_later_reading_holds_whatever_order_they_landed_in(ids):
    raw = [reading(id=at, reading=number, lines_alive=9 - number) for number, at in enumerate(ids, start=1)]
    assert survival(raw, *COUNTS) == [{"commit_hash": "abc", "age": "today", "lines_alive": 6}]


def test_of_two_names_of_a_project_the_repository_that_was_looked_at_last_holds():
    raw = [
        reading(id=1, project_id="old", reading=5, lines_alive=7),
        reading(id=2, project_id="New", lines_alive=4, observed_at=at("2026-03-31 12:00")),
    ]
    names = [{"alias": "OLD", "project_id": "app"}, {"alias": "new", "project_id": "app"}]
    assert survival(raw, "project_id", "lines_alive", projects=names) == [
        {"project_id": "app", "lines_alive": 4}
    ]


def test_a_commit_of_two_projects_is_in_both():
    raw = [reading(), reading(id=2, project_id="fork", lines_alive=3)]
    assert survival(raw, "project_id", "lines_alive") == [
        {"project_id": "app", "lines_alive": 8},
        {"project_id": "fork", "lines_alive": 3},
    ]


@pytest.mark.parametrize(
    ("commits", "origin", "developer"),
    [
        ([commit()], "agent", "ann"),
        ([commit(is_agent_assisted=False, agent_type=None)], "person", "ann"),
        ([], "unknown", None),
    ],
)
def test_whose_lines_they_were_is_unknown_outside_the_window(commits, origin, developer):
    assert survival([reading()], "origin", "developer_id", commits=commits) == [
        {"origin": origin, "developer_id": developer}
    ]


def test_a_commit_that_added_nothing_has_no_share():
    raw = [reading(lines_added=0, lines_alive=0)]
    assert survival(raw, "lines_added", "alive_share") == [{"lines_added": 0, "alive_share": None}]


@pytest.mark.parametrize("alive", [-1, 11])
def test_counts_that_cannot_be_are_no_reading(alive):
    assert survival([reading(lines_alive=alive)]) == []


def test_the_day_is_one_of_the_configured_time_zone():
    raw = [reading(arrived_at=at("2026-03-10 23:30"))]
    assert survival(raw, "date", timezone="Europe/Berlin") == [{"date": dt.date(2026, 3, 11)}]
