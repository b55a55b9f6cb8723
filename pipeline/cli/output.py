"""What commands print: tables on a terminal, plain text elsewhere, JSON where it is asked for.

Values come from data that anybody may have written: control characters never reach a terminal
as they are, and no value is read as markup.
"""

import datetime as dt
import json
import math
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

# Control characters, and those that reorder or hide the text around them.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def printable(text: str) -> str:
    """Text with every control character but the line break made visible.

    >>> printable("\\x1b[31mred")
    '\\\\x1b[31mred'
    """
    return _UNPRINTABLE.sub(lambda c: c[0] if c[0] == "\n" else c[0].encode("unicode_escape").decode(), text)


def is_terminal(stream: IO[str] | None = None) -> bool:
    """Whether people look at the stream (standard output, if none is given)."""
    return (stream or sys.stdout).isatty()


def colourful() -> bool:
    """Whether standard output is a terminal that wants colours."""
    return is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(message: str = "", *, err: bool = False) -> None:
    """A line for people."""
    click.echo(printable(message), err=err)


def warn(message: str) -> None:
    """A warning, on standard error."""
    click.echo(click.style("Warning: ", fg="yellow", bold=True) + printable(message), err=True)


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(_plain(document), ensure_ascii=False, indent=2))


def write_file(file: Path, text: str) -> None:
    """Write a text file, and the folders above it.

    Raises:
        SetupError: it cannot be written.
    """
    from pipeline.errors import SetupError

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{file} cannot be written: {error.strerror}.") from None


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None) -> None:
    """A table: drawn on a terminal, columns and two spaces elsewhere; numbers to the right."""
    cells = [[cell(value) for value in row] for row in rows]
    numeric = [
        all(_is_number(text) for row in cells if (text := row[index])) and any(row[index] for row in cells)
        for index in range(len(columns))
    ]
    if is_terminal():
        _draw(columns, cells, numeric, title)
    else:
        _write(columns, cells, numeric, title)


def cell(value: Any) -> str:
    """A value as it stands in a table: NULL is empty, fractions are short."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        if abs(value) < 1 or not math.isfinite(value):
            return f"{value:.6g}"
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, dt.timedelta):
        return duration(value)
    return printable(str(value)).replace("\n", "⏎")


def duration(length: dt.timedelta) -> str:
    """A length of time in its two largest units.

    >>> duration(dt.timedelta(days=3, hours=4, minutes=5))
    '3 d 4 h'
    """
    seconds = int(length.total_seconds())
    units = {"d": seconds // 86400, "h": seconds // 3600 % 24, "min": seconds // 60 % 60}
    parts = [f"{count} {unit}" for unit, count in units.items() if count]
    return " ".join(parts[:2]) or f"{seconds} s"


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[$+-]?[\d,]+(\.\d+)?( ?[%a-zA-Z]{1,3})?", text))


def _draw(columns: Sequence[str], cells: list[list[str]], numeric: list[bool], title: str | None) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        header_style="bold",
    )
    for name, right in zip(columns, numeric, strict=True):
        table.add_column(
            Text(printable(name)),
            justify="right" if right else "left",
            overflow="ellipsis",
            no_wrap=True,
        )
    for row in cells:
        table.add_row(*map(Text, row))
    console().print(table)


def _write(columns: Sequence[str], cells: list[list[str]], numeric: list[bool], title: str | None) -> None:
    if title:
        say(title)
    rows = [[printable(name) for name in columns], *cells]
    widths = [max(len(row[index]) for row in rows) for index in range(len(columns))]
    for row in rows:
        parts = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, numeric, strict=True)
        ]
        click.echo("  ".join(parts).rstrip())


def console(*, err: bool = False) -> "Console":
    """The terminal, through rich; NO_COLOR is respected."""
    from rich.console import Console

    return Console(
        stderr=err, highlight=False, emoji=False, no_color=bool(os.environ.get("NO_COLOR")) or None
    )


def _plain(value: Any) -> Any:
    """A value that JSON knows: instants in ISO form, decimals as numbers, no NaN."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, float | Decimal):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


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

    return Text(printable(message))


def set_up_logging(level: str, log_format: str) -> None:
    """Send the package's log to standard error."""
    import logging

    class JsonLines(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            line = {
                "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(),
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": record.getMessage(),
            }
            if record.exc_info:
                line["traceback"] = self.formatException(record.exc_info)
            return json.dumps(line, ensure_ascii=False)

    class Lines(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return printable(super().format(record))

    handler = logging.StreamHandler()
    handler.setFormatter(
        JsonLines() if log_format == "json" else Lines("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
    )
    logger = logging.getLogger("pipeline")
    logger.handlers = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False
