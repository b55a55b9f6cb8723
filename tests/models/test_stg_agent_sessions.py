"""Sessions of every agent, with or without events that say so."""

import datetime as dt
from decimal import Decimal

import pytest

from tests.models.harness import at, rows


def sessions(events=(), points=(), usage=(), columns=(), identities=None, **settings):
    names = {row["session_id"] for row in (*events, *points) if row["session_id"]}
    known = [
        {"session_id": name, "developer_id": "ann", "agent_type": "claude_code"} for name in sorted(names)
    ]
    tables = {
        "stg_log_events": list(events),
        "stg_metric_activity": list(points),
        "stg_session_identities": identities or known,
        "stg_usage": list(usage),
    }
    return rows("stg_agent_sessions", tables, *columns, **settings)


def session(*events, points=(), usage=(), columns=()):
    (only,) = sessions(events, points, usage, columns)
    return only


def event(clock, name="user_prompt", session="s1", source="otlp", **given):
    return {"recorded_at": at(clock), "event": name, "session_id": session, "source": source, **given}


def request(clock, **given):
    return event(clock, "api_request", input_tokens=10, output_tokens=5, **given)


def points(measure, value, first="09:00", last="09:00", **given):
    return {
        "session_id": "s1",
        "measure": measure,
        "value": Decimal(value),
        "points": 1,
        "first_at": at(first),
        "last_at": at(last),
        **given,
    }


def used(model, output, total=None, requests=1, **given):
    return {
        "session_id": "s1",
        "model_name": model,
        "output_tokens": output,
        "total_tokens": total or output,
        "request_count": requests,
        "takes_tokens": True,
        **given,
    }


def bounds(*events, points=()):
    row = session(*events, points=points, columns=["session_start", "session_end", "has_end_event"])
    return row["session_start"], row["session_end"], row["has_end_event"]


def test_a_session_whole():
    events = [
        event("09:00", "session_start", client_version="2.0", terminal="iTerm"),
        event("09:01", "user_prompt"),
        request("09:02", client_version="2.1"),
        event("09:03", "api_error"),
        event("09:04", "tool_result"),
        event("09:05", "session_end"),
    ]
    activity = [
        points("lines_added", 7),
        points("lines_removed", 3),
        points("active_seconds", "61.5"),
        points("edits_accepted", 2),
        points("edits_rejected", 1),
    ]
    assert session(*events, points=activity, usage=[used("m", 5)]) == {
        "session_id": "s1",
        "developer_id": "ann",
        "agent_type": "claude_code",
        "model_name": "m",
        "session_start": at("09:00"),
        "session_end": at("09:05"),
        "duration_seconds": 300.0,
        "has_end_event": True,
        "prompts": 1,
        "api_requests": 1,
        "api_errors": 1,
        "tool_calls": 1,
        "accepted_edits": 2,
        "rejected_edits": 1,
        "lines_added": 7,
        "lines_removed": 3,
        "active_seconds": 61.5,
        "client_version": "2.1",
        "terminal": "iTerm",
        "session_date": dt.date(2026, 3, 10),
        "project_id": None,
    }


# Bounds


def test_without_start_and_end_events_the_first_and_the_last_record_are_the_bounds():
    assert bounds(event("09:00"), request("09:10"), event("09:07")) == (at("09:00"), at("09:10"), False)


def test_metrics_are_records_like_logs():
    activity = [points(None, 1, "08:50", "09:30")]
    assert bounds(event("09:00"), points=activity) == (at("08:50"), at("09:30"), False)
    assert bounds(points=activity) == (at("08:50"), at("09:30"), False)


def test_a_start_event_without_an_end_event():
    events = [event("09:00", "conversation_starts"), request("09:10")]
    assert bounds(*events) == (at("09:00"), at("09:10"), False)


def test_an_end_event_without_a_start_event():
    assert bounds(request("09:00"), event("09:10", "session_end")) == (at("09:00"), at("09:10"), True)


