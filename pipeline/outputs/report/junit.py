"""The report as JUnit XML: a suite per table, a case per check."""

from xml.etree import ElementTree

from pipeline.outputs.report.escaping import xml_text
from pipeline.outputs.report.read import Report, ReportedCheck, TableReport
from pipeline.system.hidden import visible


def render_junit(report: Report) -> str:
    """A report as XML that CI systems read."""
    counts = report.counts
    root = ElementTree.Element(
        "testsuites",
        name="aa-pipeline",
        tests=str(sum(counts.values())),
        failures=str(counts["failed"]),
        errors="0",
        skipped=str(counts["skipped"]),
        time=f"{report.seconds:.3f}",
    )
    if report.note:
        properties = ElementTree.SubElement(root, "properties")
        ElementTree.SubElement(properties, "property", name="note", value=report.note)
    root.extend(_suite(table, report) for table in report.tables if table.checks)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(table: TableReport, report: Report) -> ElementTree.Element:
    suite = ElementTree.Element(
        "testsuite",
        name=f"{table.layer}.{table.name}",
        tests=str(len(table.checks)),
        failures=str(table.counts["failed"]),
        errors="0",
        skipped=str(table.counts["skipped"]),
        timestamp=f"{report.started_at:%Y-%m-%dT%H:%M:%S}",
        time=f"{table.seconds or 0:.3f}",
    )
    for check in table.checks:
        suite.append(_case(table, check))
    return suite


def _case(table: TableReport, check: ReportedCheck) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase", classname=f"{table.layer}.{table.name}", name=xml_text(check.audit), time="0"
    )
    if check.status == "failed":
        failure = ElementTree.SubElement(
            case, "failure", type=check.kind, message=xml_text(check.description)
        )
        failure.text = _details(check)
    elif check.status == "skipped":
        ElementTree.SubElement(case, "skipped", message="a table that it looks at does not exist")
    elif check.status == "warned":
        warning = ElementTree.SubElement(case, "system-err")
        warning.text = f"Warning: {xml_text(check.description)}\n{_details(check)}"
    elif check.status == "proven":
        reason = ElementTree.SubElement(case, "system-out")
        reason.text = f"Proven: {xml_text(check.proven)}"
    return case


def _details(check: ReportedCheck) -> str:
    lines = [f"{check.counted}."] if check.counted else []
    lines += [
        ", ".join(f"{visible(column)}={visible(value)}" for column, value in row.items())
        for row in check.examples
    ]
    return xml_text("\n".join(lines))
