"""Who is in which team: rows of teams.csv that cannot be true together."""

import datetime as dt

import pytest

from pipeline.errors import ConfigError
from pipeline.seeds.teams import refuse_overlaps

MARCH, APRIL, MAY = (dt.date(2026, month, 1) for month in (3, 4, 5))


def member(developer, team, valid_from, valid_to=None):
    return (developer, team, None, None, valid_from, valid_to)


def refuse(*rows):
    refuse_overlaps((f"teams.csv, line {line}", row) for line, row in enumerate(rows, start=2))


def test_a_move_on_its_day_is_no_overlap():
    refuse(member("ada", "Core", APRIL), member("ada", "Web", MARCH, APRIL), member("bob", "Web", MARCH))


@pytest.mark.parametrize("end", [None, MAY])
def test_an_overlap_names_both_rows_and_what_to_do(end):
    with pytest.raises(ConfigError) as refused:
        refuse(member("Ada", "Web", MARCH, end), member("ada", "Core", APRIL))
    assert str(refused.value) == (
        "teams.csv, line 3: ada is in Core from 2026-04-01 on, and still in Web (teams.csv, line 2)."
        " End the earlier row: valid_to 2026-04-01."
    )


@pytest.mark.parametrize("end", [MARCH, APRIL])
def test_a_period_without_a_day_is_refused(end):
    with pytest.raises(
        ConfigError, match=r"line 2: valid_to 2026-0[34]-01 is not after valid_from 2026-04-01"
    ):
        refuse(member("ada", "Web", APRIL, end))
