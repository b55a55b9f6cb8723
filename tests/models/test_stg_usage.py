"""What of all reported usage counts: one form per session, each request once, each cost once."""

from tests.models.harness import Warehouse, at

OWN, SPAN, GEN_AI, METRIC, LEGACY, GEN_AI_METRIC, REPORT = 1, 2, 3, 4, 5, 6, 9

OTHER_FORM = "another form of the session counts"
REPEATED = "repeated request"
NO_SESSION = "no session, and a better form tells of the day"


def usage(*records, columns=()):
    return Warehouse(stg_usage_records=list(records)).rows("stg_usage", *columns)


def record(session="s1", form=OWN, output=10, input=100, cost=None, **given):
    """A usage record; `cost` in dollars."""
    agent, developer = given.get("agent_type", "claude_code"), given.get("developer_id", "ann")
    clock = given.pop("clock", "09:00")
    scope = f"session|{session}" if session else f"day|{agent}|{developer}|2026-03-10"
    return {
        "session_id": session,
        "developer_id": developer,
        "agent_type": agent,
        "model_name": "m",
        "reported_model": "m",
        "speed": "normal",
        "form": form,
        "source": "otlp" if form <= GEN_AI else "metric",
        "input_tokens": input,
        "output_tokens": output,
        "total_tokens": input + output,
        "reported_nano_usd": None if cost is None else round(cost * 1e9),
        "request_count": 1 if form <= GEN_AI else 0,
        "first_at": at(clock),
        "last_at": at(clock),
        "session_started_at": at("08:00"),
        "is_event": form <= GEN_AI,
        "scope": scope,
        "counted_once_by": given.get("request_id") or scope,
    } | given


def counted(*records):
    """Output tokens and dollars that count, tokens that are left to be priced, and reasons for the rest."""
    warehouse = Warehouse(stg_usage_records=list(records), model_prices=[])
    found = warehouse.rows("stg_usage")
    return {
        "output": sum(row["output_tokens"] for row in found),
        "reported": sum(row["reported_nano_usd"] or 0 for row in found if row["left_out"] is None) / 1e9,
        "to_price": sum(row["unpriced_tokens"] for row in warehouse.rows("int_usage_costs")),
        "left_out": sorted(row["left_out"] for row in found if row["left_out"]),
    }


# One form per session


def test_the_same_usage_as_log_and_metric_counts_once():
    assert counted(record(cost=0.5), record(form=METRIC, cost=0.5)) == {
        "output": 10,
        "reported": 0.5,
        "to_price": 0,
        "left_out": [OTHER_FORM],
    }


def test_an_agents_own_events_come_before_gen_ai_ones_before_metrics():
    forms = [record(form=form, output=form) for form in (GEN_AI_METRIC, LEGACY, METRIC, GEN_AI, OWN)]
    for number, best in enumerate((GEN_AI_METRIC, LEGACY, METRIC, GEN_AI, OWN), start=1):
        assert counted(*forms[:number])["output"] == best


def test_gemini_reports_each_call_four_times_and_it_counts_once():
    forms = [record(form=form, agent_type="gemini_cli") for form in (OWN, GEN_AI, METRIC, GEN_AI_METRIC + 1)]
    assert counted(*forms)["output"] == 10


def test_a_better_form_without_tokens_does_not_hide_the_tokens_of_another():
    assert counted(record(output=0, input=0), record(form=METRIC))["output"] == 10


def test_what_is_left_out_keeps_its_reason_and_its_tokens():
    (left,) = [row for row in usage(record(), record(form=METRIC, output=12)) if row["left_out"]]
    assert (left["left_out"], left["left_out_tokens"], left["output_tokens"]) == (OTHER_FORM, 112, 0)


def test_each_session_chooses_for_itself():
    assert counted(record("s1"), record("s2", form=METRIC))["output"] == 20


# Cost apart from tokens


def test_tokens_of_logs_and_cost_of_metrics_are_not_priced_twice():
    assert counted(record(), record(form=METRIC, cost=0.5)) == {
        "output": 10,
        "reported": 0.5,
        "to_price": 0,
        "left_out": [],
    }


def test_a_cost_in_metrics_pays_for_its_own_model_and_day_only():
    records = [record(), record(model_name="other"), record(form=METRIC, cost=0.5)]
    assert counted(*records)["to_price"] == 110
    tomorrow = {"day": at("2026-03-11 09:00").date()}
    assert counted(record(), record(**tomorrow), record(form=METRIC, cost=0.5))["to_price"] == 110


def test_a_cost_that_names_no_model_pays_for_all_of_the_sessions_day():
    records = [record(), record(model_name="other"), record(form=METRIC, model_name="unknown", cost=0.5)]
    assert counted(*records) == {"output": 20, "reported": 0.5, "to_price": 0, "left_out": []}


