"""The seed of prices says what genai-prices says, in a form that a join can use."""

import csv
import datetime as dt
from itertools import pairwise

import pytest

from pipeline.seeds.prices import SEED, price_rows
from schemas.seeds import ModelPrices


@pytest.fixture(scope="module")
def rows():
    with SEED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def prices(rows, model, *, day, speed="normal", input_tokens=0):
    """Input, output, 5-minute write, 1-hour write, read: what a join finds for one request."""
    found = [
        row
        for row in rows
        if (row["model"], row["speed"]) == (model, speed)
        and row["valid_from"] <= day < (row["valid_to"] or "9999")
        and (int(row["above_input_tokens"]) == 0 or int(row["above_input_tokens"]) < input_tokens)
    ]
    row = max(found, key=lambda row: int(row["above_input_tokens"]))
    kinds = ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read")
    return tuple(float(row[f"{kind}_usd"] or "nan") for kind in kinds)


@pytest.mark.slow
def test_the_file_is_what_the_generator_makes(rows):
    assert rows == price_rows()


def test_the_columns_are_those_of_the_contract(rows):
    assert list(rows[0]) == list(ModelPrices.columns())
    assert len({tuple(row[c] for c in ModelPrices.key()) for row in rows}) == len(rows)
    assert {row["price_source"][:18] for row in rows} == {"genai-prices 0.2.3"}
    assert all(row["model"] == row["model"].lower() for row in rows)


def test_periods_of_a_model_follow_each_other_without_gap(rows):
    periods = {}
    for row in rows:
        key = row["model"], row["speed"], row["above_input_tokens"]
        periods.setdefault(key, []).append((row["valid_from"], row["valid_to"]))
    for key, spans in periods.items():
        assert all(a[1] == b[0] for a, b in pairwise(spans)), key
        assert all(start < (end or "9999") for start, end in spans), key
        assert spans[-1][1] == "", key


def test_every_period_has_every_tier(rows):
    tiers = {}
    for row in rows:
        of_model = tiers.setdefault((row["model"], row["speed"]), {})
        of_model.setdefault(row["valid_from"], set()).add(int(row["above_input_tokens"]))
    for key, periods in tiers.items():
        [of_each] = {frozenset(of_period) for of_period in periods.values()}
        assert 0 in of_each, key


@pytest.mark.parametrize(
    ("model", "request_", "expected"),
    [
        ("claude-opus-4-6", {"day": "2026-02-01"}, (5, 25, 6.25, 10, 0.5)),
        (
            "claude-opus-4-6",
            {"day": "2026-02-01", "input_tokens": 300_000},
            (10, 37.5, 12.5, 20, 1),
        ),
        ("claude-opus-4-6", {"day": "2026-04-01", "input_tokens": 300_000}, (5, 25, 6.25, 10, 0.5)),
        ("claude-opus-4-6", {"day": "2026-04-01", "speed": "fast"}, (30, 150, 37.5, 60, 3)),
        ("claude-opus-5", {"day": "2026-11-01", "speed": "fast"}, (10, 50, 12.5, 20, 1)),
        ("claude-sonnet-4.5", {"day": "2026-11-01"}, (3, 15, 3.75, 6, 0.3)),
        (
            "claude-sonnet-4-5",
            {"day": "2026-11-01", "input_tokens": 200_000},
            (3, 15, 3.75, 6, 0.3),
        ),
        (
            "claude-sonnet-4-5",
            {"day": "2026-11-01", "input_tokens": 200_001},
            (6, 22.5, 7.5, 12, 0.6),
        ),
        ("claude-opus-5-5", {"day": "2026-11-01"}, (4, 20, 5, 8, 0.2)),
    ],
)
def test_known_prices(rows, model, request_, expected):
    assert prices(rows, model, **request_) == expected


def test_prices_of_other_makers_have_no_cache_writes(rows):
    nan = pytest.approx(float("nan"), nan_ok=True)

    assert prices(rows, "o3", day="2025-06-09") == (10, 40, nan, nan, 0.5)
    assert prices(rows, "o3", day="2025-06-10") == (2, 8, nan, nan, 0.5)
    assert prices(rows, "gpt-5-codex", day="2026-11-01") == (1.25, 10, nan, nan, 0.125)
    assert prices(rows, "gemini-2.5-pro", day="2026-11-01", input_tokens=250_000) == (
        (2.5, 15, nan, nan, 0.25)
    )
    # off-peak for 17 hours of the day
    assert prices(rows, "deepseek-v4-pro", day="2026-11-01") == (0.66, 1.98, nan, nan, 0.022)


@pytest.mark.parametrize("reported", ["claude-sonnet-4-5-20250929", "o3-2025-04-16", "gpt-5.2"])
def test_a_stamped_name_costs_what_its_plain_name_costs(rows, reported):
    from genai_prices import Usage, calc_price

    usage = Usage(input_tokens=1000, output_tokens=1000)
    plain = reported.removesuffix("-20250929").removesuffix("-2025-04-16")
    priced = calc_price(usage, reported, genai_request_timestamp=dt.datetime(2026, 11, 1))

    input_usd, output_usd, *_ = prices(rows, plain, day="2026-11-01")

    assert float(priced.total_price) == pytest.approx((input_usd + output_usd) / 1000)
