"""What naive pipelines get wrong, from raw records to marts."""

import pytest

from pipeline.compile.graph import discover
from tests.models.harness import Warehouse, at, log, point, price, request

pytestmark = pytest.mark.slow

DAY = ["total_sessions", "total_input_tokens", "total_output_tokens", "total_cost_usd"]


def commit(name, clock, **given):
    return {
        "commit_hash": name,
        "commit_timestamp": at(clock),
        "author_email": "ann@example.com",
        "commit_message": "Mend it",
        **given,
    }


def day(**raw):
    """The only day of the only developer, agent and model."""
    return Warehouse(**raw).row("fct_daily_agent_usage", *DAY)


def is_day(row, sessions, input, output, cost):
    assert row == dict(zip(DAY, (sessions, input, output, pytest.approx(cost)), strict=True))


# Fan-out


def test_a_session_of_one_dollar_with_three_commits_is_a_day_of_one_dollar():
    warehouse = Warehouse(
        raw_otel_logs=[request("09:00", user__email="Ann@Example.com", cost_usd=1.0)],
        raw_git_commits=[commit(name, f"09:0{name}") for name in "123"],
    )
    (row,) = warehouse.rows("fct_daily_agent_usage", *DAY, "agent_assisted_commits", "cost_per_commit_usd")
    assert (row["total_cost_usd"], row["agent_assisted_commits"]) == (1.0, 3)
    assert row["cost_per_commit_usd"] == pytest.approx(1 / 3)
    assert warehouse.rows("fct_git_commits", "cost_usd") == [{"cost_usd": 1 / 3}] * 3
    assert warehouse.row("fct_agent_costs", "cumulative_cost_usd") == {"cumulative_cost_usd": 1.0}
    # The address in telemetry and in commits is one person, with nothing configured.
    assert warehouse.row("dim_developers", "developer_id", "developer_type", "agents_used") == {
        "developer_id": "ann@example.com",
        "developer_type": "internal",
        "agents_used": "claude_code",
    }


# One request in several forms


TOKENS = "claude_code.token.usage"
CLAUDE_METRICS = [
    point("09:00", TOKENS, 1000, type="input", session__id="s1", model="claude-sonnet-4-5"),
    point("09:00", TOKENS, 100, type="output", session__id="s1", model="claude-sonnet-4-5"),
]
CLAUDE_COST = point("09:00", "claude_code.cost.usage", 0.5, session__id="s1", model="claude-sonnet-4-5")


def test_logs_and_metrics_of_the_same_usage_count_once():
    metrics = [*CLAUDE_METRICS, CLAUDE_COST]
    logs = [request("09:00", cost_usd=0.5)]
    is_day(day(raw_otel_logs=logs, raw_otel_metrics=metrics), 1, 1000, 100, 0.5)
    is_day(day(raw_otel_logs=logs), 1, 1000, 100, 0.5)
    is_day(day(raw_otel_metrics=metrics), 1, 1000, 100, 0.5)


def test_tokens_of_logs_and_cost_of_metrics_are_not_priced_twice():
    is_day(day(raw_otel_logs=[request("09:00")], raw_otel_metrics=[CLAUDE_COST]), 1, 1000, 100, 0.5)


def test_metrics_that_were_told_to_leave_the_session_out_are_not_added_to_its_logs():
    def nameless(record):
        return record | {"attributes": {k: v for k, v in record["attributes"].items() if k != "session.id"}}

    metrics = [nameless(record) for record in CLAUDE_METRICS]
    is_day(day(raw_otel_logs=[request("09:00")], raw_otel_metrics=metrics), 1, 1000, 100, 0.0045)
    is_day(day(raw_otel_metrics=metrics), 0, 1000, 100, 0.0045)


