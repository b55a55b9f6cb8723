"""What usage cost: as reported, else tokens × the price in force on that day."""

import datetime as dt

import pytest

from pipeline.agents.declaration import OWN_METRICS, REPORTS
from tests.models.harness import at, price, rows

MILLION = 1_000_000
DOLLAR = 1_000_000_000


def costs(*usage, prices=None, columns=()):
    tables = {"stg_usage": list(usage), "model_prices": [price()] if prices is None else prices}
    return rows("int_usage_costs", tables, *columns)


def cost(*usage, prices=None):
    """Dollars in all, None where nothing has a cost."""
    found = [row["cost_nano_usd"] for row in costs(*usage, prices=prices)]
    known = [nano for nano in found if nano is not None]
    return sum(known) / DOLLAR if known else None


def used(input=0, output=0, created=0, created_1h=0, read=0, model="claude-sonnet-4-5", **given):
    return {
        "session_id": "s1",
        "developer_id": "ann",
        "agent_type": "claude_code",
        "model_name": model,
        "reported_model": model,
        "speed": "normal",
        "form": 1,
        "takes_tokens": True,
        "usage_source": "log",
        "input_tokens": input,
        "output_tokens": output,
        "cache_creation_tokens": created,
        "cache_creation_1h_tokens": created_1h,
        "cache_read_tokens": read,
        "total_tokens": input + output + created + read,
        "request_count": 1,
        "scope": "session|s1",
        **given,
    }


def test_a_day_of_a_model_in_a_session_whole():
    usage = [
        used(MILLION, 100_000, 20_000, 0, 10_000),
        used(5, 5, reported_nano_usd=DOLLAR, first_at=at("09:59"), last_at=at("09:59")),
    ]
    assert costs(*usage) == [
        {
            "session_id": "s1",
            "project_id": None,
            "developer_id": "ann",
            "agent_type": "claude_code",
            "model_name": "claude-sonnet-4-5",
            "provider": "anthropic",
            "day": dt.date(2026, 3, 10),
            "hour": at("09:00"),
            "input_tokens": MILLION + 5,
            "output_tokens": 100_005,
            "cache_creation_tokens": 20_000,
            "cache_read_tokens": 10_000,
            "total_tokens": 1_130_010,
            "unpriced_tokens": 0,
            "request_count": 2,
            "unpriced_requests": 0,
            "reported_nano_usd": DOLLAR,
            # 3 $ + 1.50 $ + 0.075 $ + 0.003 $
            "computed_nano_usd": 4_578_000_000,
            "first_used_at": at("09:00"),
            "last_used_at": at("09:59"),
            "cost_nano_usd": 5_578_000_000,
        }
    ]


def test_hours_are_apart():
    usage = [
        used(MILLION, first_at=at("09:59"), last_at=at("10:30")),
        used(7, first_at=at("10:00"), last_at=at("10:00")),
    ]
    assert costs(*usage, columns=["hour", "input_tokens"]) == [
        {"hour": at("09:00"), "input_tokens": MILLION},
        {"hour": at("10:00"), "input_tokens": 7},
    ]


# Reported or computed


def test_cost_is_decided_per_request():
    assert cost(used(MILLION, reported_nano_usd=DOLLAR), used(MILLION)) == 4


def test_a_reported_0_for_tokens_that_have_a_price_is_no_report():
    (row,) = costs(used(MILLION, reported_nano_usd=0))
    assert (row["reported_nano_usd"], row["computed_nano_usd"]) == (None, 3 * DOLLAR)


def test_a_reported_0_for_tokens_without_a_price_is_what_they_cost():
    (row,) = costs(used(MILLION, model="my-own", reported_nano_usd=0))
    assert (row["cost_nano_usd"], row["unpriced_tokens"]) == (0, 0)


def test_tokens_with_neither_report_nor_price_are_counted_and_cost_null():
    (row,) = costs(used(MILLION, 7, model="newcomer"))
    assert (row["cost_nano_usd"], row["unpriced_tokens"]) == (None, MILLION + 7)


def test_the_known_part_counts_beside_an_unknown_one():
    usage = [used(MILLION, model="newcomer"), used(MILLION, model="newcomer", reported_nano_usd=DOLLAR)]
    (row,) = costs(*usage)
    assert (row["cost_nano_usd"], row["unpriced_tokens"]) == (DOLLAR, MILLION)
    assert (row["request_count"], row["unpriced_requests"]) == (2, 1)


def test_tokens_whose_cost_another_form_reports_are_not_priced_again():
    bill = used(takes_tokens=False, reported_nano_usd=DOLLAR, form=OWN_METRICS, request_count=0)
    (row,) = costs(used(MILLION), bill)
    assert (row["cost_nano_usd"], row["unpriced_tokens"], row["total_tokens"]) == (DOLLAR, 0, MILLION)


def test_what_is_left_out_costs_nothing():
    assert costs(used(left_out="repeated request", takes_tokens=False)) == []


# Kinds of tokens


