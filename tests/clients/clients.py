"""The clients: how each is started and told of the model's API, and what its model answers.

What it is told of our listener stands in README alone.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.clients.scripts import (
    AFTER,
    ANTHROPIC,
    BEFORE,
    CLAUDE_CODE,
    COMMIT,
    GEMINI,
    OPENAI,
    PATCH,
    Call,
    FourTokens,
)

API = "http://127.0.0.1:8001"
KEY = "sk-none"
APP = "$REPOSITORY/app.py"

CODEX_CONFIG = f"""
model_provider = "local"

[model_providers.local]
name = "Local"
base_url = "{API}/v1"
wire_api = "responses"
env_key = "LOCAL_API_KEY"

# What it would look for elsewhere, which takes five seconds to fail.
[analytics]
enabled = false

[features]
plugins = false
"""


@dataclass(frozen=True, eq=False, kw_only=True)
class Client:
    """A client: its command without the prompt, its model's answers, its settings as `readme` has them."""

    agent_type: str
    readme: str  # its name in README's table
    model: str
    command: str
    tokens: FourTokens
    read: Call
    edit: Call
    commit: Call
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)


CLIENTS = [
    Client(
        agent_type="claude_code",
        readme="Claude Code",
        model="claude-sonnet-4-5",
        command="claude --model claude-sonnet-4-5 --output-format json --dangerously-skip-permissions -p",
        tokens=CLAUDE_CODE,
        read=("Read", {"file_path": APP}),
        edit=("Edit", {"file_path": APP, "old_string": BEFORE, "new_string": AFTER}),
        commit=("Bash", {"command": COMMIT, "description": "Commit"}),
        environment={
            "ANTHROPIC_BASE_URL": API,
            "ANTHROPIC_API_KEY": KEY,
            "DISABLE_AUTOUPDATER": "1",
            "IS_SANDBOX": "1",  # else root may not skip permissions
        },
    ),
    Client(
        agent_type="codex",
        readme="Codex",
        model="gpt-5.5",
        command="codex exec --json --dangerously-bypass-approvals-and-sandbox --model gpt-5.5",
        tokens=OPENAI,
        read=("exec_command", {"cmd": "cat app.py"}),
        edit=("apply_patch", PATCH),
        commit=("exec_command", {"cmd": COMMIT}),
        environment={"LOCAL_API_KEY": KEY},
        files={"~/.codex/config.toml": CODEX_CONFIG},
    ),
    Client(
        agent_type="gemini_cli",
        readme="Gemini CLI",
        model="gemini-2.5-pro",
        command="gemini --yolo --skip-trust --output-format json --model gemini-2.5-pro --prompt",
        tokens=GEMINI,
        read=("read_file", {"file_path": APP}),
        edit=(
            "replace",
            {"file_path": APP, "instruction": "Greet", "old_string": BEFORE, "new_string": AFTER},
        ),
        commit=("run_shell_command", {"command": COMMIT, "description": "Commit"}),
        environment={"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": API},
        files={
            "~/.gemini/settings.json": {
                "general": {"enableAutoUpdate": False},
                "security": {"auth": {"selectedType": "gemini-api-key"}},
            }
        },
    ),
    Client(
        agent_type="qwen_code",
        readme="Qwen Code",
        model="qwen3-coder-plus",
        command="qwen --yolo --output-format json --model qwen3-coder-plus --prompt",
        tokens=OPENAI,
        read=("read_file", {"file_path": APP}),
        edit=("edit", {"file_path": APP, "old_string": BEFORE, "new_string": AFTER}),
        commit=(
            "run_shell_command",
            {"command": COMMIT, "description": "Commit", "is_background": False},
        ),
        environment={"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{API}/v1"},
        files={
            "~/.qwen/settings.json": {
                "general": {"enableAutoUpdate": False},
                # What it would remember it asks for after its answer, while it ends.
                "memory": {"enableManagedAutoMemory": False, "enableManagedAutoDream": False},
                "privacy": {"usageStatisticsEnabled": False},
                "security": {"auth": {"selectedType": "openai"}},
            }
        },
    ),
    Client(
        agent_type="github_copilot",
        readme="Copilot CLI",
        model="gpt-5.4",
        command="copilot --allow-all-tools --allow-all-paths --output-format json --prompt",
        tokens=OPENAI,
        read=("view", {"path": APP}),
        edit=("apply_patch", PATCH),
        commit=("bash", {"command": COMMIT, "description": "Commit", "mode": "sync"}),
        environment={
            "COPILOT_AUTO_UPDATE": "false",
            "COPILOT_MODEL": "gpt-5.4",
            # A provider of one's own: no login to GitHub.
            "COPILOT_PROVIDER_API_KEY": KEY,
            "COPILOT_PROVIDER_BASE_URL": f"{API}/v1",
            "COPILOT_PROVIDER_WIRE_API": "responses",
        },
    ),
    Client(
        agent_type="opencode",
        readme="opencode",
        model="claude-sonnet-4-5",
        command="opencode run --auto --format json --model anthropic/claude-sonnet-4-5",
        tokens=ANTHROPIC,
        read=("read", {"filePath": APP}),
        edit=("edit", {"filePath": APP, "oldString": BEFORE, "newString": AFTER}),
        commit=("bash", {"command": COMMIT, "description": "Commit"}),
        environment={"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"},
        files={
            "~/.config/opencode/opencode.json": {
                "permission": {"bash": "allow", "edit": "allow"},
                "provider": {"anthropic": {"options": {"baseURL": f"{API}/v1", "apiKey": KEY}}},
                "share": "disabled",
            }
        },
    ),
]
