"""README's table of settings is read whole, and what it says of the clients holds.

That the settings work is for `test_clients.py`, whose clients have no others.
"""

import json

import pytest

from tests.clients import readme
from tests.clients.clients import CLIENTS
from tests.clients.installed import MODULES, NODE, NOT_INSTALLED

ADDRESS = "127.0.0.1:4318"


def test_no_row_is_without_a_client_that_tries_it():
    tried = [[client.readme for client in CLIENTS if client.readme in agents] for agents, *_ in readme.rows()]
    assert tried == [
        ["Claude Code"],
        ["Codex"],
        ["Gemini CLI", "Qwen Code"],
        ["Gemini CLI"],
        ["Copilot CLI"],
        ["opencode"],
    ]


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.agent_type)
def test_an_agent_is_told_where_the_listener_is(client):
    way = readme.settings(client.readme)[0]
    assert f"http://{ADDRESS}" in json.dumps([way.environment, way.files])
    assert readme.listener() == ["aa-pipeline", "ingest", "otlp", "--listen", ADDRESS]


def test_claude_code_is_told_by_its_environment_or_by_its_settings():
    first, second = readme.settings("Claude Code")
    assert second.files == {"~/.claude/settings.json": {"env": first.environment}}


def test_what_gemini_cli_writes_is_read_by_the_command_beside_it():
    sends, writes = readme.settings("Gemini CLI")
    outfile = writes.files["~/.gemini/settings.json"]["telemetry"]["outfile"]
    assert (sends.ingest, writes.ingest) == ("", f"aa-pipeline ingest otlp {outfile}")


def test_enduser_id_names_a_person():
    assert readme.name_of_a_person() == {"OTEL_RESOURCE_ATTRIBUTES": "enduser.id=ada@example.com"}


@pytest.mark.skipif(not MODULES.is_dir(), reason=NOT_INSTALLED)
def test_claude_code_needs_the_node_that_readme_names():
    package = json.loads((MODULES / "@anthropic-ai/claude-code/package.json").read_text(encoding="utf-8"))
    assert package["engines"]["node"] == f">={readme.node_of_claude_code()}.0.0"
    assert readme.node_of_claude_code() == NODE
