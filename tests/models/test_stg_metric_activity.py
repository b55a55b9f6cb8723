"""Metric points of every agent, as activity."""

import datetime as dt
from decimal import Decimal

import pytest

from pipeline.agents.declaration import GEN_AI_METRICS, LEGACY_METRICS, OWN_METRICS
from tests.models.harness import Warehouse, at, point

TOKENS = "claude_code.token.usage"


def activity(*points, columns=("measure", "value"), **settings):
    return Warehouse(raw_otel_metrics=list(points), settings=settings).rows("stg_metric_activity", *columns)


def values(*points, **settings):
    return [row["value"] for row in activity(*points, columns=["value"], **settings)]


def measures(*points):
    return {row["measure"]: row["value"] for row in activity(*points)}


def delta(clock, value, **given):
    return point(clock, TOKENS, value, temporality="delta", type="input", session__id="s1", **given)


def total(clock, value, **given):
    return point(clock, TOKENS, value, temporality="cumulative", type="input", session__id="s1", **given)


def test_a_point_of_claude_code_whole():
    (row,) = activity(
        point(
            "09:00",
            TOKENS,
            1500,
            type="cacheRead",
            session__id="s1",
            user__email="Ann@Example.com",
            model="claude-sonnet-4-5-20250929",
            speed="fast",
            terminal__type="vscode",
            start_timestamp=at("08:59"),
            service_name="claude-code",
            service_version="2.1.0",
        ),
        columns=(),
    )
    assert row == {
        "day": dt.date(2026, 3, 10),
        "metric_name": TOKENS,
        "measure": "cache_read_tokens",
        "form": OWN_METRICS,
        "cache_in_input": False,
        "agent_type": "claude_code",
        "session_id": "s1",
        "developer_id": "ann@example.com",
        "developer_email": "ann@example.com",
        "model_name": "claude-sonnet-4-5",
        "reported_model": "claude-sonnet-4-5-20250929",
        "speed": "fast",
        "client_version": "2.1.0",
        "terminal": "vscode",
        "project_id": None,
        "value": Decimal(1500),
        "points": 1,
        "first_at": at("09:00"),
        "last_at": at("09:00"),
    }


# Delta


def test_delta_points_add_up():
    assert values(delta("09:00", 5), delta("09:01", 7)) == [12]


def test_no_temporality_means_delta():
    points = [point(clock, TOKENS, 5, type="input") for clock in ("09:00", "09:01")]
    assert values(*points) == [10]


def test_an_identical_point_counts_once():
    first = delta("09:00", 5)
    assert values(first, first | {"id": 9, "created_at": at("12:00")}) == [5]


def test_two_processes_of_one_session_both_count():
    starts = [{"start_timestamp": at("08:00")}, {"start_timestamp": at("08:30")}]
    assert values(*(delta("09:00", 5, **start) for start in starts)) == [10]


# Cumulative


def test_cumulative_points_become_increases():
    assert values(total("09:00", 100), total("09:01", 150), total("09:02", 180)) == [180]


def test_out_of_order_and_repeated_points_change_nothing():
    points = [total("09:02", 180), total("09:00", 100), total("09:01", 150), total("09:01", 150)]
    assert values(*points) == [180]


def test_a_drop_is_a_reset():
    assert values(total("09:00", 100), total("09:01", 30), total("09:02", 40)) == [140]


def test_each_process_is_a_series_of_its_own():
    points = [
        total("09:00", 100, start_timestamp=at("08:00")),
        total("09:01", 10, start_timestamp=at("08:59")),
        total("09:02", 120, start_timestamp=at("08:00")),
        total("09:03", 15, start_timestamp=at("08:59")),
    ]
    assert values(*points) == [135]


def test_a_point_without_increase_is_no_activity():
    (row,) = activity(
        total("09:00", 100), total("10:00", 100), total("11:00", 100), columns=["value", "points", "last_at"]
    )
    assert row == {"value": 100, "points": 1, "last_at": at("09:00")}


def test_an_increase_counts_on_the_day_on_which_it_was_seen():
    points = [total("2026-03-10 23:00", 100), total("2026-03-11 01:00", 150)]
    assert activity(*points, columns=["day", "value"]) == [
        {"day": dt.date(2026, 3, 10), "value": 100},
        {"day": dt.date(2026, 3, 11), "value": 50},
    ]


@pytest.mark.slow
def test_a_day_is_one_of_the_configured_time_zone():
    days = activity(delta("2026-03-28 23:30", 1), columns=["day"], timezone="Europe/Berlin")
    assert days == [{"day": dt.date(2026, 3, 29)}]


def test_a_start_time_is_no_activity():
    (row,) = activity(delta("09:00", 5, start_timestamp=at("03:00")), columns=["first_at", "last_at"])
    assert row == {"first_at": at("09:00"), "last_at": at("09:00")}


# What is measured


def test_both_vocabularies_of_tokens_are_understood():
    kinds = {
        "input": "input_tokens",
        "output": "output_tokens",
        "cacheRead": "cache_read_tokens",
        "cacheCreation": "cache_creation_tokens",
    }
    newer = [point("09:00", TOKENS, 5, type=kind) for kind in kinds]
    assert measures(*newer) == dict.fromkeys(kinds.values(), 5)
    older = [
        point("09:00", f"claude_code.tokens.{kind}", 5)
        for kind in ("input", "output", "cache_read", "cache_creation")
    ]
    assert measures(*older) == dict.fromkeys(kinds.values(), 5)


