"""What is left out of the raw tables: what people and models wrote, and what tools read.

The default keeps metadata only, by what is allowed: attributes that are known to be metadata land,
and attributes that nobody knows land if their value looks like it (a number, a truth value, a short
identifier). Prompts, responses, arguments and results of tools, contents of files, command lines and
bodies of requests land only when a person asks for them by name. What is left out is named.
Of an address, as of a repository, neither user, password nor query lands, whatever was asked for.
"""

import re
from collections.abc import Iterable
from typing import Any

from pipeline.agents import AGENTS, TELEMETRY
from pipeline.agents.projects import without_credentials
from pipeline.errors import SetupError, did_you_mean

# Attributes that hold content, by their whole name. Only text, lists and objects count as
# content: a number or a truth value under such a name is kept.
CONTENT = frozenset(
    {
        # what people and models wrote
        "prompt",
        "prompt_text",
        "user_prompt",
        "request_text",
        "response",
        "response_text",
        "message",
        "messages",
        "text",
        "content",
        "completion",
        "thinking",
        "reasoning",
        "input",
        "output",
        "input.value",
        "output.value",
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.system_instructions",
        "gen_ai.prompt",
        "gen_ai.completion",
        "ai.prompt",
        "ai.response.text",
        "ai.response.object",
        "ai.response.reasoning",
        "ai.response.toolCalls",
        *(name for agent in AGENTS.values() for name in agent.content),
        # what tools were given and gave back
        "tool_parameters",
        "tool_input",
        "tool_output",
        "tool_result",
        "tool_args",
        "arguments",
        "function_args",
        "parameters",
        "result",
        "command",
        "bash_command",
        "full_command",
        "stdin",
        "stdout",
        "stderr",
        "diff",
        "patch",
        "file_content",
        "old_string",
        "new_string",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result",
        "gen_ai.tool.definitions",
        "ai.toolCall.args",
        "ai.toolCall.result",
        "db.query.text",
        # command lines: `gemini -p PROMPT` puts the prompt there
        "process.command",
        "process.command_args",
        "process.command_line",
        # raw requests and responses
        "body",
        "request_body",
        "response_body",
        "raw_request",
        "raw_response",
        "http.request.body",
        "http.response.body",
    }
)
# Attributes that hold content, by how their name begins (`gen_ai.prompt.0.content`).
CONTENT_PREFIXES = (
    "gen_ai.prompt.",
    "gen_ai.completion.",
    "gen_ai.input.messages.",
    "gen_ai.output.messages.",
    "llm.input_messages.",
    "llm.output_messages.",
    "llm.prompts.",
    "ai.prompt.",
)

# Attributes whose texts and lists are metadata, whatever they look like. Short identifiers need not
# be listed.
METADATA = frozenset(
    {
        "agent.name",
        "agent_name",
        "ai.telemetry.functionId",
        "codex.request.reasoning_effort",
        "core_tools_enabled",
        "cwd",
        "department",
        "editor",
        "effort",
        "error",
        "error.message",
        "error.type",
        "error_message",
        "error_type",
        "exception.type",
        "experiments.ids",
        "extension_ids",
        "extensions",
        "file_path",
        "finish_reasons",
        "gen_ai.agent.name",
        "gen_ai.request.model",
        "gen_ai.response.finish_reasons",
        "gen_ai.response.model",
        "gen_ai.tool.name",
        "gen_ai.token.type",
        "github.copilot.context.mcp_server_names",
        "github.copilot.context.skills",
        "http.user_agent",
        "language",
        "managed_settings.sources",
        "marketplace.name",
        "mcp_server.name",
        "mcp_server_name",
        "mcp_server_names",
        "mcp_servers",
        "mcp_tool.name",
        "mcp_tools",
        "model",
        "model_name",
        "operation.name",
        "os_release",
        "plugin.name",
        "programming_language",
        "qwen-code.context.usage",
        "reason",
        "resource.name",
        "sandbox_policy",
        "skill.name",
        "skills",
        "subagent_name",
        "subagents",
        "terminal",
        "terminal.type",
        "thread.name",
        "tool.name",
        "tool_name",
        "user.groups",
        "user_agent.original",
        "workflow.name",
        "workspace.host_paths",
    }
)
# The same by how a name begins: whole namespaces of OpenTelemetry's resources, and what people say of
# themselves and their projects.
METADATA_PREFIXES = (
    "cloud.",
    "container.",
    "deployment.",
    "enduser.",
    "host.",
    "k8s.",
    "organization.",
    "os.",
    "process.executable.",
    "process.runtime.",
    "project.",
    "service.",
    "team.",
    "telemetry.",
    "user.",
    "vcs.",
)

