"""From counts of failing rows to results: what a run does with the checks of a plan. Standard library only.

Each check of a plan is a scalar SQL expression that counts failing rows. The checks of one table
are fused into one query (`count_query`), and its one row becomes results (`results_of`).
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

from pipeline.plan import Check, PlanTable

STATUSES = ("failed", "warned", "passed", "proven", "skipped")

# How many failing rows of a check are shown.
EXAMPLES = 5


@dataclass(frozen=True)
class CheckResult:
    """The result of one check in one run, as `meta.audit_results` keeps it.

    Attributes:
        table: name of the table.
        audit: name of the check within the table.
        kind: as of the check.
        columns: the columns that it is about.
        severity: error or warn.
        status: proven (needed no query), passed, warned, failed, or skipped (a table that it
            needs does not exist).
        failures: failing rows; None if nothing was counted.
        row_count: rows of the table; None if unknown.
        tolerance: how many rows may fail, a count or a share.
        description: the sentence that holds if the check passes.
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

    @classmethod
    def of_row(cls, row: Mapping[str, Any], **more: Any) -> Self:
        """The result that a row of `meta.audit_results` holds."""
        columns = [column for column in (row["columns"] or "").split(", ") if column]
        known = {**row, "table": row["table_name"], "columns": columns}
        return cls(**{name: known[name] for name in STORED}, **more)

    @property
    def counted(self) -> str:
        """How much is wrong, in words: "2 of 1,200 rows"; empty where nothing was counted."""
        if self.failures is None:
            return ""
        thing = {"shape": "problem", "law": "difference", "recompute": "differing row"}.get(self.kind, "row")
        of = f" of {self.row_count:,}" if self.row_count and thing == "row" else ""
        plural = "s" if self.failures != 1 or of else ""
        allowed = f", {self.tolerance} allowed" if self.tolerance else ""
        return f"{self.failures:,}{of} {thing}{plural}{allowed}"

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        from html import escape

        colour = {"failed": "#c0392b", "warned": "#b7791f"}.get(self.status, "#2f855a")
        counted = f" · {escape(self.counted)}" if self.counted else ""
        return (
            f'<div style="border-left:4px solid {colour};padding:.3em .8em;margin:.3em 0">'
            f"<b>{escape(self.table)}</b> · <code>{escape(self.audit)}</code> · "
            f'<b style="color:{colour}">{escape(self.status)}</b>{counted}<br>'
            f"{escape(self.description)}</div>"
        )


# The fields that are stored.
STORED = [field.name for field in fields(CheckResult)]


def pending(checks: Iterable[Check], passed: Collection[str]) -> list[Check]:
    """The checks that a build has to run.

    A proof rests on what the contracts of the tables upstream promise. It counts only if the checks of
    those tables have passed in the same run; otherwise the check is run like any other.

    Args:
        checks: of one table.
        passed: names of the tables whose checks have passed in this run.
    """
    return [
        check for check in checks if check.sql and not (check.proven and set(check.assumes) <= set(passed))
    ]


def count_query(relation: str | None, checks: Sequence[Check]) -> str:
    """One query for many checks: the row count, then one column of failing rows per check.

    Args:
        relation: `PlanTable.relation`; None selects from nothing and counts no rows,
            for checks that look at several tables.
        checks: those of them that have SQL.
    """
    columns = [str(check.sql) for check in checks]
    if relation is None:
        return "SELECT " + ", ".join(["NULL", *columns])
    return f"SELECT {', '.join(['COUNT(*)', *columns])} FROM {relation}"


def results_of(table: str, checks: Sequence[Check], row: Sequence[Any]) -> list[CheckResult]:
    """The results of the checks whose `count_query` answered `row`, in the same order."""
    row_count = None if row[0] is None else int(row[0])
    return [
        _result(table, check, int(failures or 0), row_count)
        for check, failures in zip(checks, row[1:], strict=True)
    ]


def without_query(
    table: str, checks: Iterable[Check], status: str, row_count: int | None = None
) -> list[CheckResult]:
    """The results of checks that no query was asked for, all with the same status: proven or skipped."""
    return [_result(table, check, None, row_count, status) for check in checks]


def shape_result(table: PlanTable, actual: Mapping[str, str] | None) -> CheckResult:
    """Whether a published table has the columns and types that its contract says.

    Args:
        table: the table as planned.
        actual: native types by column; None if the table does not exist.
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


def allowed(tolerance: str | None, row_count: int | None) -> float:
    """How many failing rows a tolerance lets pass.

    >>> allowed(None, 100), allowed("3", 100), allowed("1%", 250)
    (0.0, 3.0, 2.5)
    """
    if tolerance is None:
        return 0.0
    if tolerance.endswith("%"):
        return float(tolerance[:-1]) * (row_count or 0) / 100
    return float(tolerance)


def stops(results: Iterable[CheckResult]) -> bool:
    """Whether any of the results forbids publishing."""
    return any(result.status == "failed" for result in results)


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

    JSON is masked as its text, whether a driver gives it as that or as what it says:

    >>> mask("attributes", {"user.email": "jane.doe@example.com"})
    '*** (38 characters)'
    """
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False, default=str)
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
    check: Check,
    failures: int | None,
    row_count: int | None,
    status: str | None = None,
) -> CheckResult:
    if status is None:
        within = (failures or 0) <= allowed(check.tolerance, row_count)
        status = "passed" if within else "warned" if check.severity == "warn" else "failed"
    return CheckResult(
        table=table,
        audit=check.name,
        kind=check.kind,
        columns=check.columns,
        severity=check.severity,
        status=status,
        failures=failures,
        row_count=row_count,
        tolerance=check.tolerance,
        description=check.description,
        proven=check.proven,
    )