def test_tokens_that_name_no_model_are_paid_by_any_cost_of_the_sessions_day():
    assert counted(record(model_name="unknown"), record(form=METRIC, cost=0.5))["to_price"] == 0


def test_a_cost_on_an_event_of_its_own_pays_for_the_sessions_tokens():
    turn = {"input": 0, "output": 0, "model_name": "unknown", "agent_type": "codex", "request_count": 0}
    tokens = record(agent_type="codex")
    assert counted(tokens, record(cost=0.04, **turn)) == {
        "output": 10,
        "reported": 0.04,
        "to_price": 0,
        "left_out": [],
    }


def test_a_cost_with_a_session_pays_for_tokens_without_one():
    tokens = record(None, form=METRIC, agent_type="codex", developer_id="unknown")
    cost = {"input": 0, "output": 0, "agent_type": "codex", "developer_id": "unknown"}
    assert counted(tokens, record("c1", form=METRIC, cost=0.04, **cost)) == {
        "output": 10,
        "reported": 0.04,
        "to_price": 0,
        "left_out": [],
    }


def test_a_request_without_cost_beside_one_with_is_priced():
    assert counted(record(cost=0.5), record(clock="09:01")) == {
        "output": 20,
        "reported": 0.5,
        "to_price": 110,
        "left_out": [],
    }


def test_a_reported_0_is_kept_for_the_price_list_to_judge():
    assert usage(record(cost=0), columns=["reported_nano_usd"]) == [{"reported_nano_usd": 0}]


def test_a_reported_0_does_not_hide_the_cost_of_another_form():
    assert counted(record(cost=0), record(form=METRIC, cost=0.5))["reported"] == 0.5


# Requests


def test_a_request_id_counts_once_with_most_output():
    growing = [record(request_id="r1", output=output, cost=output / 10) for output in (1, 5, 3)]
    assert counted(*growing) == {
        "output": 5,
        "reported": 0.5,
        "to_price": 0,
        "left_out": [REPEATED, REPEATED],
    }


def test_a_request_id_counts_once_over_all_sessions_in_the_earliest():
    fork = record("fork", request_id="r1", session_started_at=at("08:30"))
    found = usage(record("parent", request_id="r1"), fork, columns=["session_id", "output_tokens"])
    assert found == [
        {"session_id": "fork", "output_tokens": 0},
        {"session_id": "parent", "output_tokens": 10},
    ]


def test_two_agents_may_use_the_same_request_id():
    assert counted(record(request_id="1"), record("s2", request_id="1", agent_type="codex"))["output"] == 20


def test_a_request_takes_the_cost_that_any_of_its_records_reports():
    telemetry = record(request_id="r1", cost=0.5, output=9)
    transcript = record(request_id="r1", source="transcript", output=10)
    assert counted(telemetry, transcript) == {
        "output": 10,
        "reported": 0.5,
        "to_price": 0,
        "left_out": [REPEATED],
    }


def test_a_request_takes_the_one_hour_writes_that_its_transcript_tells():
    telemetry = record(request_id="r1", cache_creation_tokens=80, total_tokens=190)
    transcript = record(
        request_id="r1",
        source="transcript",
        cache_creation_tokens=80,
        cache_creation_1h_tokens=80,
        total_tokens=190,
    )
    found = usage(telemetry, transcript, columns=["usage_source", "cache_creation_1h_tokens", "left_out"])
    assert found == [
        {"usage_source": "log", "cache_creation_1h_tokens": 80, "left_out": None},
        {"usage_source": "transcript", "cache_creation_1h_tokens": 0, "left_out": REPEATED},
    ]


# Telemetry and transcript of one session


def test_telemetry_and_transcript_are_united_by_request_id():
    telemetry = [record(request_id=name) for name in ("r1", "r2")]
    transcript = [record(request_id=name, source="transcript") for name in ("r2", "r3")]
    assert counted(*telemetry, *transcript)["output"] == 30


def test_where_ids_lack_the_source_with_more_output_counts():
    telemetry = [record(output=10), record(output=20, clock="09:01")]
    transcript = [
        record(output=31, source="transcript"),
        record(output=4, source="transcript", request_id="r1"),
    ]
    assert counted(*telemetry, *transcript)["output"] == 35


def test_where_no_id_is_in_both_the_source_with_more_output_counts():
    telemetry = [record(request_id="req_1"), record(request_id="req_2")]
    transcript = [record(request_id=name, source="transcript") for name in ("msg_1", "msg_2", "msg_3")]
    assert counted(*telemetry, *transcript)["output"] == 30


