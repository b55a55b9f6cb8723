"""Claude Code's transcripts: one event per response, however often it was written."""

import copy
import json
import random

import pytest

from tests.agents.recording import Recording, captures, counted, identities, named, read, served
from tests.ingest.transcripts.conftest import write_lines

SESSION = "0c2f7d0e-7a51-4b8f-a0a1-3a1b2c3d4e5f"


def response(output, *, message="msg_1", request="req_1", at="10:00:01", **changes):
    usage = {
        "input_tokens": 4,
        "output_tokens": output,
        "cache_read_input_tokens": 1000,
        "cache_creation_input_tokens": 300,
        "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
        "speed": "standard",
    }
    line = {
        "type": "assistant",
        "uuid": f"{message}-{output}-{at}",
        "sessionId": SESSION,
        "timestamp": f"2026-11-02T{at}.000Z",
        "cwd": "/gone",
        "version": "2.1.290",
        "isSidechain": False,
        "requestId": request,
        "message": {
            "id": message,
            "model": "claude-opus-5-5",
            "content": [{"type": "text", "text": "SECRET"}],
            "usage": usage,
        },
    }
    return {name: value for name, value in (line | changes).items() if value is not None}


def prompt(uuid="u1", at="10:00:00", content="SECRET please", **changes):
    return {
        "type": "user",
        "uuid": uuid,
        "sessionId": SESSION,
        "timestamp": f"2026-11-02T{at}.000Z",
        "cwd": "/gone",
        "version": "2.1.290",
        "message": {"role": "user", "content": content},
    } | changes


@pytest.fixture
def project(home):
    return home / ".claude" / "projects" / "-gone"


def outputs(landed):
    return [
        (attributes["request_id"], attributes["output_tokens"])
        for name, attributes in landed()
        if name == "claude_code.api_request"
    ]


def test_a_response_and_a_prompt_land_as_their_telemetry_would(engine, project, ingest, landed):
    write_lines(project / f"{SESSION}.jsonl", prompt(), response(500))

    ingest()

    assert landed() == [
        (
            "claude_code.user_prompt",
            {"session.id": SESSION, "message.uuid": "u1", "app.version": "2.1.290"},
        ),
        (
            "claude_code.api_request",
            {
                "session.id": SESSION,
                "model": "claude-opus-5-5",
                "input_tokens": 4,
                "output_tokens": 500,
                "cache_read_tokens": 1000,
                "cache_creation_tokens": 300,
                "cache_creation_1h_tokens": 200,
                "request_id": "req_1",
                "message.id": "msg_1",
                "speed": "standard",
                "app.version": "2.1.290",
            },
        ),
    ]
    columns = "timestamp::VARCHAR, body, service_name, service_version, source, developer_id"
    assert engine.fetch(f"SELECT {columns} FROM raw.otel_logs WHERE body LIKE '%request'") == [
        (
            "2026-11-02 10:00:01+00",
            "claude_code.api_request",
            "claude_code",
            "2.1.290",
            "transcript",
            "me@example.com",
        )
    ]


def test_content_never_lands(engine, project, ingest):
    write_lines(project / f"{SESSION}.jsonl", prompt(), response(500), '{"type": "SECRET')

    ingest()

    for table in ("raw.otel_logs", "meta.quarantine", "meta.ingests"):
        assert "SECRET" not in str(engine.fetch(f"SELECT * FROM {table}"))


def test_the_largest_record_of_a_response_counts(project, ingest, landed):
    lines = [response(3), response(180, at="10:00:02"), response(500, at="10:00:03")]
    write_lines(project / f"{SESSION}.jsonl", *lines, response(9, message="msg_2", request="req_2"))

    result = ingest()

    assert outputs(landed) == [("req_2", 9), ("req_1", 500)]
    assert (result.rows_in, result.landed, result.duplicates) == (4, 2, 2)


def test_a_response_that_grew_lands_again_under_the_same_request(project, ingest, landed):
    file = project / f"{SESSION}.jsonl"
    write_lines(file, response(3))
    ingest()
    write_lines(file, response(3), response(500, at="10:00:03"))

    ingest()

    assert outputs(landed) == [("req_1", 3), ("req_1", 500)]


