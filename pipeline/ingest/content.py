"""What is left out of the raw tables: what people and models wrote, and what tools read.

The default keeps metadata only. Prompts, responses, arguments and results of tools, contents of
files and bodies of requests land only when a person asks for them by name.
"""

import re
from collections.abc import Iterable
from typing import Any

from pipeline.agents import AGENTS
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
)
NUMBERS = (bool, int, float)
# The text of the record itself.
BODY = "body"
# The one fact inside tool parameters that links a commit to a session.
COMMIT_HOLDERS = ("tool_parameters", "tool_input")
COMMIT = "git_commit_id"

_COMMIT_IN_JSON = re.compile(r'"git_commit_id"\s*:\s*"([0-9a-fA-F]{7,64})"')
# A body that is a name and nothing else, such as session_start or claude_code.api_request.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*([./][A-Za-z0-9_-]+)*")
LONGEST_NAME = 128
MOST_LAYOUTS = 1_000  # lists of names that are remembered


def is_content(name: str) -> bool:
    """Whether an attribute of this name holds content."""
    return name in CONTENT or name.startswith(CONTENT_PREFIXES)


class ContentFilter:
    """Leaves content out of records, and remembers what it left out.

    Args:
        include: names of attributes to keep all the same; `body` keeps the body as well.

    Raises:
        SetupError: a name that is no content attribute.
    """

    def __init__(self, include: Iterable[str] = ()) -> None:
        self.include = frozenset(include)
        self.dropped: set[str] = set()
        # Records of a kind have the same names: those among them that hold content.
        self._holders: dict[tuple[str, ...], tuple[str, ...]] = {}
        for name in sorted(self.include):
            if not is_content(name):
                raise SetupError(
                    f"The attribute {name!r} is not one that is left out."
                    f"{did_you_mean(name, CONTENT)} Names that can be included:"
                    f" {', '.join(sorted(CONTENT))}."
                )

    def attributes(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """What lands of attributes; the same object if none of them holds content."""
        plain, content = self.split(attributes)
        return self.kept(content) | plain if content else plain

    def split(self, attributes: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Attributes by their names: those without content, and those that hold it."""
        names = tuple(attributes)
        holders = self._holders.get(names)
        if holders is None:
            holders = tuple(filter(is_content, names))
            if len(self._holders) < MOST_LAYOUTS:
                self._holders[names] = holders
        if not holders:
            return attributes, {}
        plain = attributes.copy()
        return plain, {name: plain.pop(name) for name in holders}

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
