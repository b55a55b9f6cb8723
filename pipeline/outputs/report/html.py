"""The report as one self-contained HTML page: no script, nothing loaded from anywhere."""

from pipeline.outputs.pages import base_css, environment
from pipeline.outputs.report.read import Report

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
    from markupsafe import Markup

    template = environment("pipeline.outputs.report").get_template("report.html.j2")
    most = max((sum(past.counts.values()) for past in report.trend), default=0)
    return template.render(
        report=report, attention=attention, words=WORDS, most=most, base_css=Markup(base_css())
    )