def test_the_same_files_twice_land_nothing_new_whoever_is_said_to_have_done_it(
    engine, project, ingest, read_again
):
    write_lines(project / f"{SESSION}.jsonl", prompt(), response(3), response(500))
    first = ingest()

    second = read_again(developer="someone@example.com")

    assert (first.landed, first.duplicates) == (2, 1)
    assert (second.landed, second.duplicates) == (0, 3)


def test_without_request_id_the_message_is_the_request(project, ingest, landed):
    lines = [response(4, request=None), response(17, request=None)]
    write_lines(project / f"{SESSION}.jsonl", *lines)

    ingest()

    assert outputs(landed) == [("msg_1", 17)]


def test_a_sidechain_copy_of_a_main_response_is_none(project, ingest, landed):
    write_lines(project / f"{SESSION}.jsonl", response(500))
    write_lines(
        project / SESSION / "subagents" / "agent-a1.jsonl",
        response(500, request="req_copy", isSidechain=True),
        response(70, message="msg_own", request="req_own", isSidechain=True, at="10:01:00"),
    )

    result = ingest()

    assert outputs(landed) == [("req_1", 500), ("req_own", 70)]
    assert (result.rows_in, result.duplicates) == (3, 1)


def test_a_forked_session_brings_only_what_is_new(project, ingest, landed):
    write_lines(project / f"{SESSION}.jsonl", prompt(), response(500))
    fork = "ffffffff-7a51-4b8f-a0a1-3a1b2c3d4e5f"
    write_lines(
        project / f"{fork}.jsonl",
        prompt(sessionId=fork),
        response(500, sessionId=fork),
        prompt("u2", "11:00:00", sessionId=fork),
        response(80, message="msg_2", request="req_2", at="11:00:01", sessionId=fork),
    )

    ingest()

    sessions = [(name, values["session.id"]) for name, values in landed()]
    assert sessions == [
        ("claude_code.user_prompt", SESSION),
        ("claude_code.api_request", SESSION),
        ("claude_code.user_prompt", fork),
        ("claude_code.api_request", fork),
    ]


def test_no_call_of_a_model_is_no_record(project, ingest):
    synthetic = response(0)
    synthetic["message"]["model"] = "<synthetic>"
    write_lines(project / f"{SESSION}.jsonl", synthetic, {"type": "summary", "leafUuid": "u1"})

    result = ingest()

    assert (result.rows_in, result.empty) == (0, 1)


@pytest.mark.parametrize(
    "line",
    [
        prompt(content=[{"type": "tool_result", "content": "…"}]),
        prompt(content="<command-name>/clear</command-name>"),
        prompt(isMeta=True),
        prompt(isSidechain=True),
        prompt(isCompactSummary=True),
    ],
)
def test_what_nobody_typed_is_no_prompt(project, ingest, line):
    write_lines(project / f"{SESSION}.jsonl", line)

    assert ingest().rows_in == 0


def test_old_files_say_what_a_response_cost(project, ingest, landed):
    write_lines(project / f"{SESSION}.jsonl", response(500, costUSD=0.125))

    ingest()

    assert landed()[0][1]["cost_usd"] == 0.125


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("{not json", "the line is not JSON"),
        ("[1, 2]", "the line is not a JSON object"),
        (response(5, timestamp="yesterday"), "its time is missing or unreadable"),
        (response(5, timestamp="1969-12-31T23:59:59Z"), "its time is not between 1970 and 2199"),
        (response(-1), "a number of tokens is no number from 0 to 10,000,000,000"),
        (response("many"), "a number of tokens is no number from 0 to 10,000,000,000"),
        (response(10**30), "a number of tokens is no number from 0 to 10,000,000,000"),
        (
            response(10**10 + 1),
            "a number of tokens is no number from 0 to 10,000,000,000",
        ),  # models would count it as 0
    ],
)
def test_a_bad_line_is_put_aside_and_the_rest_lands(engine, project, ingest, landed, bad, reason):
    file = write_lines(project / f"{SESSION}.jsonl", prompt(), bad, response(500))

    result = ingest()

    assert (result.landed, result.quarantined) == (2, 1)
    assert engine.fetch("SELECT file, line, reason FROM meta.quarantine") == [(str(file), 2, reason)]