def test_gemini_reports_a_call_four_times():
    who = {"session__id": "s1", "model": "gemini-2.5-pro", "service_name": "gemini-cli"}
    raw = {
        "raw_otel_logs": [
            log(
                "09:00",
                "API response from gemini-2.5-pro.",
                event__name="gemini_cli.api_response",
                input_token_count=1000,
                cached_content_token_count=400,
                output_token_count=50,
                thoughts_token_count=30,
                **who,
            ),
            log(
                "09:00",
                None,
                event__name="gen_ai.client.inference.operation.details",
                gen_ai__usage__input_tokens=1000,
                gen_ai__usage__output_tokens=80,
                **who,
            ),
        ],
        "raw_otel_metrics": [
            *(
                point("09:00", "gemini_cli.token.usage", value, type=kind, temporality="cumulative", **who)
                for kind, value in {"input": 1000, "cache": 400, "output": 50, "thought": 30}.items()
            ),
            *(
                point("09:00", "gen_ai.client.token.usage", value, gen_ai__token__type=kind, **who)
                for kind, value in {"input": 1000, "output": 80}.items()
            ),
        ],
        "model_prices": [price("gemini-2.5-pro", input_usd=10.0, output_usd=100.0, cache_read_usd=1.0)],
    }
    cost = (600 * 10 + 80 * 100 + 400 * 1) / 1e6
    is_day(day(**raw), 1, 600, 80, cost)
    is_day(day(**raw | {"raw_otel_logs": []}), 1, 600, 80, cost)


def test_a_session_that_is_there_as_telemetry_and_as_transcript_counts_once():
    telemetry = [
        request("09:00", request_id="r1", cost_usd=0.5),
        request("09:01", request_id="r2", cost_usd=0.5),
    ]
    transcript = [
        request(f"09:0{minute}", request_id=f"r{minute + 1}", source="transcript", developer_id="ann")
        for minute in range(3)
    ]
    is_day(day(raw_otel_logs=telemetry + transcript), 1, 3000, 300, 1.0045)


def test_so_it_does_without_request_ids():
    telemetry = [request("09:00", cost_usd=0.5)]
    transcript = [request(f"09:0{minute}", source="transcript") for minute in range(2)]
    is_day(day(raw_otel_logs=telemetry + transcript), 1, 2000, 200, 0.5)


# Codex


def test_codex_counts_in_histograms_without_a_session_and_its_kinds_overlap():
    kinds = {"total": 1050, "input": 1000, "cached_input": 800, "output": 50, "reasoning_output": 20}
    metrics = [
        point(
            "09:00",
            "codex.turn.token_usage",
            value,
            token_type=kind,
            temporality="delta",
            metric_type="histogram",
            histogram_count=3,
            model="gpt-5",
        )
        for kind, value in kinds.items()
    ]
    prices = [price("gpt-5", input_usd=1.0, output_usd=10.0, cache_read_usd=0.1)]
    raw = {"raw_otel_metrics": metrics, "model_prices": prices}
    is_day(day(**raw), 0, 200, 50, (200 * 1 + 800 * 0.1 + 50 * 10) / 1e6)
    # The same turn's cost has a conversation.
    cost = point("09:03", "codex.turn.cost_microusd", 40_000, conversation__id="c1", model="gpt-5")
    is_day(day(**raw | {"raw_otel_metrics": [*metrics, cost]}), 1, 200, 50, 0.04)


def test_codex_reports_the_cost_of_a_turn_minutes_later_and_without_a_model():
    turn = {"conversation__id": "c1", "service_name": "codex_cli_rs"}
    logs = [
        log("09:00", None, event__name="codex.conversation_starts", **turn),
        log(
            "09:01",
            None,
            event__name="codex.sse_event",
            event__kind="response.completed",
            input_token_count="1000",
            cached_token_count=800,
            output_token_count="50",
            model="gpt-5",
            **turn,
        ),
        log("09:06", None, event__name="codex.turn_cost", usage__estimated_usd="0.04", **turn),
    ]
    warehouse = Warehouse(raw_otel_logs=logs, model_prices=[price("gpt-5")])
    assert warehouse.row(
        "int_sessions_with_costs", "model_name", "total_tokens", "session_cost_usd", "cost_source"
    ) == {
        "model_name": "gpt-5",
        "total_tokens": 1050,
        "session_cost_usd": 0.04,
        "cost_source": "reported",
    }


# Databases of other collectors


LEGACY_LOGS = [
    log("09:00", "session_start", session_id="s1", developer_id="ann", agent_type="claude_code"),
    log("09:30", "session_end", session_id="s1", developer_id="ann", agent_type="claude_code"),
]
LEGACY_METRICS = [
    point(
        "09:10",
        f"claude_code.tokens.{kind}",
        value,
        session_id="s1",
        developer_id="ann",
        model="claude-sonnet-4-5",
    )
    for kind, value in {"input": 1000, "output": 100, "cache_creation": 0, "cache_read": 0}.items()
]


