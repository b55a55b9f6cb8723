"""GitHub Copilot's events.jsonl: single calls, or what a session's sums grew by."""

import json

import pytest

from tests.agents.recording import Recording, captures, counted, identities, named, read, served, told
from tests.ingest.transcripts.conftest import write_lines

SESSION = "33333333-3333-4333-8333-333333333333"
FORK = "44444444-4444-4444-8444-444444444444"
MODEL = "claude-sonnet-4.6"


def record(kind, at, name, **data):
    stamp = f"2026-11-20T{at}.000Z"
    return {"type": kind, "data": data, "id": name, "timestamp": stamp, "parentId": None}


def start(session=SESSION, at="12:00:00", name="e0", **data):
    described = {"sessionId": session, "copilotVersion": "1.0.80", "context": {"cwd": "/gone"}}
    return record("session.start", at, name, **(described | data))


def usage(sent, received, read=0, written=0):
    return {
        "inputTokens": sent,
        "outputTokens": received,
        "cacheReadTokens": read,
        "cacheWriteTokens": written,
        "reasoningTokens": 0,
    }


def sums(at, name, *numbers, model=MODEL, nano=0):
    metrics = {model: {"requests": {"count": 3, "cost": 1}, "usage": usage(*numbers), "totalNanoAiu": nano}}
    return record("session.shutdown", at, name, modelMetrics=metrics)


def call(at, name, *numbers, session=SESSION, model=MODEL, **more):
    accounting = {"sourceSessionId": session, "sequence": 1, "usageId": f"resp_{name}"}
    return record(
        "session.usage_record",
        at,
        name,
        usage={"model": model, "accounting": accounting, **usage(*numbers), **more},
    )


def prompt(at="12:00:01", name="p1", **data):
    return record("user.message", at, name, **({"content": "SECRET", "transformedContent": "SECRET"} | data))


def write(folder, *records, session=SESSION):
    return write_lines(folder / "session-state" / session / "events.jsonl", *records)


def tokens(events):
    """Input, output, cache writes, cache reads and requests, by session."""
    return {key[0]: values for key, values in counted(events).items()}


@pytest.mark.parametrize(("expected", "folder"), captures(__file__))
def test_a_capture_tells_what_was_served(expected, folder):
    journal = Recording()
    events = read("github_copilot", folder, journal=journal)

    assert counted(events) == served(expected)
    assert len(named(events, "user_prompt")) == 1
    assert [values["tool_name"] for values in named(events, "tool_result")] == [
        tool for session in expected["sessions"].values() for tool in session["tools_asked"]
    ]
    commits = [commit.partition("|")[0] for commit in expected["git"][:-1]]
    linked = [values["git_commit_id"] for values in named(events, "tool_result") if "git_commit_id" in values]
    assert [commit[:7] for commit in commits] == linked
    assert journal == Recording()


def test_the_sums_of_a_session_count_without_what_came_from_cache_twice(tmp_path):
    file = write(tmp_path, start(), prompt(), sums("12:10:00", "e1", 5000, 500, 1000))

    session = {"session.id": SESSION, "app.version": "1.0.80"}
    assert told(read("github_copilot", file)) == [
        ("github_copilot.session_start", session),
        ("github_copilot.user_prompt", session | {"message.uuid": "p1"}),
        (
            "github_copilot.api_request",
            session
            | {
                "model": MODEL,
                "input_tokens": 4000,
                "output_tokens": 500,
                "cache_read_tokens": 1000,
                "cache_creation_tokens": 0,
                "request_id": f"e1:{MODEL}",
            },
        ),
    ]


def test_sums_count_by_what_they_grew_and_whole_where_they_began_anew(tmp_path):
    records = [
        start(),
        sums("12:10:00", "e1", 5000, 500, 1000),
        sums("12:20:00", "e2", 7000, 600, 1500),
        sums("12:30:00", "e3", 300, 30),
    ]

    assert tokens(read("github_copilot", write(tmp_path, *records))) == {SESSION: (5800, 630, 0, 1500, 3)}


def test_single_calls_count_and_sums_only_by_what_exceeds_them(tmp_path):
    records = [
        start(),
        sums("12:10:00", "e1", 1000, 100),  # of an older build
        call("12:20:00", "c1", 500, 50, 200, 100),
        sums("12:30:00", "e2", 1500, 150, 200, 100),
        call("12:40:00", "c2", 10, 1),
        sums("12:50:00", "e3", 1510, 151, 200, 100),
    ]

    assert tokens(read("github_copilot", write(tmp_path, *records))) == {SESSION: (1210, 151, 100, 200, 3)}


def test_credits_are_money_once(tmp_path):
    nano = 2_500_000_000  # 2.5 cents
    by_sums = [
        start(),
        sums("12:10:00", "e1", 10, 1, nano=nano),
        sums("12:20:00", "e2", 20, 2, nano=2 * nano),
    ]
    by_call = [start(), call("12:10:00", "c", 10, 1, copilotUsage={"totalNanoAiu": nano}), by_sums[1]]

    def cost(*records):
        requests = named(read("github_copilot", write(tmp_path, *records)), "api_request")
        return [values.get("cost_usd") for values in requests]

    assert cost(*by_sums) == [0.025, 0.025]
    assert cost(*by_call) == [0.025]
    # With a provider of one's own nobody knows the money: it is not 0.
    assert cost(start(), call("12:10:00", "c", 10, 1, aiCreditsStatus="unavailable")) == [None]


