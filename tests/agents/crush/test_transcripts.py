"""Crush's databases: what sessions have cost, and no tokens."""

import json
import sqlite3
from contextlib import closing

import pytest

from tests.agents.recording import Recording, identities, named, read, told

START = 1_793_613_600  # 2026-11-02 10:00 UTC
ROOT, CHILD = "6f000000-0000-4000-8000-000000000001", "m2$$call_1"


def session(name=ROOT, cost=0.4213, parent=None, **changes):
    return {
        "id": name,
        "parent_session_id": parent,
        "title": "SECRET",
        "message_count": 4,
        "prompt_tokens": 41200,
        "completion_tokens": 310,
        "cost": cost,
        "created_at": START,
        "updated_at": START + 900,
    } | changes


def message(name, role, after, *parts, session=ROOT, model=None):
    return {
        "id": name,
        "session_id": session,
        "role": role,
        "parts": json.dumps([{"type": kind, "data": data} for kind, data in parts]),
        "model": model,
        "provider": model and "anthropic",
        "is_summary_message": 0,
        "created_at": START + after,
    }


SAID = ("text", {"text": "SECRET"})
MESSAGES = [
    message("m1", "user", 1, SAID),
    message("m2", "assistant", 2, ("tool_call", {"id": "c1", "name": "bash", "input": "{}"}), model="opus"),
    message(
        "m3",
        "tool",
        3,
        ("tool_result", {"tool_call_id": "c1", "name": "bash", "content": "[main 9170fd3] SECRET"}),
        ("tool_result", {"tool_call_id": "c2", "name": "edit", "content": "SECRET", "is_error": True}),
    ),
    message("m4", "assistant", 4, ("finish", {"reason": "error", "message": "SECRET"}), model="haiku"),
    message("m5", "assistant", 5, model="opus"),
]


def write(folder, *sessions, messages=MESSAGES, **others):
    folder = folder / "work" / ".crush"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "crush.db"
    file.unlink(missing_ok=True)
    tables = {"sessions": sessions or [session()], "messages": messages} | others
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA synchronous = OFF")
        for table, rows in tables.items():
            database.execute(f"CREATE TABLE {table} ({', '.join(rows[0])})")
            for row in rows:
                marks = ", ".join("?" * len(row))
                database.execute(f"INSERT INTO {table} VALUES ({marks})", list(row.values()))
        database.commit()
    return file


def test_costs_prompts_tools_and_failures_are_told_without_what_was_written(tmp_path):
    journal = Recording()

    events = read("crush", write(tmp_path), journal=journal)

    own = {"session.id": ROOT}
    assert told(events) == [
        ("crush.session_start", own),
        ("crush.user_prompt", own | {"message.uuid": "m1"}),
        (
            "crush.tool_result",
            own | {"tool_name": "bash", "tool_use_id": "c1", "success": "true", "git_commit_id": "9170fd3"},
        ),
        ("crush.tool_result", own | {"tool_name": "edit", "tool_use_id": "c2", "success": "false"}),
        ("crush.api_error", own),
        (
            "crush.api_request",
            own | {"model": "opus", "provider": "anthropic", "cost_usd": 0.4213, "request_id": ROOT},
        ),
    ]
    assert {event.cwd for event in events} == {str(tmp_path / "work")}
    assert (journal.unknown, journal.warnings, journal.quarantined) == ([], [], [])


def test_the_cost_of_a_session_holds_that_of_its_sub_agents(tmp_path):
    prompts = [*MESSAGES, message("m9", "user", 9, SAID, session=CHILD)]

    events = read("crush", write(tmp_path, session(), session(CHILD, 0.1, ROOT), messages=prompts))

    assert [call["cost_usd"] for call in named(events, "api_request")] == [0.4213]
    assert len(named(events, "user_prompt")) == 1


def test_a_cost_of_nothing_is_no_cost_and_is_said(tmp_path):
    journal = Recording()

    assert named(read("crush", write(tmp_path, session(cost=0)), journal=journal), "api_request") == []
    assert journal.warnings[0].endswith("tells no cost of 1 sessions; Crush never tells tokens.")