def test_the_earliest_start_and_the_latest_end_count():
    events = [
        event("09:00", "session_start"),
        event("09:30", "session_start"),
        event("09:20", "session_end"),
        event("09:40", "session_end"),
    ]
    assert bounds(*events) == (at("09:00"), at("09:40"), True)


def test_what_is_recorded_after_the_end_event_does_not_prolong_a_session():
    events = [
        event("09:00", "session_start"),
        event("09:10", "session_end"),
        event("09:30", "hook_execution"),
    ]
    assert bounds(*events) == (at("09:00"), at("09:10"), True)


def test_an_end_event_before_a_later_start_does_not_count():
    events = [
        event("09:00", "session_start"),
        event("09:10", "session_end"),
        event("09:20", "session_start"),
        event("09:30"),
    ]
    assert bounds(*events) == (at("09:00"), at("09:30"), False)


def test_an_end_event_before_a_later_request_does_not_count():
    events = [event("09:00", "session_start"), event("09:10", "session_end"), request("09:30")]
    assert bounds(*events) == (at("09:00"), at("09:30"), False)


def test_the_order_of_arrival_does_not_matter():
    events = [event("09:10", "session_end"), request("09:05"), event("09:00", "session_start")]
    assert bounds(*events) == bounds(*reversed(events)) == (at("09:00"), at("09:10"), True)


def test_a_session_of_one_record_lasts_0_seconds():
    row = session(event("09:00"), columns=["duration_seconds", "session_start", "session_end"])
    assert row == {"duration_seconds": 0.0, "session_start": at("09:00"), "session_end": at("09:00")}


def test_an_end_before_the_start_makes_no_negative_duration():
    assert bounds(event("09:00"), event("09:10", "session_start")) == (at("09:10"), at("09:10"), False)
    assert bounds(event("09:00", "session_end"), event("09:10", "session_start"))[1] == at("09:10")


def test_telemetry_and_transcript_bound_a_session_together():
    events = [event("09:00", source="transcript"), request("09:01"), request("09:30", source="transcript")]
    assert bounds(*events) == (at("09:00"), at("09:30"), False)


# Counts


def test_telemetry_and_transcript_of_one_session_tell_the_same_so_the_larger_count_holds():
    telemetry = [event("09:00"), event("09:05"), event("09:06", "tool_result")]
    transcript = [event(f"09:0{minute}", source="transcript") for minute in range(3)]
    assert session(*telemetry, *transcript, columns=["prompts", "tool_calls"]) == {
        "prompts": 3,
        "tool_calls": 1,
    }


def test_edits_are_those_of_the_metric_else_of_decisions_on_editing_tools_never_both():
    decisions = [
        event("09:00", "tool_decision", tool_name="Edit", decision="accept"),
        event("09:01", "tool_decision", tool_name="Write", decision="accept"),
        event("09:02", "tool_decision", tool_name="NotebookEdit", decision="reject"),
        event("09:03", "tool_decision", tool_name="Bash", decision="accept"),
    ]
    columns = ["accepted_edits", "rejected_edits"]
    assert session(*decisions, columns=columns) == {"accepted_edits": 2, "rejected_edits": 1}
    metric = [points("edits_accepted", 5)]
    assert session(*decisions, points=metric, columns=columns) == {"accepted_edits": 5, "rejected_edits": 0}


def test_decisions_of_agents_that_tell_them_with_the_call_of_the_tool_count_as_well():
    decided = [
        event("09:00", "tool_call", tool_name="replace", decision="accept"),
        event("09:01", "tool_call", tool_name="write_file", decision="reject"),
        event("09:02", "tool_call", tool_name="read_file", decision="accept"),
        event("09:03", "tool_decision", tool_name="apply_patch", decision="accept"),
    ]
    columns = ["accepted_edits", "rejected_edits", "tool_calls"]
    assert session(*decided, columns=columns) == {
        "accepted_edits": 2,
        "rejected_edits": 1,
        "tool_calls": 3,
    }


