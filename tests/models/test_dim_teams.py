"""The teams that anybody is or was in."""

import datetime as dt

import pytest

from tests.models.harness import AS_OF, rows

TODAY = AS_OF.date()
BEFORE, AFTER = TODAY - dt.timedelta(days=30), TODAY + dt.timedelta(days=1)


def teams(*members, used=(), **settings):
    names = ("developer_id", "team", "parent_team", "cost_centre", "valid_from", "valid_to")
    tables = {
        "stg_team_members": [dict(zip(names, row, strict=True)) for row in members],
        "fct_sessions": [{"session_id": "s1", "team": team} for team in used],
        "fct_costs_by_team": [{"team": team} for team in used],
    }
    return [tuple(row.values()) for row in rows("dim_teams", tables, **settings)]


def test_who_leaves_today_and_who_comes_tomorrow_is_no_member_today():
    found = teams(
        ("ada", "Web", "Shop", "CC1", BEFORE, TODAY),
        ("bob", "Web", "Shop", "CC1", AFTER, None),
        ("eve", "Web", "Shop", "CC1", TODAY, None),
    )
    assert found == [("Web", "Shop", "CC1", 1, 3, BEFORE, True)]


@pytest.mark.parametrize(("timezone", "members"), [("UTC", 0), ("Europe/Berlin", 1), ("America/New_York", 0)])
def test_today_is_the_day_of_the_configured_time_zone(timezone, members):
    late = dt.datetime.combine(TODAY, dt.time(22, 30), dt.UTC)  # tomorrow in Berlin
    (team,) = teams(("ada", "Web", None, None, AFTER, None), timezone=timezone, as_of=late)
    assert team[3] == members


def test_who_comes_back_is_one_member():
    found = teams(("ada", "Web", None, None, BEFORE, TODAY), ("ada", "Web", None, None, TODAY, None))
    assert found == [("Web", None, "unknown", 1, 1, BEFORE, True)]


def test_parent_and_cost_centre_are_those_of_the_latest_period():
    found = teams(("ada", "Web", "Shop", "CC1", BEFORE, None), ("bob", "Web", None, "CC2", TODAY, None))
    assert found == [("Web", None, "CC2", 2, 2, BEFORE, True)]


def test_what_is_of_nobodys_team_has_a_row_as_well():
    found = teams(("ada", "Web", None, "CC1", BEFORE, None), used=("unknown", "Web"))
    assert found == [
        ("Web", None, "CC1", 1, 1, BEFORE, True),
        ("unknown", None, "unknown", 0, 0, None, False),
    ]