@pytest.mark.parametrize(
    ("usage", "dollars"),
    [
        (used(input=MILLION), 3),
        (used(output=MILLION), 15),
        (used(created=MILLION), 3.75),
        (used(created=MILLION, created_1h=MILLION), 6),
        (used(created=MILLION, created_1h=400_000), 4.65),
        (used(read=MILLION), 0.3),
    ],
)
def test_each_kind_has_its_price_and_cache_writes_of_unknown_life_that_of_5_minutes(usage, dollars):
    assert cost(usage) == dollars


def test_a_kind_without_a_price_of_its_own_takes_inputs():
    only_input = [
        price(output_usd=None, cache_write_5m_usd=None, cache_write_1h_usd=None, cache_read_usd=None)
    ]
    assert cost(used(0, MILLION, MILLION, 500_000, MILLION), prices=only_input) == 9


def test_one_hour_writes_without_a_price_of_their_own_take_that_of_5_minutes():
    assert cost(used(created=MILLION, created_1h=MILLION), prices=[price(cache_write_1h_usd=None)]) == 3.75


def test_a_price_of_0_is_a_price():
    (row,) = costs(used(MILLION), prices=[price(input_usd=0.0)])
    assert (row["computed_nano_usd"], row["unpriced_tokens"]) == (0, 0)


def test_money_is_summed_exactly():
    (row,) = costs(*(used(1, 1, counted_once_by=str(number)) for number in range(100)))
    assert row["cost_nano_usd"] == 1_800_000


# Prices by day


def test_the_price_is_that_of_the_day():
    spring, may = dt.date(2026, 3, 15), dt.date(2026, 5, 1)
    prices = [
        price(valid_to=spring),
        price(valid_from=spring, valid_to=may, input_usd=2.0),
    ]
    days = {dt.date(2026, 3, 14): 3.0, spring: 2.0, dt.date(2026, 4, 30): 2.0, may: None}
    assert {day: cost(used(MILLION, day=day), prices=prices) for day in days} == days


def test_of_prices_that_overlap_the_latest_one_counts_and_tokens_count_once():
    prices = [price(), price(valid_from=dt.date(2026, 1, 1), input_usd=2.0)]
    (row,) = costs(used(MILLION), prices=prices)
    assert (row["cost_nano_usd"], row["total_tokens"]) == (2 * DOLLAR, MILLION)


# Tiers


TIERS = [
    price(),
    price(above_input_tokens=200_000, input_usd=6.0),
    price(above_input_tokens=500_000, input_usd=9.0),
]


@pytest.mark.parametrize(
    ("usage", "dollars"),
    [
        (used(200_000), 0.6),
        (used(200_001), 1.200006),
        (used(500_000), 3.0),
        (used(1_000_000), 9.0),
        (used(100_000, read=100_001), 0.6 + 0.0300003),
        (used(1000, created=199_001), 0.006 + 199_001 * 3.75e-6),
    ],
)
def test_a_tier_prices_the_whole_request_by_all_that_it_sent(usage, dollars):
    assert cost(usage, prices=TIERS) == pytest.approx(dollars, rel=1e-12)


def test_tiers_apply_to_requests_and_never_to_sums():
    assert cost(used(150_000), used(150_000), prices=TIERS) == pytest.approx(0.9)
    assert cost(used(1_000_000, form=OWN_METRICS), prices=TIERS) == 3


def test_a_tier_that_a_later_price_does_not_have_is_gone_when_it_ends():
    spring = dt.date(2026, 3, 1)
    prices = [
        price(valid_to=spring),
        price(above_input_tokens=200_000, input_usd=6.0, valid_to=spring),
        price(valid_from=spring),
    ]
    assert cost(used(MILLION), prices=prices) == 3
    assert cost(used(MILLION, day=dt.date(2026, 2, 28)), prices=prices) == 6


def test_a_base_price_that_was_added_later_keeps_the_tiers():
    prices = [*TIERS, price(valid_from=dt.date(2026, 1, 1), input_usd=2.0)]
    assert cost(used(100_000), prices=prices) == pytest.approx(0.2)
    assert cost(used(1_000_000), prices=prices) == 9


# Names and speeds


def test_fast_requests_have_prices_of_their_own():
    prices = [price(), price(speed="fast", input_usd=10.0)]
    assert cost(used(MILLION, speed="fast"), used(MILLION), prices=prices) == 13


def test_a_fast_request_of_a_model_without_a_fast_price_is_unpriced():
    (row,) = costs(used(MILLION, speed="fast"))
    assert (row["cost_nano_usd"], row["unpriced_tokens"]) == (None, MILLION)


def test_a_model_is_priced_by_its_canonical_name():
    names = [
        "claude-sonnet-4-5",
        "Claude-Sonnet-4-5",
        "claude-sonnet-4-5-20250929",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "vertex_ai/claude-sonnet-4-5@20250929",
        "claude-sonnet-4-5[1m]",
    ]
    found = costs(*(used(MILLION, session_id=name, reported_model=name) for name in names))
    assert [row["cost_nano_usd"] for row in found] == [3 * DOLLAR] * len(names)


