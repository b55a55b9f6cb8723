"""Tasks of Cline's older extension."""

import pytest

from tests.agents.cline.task_folders import START, counts, request, say, write
from tests.agents.recording import Recording, identities, named, read, told

MODEL = {"modelInfo": {"providerId": "anthropic", "modelId": "claude-sonnet-4-5", "mode": "act"}}
COMMIT = "[main 9170fd3] SECRET\n 1 file changed"


def test_calls_prompts_and_tools_are_told_without_what_was_written(tmp_path):
    folder = write(
        tmp_path,
        "cline",
        say("task", 0, "SECRET"),
        request(1000, **MODEL),
        say("tool", 2000, {"tool": "editedExistingFile", "path": "SECRET", "diff": "SECRET"}),
        {"ts": START + 2500, "type": "ask", "ask": "command", "text": "SECRET"},
        say("command_output", 2600, COMMIT),
        say("api_req_started", 3000, {"request": "SECRET", "cancelReason": "streaming_failed"}),
        say("user_feedback", 4000, "SECRET"),
        say("text", 5000, "SECRET"),
        say("tool", 6000, {"tool": "readFile"}, partial=True),
        api_conversation_history=[{"role": "user", "content": "SECRET"}],
        task_metadata={"model_usage": []},
    )
    journal = Recording()

    events = read("cline", folder, journal=journal)

    own = {"session.id": "t1"}
    assert told(events) == [
        ("cline.user_prompt", own | {"message.uuid": f"t1:{START}"}),
        (
            "cline.api_request",
            own
            | {
                "model": "claude-sonnet-4-5",
                "provider": "anthropic",
                "input_tokens": 1200,
                "output_tokens": 80,
                "cache_creation_tokens": 300,
                "cache_read_tokens": 5000,
                "cost_usd": 0.0123,
                "request_id": f"t1:{START + 1000}",
            },
        ),
        ("cline.tool_result", own | {"tool_name": "editedExistingFile", "tool_use_id": f"t1:{START + 2000}"}),
        (
            "cline.tool_result",
            own
            | {
                "tool_name": "execute_command",
                "tool_use_id": f"t1:{START + 2500}",
                "git_commit_id": "9170fd3",
            },
        ),
        ("cline.api_error", own | {"error_type": "streaming_failed"}),
        ("cline.user_prompt", own | {"message.uuid": f"t1:{START + 4000}"}),
    ]
    assert (journal.unknown, journal.quarantined) == ([], [])


def test_removed_requests_and_sub_agents_were_paid_for(tmp_path):
    used = {"tokensIn": 900, "tokensOut": 50, "cacheWrites": 0, "cacheReads": 0, "cost": 0.004}
    folder = write(
        tmp_path,
        "cline",
        request(1000),
        say("deleted_api_reqs", 2000, used),
        say("subagent", 2500, {"inputTokens": 900, "outputTokens": 50, "totalCost": 0.004}),
        say("subagent_usage", 3000, used | {"source": "subagents"}),
        task_metadata={"model_usage": [{"ts": START + 1000, "model_id": "m", "model_provider_id": "p"}]},
    )
    journal = Recording()

    events = read("cline", folder, journal=journal)

    assert counts(events) == [(1200, 80, 300, 5000, 0.0123), *[(900, 50, 0, 0, 0.004)] * 2]
    assert [call.get("model") for call in named(events, "api_request")] == ["m", None, "m"]
    assert journal.unknown == []


def test_a_call_is_of_the_version_that_the_task_last_went_on_with(tmp_path):
    history = [{"ts": START + 2000, "cline_version": "4.1.0"}, {"ts": START, "cline_version": "3.58.0"}]
    strange = [{"ts": "now", "cline_version": "9"}, {"ts": START, "cline_version": 9}]
    folder = write(
        tmp_path,
        "cline",
        request(1000),
        request(3000),
        task_metadata={"environment_history": history + strange},
    )
    events = read("cline", folder)
    assert [event.version for event in events] == ["3.58.0", "4.1.0"]
    assert [event.attributes["app.version"] for event in events] == ["3.58.0", "4.1.0"]


def test_the_oldest_versions_told_usage_when_a_request_had_ended(tmp_path):
    used = {"tokensIn": 5, "tokensOut": 6, "cost": 0.5}
    folder = write(
        tmp_path,
        "cline",
        say("api_req_started", 1000, {"request": "SECRET"}),
        say("api_req_finished", 2000, used),
        say("api_req_started", 3000, {"request": "SECRET"}),
    )

    assert counts(read("cline", folder)) == [(5, 6, 0, 0, 0.5)]


def test_a_request_counts_once_in_two_editors_and_as_it_grows(tmp_path):
    begun = write(tmp_path, "cline", say("task", 0, "x"), request(1000), say("api_req_started", 2000, {}))
    ended = write(tmp_path, "cline", say("task", 0, "x"), request(1000), request(2000), editor="Cursor")
    journal = Recording()

    events = read("cline", tmp_path, journal=journal)

    assert len(counts(events)) == 2
    assert journal.repeats == 2
    assert identities(events) == identities(read("cline", ended))
    assert identities(read("cline", begun)) < identities(events)


def test_a_cost_of_nothing_is_no_cost(tmp_path):
    assert counts(read("cline", write(tmp_path, "cline", request(1000, cost=0))))[0][-1] is None


@pytest.mark.parametrize("agent", ["cline", "roo_code", "kilo_code"])
def test_usage_of_an_unknown_kind_is_told(tmp_path, agent):
    journal = Recording()
    folder = write(tmp_path, agent, say("task", 0, "x"), request(1000, say="api_req_done"))

    assert counts(read(agent, folder, journal=journal)) == []
    assert journal.unknown == [(agent, "api_req_done", "api_req_done.tokensIn")]


@pytest.mark.parametrize("agent", ["cline", "roo_code", "kilo_code"])
@pytest.mark.parametrize("bad", [None, [], {}, "x", -1, 2**80, True, {"a": 1}])
def test_any_values_are_told_or_put_aside(tmp_path, agent, bad):
    used = dict.fromkeys(("tokensIn", "tokensOut", "cacheWrites", "cacheReads", "cost", "cancelReason"), bad)
    messages = [
        bad,
        request(1000),
        say("api_req_started", 1000, used, modelInfo=bad),
        request(1000, ts=bad),
        say("condense_context", 2000, bad, contextCondense=bad),
        say("tool", 3000, {"tool": bad}),
        say("command", 4000, bad),
        say("command_output", 5000, bad),
        {"ts": bad, "type": bad, "say": bad, "ask": bad, "text": bad},
    ]
    summary = dict.fromkeys(("id", "parentTaskId", "ts", "tokensIn", "totalCost", "workspace"), bad)
    for document in (messages, bad):
        folder = write(
            tmp_path,
            agent,
            ui_messages=document,
            history_item=summary,
            task_metadata={"model_usage": [bad, {"ts": bad, "model_id": bad}]},
            api_conversation_history=[bad, {"ts": bad, "content": bad}],
        )
        read(agent, folder)
    (folder / "ui_messages.json").write_text('[{"say": ')
    journal = Recording()
    assert read(agent, folder, journal=journal) == []