def test_a_line_that_is_still_being_written_is_left_for_next_time(project, ingest, landed):
    file = write_lines(project / f"{SESSION}.jsonl", prompt())
    complete = json.dumps(response(500))
    with file.open("a") as opened:
        opened.write(complete[:200])

    first = ingest()
    with file.open("a") as opened:
        opened.write(complete[200:])
    second = ingest()

    assert (first.landed, first.quarantined) == (1, 0)
    assert (second.landed, second.duplicates) == (1, 1)


@pytest.mark.parametrize(
    ("variable", "folder"),
    [
        (None, "home/.claude/projects"),
        (None, "home/.config/claude/projects"),
        ("XDG_CONFIG_HOME", "xdg/claude/projects"),
        ("CLAUDE_CONFIG_DIR", "xdg/projects"),
    ],
)
def test_usual_homes(tmp_path, monkeypatch, ingest, variable, folder):
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "xdg"))
    write_lines(tmp_path / folder / "p" / "s.jsonl", response(5))

    assert ingest().landed == 1


def test_several_homes(tmp_path, monkeypatch, ingest):
    for name in ("one", "two"):
        message = {"message": name, "request": name}
        write_lines(tmp_path / name / "projects" / "s.jsonl", response(5, **message))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", f"{tmp_path}/one, {tmp_path}/two")

    assert ingest().landed == 2


@pytest.mark.parametrize(("expected", "folder"), captures(__file__))
def test_a_capture_tells_what_was_served(expected, folder):
    journal = Recording()
    events = read("claude_code", folder, journal=journal)

    assert counted(events) == served(expected)
    assert {event.session for event in events} == set(expected["sessions"])
    tools = named(events, "tool_result")
    asked = [tool for session in expected["sessions"].values() for tool in session["tools_asked"]]
    assert [values["tool_name"] for values in tools] == asked
    assert [values["tool_name"] for values in named(events, "tool_decision")] == asked
    commits = [commit.partition("|")[0][:7] for commit in expected["git"][:-1]]
    assert [values["git_commit_id"] for values in tools if "git_commit_id" in values] == commits
    scenario = folder.name.split("-")[2].partition(".")[0]
    assert len(named(events, "user_prompt")) == (2 if scenario in ("fork", "resume") else 1)
    assert len(named(events, "session_start")) == len(expected["sessions"])
    errors = [values["status_code"] for values in named(events, "api_error")]
    assert errors == {"retry": [529, 500], "fail": [400]}.get(scenario, [])
    assert (journal.unknown, journal.quarantined, journal.warnings) == ([], [], [])


def captured(scenario):
    return next(case.values[1] for case in captures(__file__) if f"-{scenario}." in case.values[1].name)


def test_a_captured_edit_has_lines_and_web_searches_are_told():
    events = read("claude_code", captured("tools"))

    edit = next(values for values in named(events, "tool_result") if values["tool_name"] == "Edit")
    assert (edit["lines_added"], edit["lines_removed"], edit["success"]) == (2, 1, "true")
    searches = [values.get("web_search_requests") for values in named(events, "api_request")]
    assert searches == [None, None, 2, None]


def test_a_captured_sub_agent_is_a_thread_of_its_session():
    threads = [
        values.get("thread.id") for values in named(read("claude_code", captured("subagent")), "api_request")
    ]

    assert sorted(filter(None, threads)) == ["a4c088e2514939ecd"]


def sent(input_tokens=4, output=500, read=1000, **more):
    return {"input_tokens": input_tokens, "output_tokens": output, "cache_read_input_tokens": read, **more}


def of(usage, at="10:00:01", message="msg_1", request="req_1", **changes):
    line = response(1, at=at, message=message, request=request, **changes)
    line["message"]["usage"] = usage
    return line


def requests(events):
    return [
        (values["session.id"], values.get("request_id"), values["output_tokens"])
        for values in named(events, "api_request")
    ]


ADVISED = sent(
    2,
    491,
    0,
    iterations=[
        {"type": "message", "input_tokens": 1, "output_tokens": 45},
        {
            "type": "advisor_message",
            "model": "claude-opus-4-7",
            "input_tokens": 150000,
            "output_tokens": 8000,
        },
        {"type": "message", "input_tokens": 1, "output_tokens": 446},
        {"type": "compaction", "input_tokens": 90000, "output_tokens": 3000},
    ],
)


