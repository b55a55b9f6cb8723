"""Pi's sessions: a tree of entries per file, of which every branch was paid for."""

import json

import pytest

from tests.agents.recording import Recording, identities, named, read, told
from tests.ingest.transcripts.conftest import write_lines

SESSION, FORK = "aaaaaaaa-1111-4111-8111-111111111111", "bbbbbbbb-2222-4222-8222-222222222222"


def header(session=SESSION, at="10:00:00", **more):
    stamp = f"2026-11-02T{at}.000Z"
    return {"type": "session", "version": 3, "id": session, "timestamp": stamp, "cwd": "/gone"} | more


def entry(kind, name, at, **more):
    return {"type": kind, "id": name, "parentId": None, "timestamp": f"2026-11-02T{at}.000Z"} | more


def usage(sent, received, read=0, written=0, cost=0.0, **more):
    counts = {"input": sent, "output": received, "cacheRead": read, "cacheWrite": written}
    return counts | {"totalTokens": sum(counts.values()), "cost": {"input": cost, "total": cost}} | more


def message(role, name, at, **more):
    return entry("message", name, at, message={"role": role, "content": "SECRET"} | more)


def answer(name, at, *numbers, **more):
    described = {"provider": "anthropic", "model": "claude-sonnet-5", "stopReason": "stop"}
    return message("assistant", name, at, **(described | {"usage": usage(*numbers)} | more))


def write(folder, *lines, session=SESSION):
    return write_lines(folder / "--gone--" / f"2026-11-02T10-00-00-000Z_{session}.jsonl", *lines)


def counts(events):
    kinds = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens")
    return [
        (call["session.id"], call.get("model"), *(call[kind] for kind in kinds))
        for call in named(events, "api_request")
    ]


PROMPT = message("user", "a1", "10:00:01")
TOOL = message(
    "toolResult",
    "c3",
    "10:00:06",
    toolCallId="call_1",
    toolName="bash",
    isError=False,
    content=[{"type": "text", "text": "[main 9170fd3] Greet\n 1 file changed"}],
)


def test_prompts_calls_tools_and_errors_are_told_without_what_was_written(tmp_path):
    call = answer("b2", "10:00:05", 100, 50, 900, 20, 0.0125, responseId="msg_1")
    call["message"]["usage"] |= {"reasoning": 10, "cacheWrite1h": 5}
    failed = answer("d4", "10:00:07", 0, 0, stopReason="error", errorMessage="429 too many: SECRET")
    edit = message(
        "toolResult", "e5", "10:00:08", toolName="edit", details={"diff": " 1 a\n-2 b\n+2 c\n+3 d"}
    )
    journal = Recording()

    events = read("pi", write(tmp_path, header(), PROMPT, call, TOOL, failed, edit), journal=journal)

    session = {"session.id": SESSION}
    assert told(events) == [
        ("pi.session_start", session),
        ("pi.user_prompt", session | {"message.uuid": "a1"}),
        (
            "pi.api_request",
            session
            | {
                "model": "claude-sonnet-5",
                "provider": "anthropic",
                "input_tokens": 100,
                "output_tokens": 50,
                "cache_read_tokens": 900,
                "cache_creation_tokens": 20,
                "cache_creation_1h_tokens": 5,
                "cost_usd": 0.0125,
                "request_id": "msg_1",
            },
        ),
        (
            "pi.tool_result",
            session
            | {
                "tool_name": "bash",
                "tool_use_id": "call_1",
                "success": "true",
                "git_commit_id": "9170fd3",
            },
        ),
        ("pi.api_error", session | {"model": "claude-sonnet-5", "status_code": 429}),
        (
            "pi.tool_result",
            session | {"tool_name": "edit", "success": "true", "lines_added": 2, "lines_removed": 1},
        ),
    ]
    assert {event.cwd for event in events} == {"/gone"}
    assert journal == Recording()


def test_tools_and_summaries_that_called_models_count_and_what_they_repeat_does_not(tmp_path):
    tool = message("toolResult", "c3", "10:00:06", toolName="task", usage=usage(7, 3, cost=0.5))
    compaction = entry(
        "compaction",
        "d4",
        "10:00:07",
        tokensBefore=9000,
        usage=usage(40, 4),
        retainedTail=[answer("b2", "10:00:05", 100, 50)],
    )
    summary = entry("branch_summary", "e5", "10:00:08", usage=usage(30, 3))
    file = write(tmp_path, header(), answer("b2", "10:00:05", 100, 50), tool, compaction, summary)

    assert counts(read("pi", file)) == [
        (SESSION, "claude-sonnet-5", 100, 50, 0, 0),
        (SESSION, None, 7, 3, 0, 0),
        (SESSION, "claude-sonnet-5", 40, 4, 0, 0),
        (SESSION, "claude-sonnet-5", 30, 3, 0, 0),
    ]