def test_kinds_that_overlap_others_are_not_counted():
    kinds = ["total", "input", "cached_input", "output", "reasoning_output"]
    points = [
        point("09:00", "codex.turn.token_usage", 5, token_type=kind, metric_type="histogram")
        for kind in kinds
    ]
    assert measures(*points) == {
        None: 10,
        "input_tokens": 5,
        "cache_read_tokens": 5,
        "output_tokens": 5,
    }


def test_geminis_thoughts_are_output_and_its_input_includes_the_cache():
    kinds = ["input", "output", "cache", "thought", "tool"]
    points = [point("09:00", "gemini_cli.token.usage", 5, type=kind) for kind in kinds]
    assert activity(*points, columns=["measure", "value", "cache_in_input"]) == [
        {"measure": "cache_read_tokens", "value": 5, "cache_in_input": True},
        {"measure": "input_tokens", "value": 10, "cache_in_input": True},
        {"measure": "output_tokens", "value": 10, "cache_in_input": True},
    ]


def test_opencodes_reasoning_is_output():
    points = [point("09:00", "opencode.token.usage", 5, type=kind) for kind in ("output", "reasoning")]
    assert measures(*points) == {"output_tokens": 10}


def test_both_generations_of_gen_ai_metrics_are_understood():
    older = [
        point("09:00", "gen_ai.client.token.usage", 5, gen_ai__token__type=kind, metric_type="histogram")
        for kind in ("input", "output")
    ]
    assert measures(*older) == {"input_tokens": 5, "output_tokens": 5}
    newer = [
        point("09:00", f"gen_ai.client.inference.usage.{kind}", 5)
        for kind in ("input_tokens", "output_tokens", "cache_read.input_tokens", "cache_write.input_tokens")
    ]
    assert measures(*newer) == {
        "input_tokens": 5,
        "output_tokens": 5,
        "cache_read_tokens": 5,
        "cache_creation_tokens": 5,
    }


def test_what_is_measured_besides_tokens():
    points = [
        point("09:00", "claude_code.cost.usage", 0.25),
        point("09:00", "codex.turn.cost_microusd", 40_000),
        point("09:00", "claude_code.lines_of_code.count", 3, type="added"),
        point("09:00", "claude_code.lines_of_code.count", 2, type="removed"),
        point("09:00", "claude_code.code_edit_tool.decision", 4, decision="accept", tool_name="Edit"),
        point("09:00", "claude_code.code_edit_tool.decision", 1, decision="reject", tool_name="Edit"),
        point("09:00", "claude_code.active_time.total", 60, type="user"),
        point("09:00", "claude_code.active_time.total", 30, type="cli"),
    ]
    assert activity(*points, columns=["agent_type", "measure", "value"]) == [
        {"agent_type": "claude_code", "measure": "active_seconds", "value": 90},
        {"agent_type": "claude_code", "measure": "cost_usd", "value": Decimal("0.25")},
        {"agent_type": "claude_code", "measure": "edits_accepted", "value": 4},
        {"agent_type": "claude_code", "measure": "edits_rejected", "value": 1},
        {"agent_type": "claude_code", "measure": "lines_added", "value": 3},
        {"agent_type": "claude_code", "measure": "lines_removed", "value": 2},
        {"agent_type": "codex", "measure": "cost_usd", "value": Decimal("0.04")},
    ]


def test_a_metric_never_seen_before_is_activity_of_its_agent():
    assert activity(point("09:00", "newcomer.things.done", 5), columns=["agent_type", "measure"]) == [
        {"agent_type": "newcomer", "measure": None}
    ]


def test_the_same_request_in_four_forms_has_four_names_for_it():
    points = [
        point("09:00", name, 5, type="input", gen_ai__token__type="input")
        for name in (
            "claude_code.token.usage",
            "claude_code.tokens.input",
            "gen_ai.client.inference.usage.input_tokens",
            "gen_ai.client.token.usage",
        )
    ]
    assert [row["form"] for row in activity(*points, columns=["form"])] == [
        OWN_METRICS,
        LEGACY_METRICS,
        GEN_AI_METRICS,
        GEN_AI_METRICS + 1,
    ]


def test_a_list_of_agents_is_no_session():
    starts = [
        point("09:00", "claude_code.session.count", 1, session__id=kind, start_type=kind)
        for kind in ("agents_view", "fresh", "resume")
    ]
    assert activity(*starts, columns=["session_id"]) == [{"session_id": "fresh"}, {"session_id": "resume"}]


# Hostile values


def test_values_that_can_be_no_count_count_nothing():
    strange = [float("nan"), float("inf"), float("-inf"), -5.0, 1e308, None]
    points = [delta(f"09:0{number}", value) for number, value in enumerate(strange)]
    assert values(*points, delta("09:30", 5)) == [5]


def test_a_gauge_is_not_added_up():
    assert values(delta("09:00", 5, metric_type="gauge"), delta("09:01", 7, metric_type="gauge")) == [0]


def test_a_great_many_of_the_largest_values_overflow_nothing():
    points = [point("09:00", "claude_code.cost.usage", 1e12, nr=number) for number in range(50)]
    (row,) = activity(*points)
    assert row["value"] >= 0


def test_attributes_that_are_no_json_object_are_no_attributes():
    broken = [delta("09:00", 5) | {"attributes": text} for text in ("{broken", "", "[1]", "null", "\x00")]
    assert activity(*broken, columns=["agent_type", "measure"]) == [
        {"agent_type": "claude_code", "measure": None}
    ]


def test_a_point_without_time_or_name_is_nothing():
    endless = dt.datetime.max.replace(tzinfo=dt.UTC)
    nothing = [{"timestamp": None}, {"timestamp": endless}, {"metric_name": None}]
    assert values(*(delta("09:00", 5) | lacking for lacking in nothing)) == []