def test_calls_within_a_response_are_responses_of_their_own_models(tmp_path):
    begun = of(sent(2, 45, 0), message="msg_a")
    file = write_lines(tmp_path / "s.jsonl", begun, of(ADVISED, "10:00:02", "msg_a"))
    events = read("claude_code", file)

    calls = [
        (values["request_id"], values["model"], values["input_tokens"], values["output_tokens"])
        for values in named(events, "api_request")
    ]
    assert calls == [
        ("req_1", "claude-opus-5-5", 2, 491),
        ("req_1#1", "claude-opus-4-7", 150000, 8000),
        ("req_1#3", "claude-opus-5-5", 90000, 3000),
    ]


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"inference_geo": "us", "service_tier": "batch"}, {"inference_geo": "us", "service_tier": "batch"}),
        ({"inference_geo": "", "service_tier": "standard"}, {}),
        ({"inference_geo": "global", "service_tier": None}, {}),
        ({"server_tool_use": {"web_search_requests": 100}}, {"web_search_requests": 100}),
        ({"server_tool_use": {"web_search_requests": 0}}, {}),
    ],
)
def test_what_a_response_costs_beside_its_tokens_is_told(tmp_path, usage, expected):
    (values,) = named(
        read("claude_code", write_lines(tmp_path / "s.jsonl", of(sent(**usage)))), "api_request"
    )

    told = ("inference_geo", "service_tier", "web_search_requests")
    assert {name: values[name] for name in told if name in values} == expected


def gateway(folder):
    """Three responses of two sessions that all bear one id, and no request's."""

    def one(session, at, *counts):
        return of(sent(*counts, 0), at, "ocgo", None, sessionId=session)

    return [
        write_lines(folder / "s1.jsonl", one("s1", "10:00:01", 10000, 20), one("s1", "10:10:00", 30000, 40)),
        write_lines(folder / "s2.jsonl", one("s2", "11:00:00", 10000, 20)),
    ]


def test_an_id_that_a_gateway_gives_to_all_responses_is_none(tmp_path):
    files = gateway(tmp_path)
    events = read("claude_code", *files)

    assert [(session, output) for session, _, output in requests(events)] == [
        ("s1", 20),
        ("s1", 40),
        ("s2", 20),
    ]
    assert len({request for _, request, _ in requests(events)}) == 3
    assert identities([*read("claude_code", files[1]), *read("claude_code", files[0])]) == identities(events)


def test_lines_of_a_growing_response_without_a_request_are_one_even_where_the_first_tells_nothing(tmp_path):
    lines = [
        of(sent(0, 0, 0), "10:00:01", request=None),
        *(of(sent(4, n, 0), f"10:00:0{n}", request=None) for n in (3, 5)),
    ]

    assert [
        (request, output)
        for _, request, output in requests(read("claude_code", write_lines(tmp_path / "s.jsonl", *lines)))
    ] == [("msg_1", 5)]


def test_one_response_once_with_and_once_without_its_request_is_one(tmp_path):
    lines = [of(sent(), request=None), of(sent(), "10:00:02")]
    for some in (lines, lines[::-1]):
        events = read("claude_code", write_lines(tmp_path / "s.jsonl", *some))
        assert [(request, output) for _, request, output in requests(events)] == [("req_1", 500)]


FORK = "00000000-7a51-4b8f-a0a1-3a1b2c3d4e5f"  # sorts before its parent


def forked(folder, *, marks=None, first=None, name=FORK):
    """A fork that repeats its parent, and goes on: marks of its lines, and when it was asked for."""
    again = {"sessionId": name} | (marks or {})
    return write_lines(
        folder / f"{name}.jsonl",
        *(
            [{"type": "queue-operation", "sessionId": name, "timestamp": f"2026-11-02T{first}Z"}]
            if first
            else []
        ),
        *(prompt(**again), response(500, **again)),
        prompt("u2", "11:00:00", **again),
        response(80, message=f"msg_{name[:2]}", request=f"req_{name[:2]}", at="11:00:01", **again),
    )


def parent(folder, *more):
    return write_lines(folder / f"{SESSION}.jsonl", prompt(), response(500), *more)


