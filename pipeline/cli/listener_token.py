"""`listener-token`: who may send to `ingest otlp --listen`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pipeline.cli.options import Group, command


def file_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option --file."""
    return click.option(
        "--file",
        type=click.Path(dir_okay=False, path_type=Path),
        default=Path("listener-tokens"),
        show_default=True,
        help="Where tokens are kept, hashed.",
    )(function)


@click.group("listener-token", cls=Group)
def listener_token() -> None:
    """Give teams tokens for sending telemetry, and take them away.

    A running listener takes what has changed with the next request. A team can have two tokens at once:
    add another one, give it to its senders, and add one more, or remove the team, to end the old one.

    \b
    aa-pipeline listener-token add web
    aa-pipeline ingest otlp --listen 0.0.0.0:4318 --listen-anywhere --tokens listener-tokens
    """


@command()
@click.argument("name")
@file_option
def add(name: str, file: Path) -> None:
    """Make a token for a team, and show it this once.

    \b
    aa-pipeline listener-token add web
    """
    from pipeline.cli.output import say
    from pipeline.ingest.otlp import tokens

    click.echo(tokens.add(file, name))
    say(
        f"It is kept nowhere: {file} holds its hash. Agents of {name} send it with"
        " OTEL_EXPORTER_OTLP_HEADERS='Authorization=Bearer TOKEN'.",
        err=True,
    )


@command()
@click.argument("name")
@file_option
def remove(name: str, file: Path) -> None:
    """Take all tokens of a team away.

    \b
    aa-pipeline listener-token remove web
    """
    from pipeline.cli.output import say
    from pipeline.ingest.otlp import tokens

    tokens.remove(file, name)
    say(f"{name} has no token any more.")


@command("list")
@file_option
def list_(file: Path) -> None:
    """Show which teams have how many tokens.

    \b
    aa-pipeline listener-token list
    """
    from collections import Counter

    from pipeline.cli.output import say
    from pipeline.ingest.otlp import tokens

    for name, number in Counter(name for name, _ in tokens.read(file)).items():
        say(f"{name}: {number} token{'' if number == 1 else 's'}")


for _command in (add, remove, list_):
    listener_token.add_command(_command)
