"""The report as one self-contained HTML page: no script, nothing loaded from anywhere."""

from functools import cache
from typing import TYPE_CHECKING

from pipeline.report.escaping import visible
from pipeline.report.read import Report

if TYPE_CHECKING:
    from jinja2 import Template

WORDS = {
    "failed": "failed",
    "warned": "warned",
    "passed": "passed",
    "proven": "proven",
    "skipped": "not run",
}


def render_html(report: Report) -> str:
    """A report as an HTML page."""
    attention = [
        (table, check)
        for table in report.tables
        for check in table.checks
        if check.status in ("failed", "warned")
    ]
    attention.sort(key=lambda pair: pair[1].status)
    return _template().render(report=report, attention=attention, words=WORDS)


@cache
def _template() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("pipeline.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    environment.filters["number"] = "{:,}".format
    environment.filters["sum_values"] = lambda counts: sum(counts.values())
    return environment.get_template("report.html.j2")
