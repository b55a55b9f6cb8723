"""The schema validation report: what the checks of a run found, in five formats.

`read_report` reads a run from the schema `meta`; `render` writes it as text, HTML, JSON
(its JSON Schema is `report.schema.json` beside this file), JUnit XML or Markdown.
"""

from collections.abc import Callable

from pipeline.outputs.report.read import PastResult, PastRun, Report, ReportedCheck, TableReport, read_report

FORMATS = ("text", "html", "json", "junit", "markdown")

__all__ = [
    "FORMATS",
    "PastResult",
    "PastRun",
    "Report",
    "ReportedCheck",
    "TableReport",
    "read_report",
    "render",
]


def render(report: Report, format: str, *, colour: bool = False) -> str:
    """A report in one of `FORMATS`; only text knows colour."""
    if format == "text":
        from pipeline.outputs.report.text import render_text

        return render_text(report, colour=colour)
    return _renderer(format)(report)


def _renderer(format: str) -> Callable[[Report], str]:
    if format == "html":
        from pipeline.outputs.report.html import render_html

        return render_html
    if format == "json":
        from pipeline.outputs.report.document import render_json

        return render_json
    if format == "junit":
        from pipeline.outputs.report.junit import render_junit

        return render_junit
    if format == "markdown":
        from pipeline.outputs.report.markdown import render_markdown

        return render_markdown
    raise ValueError(f"{format} is not one of {', '.join(FORMATS)}")