REPOSITORIES = frozenset(name for telemetry in TELEMETRY for name in telemetry.repositories)
# What may hold an address beside them; attributes that nobody knows may, too.
MAY_BE_ADDRESSES = ("project.", "vcs.")

NUMBERS = (bool, int, float)
# The text of the record itself.
BODY = "body"
# The one fact inside tool parameters that links a commit to a session.
COMMIT_HOLDERS = ("tool_parameters", "tool_input")
COMMIT = "git_commit_id"
# The one fact inside what a tool gave back that links a thread to its session.
THREAD = "thread.id"

_COMMIT_IN_JSON = re.compile(r'"git_commit_id"\s*:\s*"([0-9a-fA-F]{7,64})"')
_SPAWNED = {
    name: re.compile(pattern) for agent in AGENTS.values() for name, pattern in agent.telemetry.spawns.items()
}
# A value that is a name, a version, an id, an address, a time or a path; nobody's sentence has no spaces.
_IDENTIFIER = re.compile(r"[\w.:/@+#=~%-]{1,128}")
# In such an attribute even one word may be somebody's.
_SAYS_CONTENT = re.compile(
    r"(^|[._-])(prompt|message|content|text|body|comment|quer(y|ies)|completion|response|command|arg|argument"
    r"|input|output)s?$"
)
# A body that is a name and nothing else, such as session_start or claude_code.api_request.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*([./][A-Za-z0-9_-]+)*")
LONGEST_NAME = 128
MOST_LAYOUTS = 1_000  # lists of names that are remembered


def is_content(name: str) -> bool:
    """Whether an attribute of this name holds content."""
    return name in CONTENT or name.startswith(CONTENT_PREFIXES)


def is_metadata(name: str) -> bool:
    """Whether texts and lists in an attribute of this name are metadata, whatever they look like."""
    return name in METADATA or name.startswith(METADATA_PREFIXES)


def looks_like_metadata(name: str, value: Any) -> bool:
    """Whether the value of an attribute that nobody knows may land.

    >>> looks_like_metadata("build.channel", "nightly"), looks_like_metadata("note", "fix the login page")
    (True, False)
    """
    if value is None or isinstance(value, NUMBERS):
        return True
    if not isinstance(value, str) or _SAYS_CONTENT.search(name):
        return value in ("", [], {})
    return not value or _IDENTIFIER.fullmatch(value) is not None


def addresses(attributes: dict[str, Any], names: Iterable[str]) -> dict[str, str]:
    """Those of some attributes that hold an address which nobody else may see, as they may be seen."""
    found = {}
    for name in names:
        value = attributes.get(name)
        if isinstance(value, str) and ("://" in value or name in REPOSITORIES):
            shown = without_credentials(value)
            if shown != value:
                found[name] = shown
    return found