def test_older_names_with_start_and_end_events():
    warehouse = Warehouse(raw_otel_logs=LEGACY_LOGS, raw_otel_metrics=LEGACY_METRICS)
    is_day(warehouse.row("fct_daily_agent_usage", *DAY), 1, 1000, 100, 0.0045)
    assert warehouse.row("stg_agent_sessions", "duration_seconds", "has_end_event") == {
        "duration_seconds": 1800.0,
        "has_end_event": True,
    }


def test_real_names_without_start_and_end_events():
    warehouse = Warehouse(raw_otel_logs=[request("09:00"), request("09:30")])
    is_day(warehouse.row("fct_daily_agent_usage", *DAY), 1, 2000, 200, 0.009)
    assert warehouse.row("stg_agent_sessions", "duration_seconds", "has_end_event") == {
        "duration_seconds": 1800.0,
        "has_end_event": False,
    }


def test_both_at_once():
    raw = {
        "raw_otel_logs": [*LEGACY_LOGS, request("09:10", "s2", developer_id="ann")],
        "raw_otel_metrics": [*LEGACY_METRICS, *CLAUDE_METRICS],
    }
    # Of both vocabularies in one session the newer one counts.
    is_day(day(**raw), 2, 2000, 200, 0.009)


def test_agents_metrics_and_models_never_seen_before_show_up_as_themselves():
    raw = {
        "raw_otel_logs": [
            log(
                "09:00",
                "newcomer.api_request",
                session__id="s1",
                model="n-1",
                input_tokens=10,
                output_tokens=5,
            )
        ],
        "raw_otel_metrics": [point("09:00", "newcomer.widgets.count", 3, session__id="s1")],
    }
    warehouse = Warehouse(**raw)
    assert warehouse.row(
        "fct_daily_agent_usage", "agent_type", "model_name", "total_cost_usd", "unpriced_tokens"
    ) == {"agent_type": "newcomer", "model_name": "n-1", "total_cost_usd": None, "unpriced_tokens": 15}
    assert warehouse.row("dim_agents", "agent_display_name") == {"agent_display_name": "newcomer"}
    assert warehouse.rows("fct_agent_costs") == []


# Processes


def test_two_processes_that_resume_one_session_do_not_overwrite_each_other():
    def total(clock, value, start):
        return point(
            clock,
            TOKENS,
            value,
            type="output",
            session__id="s1",
            model="claude-sonnet-4-5",
            temporality="cumulative",
            start_timestamp=at(start),
        )

    points = [
        total("09:00", 100, "08:00"),
        total("09:01", 10, "08:59"),
        total("09:02", 100, "08:00"),
        total("09:03", 60, "08:59"),
        total("23:59", 100, "08:00"),
    ]
    warehouse = Warehouse(raw_otel_metrics=points)
    is_day(warehouse.row("fct_daily_agent_usage", *DAY), 1, 0, 160, 0.0024)
    # A process that goes on sending the same number is not at work.
    assert warehouse.row("stg_agent_sessions", "session_end") == {"session_end": at("09:03")}


def test_a_fork_that_copies_its_parents_requests_adds_only_its_own():
    parent = [request("09:00", "parent", request_id="r1"), request("09:01", "parent", request_id="r2")]
    fork = [request("10:00", "fork", request_id="r2"), request("10:01", "fork", request_id="r3")]
    warehouse = Warehouse(raw_otel_logs=parent + fork)
    assert warehouse.rows("int_sessions_with_costs", "session_id", "total_tokens") == [
        {"session_id": "fork", "total_tokens": 1100},
        {"session_id": "parent", "total_tokens": 2200},
    ]
    assert warehouse.row("usage_left_out", "reason", "tokens") == {
        "reason": "repeated request",
        "tokens": 1100,
    }


# Nothing


def test_of_nothing_comes_nothing():
    warehouse = Warehouse()
    assert {name: warehouse.rows(name) for name in discover()} == {name: [] for name in discover()}