@pytest.mark.parametrize("response", [{"responseId": "msg_1"}, {}], ids=["with id", "without id"])
@pytest.mark.parametrize("names", [(SESSION, FORK), ("zz-parent", "aa-fork")])
def test_a_fork_counts_only_what_it_adds_in_whatever_order_the_files_are(tmp_path, response, names):
    parent, fork = names
    old = [PROMPT, answer("b2", "10:00:05", 100, 50, **response)]
    write(tmp_path, header(parent), *old, session=parent)
    again = header(fork, "11:00:00", parentSession=f"/home/x/2026-11-02T10-00-00-000Z_{parent}.jsonl")
    new = [message("user", "f6", "11:00:01"), answer("f7", "11:00:02", 10, 5)]
    write(tmp_path, again, *old, *new, session=fork)
    journal = Recording()

    events = read("pi", tmp_path, journal=journal)

    assert counts(events) == [
        (parent, "claude-sonnet-5", 100, 50, 0, 0),
        (fork, "claude-sonnet-5", 10, 5, 0, 0),
    ]
    prompts = named(events, "user_prompt")
    assert [prompt["session.id"] for prompt in prompts] == [parent, fork]
    assert journal.repeats == 2


def test_a_copy_of_a_response_has_the_id_of_the_response_in_a_fork_too(tmp_path):
    old = answer("b2", "10:00:05", 100, 50)
    parent = write(tmp_path / "one", header(), old)
    fork = write(tmp_path / "two", header(FORK, "11:00:00", parentSession=str(parent)), old, session=FORK)

    ids = {call["request_id"] for file in (parent, fork) for call in named(read("pi", file), "api_request")}

    assert ids == {"b2:2026-11-02T10:00:05.000+00:00"}


def test_one_id_on_responses_that_differ_is_two_responses(tmp_path):
    calls = [answer(f"b{n}", f"10:00:0{n}", n, n, responseId="gateway") for n in (1, 2)]

    assert len(counts(read("pi", write(tmp_path, header(), *calls)))) == 2


def test_a_subagent_is_part_of_the_session_that_started_it(tmp_path):
    write(tmp_path, header(), PROMPT)
    child = header(FORK, "10:30:00", parentSession=f"C:\\x\\2026-11-02T10-00-00-000Z_{SESSION}.jsonl")
    write(
        tmp_path,
        child,
        message("user", "s1", "10:30:01"),
        answer("s2", "10:30:02", 9, 1),
        entry("session_info", "s3", "10:30:03") | {"name": "subagent-review"},
        session=FORK,
    )

    events = read("pi", tmp_path)

    assert [name for name, _ in told(events)] == ["pi.session_start", "pi.user_prompt", "pi.api_request"]
    assert {event.session for event in events} == {SESSION}
    assert named(events, "api_request")[0]["thread.id"] == FORK


def test_twice_the_same_and_a_file_that_has_grown_give_the_same_events(tmp_path):
    lines = [header(), PROMPT, answer("b2", "10:00:05", 100, 50), TOOL]
    before = read("pi", write(tmp_path, *lines))
    after = read("pi", write(tmp_path, *lines, answer("c4", "10:00:09", 1, 1)))

    assert identities(before) < identities(after)
    assert len(after) == len(before) + 1


@pytest.mark.parametrize(
    ("line", "told_as"),
    [
        (answer("b2", "10:00:05", 1, 1) | {"type": "answer"}, ("pi", "answer", "message.usage.input")),
        (message("judge", "b2", "10:00:05", usage=usage(1, 1)), ("pi", "message judge", "usage.input")),
        (
            message("assistant", "b2", "10:00:05", spent={"tokens": 5}),
            ("pi", "message assistant", "spent.tokens"),
        ),
        (
            message("assistant", "b2", "10:00:05", usage={"sent": 5, "totalTokens": 5}),
            ("pi", "message assistant", "usage.sent"),
        ),
        (
            message("toolResult", "b2", "10:00:05", details={"results": [{"usage": {"cost": 0.1}}]}),
            ("pi", "message toolResult", "details.results.usage.cost"),
        ),
        (entry("custom", "b2", "10:00:05", data={"cost": 1}), ("pi", "custom", "data.cost")),
    ],
)
def test_usage_that_is_not_understood_is_told(tmp_path, line, told_as):
    journal = Recording()
    read("pi", write(tmp_path, header(), line), journal=journal)

    assert journal.unknown == [told_as]


@pytest.mark.parametrize(
    "changes",
    [
        {"timestamp": None},
        {"timestamp": 10**30},
        {"timestamp": []},
        {"message": {"role": "assistant", "usage": {"input": "many"}}},
        {"message": {"role": "assistant", "usage": {"input": -1}}},
        {"message": {"role": "assistant", "usage": {"output": 10**20}}},
        {"message": {"role": "assistant", "usage": {"output": []}}},
    ],
)
def test_a_bad_entry_is_put_aside_and_the_rest_is_read(tmp_path, changes):
    journal = Recording()
    bad = answer("b2", "10:00:05", 100, 50) | changes

    events = read("pi", write(tmp_path, header(), bad, answer("c3", "10:00:06", 7, 3)), journal=journal)

    assert counts(events) == [(SESSION, "claude-sonnet-5", 7, 3, 0, 0)]
    assert len(journal.quarantined) == 1


@pytest.mark.parametrize("value", [None, 5, [], {}, "x", True, [[]], {"a": {}}])
@pytest.mark.parametrize("place", ["id", "message", "parentSession", "name", "cwd", "modelId", "usage"])
def test_values_of_other_types_do_no_harm(tmp_path, place, value):
    lines = [header(), PROMPT, answer("b2", "10:00:05", 1, 1), TOOL, entry("session_info", "x", "10:00:07")]
    read("pi", write(tmp_path, *(line | {place: value} for line in lines)))
    inside = [line | {"message": line["message"] | {place: value, "content": value}} for line in lines[1:4]]
    read("pi", write(tmp_path, header(), *inside, json.dumps({"type": value})))
