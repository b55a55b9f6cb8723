"""`mcp`: assistants ask for metrics and tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.cli.options import Invocation, command, pass_invocation

if TYPE_CHECKING:
    from pipeline.outputs.why.explain import Explainer


@command()
@pass_invocation
def mcp(invocation: Invocation) -> None:
    """Let an assistant ask for metrics and tables, over the Model Context Protocol.

    Speaks on standard input and output; the assistant starts it. It can list metrics and ask for their
    values, explain a number, and list and describe tables. It cannot write or run SQL, and opens the database
    for each question only. Pseudonyms and min_group of [privacy] hold as on the dashboard.

    \b
    claude mcp add aa-pipeline -- aa-pipeline mcp -t agent_analytics.duckdb
    codex mcp add aa-pipeline -- aa-pipeline mcp -t agent_analytics.duckdb
    """
    from importlib.util import find_spec

    from pipeline.errors import SetupError

    if find_spec("mcp") is None:
        raise SetupError("`aa-pipeline mcp` needs a package. Install it: pip install 'aa-pipeline[mcp]'.")

    from pipeline.cli.failure import meaning
    from pipeline.cli.output import plain
    from pipeline.outputs.assistants.server import serve
    from pipeline.outputs.assistants.tools import Tools

    tools = Tools(
        connect=lambda: invocation.connect(read_only=True),
        explainer=lambda: _explainer(invocation),
        tables=lambda: invocation.plan_without_database().tables,
        settings=invocation.config.figure_settings(),
    )
    _ = invocation.target  # a target that is unknown is told before anybody asks
    serve(tools, plain, lambda error: meaning(error)[0])


@contextmanager
def _explainer(invocation: Invocation) -> "Iterator[Explainer]":
    from pipeline.cli.why import explainer

    with invocation.connect(read_only=True) as engine:
        yield explainer(invocation, engine, invocation.plan(engine))
