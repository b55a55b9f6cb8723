"""What commands print: text for people, JSON where it is asked for, a line that moves meanwhile.

Values come from data that anybody may have written: control characters never reach a terminal
as they are, and no value is read as markup.
"""

import datetime as dt
import json
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import click

from pipeline.system.hidden import escaped_json, visible_lines

if TYPE_CHECKING:
    from rich.console import Console


def is_terminal(stream: IO[str] | None = None) -> bool:
    """Whether people look at the stream (standard output, if none is given); not if it is closed."""
    stream = stream or sys.stdout
    return stream is not None and stream.isatty()


def colourful() -> bool:
    """Whether standard output is a terminal that wants colours."""
    return is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


_nobody_is_named = False


def name_nobody(yes: bool) -> None:
    """Whether to say nothing of home folders and e-mail addresses from now on."""
    global _nobody_is_named
    _nobody_is_named = yes


def shown(text: str) -> str:
    """Text of several lines as people and logs may see it: hidden characters spelled out."""
    if _nobody_is_named:
        from pipeline.system.pseudonyms import without_people

        text = without_people(text)
    return visible_lines(text)


def value_shown(text: str) -> str:
    """A value as a table or a document may show it: pseudonyms stand for people in it already."""
    if _nobody_is_named:
        from pipeline.system.pseudonyms import without_homes

        text = without_homes(text)
    return text


def say(message: str = "", *, err: bool = False) -> None:
    """Lines for people; on a terminal they break between words."""
    click.echo(_wrapped(shown(message), err=err), err=err)


def warn(message: str) -> None:
    """A warning, on standard error."""
    say_after(click.style("Warning: ", fg="yellow", bold=True), message)


def say_after(mark: str, message: str, *, err: bool = True) -> None:
    """A paragraph after a mark that is printed as it is, on standard error unless told otherwise."""
    plain = click.unstyle(mark)
    text = _wrapped(plain + shown(message), err=err)
    click.echo(mark + text.removeprefix(plain), err=err)


def _wrapped(text: str, *, err: bool) -> str:
    if not is_terminal(sys.stderr if err else sys.stdout):
        return text
    import shutil
    import textwrap

    width = shutil.get_terminal_size().columns
    return "\n".join(
        textwrap.fill(
            line,
            width,
            subsequent_indent=" " * (len(line) - len(line.lstrip())),
            break_long_words=False,
            break_on_hyphens=False,
        )
        if len(line) > width
        else line
        for line in text.split("\n")
    )


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    click.echo(escaped_json(json.dumps(plain(document), ensure_ascii=False, indent=2)))


def console(*, err: bool = False) -> "Console":
    """The terminal, through rich; NO_COLOR is respected."""
    from rich.console import Console

    return Console(
        stderr=err, highlight=False, emoji=False, no_color=bool(os.environ.get("NO_COLOR")) or None
    )


def plain(value: Any) -> Any:
    """A value that JSON knows: instants in ISO form, decimals as numbers, no NaN."""
    from decimal import Decimal

    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, float | Decimal):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str):
        return value_shown(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.hex()
    return value_shown(str(value))


@contextmanager
def progress(message: str, *, quiet: bool = False) -> Iterator[Any]:
    """A line that moves on a terminal while work is done; yields a function that changes it."""
    if quiet or not is_terminal(sys.stderr) or os.environ.get("TERM") == "dumb":
        yield lambda message: None
        return
    with console(err=True).status(_status(message)) as status:
        yield lambda message: status.update(_status(message))


def _status(message: str) -> Any:
    from rich.text import Text

    return Text(shown(message))


def set_up_logging(level: str, log_format: str) -> None:
    """Send the package's log to standard error."""
    import logging

    class JsonLines(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            line = {
                "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(),
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": shown(record.getMessage()),
            }
            if record.exc_info:
                line["traceback"] = shown(self.formatException(record.exc_info))
            return escaped_json(json.dumps(line, ensure_ascii=False))

    class Lines(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return shown(super().format(record))

    handler = logging.StreamHandler()
    handler.setFormatter(
        JsonLines() if log_format == "json" else Lines("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
    )
    logger = logging.getLogger("pipeline")
    logger.handlers = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False