@pytest.mark.parametrize(
    "how",
    [{"first": "10:59:59"}, {"marks": {"sessionKind": "bg"}}, {}],
    ids=["asked", "background", "unmarked"],
)
def test_a_fork_is_a_session_of_its_own_and_its_repetition_counts_under_the_parent(tmp_path, how):
    files = [forked(tmp_path, **how), parent(tmp_path)]
    for order in (files, files[::-1]):
        events = read("claude_code", *order)
        assert requests(events) == [(SESSION, "req_1", 500), (FORK, "req_00", 80)]
        assert [values["session.id"] for values in named(events, "user_prompt")] == [SESSION, FORK]


def test_several_forks_of_which_one_is_in_the_background_count_their_own_parts(tmp_path):
    third = "11111111-7a51-4b8f-a0a1-3a1b2c3d4e5f"
    files = [
        forked(tmp_path, marks={"sessionKind": "bg"}),
        forked(tmp_path, name=third, first="10:59:00"),
        parent(
            tmp_path, prompt("u9", "12:00:00"), response(9, message="msg_9", request="req_9", at="12:00:01")
        ),
    ]

    assert requests(read("claude_code", *files)) == [
        *((SESSION, "req_1", 500), (FORK, "req_00", 80), (third, "req_11", 80), (SESSION, "req_9", 9))
    ]


def test_a_fork_without_its_parent_loses_no_token_and_repeats_no_prompt(tmp_path):
    events = read("claude_code", forked(tmp_path, first="10:59:59"))

    assert requests(events) == [(FORK, "req_1", 500), (FORK, "req_00", 80)]
    assert [values["message.uuid"] for values in named(events, "user_prompt")] == ["u2"]


def test_a_response_is_the_same_however_often_and_in_whatever_part_its_file_is_read(tmp_path):
    lines = [
        prompt(),
        response(3),
        response(500, at="10:00:03"),
        response(9, message="msg_2", request="req_2"),
    ]
    whole = identities(read("claude_code", write_lines(tmp_path / "s.jsonl", *lines)))
    for end in range(1, len(lines)):
        part = identities(read("claude_code", write_lines(tmp_path / "s.jsonl", *lines[:end])))
        grown = {event for event in part - whole if "'req_1'" not in event[2]}
        assert not grown


@pytest.mark.parametrize(
    "line",
    [
        prompt(content="<task-notification>…</task-notification>"),
        prompt(content="<bash-stdout>x</bash-stdout>"),
        prompt(content="<bash-input>ls</bash-input>"),
        prompt(content="<system-reminder>x</system-reminder>"),
        prompt(content="<system-reminder>without an end"),
        prompt(content=[{"type": "text", "text": "<ide_opened_file>x</ide_opened_file>"}]),
        prompt(origin={"kind": "task-notification"}),
        prompt(promptSource="system"),
        prompt(agentId="a1"),
    ],
)
def test_what_no_person_wrote_is_no_prompt(tmp_path, line):
    assert not named(read("claude_code", write_lines(tmp_path / "s.jsonl", line)), "user_prompt")


@pytest.mark.parametrize(
    "line",
    [
        prompt(content="<system-reminder>a</system-reminder>\n<system-reminder>b</system-reminder>\nfix it"),
        prompt(
            content=[{"type": "text", "text": f"<system-reminder>{n}</system-reminder>"} for n in "ab"]
            + [{"type": "text", "text": "fix it"}]
        ),
        prompt(content=[{"type": "image", "source": {}}]),
        prompt(origin={"kind": "human"}, promptSource="typed"),
        prompt(
            type="attachment",
            attachment={"type": "queued_command", "commandMode": "prompt", "prompt": "and this"},
        ),
    ],
)
def test_what_a_person_wrote_is_a_prompt_reminders_before_it_or_not(tmp_path, line):
    assert len(named(read("claude_code", write_lines(tmp_path / "s.jsonl", line)), "user_prompt")) == 1


def asked(name, call="t1", at="10:00:01", **given):
    line = response(1, at=at)
    line["message"]["content"] = [{"type": "tool_use", "id": call, "name": name, "input": given}]
    return line


def result(detail, call="t1", content="SECRET", is_error=None, **more):
    block = {"type": "tool_result", "tool_use_id": call, "content": content, "is_error": is_error}
    return prompt("r1", "10:00:02", [block], toolUseResult=detail, **more)


REQUEST = "https://github.com/octo/app/pull/7"
COMMITTED = "[main (root-commit) 1a2b3c4] SECRET\n 1 file changed"


