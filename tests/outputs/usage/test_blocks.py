"""Blocks of five hours."""

import datetime as dt

from pipeline.outputs.usage import read_usage
from tests.outputs.usage.conftest import instant, used

LONG_AFTER = instant("2027-01-01 00:00")


def blocks(engine, now=LONG_AFTER, **options):
    return read_usage(engine, "block", now=now, **options).rows


def starts(rows):
    return [(row.labels["start"], row.figures.total_tokens) for row in rows]


def test_a_block_begins_at_the_full_hour_before_its_first_request_and_takes_five_hours(told):
    engine = told(
        used("2026-11-02 09:50", 1),
        used("2026-11-02 13:59", 10),
        used("2026-11-02 14:00", 100),  # the first block is over
        used("2026-11-02 18:59", 1000, model="haiku"),
    )
    assert starts(blocks(engine)) == [
        (instant("2026-11-02 09:00"), 11),
        (instant("2026-11-02 14:00"), 1100),
    ]


def test_after_a_gap_the_next_block_begins_with_the_next_request(told):
    engine = told(used("2026-11-02 09:50", 1), used("2026-11-03 03:20", 10))
    assert starts(blocks(engine)) == [
        (instant("2026-11-02 09:00"), 1),
        (instant("2026-11-03 03:00"), 10),
    ]


def test_agents_and_people_have_blocks_of_their_own(told):
    engine = told(
        used("2026-11-02 09:00", 1),
        used("2026-11-02 11:00", 10, agent="codex"),
        used("2026-11-02 12:00", 100, developer_id="ben@example.com"),
        used("2026-11-02 15:00", 1000, agent="codex"),
    )
    found = [
        (row.labels["developer"], row.labels["agent"], row.figures.total_tokens) for row in blocks(engine)
    ]
    assert found == [
        ("ada@example.com", "claude_code", 1),
        ("ada@example.com", "codex", 1010),
        ("ben@example.com", "claude_code", 100),
    ]


def test_a_block_counts_whole_on_the_day_of_its_start_and_begins_where_all_usage_says(told):
    engine = told(
        used("2026-11-02 22:00", 1, day=dt.date(2026, 11, 2)),
        used("2026-11-03 01:00", 10, day=dt.date(2026, 11, 3)),
        used("2026-11-03 03:00", 100, day=dt.date(2026, 11, 3)),
    )
    third = dt.date(2026, 11, 3)
    assert starts(blocks(engine, since=third)) == [(instant("2026-11-03 03:00"), 100)]
    assert starts(blocks(engine, until=dt.date(2026, 11, 2))) == [(instant("2026-11-02 22:00"), 11)]
    # In Tokyo, both began on the third.
    assert len(blocks(engine, since=third, timezone="Asia/Tokyo")) == 2


def test_a_running_block_tells_how_fast_it_goes_and_what_it_comes_to(told):
    engine = told(used("2026-11-02 09:30", 100, cost=1), used("2026-11-02 10:15", 500, cost=2))
    (row,) = blocks(engine, now=instant("2026-11-02 10:30"))
    assert row.labels == {
        "start": instant("2026-11-02 09:00"),
        "end": instant("2026-11-02 14:00"),
        "developer": "ada@example.com",
        "agent": "claude_code",
        "is_running": True,
        "tokens_per_minute": 10.0,
        "cost_per_hour_usd": 3.0,
        "projected_cost_usd": 13.5,  # 3 $, and 3 $ in each of the 3.5 hours that are left
    }


def test_of_a_running_block_without_a_known_cost_none_is_foretold(told):
    engine = told(used("2026-11-02 09:30", 100, cost=None))
    (row,) = blocks(engine, now=instant("2026-11-02 09:40"))
    assert (row.labels["tokens_per_minute"], row.labels["cost_per_hour_usd"]) == (10.0, None)
    assert row.labels["projected_cost_usd"] is None


def test_of_a_block_that_has_just_begun_no_rate_is_told(told):
    engine = told(used("2026-11-02 09:30", 100, cost=1))
    (row,) = blocks(engine, now=instant("2026-11-02 09:34"))
    assert (row.labels["is_running"], row.labels["tokens_per_minute"]) == (True, None)


def test_a_block_that_is_over_does_not_run(told):
    engine = told(used("2026-11-02 09:30", 100, cost=1))
    (row,) = blocks(engine, now=instant("2026-11-02 14:00"))
    assert (row.labels["is_running"], row.labels["tokens_per_minute"]) == (False, None)
