"""The report as Markdown, for a comment on a pull request: what went wrong is on top."""

from pipeline.outputs.report.escaping import markdown_text
from pipeline.outputs.report.read import Report, ReportedCheck, TableReport
from pipeline.plan.check_results import STATUSES
from pipeline.system.hidden import visible

MARKS = {"failed": "❌", "warned": "⚠️", "passed": "✅", "proven": "✅", "skipped": "⏭️"}


def render_markdown(report: Report) -> str:
    """A report as GitHub-flavoured Markdown."""
    lines = [
        f"### {MARKS[_worst(report)]} {report.headline}",
        "",
        f"`{report.command}` of {markdown_text(report.target)} · "
        f"{report.started_at:%Y-%m-%d %H:%M} UTC · {report.seconds:.1f} s",
        *(["", markdown_text(report.note)] if report.note else []),
    ]
    for table in report.tables:
        for check in table.checks:
            if check.status in ("failed", "warned"):
                lines += ["", *_problem(table, check)]
    lines += ["", "<details><summary>All tables</summary>", ""]
    lines += [f"| | table | rows | {' | '.join(STATUSES)} |"]
    lines += [f"| --- | --- | ---: |{' ---: |' * len(STATUSES)}"]
    for table in report.tables:
        rows = "" if table.row_count is None else f"{table.row_count:,}"
        counts = " | ".join(str(count or "") for count in table.counts.values())
        lines.append(f"| {MARKS[table.status]} | {markdown_text(table.name)} | {rows} | {counts} |")
    return "\n".join([*lines, "", "</details>", ""])


def _problem(table: TableReport, check: ReportedCheck) -> list[str]:
    counted = f" {check.counted}." if check.counted else ""
    lines = [
        f"{MARKS[check.status]} **{markdown_text(table.name)}** · {markdown_text(check.audit)}: "
        f"{markdown_text(check.description)}{counted}"
    ]
    if check.examples:
        columns = list(check.examples[0])
        lines += ["", "| " + " | ".join(map(markdown_text, columns)) + " |"]
        lines += ["|" + " --- |" * len(columns)]
        lines += [
            "| " + " | ".join(markdown_text(_short(row.get(column))) for column in columns) + " |"
            for row in check.examples
        ]
    return lines


def _short(value: object) -> str:
    text = "" if value is None else visible(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _worst(report: Report) -> str:
    if report.status == "error":
        return "failed"
    return next((status for status, count in report.counts.items() if count), "passed")
