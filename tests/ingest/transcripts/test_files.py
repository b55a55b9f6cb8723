"""Which agent a file is from, by how it begins."""

import json
import sqlite3
from contextlib import closing

import pytest

from pipeline.agents import readers
from pipeline.agents.files import HEAD
from pipeline.ingest.transcripts.files import agent_of

LONG = "x" * HEAD
SQLITE = b"SQLite format 3\0"
USER = {"type": "user", "sessionId": "s", "message": {}, "uuid": "u"}
QWEN = USER | {"message": {"role": "user", "parts": [{"text": "t"}]}}
COPILOT = {"type": "session.start", "data": {"copilotVersion": ""}, "id": "i", "timestamp": "t"}
PI = {"type": "session", "version": 3, "id": "i", "timestamp": "t", "cwd": "/"}
GROK = {"timestamp": 1, "method": "session/update", "params": {"sessionId": "s", "update": {}}}
GROK_LOG = {"ts": "t", "src": "shell", "pid": 1, "lvl": "info", "sid": "s", "msg": "m", "ctx": {}}
AMP = {"id": "T-00000000-0000-4000-8000-000000000001", "messages": []}
DROID = {"type": "session_start", "id": "i", "cwd": "/"}
CLINE = {"version": 1, "agent": "lead", "sessionId": "s", "messages": []}
CLINE_MANIFEST = {"session_id": "s", "source": "cli", "started_at": "t", "workspace_root": "/"}
GOOSE = {"working_dir": "/", "message_count": 1, "accumulated_total_tokens": 5}
KIMI = {"timestamp": 1.5, "message": {"type": "TurnBegin", "payload": {}}}
GEMINI = {"sessionId": "s", "projectHash": "h", "messages": [{"args": {"uuid": "u"}}]}


def lines(*values):
    return "".join(json.dumps(value) + "\n" for value in values)


@pytest.mark.parametrize(
    ("name", "content", "agent"),
    [
        ("x.jsonl", lines({"some": "thing"}, USER), "claude_code"),
        ("x.jsonl", '{"sessionId": "s", "uuid": "u", "message": "' + LONG, "claude_code"),
        ("x.jsonl", lines({"type": "session_meta", "payload": {"sessionId": "s", "uuid": "u"}}), "codex"),
        ("rollout-x.jsonl", '{"timestamp": "t", "payload": {"base": "' + LONG, "codex"),
        ("x.jsonl", '{"timestamp": "t", "payload": {"base": "' + LONG, None),
        ("x.jsonl", lines(QWEN), "qwen_code"),
        ("x.jsonl", lines({"type": "assistant", "sessionId": "s", "usageMetadata": {}}), "qwen_code"),
        ("x.jsonl", '{"uuid":"u","sessionId":"s","message":{"parts":[{"text":"' + LONG, "qwen_code"),
        ("events.jsonl", lines(COPILOT), "github_copilot"),
        ("x.jsonl", lines(COPILOT | {"data": {}}), None),
        ("x.jsonl", lines(COPILOT | {"type": "user.message", "parentId": "p"}), "github_copilot"),
        (
            "events.jsonl",
            '{"type":"session.start","data":{"copilotVersion":"1","x":"' + LONG,
            "github_copilot",
        ),
        ("x.jsonl", lines({"type": "title", "title": "t"}, PI, USER), "pi"),
        ("x.jsonl", lines({"type": "session"}), None),
        ("updates.jsonl", lines(GROK), "grok"),
        ("updates.jsonl", '{"params":{"update":{"sessionUpdate":"' + LONG, "grok"),
        ("unified.jsonl", lines(GROK_LOG), "grok"),
        ("x.json", lines(AMP), "amp"),
        ("T-1.json", json.dumps(AMP, indent=2), "amp"),
        ("x.json", lines({"id": "T-1", "messages": []}), None),
        ("x.jsonl", lines(DROID, USER), "droid"),
        ("x.jsonl", '{"type":"session_start","cwd":"/","title":"' + LONG, "droid"),
        ("x.settings.json", lines({"model": "m", "tokenUsage": {}}), "droid"),
        ("x.settings.json", json.dumps({"model": "m"}, indent=2), None),  # beside nothing
        ("x.json", lines({"type": "x", "tokenUsage": {}}), None),
        ("s.messages.json", lines(CLINE), "cline"),
        ("s.messages.json", json.dumps(CLINE, indent=2), "cline"),
        ("s.messages.json", '{"agent":"lead","sessionId":"s","messages":["' + LONG, "cline"),
        ("s.json", lines(CLINE_MANIFEST), "cline"),
        ("ui_messages.json", json.dumps([{"ts": 1, "type": "say", "say": "text"}]), "cline"),
        ("ui_messages.json", '[{"say": "api_req_started", "text": "{\\"apiProtocol\\": 1}"}]', "roo_code"),
        ("ui_messages.json", "[]", None),
        ("history_item.json", "{}", None),  # beside nothing
        ("kilo.db", SQLITE.decode(), "kilo_code"),
        ("20250801_120000.jsonl", lines(GOOSE), "goose"),
        ("wire.jsonl", lines({"type": "metadata", "protocol_version": "1.10"}), "kimi_cli"),
        ("wire.jsonl", lines(KIMI), "kimi_cli"),
        ("x.jsonl", lines({"type": "metadata"}), None),
        ("projects.json", json.dumps({"projects": [{"data_dir": ".crush"}]}, indent=2), "crush"),
        ("projects.json", lines({"projects": [{"path": "/"}]}), None),
        ("summary.json", json.dumps({"info": {"id": "s"}}), None),  # beside nothing
        # Arguments of tools may be called like the keys of Claude Code's lines.
        ("x.json", json.dumps(GEMINI, indent=2), "gemini_cli"),
        ("x.json", json.dumps({"usageEvents": []}, indent=2), "cursor"),
        ("x.csv", "Date,User,Model,Cache Read\n", "cursor"),
        ("msg_1.json", json.dumps({"sessionID": "s", "role": "user"}, indent=2), "opencode"),
        ("other.json", json.dumps({"sessionID": "s", "role": "user"}, indent=2), None),
        ("opencode.db", SQLITE.decode(), "opencode"),
        ("other.db", SQLITE.decode(), None),
        ("x.jsonl", "first a sentence\n" + lines(USER), None),
    ],
)
def test_a_file_is_known_by_how_it_begins(tmp_path, name, content, agent):
    file = tmp_path / name
    file.write_text(content)

    assert agent_of(file, readers())[0] == agent


