"""Sessions with the tokens that they used and what these cost."""

from tests.models.harness import at, rows

DOLLAR = 1_000_000_000


def sessions(*costs, columns=(), duration=100.0):
    session = {
        "session_id": "s1",
        "developer_id": "ann",
        "agent_type": "codex",
        "model_name": "m",
        "session_start": at("09:00"),
        "session_end": at("09:05"),
        "duration_seconds": duration,
        "prompts": 3,
    }
    tables = {"stg_agent_sessions": [session], "int_usage_costs": list(costs)}
    (only,) = rows("int_sessions_with_costs", tables, *columns)
    return only


def cost(input=0, output=0, created=0, read=0, reported=None, computed=None, unpriced=0, **given):
    known = [part for part in (reported, computed) if part is not None]
    return {
        "session_id": "s1",
        "model_name": "m",
        "input_tokens": input,
        "output_tokens": output,
        "cache_creation_tokens": created,
        "cache_read_tokens": read,
        "total_tokens": input + output + created + read,
        "unpriced_tokens": unpriced,
        "reported_nano_usd": reported,
        "computed_nano_usd": computed,
        "cost_nano_usd": sum(known) if known else None,
        **given,
    }


def money(*costs):
    columns = ["session_cost_usd", "reported_cost_usd", "computed_cost_usd", "cost_source", "unpriced_tokens"]
    return tuple(sessions(*costs, columns=columns).values())


def test_a_session_keeps_its_own_columns_and_adds_up_its_models_and_days():
    row = sessions(
        cost(10, 20, 30, 60, reported=DOLLAR),
        cost(0, 20, model_name="n", computed=DOLLAR // 2),
        cost(0, 10, model_name="n", unpriced=10),
    )
    assert (row["session_id"], row["developer_id"], row["prompts"]) == ("s1", "ann", 3)
    expected = {
        "input_tokens": 10,
        "output_tokens": 50,
        "cache_creation_tokens": 30,
        "cache_read_tokens": 60,
        "total_tokens": 150,
        "session_cost_usd": 1.5,
        "reported_cost_usd": 1.0,
        "computed_cost_usd": 0.5,
        "cost_source": "mixed",
        "unpriced_tokens": 10,
        "cache_hit_rate": 0.6,
        "tokens_per_second": 0.5,
        "model_count": 2,
    }
    assert {name: row[name] for name in expected} == expected


def test_where_a_cost_comes_from():
    assert money(cost(1, reported=DOLLAR)) == (1.0, 1.0, None, "reported", 0)
    assert money(cost(1, computed=DOLLAR)) == (1.0, None, 1.0, "computed", 0)
    assert money(cost(1, computed=0)) == (0.0, None, 0.0, "computed", 0)
    assert money(cost(1, reported=0)) == (0.0, 0.0, None, "reported", 0)
    assert money(cost(1, reported=0), cost(1, computed=DOLLAR)) == (1.0, 0.0, 1.0, "computed", 0)


def test_a_session_with_nothing_priced_costs_null_and_never_0():
    assert money(cost(7, unpriced=7)) == (None, None, None, "unpriced", 7)


def test_a_session_without_usage_has_no_tokens_and_no_cost():
    row = sessions()
    assert (row["total_tokens"], row["session_cost_usd"], row["cost_source"]) == (0, None, None)
    assert (row["cache_hit_rate"], row["tokens_per_second"], row["model_count"]) == (None, 0.0, 0)


def test_ratios_are_null_where_the_denominator_is_0():
    row = sessions(cost(0, 10), duration=0.0)
    assert (row["cache_hit_rate"], row["tokens_per_second"]) == (None, None)


def test_a_cost_without_tokens_is_no_model_used():
    assert sessions(cost(1), cost(model_name="unknown", reported=DOLLAR))["model_count"] == 1


def test_usage_without_a_session_is_nobodys():
    assert sessions(cost(1, session_id=None, reported=DOLLAR))["session_cost_usd"] is None
