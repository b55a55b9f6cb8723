"""Why a number is what it is: hand-made records, built as they are anywhere, and asked about."""

import datetime as dt
import json

import pytest

from pipeline import run
from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.errors import ModelError, SelectionError
from pipeline.outputs.why.explain import Explainer

pytestmark = pytest.mark.slow

AS_OF = dt.datetime(2026, 11, 15, 12, tzinfo=dt.UTC)
DAY = "2026-11-03"


def request(clock, model="claude-sonnet-4-5", source=None, **attributes):
    """A request of Claude Code, of 1,000 tokens in and 100 out."""
    told = {
        "event.name": "api_request",
        "session.id": "s1",
        "user.email": "ada@example.com",
        "model": model,
        "input_tokens": "1000",
        "output_tokens": "100",
        **attributes,
    }
    return dt.datetime.fromisoformat(f"{DAY}T{clock}+00:00"), told, source


@pytest.fixture(scope="module")
def explainer(compiled, tmp_path_factory):
    """Two requests with a reported cost, one of them told by two records, one without, and two of a model
    that has no price."""
    records = [
        request("09:00:00", cost_usd="0.5", request_id="r1"),
        request("09:00:01", cost_usd="0.5", request_id="r1"),
        request("09:05:00", cost_usd="0.25", request_id="r2"),
        request("09:10:00", request_id="r3"),
        request("10:00:00", model="nobody-sells-this", request_id="r4"),
        request("10:01:00", model="nobody-sells-this", request_id="r5"),
    ]
    with connect(":memory:") as engine:
        make_missing_raw_tables(engine)
        engine.append(
            "raw",
            "otel_logs",
            ["id", "timestamp", "body", "attributes", "service_name", "created_at"],
            [
                [number, at, "claude_code.api_request", json.dumps(told), "claude-code", AS_OF]
                for number, (at, told, _) in enumerate(records, 1)
            ],
        )
        plan = compiled(shapes=engine.shapes("raw"))
        result = run.build(engine, plan, as_of=AS_OF, project_dir=tmp_path_factory.mktemp("project"))
        assert result.status == "success"
        yield Explainer(engine, plan)


@pytest.fixture(scope="module")
def mixed(explainer):
    return explainer.why("fct_daily_agent_usage", "total_cost_usd", {"model_name": "claude-sonnet-4-5"})


def down(layers, *tables):
    """The layer that lies below others, by their tables."""
    for table in tables:
        (layer,) = [one for one in layers if one.table == table]
        layers = layer.made_of
    return layer


def test_reported_and_computed_cost_are_told_apart(mixed):
    assert mixed.says == (
        "$0.75 = 2 requests reported by the agent + 1 request computed at the price of 2026-11-03"
    )
    assert mixed.value == pytest.approx(0.7545)
    assert mixed.adds_up
    hour = down(mixed.made_of, "int_agent_daily_aggregates", "int_usage_costs")
    assert [(one.table, one.column, one.count, round(one.amount)) for one in hour.made_of] == [
        ("stg_usage", "reported_nano_usd", 2, 750_000_000),
        ("stg_usage", None, 1, 4_500_000),
    ]


def test_what_is_computed_shows_what_it_is_computed_with(mixed):
    hour = down(mixed.made_of, "int_agent_daily_aggregates", "int_usage_costs")
    computed = hour.made_of[1]
    (row,) = computed.rows
    assert {name: row[name] for name in ("input_tokens", "input_usd", "output_tokens", "output_usd")} == {
        "input_tokens": 1000,
        "input_usd": 3.0,
        "output_tokens": 100,
        "output_usd": 15.0,
    }


def test_a_record_that_repeats_a_request_is_left_out_and_named(mixed):
    hour = down(mixed.made_of, "int_agent_daily_aggregates", "int_usage_costs")
    left_out = [(one.why, one.rows) for one in hour.made_of[0].left_out]
    assert left_out == [({"left_out": "repeated request"}, 1)]


