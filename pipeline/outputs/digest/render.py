"""A digest as HTML that mail programs show, as Markdown, or as JSON."""

import json
from typing import Literal

from pipeline.outputs.digest.document import Digest, Figure
from pipeline.outputs.metrics import METRICS
from pipeline.outputs.metrics.shown import change, shown
from pipeline.outputs.pages import environment
from pipeline.outputs.report.escaping import markdown_text
from pipeline.system.hidden import visible

FORMATS = ("html", "markdown", "json")


def render(digest: Digest, output_format: str) -> str:
    """The digest in one of the `FORMATS`."""
    if output_format == "json":
        return json.dumps(digest.document(), ensure_ascii=False, indent=2, default=str) + "\n"
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
    """Whether a change is for the better; empty where that depends, or nothing has changed."""
    better, (now, before) = METRICS[figure.metric].better, (figure.value, figure.before)
    if better is None or not isinstance(now, int | float) or not isinstance(before, int | float):
        return ""
    if now == before:
        return ""
    return "good" if (now > before) == (better == "up") else "bad"


def _was(figure: Figure) -> str:
    if figure.value is None:
        return figure.reason or ""
    if figure.before is None:
        return ""
    by = change(figure.value, figure.before)
    was = f"was {shown(METRICS[figure.metric].unit, figure.before)}"
    return f"{was}, {by}" if by else was


def _markdown(digest: Digest) -> str:
    lines = [f"## {_headline(digest)}", "", f"{_week(digest)}, beside the week before.", ""]
    lines += ["| | this week | the week before | |", "| --- | ---: | ---: | --- |"]
    for figure in digest.figures:
        metric = METRICS[figure.metric]
        value, before = shown(metric.unit, figure.value), shown(metric.unit, figure.before)
        told = figure.reason if figure.value is None else change(figure.value, figure.before)
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
    for note in digest.notes:
        lines += ["", markdown_text(note)]
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
    )
