"""From counts of failing rows to results: what a run does with the audits of a plan. Standard library only.

Each audit of a plan is a scalar SQL expression that counts failing rows. The audits of one table
are fused into one query (`audit_query`), and its one row becomes results (`results_of`).
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.plan import EXAMPLES, Check, PlanTable

STATUSES = ("failed", "warned", "passed", "proven", "skipped")


@dataclass(frozen=True)
class CheckResult:
    """The result of one audit in one run.

    Attributes:
        table: name of the audited table.
        audit: name of the audit within the table.
        kind: what kind of audit it is.
        columns: the columns that it looks at.
        severity: error or warn.
        status: proven (needed no query), passed, warned, failed, or skipped (a table that it
            needs does not exist).
        failures: failing rows; None if nothing was counted.
        row_count: rows of the audited table; None if unknown.
        tolerance: how many rows may fail, a count or a share.
        description: the sentence that holds if the audit passes.
        proven: why no query was needed.
    """

    table: str
    audit: str
    kind: str
    columns: list[str]
    severity: str
    status: str
    failures: int | None
    row_count: int | None
    tolerance: str | None
    description: str
    proven: str | None = None

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        from html import escape

        colour = {"failed": "#c0392b", "warned": "#b7791f"}.get(self.status, "#2f855a")
        counted = "" if self.failures is None else f" · {self.failures:,} of {self.row_count or 0:,} rows"
        return (
            f'<div style="border-left:4px solid {colour};padding:.3em .8em;margin:.3em 0">'
            f"<b>{escape(self.table)}</b> · <code>{escape(self.audit)}</code> · "
            f'<b style="color:{colour}">{escape(self.status)}</b>{counted}<br>'
            f"{escape(self.description)}</div>"
        )


def pending(audits: Iterable[Check], audited: Collection[str]) -> list[Check]:
    """The audits that a build has to run.

    A proof rests on what the contracts of the tables upstream promise. It counts only if those
    tables were audited in the same run; otherwise the check is run like any other.

    Args:
        audits: the audits of one table.
        audited: names of the tables whose audits passed in this run.
    """
    return [
        audit for audit in audits if audit.sql and not (audit.proven and set(audit.assumes) <= set(audited))
    ]


def audit_query(audit_from: str | None, audits: Sequence[Check]) -> str:
    """One query for many audits: the row count, then one column of failing rows per audit.

    Args:
        audit_from: `PlanTable.audit_from`; None selects from nothing and counts no rows,
            for audits that look at several tables.
        audits: audits that have SQL.
    """
    columns = [str(audit.sql) for audit in audits]
    if audit_from is None:
        return "SELECT " + ", ".join(["NULL", *columns])
    return f"SELECT {', '.join(['COUNT(*)', *columns])} FROM {audit_from}"


def results_of(table: str, audits: Sequence[Check], row: Sequence[Any]) -> list[CheckResult]:
    """The results of the audits whose `audit_query` answered `row`, in the same order."""
    row_count = None if row[0] is None else int(row[0])
    return [
        _result(table, audit, int(failures or 0), row_count)
        for audit, failures in zip(audits, row[1:], strict=True)
    ]


def proven(table: str, audits: Iterable[Check], row_count: int | None = None) -> list[CheckResult]:
    """The results of audits that need no query."""
    return [_result(table, audit, None, row_count, "proven") for audit in audits]


def skipped(table: str, audits: Iterable[Check]) -> list[CheckResult]:
    """The results of audits that look at a table that does not exist."""
    return [_result(table, audit, None, None, "skipped") for audit in audits]


def shape_result(table: PlanTable, actual: Mapping[str, str] | None) -> CheckResult:
    """Whether a published table has the columns and types that its contract says.

    Args:
        table: the table as planned.
        actual: native types by column, in order; None if the table does not exist.
    """
    problems = shape_problems(table, actual)
    sentence = f"{table.schema}.{table.name} has exactly the columns of its contract."
    return CheckResult(
        table=table.name,
        audit="shape",
        kind="shape",
        columns=[column.name for column in table.columns],
        severity="error",
        status="failed" if problems else "passed",
        failures=len(problems),
        row_count=None,
        tolerance=None,
        description=" ".join(problems) or sentence,
    )


def shape_problems(table: PlanTable, actual: Mapping[str, str] | None) -> list[str]:
    """What is wrong with the columns of a published table, one sentence each."""
    name = f"{table.schema}.{table.name}"
    if actual is None:
        return [f"{name} does not exist; `aa-pipeline build -s {table.name}` makes it."]
    expected = {column.name: column.native_type for column in table.columns}
    problems = [f"{name} has no column {column}." for column in expected if column not in actual]
    problems += [
        f"{name} has a column {column} that its contract does not know."
        for column in actual
        if column not in expected
    ]
    problems += [
        f"{name}.{column} is {actual[column]}, not {native}."
        for column, native in expected.items()
        if column in actual and actual[column].lower() != native.lower()
    ]
    if not problems and list(actual) != list(expected):
        problems.append(f"{name} has its columns in another order than its contract.")
    return problems


def volume(table: str, row_count: int | None, before: int | None) -> list[CheckResult]:
    """A warning if a table has lost more than half of the rows that the last run left."""
    if row_count is None or before is None or 2 * row_count >= before:
        return []
    return [
        CheckResult(
            table=table,
            audit="volume",
            kind="volume",
            columns=[],
            severity="warn",
            status="warned",
            failures=before - row_count,
            row_count=before,
            tolerance="50%",
            description=f"The last run left {before:,} rows; now there are {row_count:,}.",
        )
    ]


def allowed(limit: str | None, row_count: int | None) -> float:
    """How many failing rows a limit lets pass.

    >>> allowed(None, 100), allowed("3", 100), allowed("1%", 250)
    (0.0, 3.0, 2.5)
    """
    if limit is None:
        return 0.0
    if limit.endswith("%"):
        return float(limit[:-1]) * (row_count or 0) / 100
    return float(limit)


def stops(results: Iterable[CheckResult]) -> bool:
    """Whether any of the results forbids publishing."""
    return any(result.status == "failed" for result in results)


def all_failures_query(audit: Check) -> str | None:
    """The query for all failing rows, where `examples_sql` asks for a few."""
    if audit.examples_sql is None:
        return None
    return re.sub(rf"\s+LIMIT {EXAMPLES}\s*$", "", audit.examples_sql)


# How much of a text an example shows.
LONGEST = 300

# Columns whose values name or quote a person.
_PERSONAL = re.compile(r"(email|message|body|prompt|attributes|author_name|developer_name)", re.I)
_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+")


def example_json(row: Mapping[str, Any], *, masked: bool = True) -> str:
    """A failing row as JSON text, for `meta.audit_failures`.

    Args:
        row: values by column.
        masked: whether e-mail addresses and messages are replaced by stars.
    """
    values = {column: mask(column, value) if masked else value for column, value in row.items()}
    return json.dumps(values, default=str, ensure_ascii=False)


def mask(column: str, value: Any) -> Any:
    """The value without what says who a person is or what they wrote.

    >>> mask("developer_id", "jane.doe@example.com")
    'j***@example.com'
    >>> mask("commit_message", "fix the secret thing")
    '*** (20 characters)'
    """
    if not isinstance(value, str):
        return value
    if _EMAIL.fullmatch(value):
        return _EMAIL.sub(_mask_email, value)
    if _PERSONAL.search(column):
        return f"*** ({len(value)} characters)"
    shown = _EMAIL.sub(_mask_email, value)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"


def _mask_email(match: re.Match[str]) -> str:
    name, _, domain = match.group().rpartition("@")
    return f"{name[:1]}***@{domain}"


def _result(
    table: str,
    audit: Check,
    failures: int | None,
    row_count: int | None,
    status: str | None = None,
) -> CheckResult:
    if status is None:
        within = (failures or 0) <= allowed(audit.limit, row_count)
        status = "passed" if within else "warned" if audit.severity == "warn" else "failed"
    return CheckResult(
        table=table,
        audit=audit.name,
        kind=audit.kind,
        columns=audit.columns,
        severity=audit.severity,
        status=status,
        failures=failures,
        row_count=row_count,
        tolerance=audit.limit,
        description=audit.description,
        proven=audit.proven,
    )