def test_the_cost_of_telemetry_pays_for_the_tokens_of_a_transcript_without_ids():
    assert counted(record(cost=0.5), record(output=11, source="transcript")) == {
        "output": 11,
        "reported": 0.5,
        "to_price": 0,
        "left_out": [],
    }


# Without a session


def test_usage_without_a_session_keeps_tokens_and_cost():
    assert counted(record(None, cost=0.5), record(None, form=METRIC, developer_id="bob")) == {
        "output": 20,
        "reported": 0.5,
        "to_price": 110,
        "left_out": [],
    }


def test_metrics_without_a_session_do_not_count_on_a_day_of_which_the_developers_events_tell():
    assert counted(record("s1"), record(None, form=METRIC))["left_out"] == [NO_SESSION]
    assert counted(record("s1", source="transcript"), record(None, form=METRIC))["left_out"] == [NO_SESSION]


def test_metrics_without_a_session_do_not_count_beside_a_session_that_names_their_developer_too():
    # Copilot's metrics name no session: here ada by enduser.id, while transcripts know another address.
    told = [
        record(developer_id="ada@home.example", form=SPAN),
        record(None, METRIC, developer_id="ada@work.example"),
    ]
    names = [{"session_id": "s1", "developer_id": f"ada@{where}.example"} for where in ("home", "work")]
    rows = Warehouse(stg_usage_records=told, stg_session_developers=names).rows(
        "stg_usage", "form", "left_out"
    )
    assert rows == [{"form": SPAN, "left_out": None}, {"form": METRIC, "left_out": NO_SESSION}]


def test_metrics_that_name_no_developer_do_not_count_beside_anybodys_events():
    metric = record(None, form=METRIC, developer_id="unknown")
    assert counted(record("s1", developer_id="bob"), metric)["left_out"] == [NO_SESSION]


def test_metrics_of_another_developer_agent_or_day_count():
    metric = record(None, form=METRIC)
    for other in (
        {"developer_id": "bob"},
        {"agent_type": "codex"},
        {"day": at("2026-03-09 09:00").date()},
    ):
        assert counted(record("s1", **other), metric)["output"] == 20


def test_gen_ai_events_without_a_session_do_not_count_beside_the_agents_own():
    gen_ai = record(None, form=GEN_AI, agent_type="github_copilot", developer_id="unknown")
    own = record("s1", agent_type="github_copilot")
    assert counted(own, gen_ai)["left_out"] == [NO_SESSION]
    assert counted(gen_ai)["output"] == 10


def test_gen_ai_metrics_without_a_session_do_not_count_beside_the_agents_own_with_one():
    gen_ai = record(None, form=GEN_AI_METRIC)
    assert counted(record("s1", form=METRIC), gen_ai)["left_out"] == [NO_SESSION]


def test_metrics_of_one_form_count_with_and_without_a_session():
    assert counted(record("s1", form=METRIC), record(None, form=METRIC))["output"] == 20


def test_a_cost_alone_does_not_hide_tokens_without_a_session():
    cost = record("s1", form=METRIC, input=0, output=0, cost=0.5)
    assert counted(cost, record(None, form=LEGACY)) == {
        "output": 10,
        "reported": 0.5,
        "to_price": 0,
        "left_out": [],
    }


# Spans and reports


def test_spans_count_before_metrics_and_after_the_agents_own_events():
    forms = [record(form=form, output=form) for form in (GEN_AI_METRIC, METRIC, GEN_AI, SPAN, OWN)]
    assert counted(*forms)["output"] == OWN
    assert counted(*forms[:-1])["output"] == SPAN


def test_of_one_response_told_twice_the_record_counts_that_knows_session_and_cache():
    known = record("s1", form=SPAN, request_id="r", source="span", cache_read_tokens=90, input=10)
    unknown = record(None, form=GEN_AI, request_id="r", input=100)
    (left,) = [row for row in usage(known, unknown) if row["left_out"] is None]
    assert (left["session_id"], left["cache_read_tokens"]) == ("s1", 90)


def report(cost=None, **given):
    return record(None, form=REPORT, source="report", agent_type="github_copilot", cost=cost, **given)


def test_a_report_gives_way_to_what_tells_the_day_but_its_cost_stands_until_one_is_reported():
    session = record("s1", agent_type="github_copilot", output=5)
    found = counted(report(0.5, output=9), session)
    assert (found["output"], found["reported"], found["to_price"]) == (5, 0.5, 0)
    charged = record("s1", agent_type="github_copilot", output=5, cost=0.2)
    assert counted(report(0.5, output=9), charged)["reported"] == 0.2
    assert counted(report(0.5, output=9))["output"] == 9