TABLES = {
    "antigravity": ["gen_metadata (idx, data, size)", "steps (idx, step_type, step_payload)"],
    "crush": [
        "sessions (id, parent_session_id, prompt_tokens, completion_tokens, cost)",
        "messages (id, session_id, role, parts, model)",
    ],
    "goose": ["sessions (id, working_dir, accumulated_total_tokens)", "messages (id, content_json)"],
    "hermes": ["sessions (id, source, started_at, end_reason, input_tokens)", "messages (id, role)"],
    "zed": ["threads (id, summary, updated_at, data_type, data)"],
    # What others keep in tables of the same names.
    None: ["sessions (id)", "messages (id, role)", "threads (id)", "steps (idx)"],
}


@pytest.mark.parametrize(("agent", "tables"), TABLES.items())
def test_a_database_is_known_by_its_tables(tmp_path, agent, tables):
    file = tmp_path / "any.db"
    with closing(sqlite3.connect(file)) as database:
        for table in tables:
            database.execute(f"CREATE TABLE {table}")

    assert agent_of(file, readers())[0] == agent
    file.write_bytes(file.read_bytes()[:2000])  # damaged
    agent_of(file, readers())


def test_what_lies_beside_a_session_of_grok_is_grok_s(tmp_path):
    (tmp_path / "updates.jsonl").write_text(lines(GROK))
    beside = tmp_path / "subagents" / "one" / "meta.json"
    beside.parent.mkdir(parents=True)
    beside.write_text("{}")

    assert agent_of(beside, readers())[0] == "grok"


@pytest.mark.parametrize(
    ("folder", "agent"),
    [
        ("globalStorage/saoudrizwan.claude-dev/tasks/1", "cline"),
        ("globalStorage/rooveterinaryinc.roo-cline/tasks/1", "roo_code"),
        ("globalStorage/zoocodeorganization.zoo-code/tasks/1", "roo_code"),
        ("globalStorage/kilocode.kilo-code/tasks/1", "kilo_code"),
    ],
)
@pytest.mark.parametrize("name", ["ui_messages.json", "api_conversation_history.json", "settings.json"])
def test_what_lies_in_the_folder_of_a_task_is_the_extensions(tmp_path, folder, agent, name):
    task = tmp_path / folder
    task.mkdir(parents=True)
    (task / "ui_messages.json").write_text("[]")
    (task / name).write_text(json.dumps([USER]))

    assert agent_of(task / name, readers())[0] == agent


def test_what_kilo_code_keeps_as_opencode_does_is_its_own(tmp_path):
    for folder, agent in (("kilo", "kilo_code"), ("opencode", "opencode")):
        message = tmp_path / folder / "storage" / "message" / "s" / "msg_1.json"
        message.parent.mkdir(parents=True)
        message.write_text(json.dumps({"sessionID": "s", "role": "user"}, indent=2))
        (tmp_path / folder / "opencode-next.db").write_bytes(SQLITE)

        assert agent_of(message, readers())[0] == agent
        assert agent_of(tmp_path / folder / "opencode-next.db", readers())[0] == agent


@pytest.mark.parametrize("order", [list, reversed])
def test_the_first_line_that_tells_decides_whoever_is_asked_first(tmp_path, order):
    file = tmp_path / "x.jsonl"
    file.write_text(lines({"type": "session_meta", "payload": {}}, USER))

    assert agent_of(file, dict(order(list(readers().items()))))[0] == "codex"