class ContentFilter:
    """Leaves content out of records, and remembers what it left out.

    Args:
        include: names of attributes to keep all the same; `body` keeps the body as well.

    Raises:
        SetupError: a name that is nearly that of a content attribute.
    """

    def __init__(self, include: Iterable[str] = ()) -> None:
        self.include = frozenset(include)
        self.dropped: set[str] = set()
        # Records of a kind have the same names: those among them that hold content, those unknown, and those
        # that may hold an address.
        self._layouts: dict[tuple[str, ...], tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {}
        for name in sorted(self.include):
            asked = is_content(name) or _SAYS_CONTENT.search(name)
            if not asked and (meant := did_you_mean(name, CONTENT)):
                raise SetupError(
                    f"The attribute {name!r} is not one that is left out.{meant} Names that are always left"
                    f" out unless included: {', '.join(sorted(CONTENT))}. Others are named when they are."
                )

    def attributes(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """What lands of attributes; the same object if all of them do."""
        plain, content = self.split(attributes)
        plain = self.allowed(plain)
        return self.kept(content) | plain if content else plain

    def split(self, attributes: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Attributes by their names: those that are not known to hold content, and those that are."""
        holders = self._layout(attributes)[0]
        if not holders:
            return attributes, {}
        plain = attributes.copy()
        return plain, {name: plain.pop(name) for name in holders}

    def allowed(self, plain: dict[str, Any]) -> dict[str, Any]:
        """What lands of attributes that are not known to hold content; the same object if all of them do."""
        _, unknown, placed = self._layout(plain)
        if shown := addresses(plain, placed):
            plain = plain | shown
        strangers = [name for name in unknown if not looks_like_metadata(name, plain[name])]
        if not strangers:
            return plain
        self.dropped.update(strangers)
        return {name: value for name, value in plain.items() if name not in strangers}

    def _layout(self, attributes: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        names = tuple(attributes)
        layout = self._layouts.get(names)
        if layout is None:
            holders = tuple(filter(is_content, names))
            known = {*holders, *self.include}
            unknown = tuple(name for name in names if name not in known and not is_metadata(name))
            placed = tuple(
                name
                for name in names
                if name in REPOSITORIES or name.startswith(MAY_BE_ADDRESSES) or not is_metadata(name)
            )
            layout = holders, unknown, placed
            if len(self._layouts) < MOST_LAYOUTS:
                self._layouts[names] = layout
        return layout

    def kept(self, content: dict[str, Any]) -> dict[str, Any]:
        """What lands of attributes that hold content."""
        kept = {}
        for name, value in content.items():
            if name in self.include or value is None or isinstance(value, NUMBERS):
                kept[name] = value
                continue
            self.dropped.add(name)
            if name in COMMIT_HOLDERS and (commit := commit_id(value)):
                kept.setdefault(COMMIT, commit)
            elif name in _SPAWNED and isinstance(value, str) and (spawned := _SPAWNED[name].match(value)):
                kept.setdefault(THREAD, spawned[1])
        return kept

    def body(self, body: Any, event_name: Any) -> Any:
        """The body if it only names the event, else None."""
        if body is None or BODY in self.include or is_event_name(body, event_name):
            return body
        self.dropped.add(BODY)
        return None


def is_event_name(body: Any, event_name: Any) -> bool:
    """Whether a body says no more than what kind of event it is.

    >>> is_event_name("claude_code.api_request", "api_request")
    True
    >>> is_event_name("session_start", None)
    True
    >>> is_event_name("fix the login page", None)
    False
    """
    if not isinstance(body, str):
        return False
    if isinstance(event_name, str) and event_name:
        return body == event_name or body.endswith("." + event_name)
    return len(body) <= LONGEST_NAME and _NAME.fullmatch(body) is not None


def commit_id(parameters: Any) -> str | None:
    """The commit that a tool made, from its parameters: JSON text or an object."""
    if isinstance(parameters, dict):
        value = parameters.get(COMMIT)
        parameters = f'"{COMMIT}":"{value}"' if isinstance(value, str) else ""
    if not isinstance(parameters, str) or COMMIT not in parameters:
        return None
    found = _COMMIT_IN_JSON.search(parameters)
    return found[1].lower() if found else None
