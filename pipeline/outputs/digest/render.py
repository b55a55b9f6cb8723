"""A digest as HTML that mail programs show, as Markdown, or as JSON."""

import json
from typing import Literal

from pipeline.outputs.digest.document import Chance, Digest, Figure
from pipeline.outputs.metrics import METRICS
from pipeline.outputs.metrics.shown import NO_CHANGE, change, shown
from pipeline.outputs.pages import environment
from pipeline.outputs.pages.ours import SIGNED
from pipeline.outputs.report.escaping import markdown_text
from pipeline.system.hidden import visible

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


def _headline(digest: Digest) -> str:
    values = {figure.metric: figure.value for figure in digest.figures}
    cost, commits = values.get("cost"), values.get("assisted_commits")
    said = [
        f"{shown('usd', cost)} went in" if cost else "",
        f"{shown('count', commits)} commit{'' if commits == 1 else 's'} with an agent's help came out"
        if commits
        else "",
    ]
    return ", ".join(filter(None, said)) or "Nothing is known of this week"


def _week(digest: Digest) -> str:
    first, last = digest.monday, digest.sunday
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day} {first:%b}{year} – {last.day} {last:%b} {last.year}"


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
    lines = [f"## {_headline(digest)}", "", f"{_week(digest)}, beside the week before.", ""]
    lines += ["| | this week | the week before | |", "| --- | ---: | ---: | --- |"]
    for figure in digest.figures:
        metric = METRICS[figure.metric]
        value, before = shown(metric.unit, figure.value), shown(metric.unit, figure.before)
        told = figure.reason if figure.value is None else _change(figure)
        mark = {"good": " better", "bad": " worse", "": ""}[_direction(figure)]
        lines.append(f"| {metric.label} | {value} | {before} | {markdown_text(told or '')}{mark} |")
    for table in digest.tables:
        heads = [METRICS[name].label for name in table.metrics]
        lines += ["", f"### {table.title}", "", f"| | {' | '.join(heads)} |"]
        lines.append(f"| --- |{' ---: |' * len(heads)}")
        for name, values in table.rows:
            cells = [shown(METRICS[m].unit, value) for m, value in zip(table.metrics, values, strict=True)]
            lines.append(f"| {markdown_text(visible(name))} | {' | '.join(cells)} |")
        if table.left_out:
            lines += ["", f"And {table.left_out:,} more."]
    for note in _notes(digest):
        lines += ["", markdown_text(note)]
    lines += ["", f"Days begin in {markdown_text(digest.timezone)} · {SIGNED}"]
    return "\n".join([*lines, ""])


def _html(digest: Digest) -> str:
    template = environment("pipeline.outputs.digest").get_template("digest.html.j2")
    return template.render(
        digest=digest,
        metrics=METRICS,
        headline=_headline(digest),
        week=_week(digest),
        shown=shown,
        was=_was,
        direction=_direction,
        notes=_notes(digest),
    )
