"""Bills beside everything else: they are compared with usage and never add to it."""

import datetime as dt
import json
from itertools import permutations

import pytest

from pipeline import run
from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.ingest.billing.ingest import ingest_billing
from pipeline.ingest.landing.landing import Landing

pytestmark = pytest.mark.slow

NOW = dt.datetime(2026, 3, 11, 18, tzinfo=dt.UTC)
# Nobody's whom usage does not know: whom only a bill names is in dim_developers.
MARTS = ("fct_daily_agent_usage", "fct_agent_costs", "fct_git_commits", "dim_agents", "dim_developers")


def bill(amount):
    """Anthropic's charge for the 10th of March, in cents."""
    times = {"starting_at": "2026-03-10T00:00:00Z", "ending_at": "2026-03-11T00:00:00Z"}
    line = {"amount": amount, "currency": "USD", "cost_type": "tokens", "model": "claude-sonnet-4-5-20250929"}
    return {"data": [times | {"results": [line]}], "has_more": False}


def use(engine):
    attributes = {"session.id": "s1", "user.email": "ada@example.com", "model": "claude-sonnet-4-5"}
    event = {"timestamp": NOW - dt.timedelta(days=1), "event_name": "claude_code.api_request"}
    used = {"input_tokens": 1000, "output_tokens": 500, "cost_usd": 1.25, "request_id": "r1"}
    with Landing(engine, "test", []) as landing:
        landing.land("otel_logs", [event | {"body": event["event_name"], "attributes": attributes | used}])


@pytest.fixture(scope="module")
def built(compiled, tmp_path_factory):
    """What a build makes after some steps."""
    folder = tmp_path_factory.mktemp("bills")
    for amount in ("125", "137.5"):
        (folder / amount).write_text(json.dumps(bill(amount)))

    def build(*steps):
        with connect(":memory:") as engine:
            make_missing_raw_tables(engine)
            for step in steps:
                if step == "use":
                    use(engine)
                else:
                    ingest_billing(engine, [str(folder / step)])
            assert run.build(engine, compiled(), as_of=NOW).status == "success"
            marts = {name: engine.fetch(f"SELECT * FROM mart.{name} ORDER BY ALL") for name in MARTS}
            compared = engine.fetch(
                "SELECT billed_usd, estimated_usd, gap_usd, reason FROM mart.fct_reconciliation"
            )
            return marts, compared

    return build


def test_an_injected_gap_of_ten_percent_in_a_bill_is_told_to_the_cent_with_its_reason(built):
    assert built("use", "137.5")[1] == [(1.375, 1.25, 0.125, "price")]


def test_bills_change_no_mart_of_tokens_or_costs_in_any_order_of_ingest(built):
    without, nothing = built("use")
    assert nothing == []
    for steps in permutations(("use", "125", "137.5")):
        assert built(*steps)[0] == without


def test_a_corrected_bill_takes_the_place_of_the_first_and_does_not_double_it(built):
    assert built("use", "137.5", "125", "125")[1] == [(1.25, 1.25, 0.0, None)]
    assert built("125", "use", "137.5")[1] == [(1.375, 1.25, 0.125, "price")]
