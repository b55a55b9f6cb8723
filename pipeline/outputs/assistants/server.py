"""The server: tools for assistants over the protocol's own package."""

from collections.abc import Callable
from functools import wraps
from importlib.metadata import version
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations

from pipeline.outputs.assistants.tools import Tools

INSTRUCTIONS = """Numbers about coding agents here: what they cost, who uses them, what comes of it.
Every number is that of the dashboard. Nothing here writes. Begin with list_metrics."""


def serve(tools: Tools, plain: Callable[[Any], Any], message_of: Callable[[Exception], str]) -> None:
    """Answer on standard input and output until the other side ends.

    Args:
        tools: what may be asked.
        plain: makes values those of JSON, as people may see them.
        message_of: what an exception means, as people may see it.
    """
    server = MCPServer(
        "aa-pipeline", version=version("aa-pipeline"), instructions=INSTRUCTIONS, log_level="ERROR"
    )
    for name in vars(Tools):
        if not name.startswith("_") and callable(tool := getattr(tools, name)):
            server.add_tool(
                _told(tool, plain, message_of),
                annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
            )
    server.run("stdio")


def _told(
    tool: Callable[..., dict[str, Any]], plain: Callable[[Any], Any], message_of: Callable[[Exception], str]
) -> Callable[..., dict[str, Any]]:
    """A tool whose failures are sentences for the assistant."""

    @wraps(tool)
    def told(**arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = plain(tool(**arguments))
        except Exception as error:  # an assistant is told, and the server stays
            raise ToolError(message_of(error)) from error
        return answer

    return told
