"""One response counts once, whether its records name it alike, differently or not at all."""

from tests.models.harness import Warehouse, at


def told(source, request_id, output=50, clock="09:00", sent=100, session="s1", **given):
    return {
        "recorded_at": at(clock),
        "source": source,
        "event": "api_request",
        "agent_type": "claude_code",
        "session_id": session,
        "model_name": "m",
        "speed": "normal",
        "form": 1,
        "input_tokens": sent,
        "output_tokens": output,
        "request_id": request_id,
        "day": at(clock).date(),
    } | given


def telemetry(request_id, output=50, clock="09:00", **given):
    return told("otlp", request_id, output, clock, **given)


def transcript(request_id, output=50, clock="09:00", **given):
    return told("transcript", request_id, output, clock, **given)


def output(*events):
    """Output tokens that count, whatever the order of the records."""
    found = {
        sum(row["output_tokens"] for row in Warehouse(stg_log_events=list(order)).rows("stg_usage"))
        for order in (events, events[::-1])
    }
    assert len(found) == 1, found
    return found.pop()


def test_a_response_with_its_id_in_telemetry_and_without_in_the_transcript_counts_once():
    assert output(telemetry("req_1"), transcript(None)) == 50
    assert output(telemetry(None), transcript("req_1")) == 50


def test_a_response_without_an_id_beside_others_with_theirs_counts_once():
    of_telemetry = [telemetry("req_1"), telemetry("req_2", 60, "09:05"), telemetry("req_3", 70, "09:10")]
    of_transcript = [transcript("req_1"), transcript(None, 60, "09:05"), transcript("req_3", 70, "09:10")]
    assert output(*of_telemetry, *of_transcript) == 180


def test_a_response_that_telemetry_names_by_the_request_and_a_transcript_by_the_message_counts_once():
    of_telemetry = [telemetry("req_1"), telemetry("req_2", 60, "09:05")]
    of_transcript = [transcript("req_1"), transcript("msg_2", 60, "09:05")]
    assert output(*of_telemetry, *of_transcript) == 110


def test_what_either_source_alone_knows_counts_beside_what_both_know():
    of_telemetry = [telemetry("req_1"), telemetry("req_2", 60, "09:05")]
    of_transcript = [transcript("msg_1"), transcript("msg_3", 70, "09:10", sent=101)]
    assert output(*of_telemetry, *of_transcript) == 180


def test_a_response_without_an_id_that_one_source_alone_knows_counts():
    assert output(telemetry("req_1"), transcript("req_1"), transcript(None, 60, "09:05")) == 110


def test_a_response_that_a_killed_session_wrote_half_counts_once_with_all_its_output():
    of_telemetry = [telemetry("req_1"), telemetry("req_2", 60, "09:05", sent=200)]
    of_transcript = [transcript("req_1"), transcript("msg_2", 3, "09:05", sent=200)]
    assert output(*of_telemetry, *of_transcript) == 110


def test_a_response_that_was_read_while_it_grew_counts_once():
    grown = [transcript("msg_2", output, "09:05", sent=200) for output in (3, 20, 60)]
    of_telemetry = [telemetry("req_1"), telemetry("req_2", 60, "09:05", sent=200)]
    assert output(*of_telemetry, transcript("req_1"), *grown) == 110
    assert output(*of_telemetry, transcript("req_1"), *(row | {"request_id": "a"} for row in grown)) == 110


def ledger(request_id, output=50, clock="09:00", **given):
    return told("ledger", request_id, output, clock, **given)


def test_what_an_agent_noted_beside_its_transcript_counts_once_beside_both_others():
    of_both = [
        source(name, number) for source in (telemetry, transcript) for name, number in (("a", 50), ("b", 60))
    ]
    noted = [ledger("n1", 50), ledger("n2", 60), ledger("n3", 70)]
    assert output(*of_both, *noted) == 180
    assert output(*of_both[2:], *noted) == 180
    assert output(*noted) == 180


def test_of_responses_of_the_same_counts_a_ledger_tells_none_of_another():
    """Telemetry lacks the first; the ledger has all three."""
    of_telemetry = [telemetry("b", clock="09:05")]
    of_transcript = [transcript("a"), transcript("b", clock="09:05")]
    noted = [ledger("n1"), ledger("n2", clock="09:05"), ledger("n3", clock="09:10")]
    assert output(*of_telemetry, *of_transcript, *noted) == 150


def test_responses_of_the_same_counts_are_as_many_as_the_source_with_more_of_them_tells():
    of_telemetry = [telemetry(f"req_{n}", clock=f"09:0{n}") for n in range(2)]
    of_transcript = [transcript(None, clock=f"09:0{n}") for n in range(3)]
    assert output(telemetry("r", 1), transcript("r", 1), *of_telemetry, *of_transcript) == 151


def test_a_record_that_stands_twice_at_one_time_with_its_id_and_without_counts_once():
    assert output(telemetry("req_1"), telemetry(None)) == 50
    assert output(transcript("req_1"), transcript(None)) == 50
    # At another time, or with other counts, it is another one.
    assert output(telemetry("req_1"), telemetry(None, clock="09:01")) == 100
    assert output(telemetry("req_1"), telemetry(None, 60)) == 110


def test_responses_of_other_sessions_models_and_agents_are_others():
    assert output(telemetry("req_1"), transcript(None, session="s2")) == 100
    assert output(telemetry("req_1"), telemetry(None, model_name="n")) == 100


def test_where_each_source_has_responses_that_the_other_does_not_know_the_one_with_more_counts():
    """Some have no id and other counts: nobody can say whether they are the same."""
    of_telemetry = [telemetry("req_1"), telemetry("req_2", 60, "09:05", sent=1)]
    of_transcript = [transcript("req_1"), transcript(None, 70, "09:05", sent=2)]
    assert output(*of_telemetry, *of_transcript) == 120


def test_the_response_keeps_the_cost_of_telemetry_and_the_one_hour_writes_of_the_transcript():
    written = {"cache_creation_tokens": 80}
    rows = Warehouse(
        stg_log_events=[
            telemetry("req_1", reported_nano_usd=5, **written),
            transcript(None, cache_creation_1h_tokens=80, **written),
        ]
    ).rows("stg_usage")
    (row,) = [row for row in rows if row["left_out"] is None]
    assert (row["output_tokens"], row["reported_nano_usd"], row["cache_creation_1h_tokens"]) == (50, 5, 80)
