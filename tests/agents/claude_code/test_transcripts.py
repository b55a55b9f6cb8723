"""Claude Code's transcripts: one event per response, however often it was written."""

import json

import pytest

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


def test_the_same_files_twice_land_nothing_new_whoever_is_said_to_have_done_it(engine, project, ingest):
    write_lines(project / f"{SESSION}.jsonl", prompt(), response(3), response(500))
    first = ingest()

    second = ingest(developer="someone@example.com")

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
        (response(-1), "a number of tokens is not a number"),
        (response("many"), "a number of tokens is not a number"),
        (response(10**30), "a number of tokens is not a number"),
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