@pytest.mark.parametrize(
    ("tool", "given", "line", "expected", "decision"),
    [
        (
            "Bash",
            {"command": "git commit -m x"},
            result({"stdout": COMMITTED}),
            {"git_commit_id": "1a2b3c4"},
            None,
        ),
        (
            "Bash",
            {"command": "git commit"},
            result(None, content=COMMITTED),
            {"git_commit_id": "1a2b3c4"},
            None,
        ),
        (
            "Bash",
            {"command": "cat log"},
            result({"stdout": COMMITTED, "durationMs": 12}),
            {"duration_ms": 12},
            None,
        ),
        (
            *("Bash", {"command": "x"}),
            result({"stdout": "", "gitOperation": {"commit": {"sha": "5e6f7a8", "kind": "amended"}}}),
            *({"git_commit_id": "5e6f7a8"}, None),
        ),
        ("Bash", {}, result({"gitOperation": {"commit": {"sha": "SECRET"}}}), {}, None),
        (
            *("Bash", {"command": "gh pr create"}),
            result({"gitOperation": {"pr": {"number": 7, "action": "created", "url": REQUEST}}}),
            *({"pull_request": "octo/app#7"}, None),
        ),
        ("Bash", {}, result({"stdout": f"SECRET\n{REQUEST}\n"}), {"pull_request": "octo/app#7"}, None),
        ("Bash", {}, result({"stdout": f"SECRET of {REQUEST}"}), {}, None),
        ("Bash", {}, result({"stdout": f"{REQUEST}\n{REQUEST}8"}), {}, None),
        (
            *("Edit", {}),
            result({"structuredPatch": [{"lines": [" a", "-b", "+c", "+d"]}, {"lines": ["+e"]}]}),
            *({"lines_added": 3, "lines_removed": 1}, "accept"),
        ),
        (
            *("Write", {}),
            result({"type": "create", "content": "1\n2\n3\n", "structuredPatch": []}),
            *({"lines_added": 3, "lines_removed": 0}, "accept"),
        ),
        ("Edit", {}, result("User rejected tool use", is_error=True), {"success": "false"}, "reject"),
        ("Edit", {}, result("Error: no match", is_error=True), {"success": "false"}, None),
        ("Read", {}, result({}, permissionDecision={"decision": "reject"}), {}, "reject"),
        ("WebSearch", {}, result({"searchCount": 2}), {"web_search_requests": 2}, None),
    ],
)
def test_tools_are_told_without_what_they_said(tmp_path, tool, given, line, expected, decision):
    events = read("claude_code", write_lines(tmp_path / "s.jsonl", asked(tool, **given), line))

    known = {"session.id": SESSION, "app.version": "2.1.290", "tool_name": tool, "tool_use_id": "t1"}
    assert named(events, "tool_result") == [known | {"success": "true"} | expected]
    assert [values["decision"] for values in named(events, "tool_decision")] == (
        [decision] if decision else []
    )
    assert "SECRET" not in str(events)


def test_a_result_in_a_fork_is_its_parent_s(tmp_path):
    lines = [asked("Bash", command="git commit"), result({"stdout": COMMITTED})]
    again = [{**line, "sessionId": FORK, "sessionKind": "bg"} for line in lines]
    files = [write_lines(tmp_path / "a.jsonl", *again), write_lines(tmp_path / "b.jsonl", *lines)]

    assert [values["session.id"] for values in named(read("claude_code", *files), "tool_result")] == [SESSION]


def test_a_pull_request_to_which_a_session_is_tied_is_told_once(tmp_path):
    tied = {"type": "pr-link", "sessionId": SESSION, "prNumber": 7, "prUrl": REQUEST}
    lines = [tied | {"timestamp": f"2026-11-20T10:00:0{second}Z"} for second in (3, 5)]
    odd = [tied | {"prUrl": url, "timestamp": "2026-11-20T10:00:06Z"} for url in (None, 7, ["x"], "SECRET")]
    events = read("claude_code", write_lines(tmp_path / "s.jsonl", response(1), *lines, *odd))

    assert named(events, "pr_link") == [{"session.id": SESSION, "pull_request": "octo/app#7"}]


