"""Roo Code's tasks: the cache is part of the input, and the model stands in the conversation."""

import pytest

from tests.agents.cline.task_folders import START, counts, request, say, write
from tests.agents.recording import Recording, named, read, told


def environment(after, model):
    words = f"<model>user-typed</model><environment_details>\n<model>{model}</model>\n</environment_details>"
    return {"role": "user", "ts": START + after, "content": [{"type": "text", "text": words}]}


def test_the_cache_is_taken_out_of_the_input(tmp_path):
    folder = write(
        tmp_path,
        "roo_code",
        say("text", 0, "SECRET"),
        request(1000, sent=6500),
        history_item={"id": "t1", "number": 3, "tokensIn": 6500, "workspace": "/gone", "task": "SECRET"},
    )

    events = read("roo_code", folder)

    assert told(events) == [
        ("roo_code.user_prompt", {"session.id": "t1", "message.uuid": f"t1:{START}"}),
        (
            "roo_code.api_request",
            {
                "session.id": "t1",
                "input_tokens": 1200,
                "output_tokens": 80,
                "cache_creation_tokens": 300,
                "cache_read_tokens": 5000,
                "cost_usd": 0.0123,
                "request_id": f"t1:{START + 1000}",
            },
        ),
    ]
    assert {event.cwd for event in events} == {"/gone"}


def test_input_that_is_smaller_than_its_cache_is_without_it(tmp_path):
    assert counts(read("roo_code", write(tmp_path, "roo_code", request(1000, sent=10)))) == [
        (10, 80, 300, 5000, 0.0123)
    ]


@pytest.mark.parametrize("shift", [-20, 20])
def test_the_model_is_the_one_that_was_named_beside_the_request(tmp_path, shift):
    folder = write(
        tmp_path,
        "roo_code",
        request(1000),
        request(9000),
        api_conversation_history=[environment(1000 + shift, "gpt-5"), environment(9000 + shift, "opus/4.7")],
    )

    assert [call["model"] for call in named(read("roo_code", folder), "api_request")] == ["gpt-5", "opus/4.7"]


def test_a_summary_of_the_context_is_money_without_tokens(tmp_path):
    condensed = {"cost": 0.02, "prevContextTokens": 90000, "newContextTokens": 4000, "summary": "SECRET"}
    journal = Recording()
    folder = write(
        tmp_path, "roo_code", request(1000), say("condense_context", 9000, contextCondense=condensed)
    )

    (_, call) = named(read("roo_code", folder, journal=journal), "api_request")

    assert call == {"session.id": "t1", "cost_usd": 0.02, "request_id": f"t1:{START + 9000}"}
    assert journal.unknown == []


def test_a_sub_task_is_part_of_the_one_that_a_person_began(tmp_path):
    write(tmp_path, "roo_code", say("text", 0, "x"), request(1000))
    child = {"id": "t2", "parentTaskId": "t1", "rootTaskId": "t1"}
    write(tmp_path, "roo_code", say("text", 2000, "x"), request(3000), name="t2", history_item=child)

    events = read("roo_code", tmp_path)

    assert [(call["session.id"], call.get("thread.id")) for call in named(events, "api_request")] == [
        ("t1", None),
        ("t1", "t2"),
    ]
    assert len(named(events, "user_prompt")) == 1


def test_sums_count_where_the_messages_are_gone(tmp_path):
    sums = {"id": "t1", "number": 1, "ts": START, "tokensIn": 6500, "tokensOut": 80, "totalCost": 0.5}
    gone = write(tmp_path, "roo_code", history_item=sums)

    assert counts(read("roo_code", gone)) == [(6500, 80, 0, 0, 0.5)]
    write(tmp_path, "roo_code", request(1000), editor="Cursor")
    assert counts(read("roo_code", tmp_path)) == [(1200, 80, 300, 5000, 0.0123)]
