"""A digest as HTML that mail programs show, as Markdown, or as JSON."""

import json
from collections.abc import Iterator, Sequence
from typing import Literal

from pipeline.outputs.digest.document import Chance, Digest, Figure, Table
from pipeline.outputs.metrics import METRICS
from pipeline.outputs.metrics.rows import Value
from pipeline.outputs.metrics.shown import NO_CHANGE, change, period, shown
from pipeline.outputs.pages import environment
from pipeline.outputs.pages.ours import SIGNED
from pipeline.outputs.report.escaping import markdown_text

FORMATS = ("html", "markdown", "json")
CHANCE = (
    "In brackets: between which changes chance leaves a ratio in 95 of 100 cases, as the days of both weeks"
    " vary. What may be chance is called neither better nor worse."
)


def render(digest: Digest, output_format: str) -> str:
    """The digest in one of the `FORMATS`."""
    if output_format == "json":
        document = digest.document() | {"generator": SIGNED}
        return json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n"
    return _markdown(digest) if output_format == "markdown" else _html(digest)


def headline(cost: Value, commits: Value, of: str) -> str:
    """What went in and what came out, in a sentence; `of` is said where nothing is known of it."""
    said = [
        f"{shown('usd', cost)} went in" if cost else "",
        f"{shown('count', commits)} commit{'' if commits == 1 else 's'} with an agent's help came out"
        if commits
        else "",
    ]
    return ", ".join(filter(None, said)) or f"Nothing is known of {of}"


def _headline(digest: Digest) -> str:
    values = {figure.metric: figure.value for figure in digest.figures}
    return headline(values.get("cost"), values.get("assisted_commits"), "this week")


def _direction(figure: Figure) -> Literal["good", "bad", ""]:
    """Whether a change is for the better; empty where that depends, may be chance, or cannot be seen."""
    better, (now, before) = METRICS[figure.metric].better, (figure.value, figure.before)
    if better is None or not isinstance(now, int | float) or not isinstance(before, int | float):
        return ""
    if now == before or change(now, before) == NO_CHANGE or (figure.chance and _may_be_chance(figure.chance)):
        return ""
    return "good" if (now > before) == (better == "up") else "bad"


def _may_be_chance(chance: Chance) -> bool:
    return chance.low <= 0 <= chance.high


def _change(figure: Figure) -> str:
    """By how much a figure differs from the week before, and between which changes chance leaves it."""
    by = change(figure.value, figure.before)
    if not by or not figure.chance:
        return by
    low, high = (change(1 + end, 1) for end in (figure.chance.low, figure.chance.high))
    now, before = figure.chance.days
    return f"{by} [{low} to {high}; {now} and {before} days]"


def _was(figure: Figure) -> str:
    if figure.value is None:
        return figure.reason or ""
    if figure.before is None:
        return ""
    by = _change(figure)
    was = f"was {shown(METRICS[figure.metric].unit, figure.before)}"
    return f"{was}, {by}" if by else was


def _notes(digest: Digest) -> list[str]:
    return [*digest.notes, *([CHANCE] if any(figure.chance for figure in digest.figures) else [])]


def _markdown(digest: Digest) -> str:
    lines = [f"## {_headline(digest)}", ""]
    lines += [f"{period(digest.monday, digest.sunday)}, beside the week before.", ""]
    lines += figure_lines(digest.figures, "this week", "the week before")
    for table in digest.tables:
        lines += ["", f"### {table.title}", "", *table_lines(table)]
    for note in _notes(digest):
        lines += ["", markdown_text(note)]
    lines += ["", f"Days begin in {markdown_text(digest.timezone)} · {SIGNED}"]
    return "\n".join([*lines, ""])


def figure_lines(figures: Sequence[Figure], now: str, before: str) -> Iterator[str]:
    """A table of Markdown: figures, those before, and what has changed."""
    yield f"| | {now} | {before} | |"
    yield "| --- | ---: | ---: | --- |"
    for figure in figures:
        metric = METRICS[figure.metric]
        told = figure.reason if figure.value is None else _change(figure)
        mark = {"good": " better", "bad": " worse", "": ""}[_direction(figure)]
        if figure.decisions:
            count, *ends = figure.decisions
            low, high = (shown(metric.unit, end) for end in ends)
            mark += f"; of {count:,}, {low} to {high}" if told else f"of {count:,}, {low} to {high}"
        values = f"{shown(metric.unit, figure.value)} | {shown(metric.unit, figure.before)}"
        yield f"| {metric.label} | {values} | {markdown_text(told or '')}{mark} |"


def table_lines(table: Table) -> Iterator[str]:
    """A table of Markdown, and how many rows are left out of it."""
    heads = [METRICS[name].label for name in table.metrics]
    yield f"| | {' | '.join(heads)} |"
    yield f"| --- |{' ---: |' * len(heads)}"
    for name, values in table.rows:
        cells = [shown(METRICS[m].unit, value) for m, value in zip(table.metrics, values, strict=True)]
        yield f"| {markdown_text(name)} | {' | '.join(cells)} |"
    if table.left_out:
        yield ""
        yield f"And {table.left_out:,} more."


def _html(digest: Digest) -> str:
    template = environment("pipeline.outputs.digest").get_template("digest.html.j2")
    return template.render(
        digest=digest,
        metrics=METRICS,
        headline=_headline(digest),
        week=period(digest.monday, digest.sunday),
        shown=shown,
        was=_was,
        direction=_direction,
        notes=_notes(digest),
    )