def test_the_reported_name_comes_before_the_canonical_one():
    prices = [price(), price("claude-sonnet-4-5-20250929", input_usd=4.0)]
    dated = used(MILLION, reported_model="anthropic/claude-sonnet-4-5-20250929")
    assert cost(dated, prices=prices) == 4
    assert cost(used(MILLION, reported_model="claude-sonnet-4-5-20260101"), prices=prices) == 3


def test_usage_without_a_session_costs_the_same():
    (row,) = costs(used(MILLION, session_id=None))
    assert (row["session_id"], row["cost_nano_usd"]) == (None, 3 * DOLLAR)


def test_a_request_that_cannot_be_breaks_nothing():
    most = 10**10
    (row,) = costs(
        *(used(most, most, most, most, most, counted_once_by=str(number)) for number in range(100))
    )
    assert row["total_tokens"] == 400 * most


GEO = {"inference_geo": "us", "price_source": "test", "valid_from": dt.date(2026, 1, 1)}


def test_a_place_of_inference_multiplies_the_list_price_of_the_models_that_it_names():
    factors = [
        GEO | {"model_prefix": "claude-sonnet", "factor": 2.0},
        GEO | {"model_prefix": "claude-sonnet-4-5", "factor": 1.1},
        GEO | {"model_prefix": "claude-opus", "factor": 9.0},
    ]

    def dollars(**given):
        tables = {"stg_usage": [used(MILLION, **given)], "price_factors": factors, "model_prices": [price()]}
        return [row["cost_nano_usd"] / DOLLAR for row in rows("int_usage_costs", tables)]

    assert dollars(inference_geo="us") == [3.3]
    assert dollars(inference_geo="eu") == dollars() == [3.0]
    assert dollars(inference_geo="us", day=dt.date(2025, 12, 31)) == [3.0]


def test_web_searches_cost_beside_the_tokens_but_not_beside_a_reported_cost():
    searches = [
        {
            "tool": "web_search",
            "valid_from": dt.date(2020, 1, 1),
            "usd_per_1000_calls": 10,
            "price_source": "t",
        },
        {"tool": "other", "valid_from": dt.date(2020, 1, 1), "usd_per_1000_calls": 99, "price_source": "t"},
    ]

    def dollars(**given):
        usage = [used(MILLION, web_search_requests=100, **given)]
        tables = {"stg_usage": usage, "tool_prices": searches, "model_prices": [price()]}
        (row,) = rows("int_usage_costs", tables)
        return row["cost_nano_usd"] / DOLLAR, row["unpriced_tokens"]

    assert dollars() == (4.0, 0)
    assert dollars(reported_nano_usd=2 * DOLLAR) == (2.0, 0)
    assert dollars(model="nobody-knows") == (1.0, MILLION)


def test_what_the_agent_says_is_free_costs_nothing_although_it_has_a_price():
    assert cost(used(MILLION, reported_nano_usd=0, is_free=True)) == 0
    assert cost(used(MILLION, reported_nano_usd=0)) == 3


def test_a_tier_without_a_price_of_its_own_is_unpriced_and_not_priced_as_another():
    (row,) = costs(used(MILLION, speed="priority"))
    assert (row["cost_nano_usd"], row["unpriced_tokens"]) == (None, MILLION)
    assert cost(used(MILLION, speed="batch"), prices=[price(speed="batch", input_usd=1.5)]) == 1.5


def test_the_report_of_a_day_pays_for_its_sessions():
    of_copilot = {"agent_type": "github_copilot", "developer_id": "ann"}
    report = used(
        **of_copilot,
        session_id=None,
        scope="day|github_copilot|ann|2026-03-10",
        form=REPORTS,
        model="unknown",
        reported_nano_usd=DOLLAR,
        takes_tokens=False,
    )
    assert cost(used(MILLION, **of_copilot), report) == 1
    assert cost(used(MILLION, **of_copilot, day=dt.date(2026, 3, 11)), report) == 4
    assert cost(used(MILLION, agent_type="codex"), report) == 4


@pytest.mark.parametrize(
    ("reported", "canonical", "provider"),
    [
        ("claude-opus-4-1", "claude-opus-4-1", "anthropic"),
        ("us.anthropic.claude-opus-4-1-v1:0", "claude-opus-4-1", "aws"),
        ("anthropic.claude-opus-4-1-v1:0", "claude-opus-4-1", "aws"),
        (
            "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-1",
            "claude-opus-4-1",
            "aws",
        ),
        ("claude-opus-4-1@20250805", "claude-opus-4-1", "google"),
        ("vertex_ai/claude-opus-4-1", "claude-opus-4-1", "google"),
        ("publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro", "google"),
        ("gemini-2.5-pro", "gemini-2.5-pro", "google"),
        ("azure/gpt-5", "gpt-5", "azure"),
        ("gpt-5", "gpt-5", "openai"),
        ("o4-mini", "o4-mini", "openai"),
        ("harbor-coder", "harbor-coder", None),
    ],
)
def test_a_cloud_that_serves_a_model_charges_for_it_and_else_its_maker(reported, canonical, provider):
    usage = used(7, model=canonical, reported_model=reported)
    assert costs(usage, columns=["provider"]) == [{"provider": provider}]
