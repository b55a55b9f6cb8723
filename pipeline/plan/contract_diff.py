"""Contracts as documents: what a table promises, and what a change breaks for those who read it.

Everything is in the plan, so neither Ibis nor Pandera is needed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.plan import Check, PlanColumn, PlanTable


@dataclass(frozen=True)
class Change:
    """One difference between two versions of a contract.

    Attributes:
        table: name of the table.
        column: the column, or None where it is about the table.
        breaking: whether something that was promised no longer holds.
        what: the difference in a sentence.
    """

    table: str
    column: str | None
    breaking: bool
    what: str


def contract(table: PlanTable) -> dict[str, Any]:
    """A contract as plain values."""
    return {
        "table": f"{table.schema}.{table.name}" if table.kind != "source" else table.name,
        "kind": table.kind,
        "description": table.description,
        "key": table.key,
        "columns": [asdict(column) for column in table.columns],
        "checks": [
            {
                "name": check.name,
                "kind": check.kind,
                "columns": check.columns,
                "description": check.description,
                "severity": check.severity,
                "limit": check.tolerance,
                "proven": check.proven,
            }
            for check in table.checks
        ],
    }


def diff(old: Mapping[str, PlanTable], new: Mapping[str, PlanTable]) -> list[Change]:
    """What differs between the contracts of two plans, in the order of the tables."""
    changes: list[Change] = []
    for name, table in old.items():
        if name not in new:
            changes.append(Change(name, None, True, "The table is gone."))
        else:
            changes += _table(table, new[name])
    changes += [Change(name, None, False, "The table is new.") for name in new if name not in old]
    return changes


def is_breaking(changes: Iterable[Change]) -> bool:
    """Whether any of the changes breaks a promise."""
    return any(change.breaking for change in changes)


def _table(old: PlanTable, new: PlanTable) -> list[Change]:
    def change(breaking: bool, what: str, column: str | None = None) -> Change:
        return Change(old.name, column, breaking, what)

    changes = []
    if set(old.key) != set(new.key):
        before, after = ", ".join(old.key) or "nothing", ", ".join(new.key) or "nothing"
        changes.append(change(bool(old.key), f"The key was {before} and is {after}."))
    before_columns = {column.name: column for column in old.columns}
    after_columns = {column.name: column for column in new.columns}
    for name, column in before_columns.items():
        if name not in after_columns:
            # Of a source, we only ask for less.
            changes.append(change(old.kind != "source", "The column is gone.", name))
        else:
            changes += [change(*found, name) for found in _column(column, after_columns[name])]
    changes += [
        change(False, f"The column is new: {column.type}.", name)
        for name, column in after_columns.items()
        if name not in before_columns
    ]
    kept_before = [name for name in before_columns if name in after_columns]
    kept_after = [name for name in after_columns if name in before_columns]
    if kept_before != kept_after and old.kind != "source":
        changes.append(change(True, f"The columns are in another order: {', '.join(kept_after)}."))
    gone = before_columns.keys() - after_columns.keys()
    changes += [change(*found) for found in _checks(old, new, gone)]
    return changes


def _column(old: PlanColumn, new: PlanColumn) -> Iterable[tuple[bool, str]]:
    if old.type != new.type:
        yield True, f"Its type was {old.type} and is {new.type}."
    if old.nullable != new.nullable:
        yield new.nullable, "It may now be missing." if new.nullable else "It is never missing now."
    if old.description != new.description:
        yield False, f"It is described anew: {new.description}"


def _checks(old: PlanTable, new: PlanTable, gone: Iterable[str]) -> Iterable[tuple[bool, str, str | None]]:
    """Differences in what is promised of rows; what columns say already is left out."""

    def promises(table: PlanTable) -> dict[str, Check]:
        said_elsewhere = ("shape", "not_null", "unique")
        return {check.name: check for check in table.checks if check.kind not in said_elsewhere}

    before, after = promises(old), promises(new)
    lost = set(gone)
    for name, check in before.items():
        column = check.columns[0] if len(check.columns) == 1 else None
        was_kept = check.severity == "error"
        now = after.get(name)
        if now is None:
            if not lost & set(check.columns):
                yield was_kept, f"No longer promised: {check.description}", column
            continue
        if now.description != check.description:
            narrower = now.values is not None and {*now.values} <= {*(check.values or ())}
            yield (
                was_kept and not narrower,
                f"Promised was: {check.description} Now: {now.description}",
                column,
            )
        if (check.severity, check.tolerance) != (now.severity, now.tolerance):
            weaker = now.severity == "warn" or now.tolerance is not None
            was, is_now = _strictness(check), _strictness(now)
            yield was_kept and weaker, f"{check.description} It was {was} and is {is_now}.", column
    for name, check in after.items():
        if name not in before:
            column = check.columns[0] if len(check.columns) == 1 else None
            yield False, f"Newly promised: {check.description}", column


def _strictness(check: Check) -> str:
    words = "an error" if check.severity == "error" else "a warning"
    return f"{words} beyond {check.tolerance}" if check.tolerance else words