def test_credits_that_calls_do_not_tell_are_said_aloud(tmp_path):
    journal = Recording()
    file = write(tmp_path, start(), call("12:10:00", "c", 10, 1), sums("12:20:00", "e", 10, 1, nano=1e9))

    events = read("github_copilot", file, journal=journal)

    assert tokens(events) == {SESSION: (10, 1, 0, 0, 1)}
    assert journal.warnings == [f"{file} sums up credits of {MODEL} that its calls do not tell."]


def test_what_several_forks_copy_counts_once_under_their_parent(tmp_path):
    first = [start(), prompt(), call("12:10:00", "c1", 500, 50), sums("12:20:00", "e1", 500, 50)]
    parent = write(tmp_path, *first)
    one = write(tmp_path, *first, call("13:00:00", "c2", 70, 7, session=FORK), session=FORK)
    two = write_lines(tmp_path / "two" / FORK.replace("4", "5") / "events.jsonl", *first)
    own = {SESSION: (500, 50, 0, 0, 1), FORK: (70, 7, 0, 0, 1)}

    assert tokens(read("github_copilot", one, two, parent)) == own
    assert len(named(read("github_copilot", one, two, parent), "user_prompt")) == 1
    # The fork comes first, its parent in another ingest: what they share is the same event.
    apart = identities(read("github_copilot", one)) | identities(read("github_copilot", parent))
    calls = [event for event in apart if event[1].endswith("api_request")]
    assert len(calls) == 2


def test_sums_that_a_fork_copies_are_its_parents(tmp_path):
    first = [start(), sums("12:20:00", "e1", 500, 50)]
    parent = write(tmp_path, *first)
    fork = write(tmp_path, *first, sums("13:20:00", "e2", 570, 57), session=FORK)

    assert tokens(read("github_copilot", fork, parent)) == {
        SESSION: (500, 50, 0, 0, 1),
        FORK: (70, 7, 0, 0, 1),
    }


def test_a_session_that_another_one_spawned_is_part_of_it(tmp_path):
    parent = write(tmp_path, start(), prompt(), call("12:10:00", "c1", 500, 50))
    spawned = write(
        tmp_path,
        start(FORK, "12:05:00", "e9", detachedFromSpawningParentSessionId=SESSION),
        prompt("12:05:01", "p9"),
        call("12:06:00", "c9", 70, 7, session=FORK),
        session=FORK,
    )
    events = read("github_copilot", parent, spawned)

    assert tokens(events) == {SESSION: (570, 57, 0, 0, 2)}
    assert len(named(events, "user_prompt")) == 1
    assert {values.get("thread.id") for values in named(events, "api_request")} == {None, FORK}


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "agent-explore"},
        {"source": "system"},
        {"isAutopilotContinuation": True},
        {"content": "<system_notification>done</system_notification>"},
        {"transformedContent": "<cross_session_message>hello</cross_session_message>"},
    ],
)
def test_what_nobody_typed_is_no_prompt(tmp_path, changes):
    assert named(read("github_copilot", write(tmp_path, start(), prompt(**changes))), "user_prompt") == []


def test_what_was_sent_to_a_sub_agent_is_no_prompt(tmp_path):
    sent = prompt() | {"agentId": "explore"}

    assert named(read("github_copilot", write(tmp_path, start(), sent)), "user_prompt") == []


def test_edits_and_failed_tools_and_requests_are_told(tmp_path):
    ran = {"toolCallId": "t1", "toolName": "edit", "arguments": {"path": "SECRET"}}
    done = {"toolCallId": "t1", "success": True, "result": {"content": "[main abcdef1] not a commit"}}
    lines = {"toolTelemetry": {"metrics": {"linesAdded": 2, "linesRemoved": 1.0}}}
    records = [
        start(),
        record("tool.execution_start", "12:00:01", "e1", **ran),
        record("tool.execution_complete", "12:00:03", "e2", **done, **lines),
        record("tool.execution_complete", "12:00:04", "e3", toolCallId="t2", success=False, error={}),
        record("session.error", "12:00:05", "e4", errorType="rate_limit", statusCode=429, message="SECRET"),
    ]
    events = read("github_copilot", write(tmp_path, *records))

    session = {"session.id": SESSION, "app.version": "1.0.80"}
    edit = {"tool_name": "edit", "tool_use_id": "t1", "success": "true", "duration_ms": 2000}
    decided = {"tool_name": "edit", "tool_use_id": "t1", "decision": "accept"}
    assert told(events)[1:] == [
        ("github_copilot.tool_decision", session | decided),
        ("github_copilot.tool_result", session | edit | {"lines_added": 2, "lines_removed": 1}),
        ("github_copilot.tool_result", session | {"tool_use_id": "t2", "success": "false"}),
        ("github_copilot.api_error", session | {"status_code": 429, "error_type": "rate_limit"}),
    ]


