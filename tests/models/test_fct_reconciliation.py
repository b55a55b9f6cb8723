"""Bills beside estimates: every gap is told to the cent, with its reason."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.harness import at, rows

DAY = dt.date(2026, 3, 10)
DOLLAR = 1_000_000_000


def charge(net, model="claude-sonnet-4-5", gross=None, **given):
    """A row of fct_billed."""
    usual = {"date": DAY, "provider": "anthropic", "report": "cost", "currency": "USD", "model_name": model}
    gross = net if gross is None else gross
    return {**usual, "gross_amount": gross, "discount_amount": gross - net, "net_amount": net, **given}


def used(cost, model="claude-sonnet-4-5", hour="12:00", **given):
    """A row of int_usage_costs."""
    usual = {"developer_id": "ann", "agent_type": "claude_code", "model_name": model, "day": DAY}
    provider = "openai" if model.startswith("gpt") else "anthropic"
    usual["provider"] = "github" if given.get("agent_type") == "github_copilot" else provider
    nano = None if cost is None else round(cost * DOLLAR)
    return {**usual, "hour": at(hour), "cost_nano_usd": nano, **given}


def reconciled(billed, usage, *columns):
    return rows("fct_reconciliation", {"fct_billed": billed, "int_usage_costs": usage}, *columns)


def gaps(billed, usage):
    """Billed, estimated, gap and reason."""
    columns = ("billed_usd", "estimated_usd", "gap_usd", "reason")
    return [tuple(row.values()) for row in reconciled(billed, usage, *columns)]


def test_an_injected_gap_of_ten_percent_is_told_to_the_cent_with_its_reason():
    assert reconciled([charge(137.50)], [used(100.0), used(25.0, hour="15:00")]) == [
        {
            "date": DAY,
            "provider": "anthropic",
            "developer_id": None,
            "model_name": "claude-sonnet-4-5",
            "product": None,
            "billed_usd": 137.5,
            "gross_usd": 137.5,
            "estimated_usd": 125.0,
            "gap_usd": 12.5,
            "reason": "price",
        }
    ]


def test_amounts_that_agree_to_the_cent_have_no_reason():
    assert gaps([charge(1.004)], [used(1.0)]) == [(1.004, 1.0, 0.004, None)]


def test_usage_that_no_bill_of_the_day_has_is_not_billed():
    assert gaps([charge(1.0)], [used(1.0), used(2.0, "claude-opus-4-1")]) == [
        (0.0, 2.0, -2.0, "not_billed"),
        (1.0, 1.0, 0.0, None),
    ]


def test_a_bill_for_what_nobody_told_of_is_not_in_telemetry():
    assert gaps([charge(3.0)], []) == [(3.0, 0.0, 3.0, "not_in_telemetry")]


def test_usage_without_a_price_is_no_missing_telemetry():
    assert gaps([charge(3.0)], [used(None)]) == [(3.0, 0.0, 3.0, "price")]


def test_a_discount_is_no_other_price():
    assert gaps([charge(0.75, gross=1.0)], [used(1.0)]) == [(0.75, 1.0, -0.25, "discount")]


def test_what_names_no_model_is_another_product():
    assert gaps([charge(2.0, None, product="web_search")], []) == [(2.0, 0.0, 2.0, "other_product")]


def test_a_report_that_breaks_nothing_down_is_compared_as_a_whole():
    usage = [used(1.0), used(2.0, "claude-opus-4-1")]
    assert gaps([charge(3.0, None)], usage) == [(3.0, 3.0, 0.0, None)]


def test_days_of_utc_and_ours_differ_and_the_gaps_cancel():
    """At 23:30 of UTC on the 9th it is the 10th in Berlin."""
    late = used(4.0, hour="2026-03-09 23:00")
    billed = [charge(4.0, date=dt.date(2026, 3, 9)), charge(1.0)]
    found = gaps(billed, [late, used(1.0)])
    assert found == [(1.0, 5.0, -4.0, "day_boundary"), (4.0, 0.0, 4.0, "day_boundary")]
    assert sum(gap for _, _, gap, _ in found) == 0


def test_people_are_compared_only_where_the_bill_names_them():
    bob = used(2.0, developer_id="bob")
    assert gaps([charge(3.0)], [used(1.0), bob]) == [(3.0, 3.0, 0.0, None)]
    by_person = [charge(1.0, developer_id="ann"), charge(2.5, developer_id="bob")]
    assert gaps(by_person, [used(1.0), bob]) == [(1.0, 1.0, 0.0, None), (2.5, 2.0, 0.5, "price")]


def test_usage_that_names_no_model_is_compared_with_all_models_of_the_day():
    copilot = {"provider": "github", "developer_id": "ann"}
    billed = [charge(1.0, "claude-sonnet-4.5", **copilot), charge(2.0, "gpt-5", **copilot)]
    assert gaps(billed, [used(3.0, "unknown", agent_type="github_copilot")]) == [(3.0, 3.0, 0.0, None)]


def test_only_days_that_the_provider_billed_are_compared():
    tomorrow = {"day": dt.date(2026, 3, 11), "hour": "2026-03-11 12:00"}
    others = [used(9.0, **tomorrow), used(9.0, "gpt-5"), used(9.0, agent_type="github_copilot")]
    assert gaps([charge(1.0)], [used(1.0), *others]) == [(1.0, 1.0, 0.0, None)]


def test_other_currencies_are_not_compared():
    assert gaps([charge(1.0, currency="EUR")], [used(1.0)]) == []


def test_a_refund_is_a_negative_charge():
    assert gaps([charge(1.0), charge(-1.0, product="refund")], [used(1.0)]) == [
        (0.0, 1.0, -1.0, "price"),
    ]


@pytest.mark.slow
@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(-500, 500), st.sampled_from(["a", "b", None])), max_size=5),
    st.lists(st.tuples(st.integers(0, 500), st.sampled_from(["claude-a", "unknown"])), max_size=5),
)
def test_billed_less_estimated_is_the_gap_for_any_bill(bills, usage):
    found = gaps(
        [charge(cents / 100, model and f"claude-{model}") for cents, model in bills],
        [used(cents / 100, model, agent_type="claude_code") for cents, model in usage],
    )
    assert round(sum(billed for billed, *_ in found), 6) == round(sum(cents for cents, _ in bills) / 100, 6)
    assert all(round(billed - estimated - gap, 6) == 0 for billed, estimated, gap, _ in found)
