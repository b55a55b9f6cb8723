"""Tables: drawn on a terminal, plain text elsewhere."""

import datetime as dt
import math
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal

import click

from pipeline.cli.output import console, is_terminal, value_shown
from pipeline.system.hidden import visible_lines

WIDEST = 60  # characters of a cell that a drawn table shows, of every column but the last
SHORTEST = 16  # what must be left for the last column
GAP = 3  # between two columns


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], total: Sequence[Any] | None = None
) -> None:
    """Print rows under their columns, and `total` below them; numbers stand to the right.

    On a terminal the last column gives way where the window is too narrow; if that is not
    enough, each row is printed as a list. Elsewhere nothing is cut.
    """
    names = [visible_lines(name) for name in columns]
    cells = [[cell(value) for value in row] for row in (*rows, *([total] if total else ()))]
    to_the_right = [
        any(texts) and all(map(_is_number, filter(None, texts)))
        for texts in ([row[index] for row in cells] for index in range(len(names)))
    ]
    if is_terminal():
        _draw(names, cells, to_the_right, has_total=total is not None)
    else:
        _write(names, cells, to_the_right)


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
    return visible_lines(value_shown(str(value))).replace("\n", "⏎")


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
    return bool(re.fullmatch(r"<?-?\$?[\d,]+(\.\d+)?(e-?\d+)?[* ]?|– ?", text))


def _write(names: list[str], cells: list[list[str]], to_the_right: list[bool]) -> None:
    lines = [names, *cells]
    widths = [max(len(line[index]) for line in lines) for index in range(len(names))]
    for line in lines:
        parts = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, to_the_right, strict=True)
        ]
        click.echo("  ".join(parts).rstrip())


def _draw(names: list[str], cells: list[list[str]], to_the_right: list[bool], has_total: bool) -> None:
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    terminal = console()
    needed = [max(map(cell_len, [name, *(row[index] for row in cells)])) for index, name in enumerate(names)]
    # The last column has what the window leaves.
    widths = [*(min(width, WIDEST) for width in needed[:-1]), needed[-1]]
    room = terminal.width - sum(widths[:-1]) - GAP * (len(widths) - 1)
    if room < min(widths[-1], SHORTEST):
        _draw_lists(names, cells)
        return
    widths[-1] = min(widths[-1], room)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for name, width, right in zip(names, widths, to_the_right, strict=True):
        justify: Literal["left", "right"] = "right" if right else "left"
        table.add_column(Text(name), width=width, justify=justify, overflow="ellipsis", no_wrap=True)
    for number, row in enumerate(cells, start=1):
        is_total = has_total and number == len(cells)
        if is_total:
            table.add_section()
        table.add_row(*map(Text, row), style="bold" if is_total else None)
    terminal.print(table)


def _draw_lists(names: list[str], cells: list[list[str]]) -> None:
    """Each row as lines of name and value, for what is too wide for a table."""
    width = max(map(len, names))
    for number, row in enumerate(cells, start=1):
        click.echo(click.style(f"row {number}", bold=True))
        for name, text in zip(names, row, strict=True):
            click.echo(f"  {name.ljust(width)}  {text}".rstrip())
