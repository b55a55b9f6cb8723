"""Seeds whose rows hold for a time: rows that cannot be true together."""

import datetime as dt

import pytest

from pipeline.errors import ConfigError
from pipeline.seeds.periods import refuse_overlaps

MARCH, APRIL, MAY = (dt.date(2026, month, 1) for month in (3, 4, 5))


def member(developer, team, valid_from, valid_to=None):
    return {"developer_id": developer, "team": team, "valid_from": valid_from, "valid_to": valid_to}


def refuse(*rows, seed="teams"):
    refuse_overlaps(seed, ((f"{seed}.csv, line {line}", row) for line, row in enumerate(rows, start=2)))


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


def test_two_seats_of_one_agent_are_refused_and_of_two_agents_are_not():
    def seat(agent, plan, valid_from, developer="ada"):
        dates = {"valid_from": valid_from, "valid_to": None}
        return {"developer_id": developer, "agent_type": agent, "plan": plan, **dates}

    refuse(seat("cursor", "teams", MARCH), seat("codex", "business", MARCH), seed="seats")
    with pytest.raises(ConfigError) as refused:
        refuse(seat("cursor", "teams", MARCH), seat("cursor", "ultra", APRIL, "Ada"), seed="seats")
    assert str(refused.value) == (
        "seats.csv, line 3: Ada has a seat of cursor (ultra) from 2026-04-01 on, and still one (teams)"
        " (seats.csv, line 2). End the earlier row: valid_to 2026-04-01."
    )


def test_two_prices_of_one_plan_are_refused():
    def price(usd, valid_from):
        dates = {"valid_from": valid_from, "valid_to": None}
        return {"agent_type": "github_copilot", "plan": "business", "usd_per_month": usd, **dates}

    with pytest.raises(ConfigError, match=r"costs 21.5 USD from 2026-04-01 on, and still 19 USD"):
        refuse(price(19.0, MARCH), price(21.5, APRIL), seed="seat_prices")