def test_the_last_rows_are_raw_records(mixed):
    reported = down(mixed.made_of, "int_agent_daily_aggregates", "int_usage_costs").made_of[0]
    raw = [down([one], "stg_usage_records", "stg_log_events", "raw_otel_logs") for one in reported.made_of]
    assert {row["id"] for layer in raw for row in layer.rows} == {1, 3}
    assert all(layer.made_of == [] for layer in raw)


def test_a_model_without_a_price_is_why_a_cost_is_unknown(explainer):
    answer = explainer.why("fct_daily_agent_usage", "total_cost_usd", {"model_name": "nobody-sells-this"})
    assert answer.value is None
    assert answer.says == (
        "NULL = 2 requests of which the agent reports no cost"
        " + 2 requests whose model has no price of 2026-11-03"
    )
    unpriced = explainer.why("fct_daily_agent_usage", "unpriced_tokens", {"model_name": "nobody-sells-this"})
    assert unpriced.says == "2,200 = 1 hour of usage with neither reported cost nor price"


def test_what_is_not_listed_is_summed_up(explainer):
    answer = explainer.why(
        "fct_daily_agent_usage", "total_tokens", {"model_name": "claude-sonnet-4-5"}, limit=1
    )
    usage = down(answer.made_of, "int_agent_daily_aggregates", "int_usage_costs", "stg_usage")
    assert (usage.count, len(usage.rows), usage.more) == (3, 1, 2)
    assert usage.amount == usage.rows[0]["amount"] + usage.more_amount == answer.value == 3300


def test_a_running_total_is_made_of_the_days_before(explainer):
    answer = explainer.why("fct_agent_costs", "mtd_cost_usd", {"date": DAY})
    (days,) = answer.made_of
    assert (days.table, days.column, days.count) == ("int_agent_daily_aggregates", "total_cost_usd", 1)
    assert answer.adds_up


def test_a_text_is_told_by_the_columns_that_it_is_made_of(explainer):
    answer = explainer.why("dim_developers", "developer_type", {"developer_id": "ada@example.com"})
    assert answer.value == "internal"
    assert answer.adds_up is None
    assert "identities.developer_email" in answer.comes_from


def test_no_prompt_and_no_message_is_shown(explainer):
    answer = explainer.why("fct_daily_agent_usage", "total_tokens", {"model_name": "claude-sonnet-4-5"})
    said = json.dumps(answer.to_dict(), default=str)
    assert "raw_otel_logs" in said
    assert not [name for name in ('"body"', '"attributes"', "developer_email") if name in said]


@pytest.mark.parametrize(
    ("table", "column", "key", "words"),
    [
        ("fct_agent_cost", "x", {}, "no table fct_agent_cost. Did you mean fct_agent_costs?"),
        ("fct_agent_costs", "mtd_cost", {}, "no column mtd_cost. Did you mean mtd_cost_usd?"),
        ("fct_agent_costs", "mtd_cost_usd", {"dat": "1"}, "Did you mean date?"),
        ("fct_agent_costs", "mtd_cost_usd", {"date": "third"}, "cannot be read: date is of the type date"),
        ("fct_agent_costs", "mtd_cost_usd", {"date": "2020-01-01"}, "has no row with date=2020-01-01"),
        ("fct_daily_agent_usage", "total_tokens", {}, "Say which:"),
    ],
)
def test_what_is_no_single_value_is_refused_in_a_paragraph(explainer, table, column, key, words):
    with pytest.raises(SelectionError, match=None) as refused:
        explainer.why(table, column, key)
    assert words in str(refused.value)


def test_what_is_not_published_is_said_to_be_so(explainer):
    with pytest.raises(ModelError, match="is not published"), connect(":memory:") as engine:
        Explainer(engine, explainer.plan).why("fct_agent_costs", "mtd_cost_usd", {})