@pytest.mark.parametrize("shape", [lambda p: {"projects": [p]}, lambda p: [p], lambda p: {"id": p}])
@pytest.mark.parametrize("is_relative", [True, False])
def test_the_register_leads_to_the_databases_of_projects(tmp_path, shape, is_relative):
    database = write(tmp_path)
    project = {
        "path": str(tmp_path / "work"),
        "data_dir": ".crush" if is_relative else str(database.parent),
        "last_accessed": "2026-11-02T10:00:00Z",
    }
    register = tmp_path / "projects.json"
    register.write_text(json.dumps(shape(project), indent=2))

    assert identities(read("crush", register)) == identities(read("crush", register, database))
    assert identities(read("crush", register)) == identities(read("crush", database))


def test_projects_that_are_gone_or_hostile_do_no_harm(tmp_path):
    projects = [
        None,
        {},
        {"path": 5, "data_dir": []},
        {"path": "/x\0y", "data_dir": "z"},
        {"data_dir": "rel"},
    ]
    register = tmp_path / "projects.json"
    register.write_text(json.dumps({"projects": [*projects, {"path": "/gone", "data_dir": ".crush"}]}))

    assert read("crush", register) == []


def test_a_copy_adds_nothing_and_a_grown_cost_keeps_its_request_id(tmp_path):
    first, later = write(tmp_path / "a"), write(tmp_path / "b", session(cost=0.9))

    (call,) = named(read("crush", first, later), "api_request")

    assert (call["cost_usd"], call["request_id"]) == (0.9, ROOT)


@pytest.mark.parametrize("others", [{"steps": [{"id": 1, "output_tokens": 5}]}, {"usage": [{"credits": 2}]}])
def test_usage_in_unknown_tables_is_told(tmp_path, others):
    journal = Recording()

    read("crush", write(tmp_path, **others), journal=journal)

    assert [agent for agent, _, _ in journal.unknown] == ["crush"]


@pytest.mark.parametrize("bad", [None, "x", -1, 2**62, 1.5, float("inf"), b"\xff", "[]", "[5]", ROOT])
def test_any_values_are_told_or_put_aside(tmp_path, bad):
    for column in session():
        read("crush", write(tmp_path, session(**{column: bad}), session(CHILD, parent=ROOT)))
    for column in MESSAGES[0]:
        read("crush", write(tmp_path, messages=[MESSAGES[0] | {column: bad}, *MESSAGES]))
    file = write(tmp_path)
    file.write_bytes(file.read_bytes()[:5000])
    read("crush", file)


def test_an_edit_that_was_done_was_accepted_and_one_that_a_person_denied_rejected(tmp_path):
    lines = json.dumps({"diff": "SECRET", "additions": 3, "removals": 1})
    answers = [
        {"tool_call_id": "c1", "name": "edit", "content": "SECRET", "metadata": lines},
        {"tool_call_id": "c2", "name": "write", "content": "User denied permission", "metadata": lines},
        {"tool_call_id": "c3", "name": "edit", "content": "old_string not found"},
        {"tool_call_id": "c4", "name": "bash", "content": "User denied permission"},
    ]
    results = [("tool_result", one | {"is_error": one["tool_call_id"] != "c1"}) for one in answers]

    events = read("crush", write(tmp_path, messages=[message("m1", "tool", 1, *results)]))

    own = {"session.id": ROOT}
    assert named(events, "tool_decision") == [
        own | {"tool_name": "edit", "tool_use_id": "c1", "decision": "accept"},
        own | {"tool_name": "write", "tool_use_id": "c2", "decision": "reject"},
    ]
    failed = own | {"success": "false"}
    assert named(events, "tool_result") == [
        own
        | {
            "tool_name": "edit",
            "tool_use_id": "c1",
            "success": "true",
            "lines_added": 3,
            "lines_removed": 1,
        },
        failed | {"tool_name": "write", "tool_use_id": "c2"},
        failed | {"tool_name": "edit", "tool_use_id": "c3"},
        failed | {"tool_name": "bash", "tool_use_id": "c4"},
    ]