def test_lines_are_those_of_the_metric_else_of_results_in_the_source_that_tells_more():
    results = [
        event("09:00", "tool_result", lines_added=3, lines_removed=1, source="transcript"),
        event("09:01", "tool_result", lines_added=2, lines_removed=0, source="transcript"),
        event("09:01", "tool_result", lines_added=2, lines_removed=0),
    ]
    columns = ["lines_added", "lines_removed"]
    assert session(*results, columns=columns) == {"lines_added": 5, "lines_removed": 1}
    metric = [points("lines_added", 7)]
    assert session(*results, points=metric, columns=columns) == {"lines_added": 7, "lines_removed": 0}


def test_requests_are_those_that_count():
    spent = [used("m", 5, requests=3), used("m", 0, requests=1, takes_tokens=False)]
    assert session(event("09:00"), usage=spent, columns=["api_requests"]) == {"api_requests": 3}


def test_counts_that_nothing_tells_are_0():
    row = session(points=[points(None, 1)])
    counts = ("prompts", "api_requests", "api_errors", "tool_calls", "accepted_edits", "rejected_edits")
    assert {name: row[name] for name in counts} == dict.fromkeys(counts, 0)
    assert (row["lines_added"], row["lines_removed"], row["active_seconds"]) == (0, 0, 0.0)


# Model and client


def test_the_main_model_has_most_output_then_most_tokens_then_the_first_name():
    def main(*usage):
        return session(event("09:00", model_name="named"), usage=usage, columns=["model_name"])["model_name"]

    assert main(used("a", 5, 100), used("b", 6, 10)) == "b"
    assert main(used("a", 5, 10), used("b", 5, 11)) == "b"
    assert main(used("b", 5), used("a", 5)) == "a"
    assert main(used("a", 3), used("b", 5), used("a", 3)) == "a"


def test_without_usage_the_main_model_is_the_last_one_named():
    events = [event("09:05", model_name="late"), event("09:00", model_name="early"), event("09:09")]
    assert session(*events, columns=["model_name"]) == {"model_name": "late"}
    assert session(event("09:00"), columns=["model_name"]) == {"model_name": "unknown"}


def test_a_cost_without_tokens_names_no_main_model():
    events = [event("09:00", model_name="named")]
    cost_only = used("unknown", 0, requests=0)
    assert session(*events, usage=[cost_only], columns=["model_name"]) == {"model_name": "named"}


def test_the_project_is_the_first_one_named_ties_alphabetical():
    events = [
        event("09:00"),
        event("09:01", project_id="octo/site"),
        event("09:01", project_id="octo/app", thread_id="t1"),
        event("09:10", project_id="octo/aaa"),
    ]
    assert session(*events, columns=["project_id"]) == {"project_id": "octo/app"}


def test_version_and_terminal_are_the_last_ones_named_in_logs_or_metrics():
    events = [event("09:00", client_version="1", terminal="a"), event("09:10", terminal="b")]
    metric = points(None, 1, "09:05", "09:05", client_version="2")
    assert session(*events, points=[metric], columns=["client_version", "terminal"]) == {
        "client_version": "2",
        "terminal": "b",
    }


def test_records_without_a_session_make_none():
    assert sessions([event("09:00", session=None)]) == []


@pytest.mark.slow
def test_a_sessions_day_is_that_of_its_start_in_the_configured_time_zone():
    late = event("2026-03-10 23:30")
    found = sessions([late], columns=["session_date"], timezone="Europe/Berlin")
    assert found == [{"session_date": dt.date(2026, 3, 11)}]


def test_what_only_started_is_no_session():
    started = [event("09:00", "session_start"), event("09:00", "plugin_loaded")]
    counted = [points(None, 1, metric_name="claude_code.session.count")]
    assert sessions(started, counted, columns=["session_id"]) == []
    assert sessions([*started, event("09:01")], columns=["session_id"]) == [{"session_id": "s1"}]
    measured = [points("active_seconds", 5)]
    assert sessions(started, measured, columns=["session_id"]) == [{"session_id": "s1"}]
