"""The report for a terminal: what went wrong first, then each table on a line."""

from pipeline.outputs.report.read import Report, ReportedCheck, TableReport
from pipeline.system.hidden import visible

MARKS = {"failed": "✗", "warned": "!", "passed": "✓", "proven": "✓", "skipped": "-"}
COLOURS = {"failed": "31", "warned": "33", "passed": "32", "proven": "32", "skipped": "2"}


def render_text(report: Report, *, colour: bool = False) -> str:
    """A report as lines of text."""

    def paint(text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if colour else text

    def mark(status: str) -> str:
        return paint(MARKS[status], COLOURS[status])

    lines = [
        paint(report.headline, "1"),
        f"{report.command} of {visible(report.target)}, {report.started_at:%Y-%m-%d %H:%M:%S} UTC, "
        f"{report.seconds:.1f} s, run {report.run_id}",
        *([report.note] if report.note else []),
    ]
    bad = [
        (table, check)
        for table in report.tables
        for check in table.checks
        if check.status in ("failed", "warned")
    ]
    for table, check in sorted(bad, key=lambda pair: pair[1].status):
        lines += ["", f"{mark(check.status)} {paint(f'{table.name}: {visible(check.audit)}', '1')}"]
        lines += [f"  {line}" for line in _details(check)]
    width = max((len(table.name) for table in report.tables), default=0)
    for layer, tables in report.layers.items():
        lines += ["", paint(layer, "1")]
        lines += [f"{mark(table.status)} {_summary(table, width)}" for table in tables]
    return "\n".join(lines) + "\n"


def _details(check: ReportedCheck) -> list[str]:
    lines = [visible(check.description)]
    if check.counted:
        lines.append(f"{check.counted}.")
    if check.failing_since and len([past for past in check.history if past.status]) > 1:
        lines.append(f"Failing since {check.failing_since:%Y-%m-%d %H:%M} UTC.")
    lines += [
        "  " + ", ".join(f"{visible(column)}={visible(value)}" for column, value in row.items())
        for row in check.examples
    ]
    return lines


def _summary(table: TableReport, width: int) -> str:
    counts = ", ".join(f"{count} {status}" for status, count in table.counts.items() if count)
    rows = f"{table.row_count:>12,} rows" if table.row_count is not None else " " * 17
    return f"{table.name.ljust(width)} {rows}  {counts or 'no checks'}"
