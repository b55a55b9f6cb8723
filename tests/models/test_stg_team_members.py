"""Who was in which team, by the developers' canonical names."""

import datetime as dt

from tests.models.harness import rows

MARCH, APRIL, MAY = (dt.date(2026, month, 1) for month in (3, 4, 5))


def members(*teams):
    names = ("developer_id", "team", "valid_from", "valid_to")
    tables = {
        "teams": [dict(zip(names, row, strict=True)) for row in teams],
        "identities": [{"alias": "ada-l", "developer_id": "ada@example.com"}],
    }
    return [tuple(row.values()) for row in rows("stg_team_members", tables, *names)]


def test_a_developer_is_found_by_any_name():
    assert members(("Ada-L", "Web", MARCH, None)) == [("ada@example.com", "Web", MARCH, None)]


def test_two_names_of_one_developer_are_in_one_team_a_day():
    found = members(("ada-l", "Web", MARCH, None), ("ada@example.com", "Core", APRIL, MAY))
    assert found == [
        ("ada@example.com", "Core", APRIL, MAY),
        ("ada@example.com", "Web", MARCH, APRIL),
    ]
    assert len(members(("ada-l", "Web", MARCH, None), ("ada@example.com", "Core", MARCH, None))) == 1


def test_a_gap_between_periods_stays():
    found = members(("ada@example.com", "Web", MARCH, APRIL), ("ada@example.com", "Core", MAY, None))
    assert [row[3] for row in sorted(found, key=lambda row: row[2])] == [APRIL, None]