def ran(tool, at="12:00:01", call="t1", **arguments):
    return record("tool.execution_start", at, f"s{call}", toolCallId=call, toolName=tool, arguments=arguments)


def ended(at="12:00:09", call="t1", **more):
    return record("tool.execution_complete", at, f"c{call}", toolCallId=call, **({"success": False} | more))


def answered(kind, at="12:00:05", **more):
    return record("permission.completed", at, "a1", requestId="r1", result={"kind": kind}, **more)


ASKED = record(
    "permission.requested",
    "12:00:04",
    "q1",
    requestId="r1",
    permissionRequest={"kind": "write", "toolCallId": "t1", "diff": "SECRET"},
)
NO = "denied-interactively-by-user"


@pytest.mark.parametrize(
    ("records", "decisions"),
    [
        ([ran("create"), ASKED, answered("approved"), ended(success=True)], [("accept", 9)]),
        ([ran("edit"), ASKED, answered(NO), ended(error={"code": "rejected"})], [("reject", 5)]),
        ([ran("edit"), answered(NO, toolCallId="t1")], [("reject", 5)]),
        ([ran("apply_patch"), ended(error={"code": "rejected", "message": "SECRET"})], [("reject", 9)]),
        ([ran("edit"), ASKED, answered("denied-by-rules"), ended(error={"code": "denied"})], []),
        ([ran("bash"), ASKED, answered(NO), ended(error={"code": "rejected"})], []),
        ([ran("str_replace_editor", command="view"), ended(success=True)], []),
    ],
)
def test_what_a_person_decided_of_an_edit_is_told_once_and_rules_decide_nothing(tmp_path, records, decisions):
    events = read("github_copilot", write(tmp_path, start(), *records))

    decided = [event for event in events if event.name == "github_copilot.tool_decision"]
    assert [(event.attributes["decision"], event.at.second) for event in decided] == decisions
    assert all(event.attributes["tool_use_id"] == "t1" for event in decided)
    assert "SECRET" not in str(events)


def test_a_file_that_has_grown_tells_the_same_of_what_was_there(tmp_path):
    records = [start(), prompt(), call("12:10:00", "c1", 500, 50), sums("12:20:00", "e1", 600, 60)]
    more = [record("session.resume", "13:00:00", "e2"), sums("13:20:00", "e3", 700, 70)]
    before = identities(read("github_copilot", write(tmp_path, *records)))
    after = identities(read("github_copilot", write(tmp_path, *records, *more)))

    assert before < after
    assert len(after) == len(before) + 1


def test_a_session_that_was_killed_says_what_it_does_not_tell(tmp_path):
    journal = Recording()
    answer = record("assistant.message", "12:00:02", "m1", messageId="m", outputTokens=321)

    read("github_copilot", write(tmp_path, start(), answer), journal=journal)

    assert len(journal.warnings) == 1
    assert "321 tokens" in journal.warnings[0]


@pytest.mark.parametrize("kind", ["session.usage_record", "session.shutdown"])
def test_usage_of_an_unknown_kind_is_told(tmp_path, kind):
    journal = Recording()
    records = [start(), call("12:10:00", "c1", 500, 50), sums("12:20:00", "e1", 500, 50)]
    renamed = [r | {"type": "session.renamed"} if r["type"] == kind else r for r in records]

    read("github_copilot", write(tmp_path, *renamed), journal=journal)

    assert [(agent, name) for agent, name, _ in journal.unknown] == [("github_copilot", "session.renamed")]


BAD = [None, [], "x", -1, 2**80, {}, True]


@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_bad_values_are_put_aside(tmp_path, bad):
    good = [start(), prompt(), call("12:10:00", "c1", 5, 1), sums("12:20:00", "e1", 5, 1)]
    broken = [
        *(good_one | {key: bad} for good_one in good for key in good_one),
        record("session.usage_record", "12:00:00", "x", usage=bad),
        record("session.usage_record", "12:00:00", "x", usage={"accounting": bad, "inputTokens": bad}),
        record("session.shutdown", "12:00:00", "x", modelMetrics=bad),
        record("session.shutdown", "12:00:00", "x", modelMetrics={"m": bad}),
        record("session.shutdown", "12:00:00", "x", modelMetrics={"m": {"usage": bad, "totalNanoAiu": bad}}),
        record("tool.execution_complete", "12:00:00", "x", toolCallId=bad, toolTelemetry=bad, result=bad),
        record("tool.execution_complete", "12:00:00", "x", toolTelemetry={"metrics": {"linesAdded": bad}}),
        record("user.message", "12:00:00", "x", content=bad, source=bad),
        record("session.error", "12:00:00", "x", statusCode=bad, errorType=bad),
    ]
    file = write(tmp_path, start(), call("12:10:00", "c1", 5, 1), *map(json.dumps, broken))

    requests = named(read("github_copilot", file), "api_request")
    assert [values["request_id"] for values in requests].count("resp_c1") == 1