def test_requests_that_failed_are_told_each_once(tmp_path):
    retried = {
        **prompt("e1", "10:00:01"),
        "type": "system",
        "subtype": "api_error",
        "error": {"status": 529, "requestId": "req_e", "error": {"error": {"type": "overloaded_error"}}},
    }
    last = of(
        {"input_tokens": 0}, "10:00:02", "fface3e2", "req_f", isApiErrorMessage=True, apiErrorStatus=400
    )
    last["message"]["model"] = "<synthetic>"
    events = read("claude_code", write_lines(tmp_path / "s.jsonl", retried, retried, last))

    known = {"session.id": SESSION, "app.version": "2.1.290"}
    assert named(events, "api_error") == [
        known | {"status_code": 529, "error_type": "overloaded_error", "request_id": "req_e"},
        known | {"status_code": 400, "request_id": "req_f"},
    ]


def test_sub_agents_in_folders_however_deep_are_threads_of_their_session(tmp_path):
    own = response(70, message="msg_own", request="req_own", isSidechain=True, sessionId=None, at="10:05:00")
    write_lines(tmp_path / SESSION / "subagents" / "workflows" / "w" / "agent-a1.jsonl", own)
    parent(tmp_path)
    (_, values) = named(read("claude_code", tmp_path), "api_request")

    assert (values["session.id"], values.get("thread.id"), values["request_id"]) == (SESSION, "a1", "req_own")


def test_what_a_sub_agent_has_written_so_far_counts_once_with_its_own_file(tmp_path):
    own = response(70, message="msg_own", request="req_own", isSidechain=True, agentId="a1")
    progress = {
        **prompt("p1", "10:00:01"),
        "type": "progress",
        "data": {"type": "agent_progress", "agentId": "a1", "message": {**own, "agentId": None}},
    }
    main = write_lines(tmp_path / f"{SESSION}.jsonl", progress)
    file = write_lines(tmp_path / SESSION / "subagents" / "agent-a1.jsonl", own)

    for files in ([main], [main, file], [file]):
        events = read("claude_code", *files)
        assert requests(events) == [(SESSION, "req_own", 70)]
        assert named(events, "api_request")[0]["thread.id"] == "a1"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (response(5, type="assistant_v2"), "assistant_v2"),
        ({**response(5), "message": {"id": "m", "counts": {"output_tokens": 5}}}, "assistant"),
        (
            {"type": "background-cost", "sessionId": SESSION, "uuid": "u", "totalCostUSD": 0.5},
            "background-cost",
        ),
    ],
)
def test_usage_of_unknown_kinds_is_told(tmp_path, line, kind):
    journal = Recording()
    read("claude_code", write_lines(tmp_path / "s.jsonl", prompt(), line), journal=journal)

    assert [(agent, what) for agent, what, _ in journal.unknown] == [("claude_code", kind)]


def test_lines_in_other_encodings_are_read(tmp_path):
    file = write_lines(tmp_path / "s.jsonl", prompt(), response(5))
    expected = read("claude_code", file)
    written = file.read_bytes().decode()
    for encoding in ("utf-8-sig", "utf-16"):
        file.write_bytes(written.encode(encoding))
        assert read("claude_code", file) == expected


@pytest.mark.slow
def test_hostile_values_are_put_aside_or_left_out(tmp_path):
    choice = random.Random(3)
    values = [None, [], {}, "x", -1, 10**30, True, "\x00", [{}], {"a": []}, [1], ""]
    lines = [
        *(prompt(), of(ADVISED), asked("Edit"), result({"structuredPatch": [{"lines": ["+a"]}]})),
        prompt(type="attachment", attachment={"type": "queued_command", "prompt": "x"}),
        {**prompt(), "type": "system", "subtype": "api_error", "error": {"error": {"error": {"type": "x"}}}},
        {**prompt(), "type": "progress", "data": {"agentId": "a", "message": response(5)}},
    ]

    def places(value, path=()):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*path, key)
            if isinstance(inner, dict | list):
                yield from places(inner, (*path, key))

    for _ in range(400):
        broken = copy.deepcopy(lines)
        *folder, last = choice.choice(list(places(broken)))
        place = broken
        for key in folder:
            place = place[key]
        place[last] = choice.choice(values)
        read("claude_code", write_lines(tmp_path / "s.jsonl", prompt(), *map(json.dumps, broken)))
