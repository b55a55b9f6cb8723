"""The checks of a contract, each with the expressions that count and show the rows that break it.

Built-in and custom checks go through Pandera's own check functions, so that a check means here
what it means in `Contract.validate`. Where Pandera's Ibis backend is wrong, we are not:
a table without rows passes, and `Config.unique` counts groups.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pandera.backends.ibis.builtin_checks  # noqa: F401  makes the built-in checks known
from pandera.api.checks import Check as PanderaCheck
from pandera.api.ibis.types import IbisData

from pipeline.compile.analysis.partitions import UNSTEADY
from pipeline.compile.checks.wording import builtin, words_for
from pipeline.errors import ModelError
from pipeline.plan import Check
from schemas.base import Contract, Source


@dataclass(frozen=True)
class CheckExpression:
    """A check of the plan, as expressions that its SQL is made from.

    Attributes:
        check: all that does not depend on the dialect.
        failing: which rows of a table fail, where each row is judged by itself.
        by_row: whether nothing but that row is looked at, whenever it is.
        failures: else: the number of failing rows of a table.
        failing_rows: else: the failing rows of a table; None where no single row is to blame.
        shown: the columns that tell a failing row.
    """

    check: Check
    failing: Callable[[ir.Table], ir.BooleanValue] | None = None
    by_row: bool = False
    failures: Callable[[ir.Table], ir.IntegerScalar] | None = None
    failing_rows: Callable[[ir.Table], ir.Table] | None = None
    shown: tuple[str, ...] = ()


def contract_checks(
    contract: type[Contract], schemas: Mapping[str, str] | None = None
) -> list[CheckExpression]:
    """Everything that a contract promises of rows, in the order of its columns.

    Args:
        contract: the contract.
        schemas: schema of the database by table, for references.

    Raises:
        ModelError: a check of the contract cannot be written as an Ibis expression.
    """
    schema, unbound = contract.to_schema(), contract.unbound()
    default = _severity(contract)
    found = [_unique(contract, default)] if contract.key() else []
    for name, field in schema.columns.items():
        metadata = field.metadata or {}
        said = _said(contract, field)
        if not field.nullable:
            found.append(_not_null(contract, name, **said))
        found += [_checked(contract, unbound, check, name, **said) for check in field.checks]
        if "references" in metadata:
            found.append(_reference(contract, name, metadata["references"], schemas or {}, **said))
    found += [_checked(contract, unbound, check, None, severity=default) for check in schema.checks]
    names = [each.check.name for each in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ModelError(
            f"The contract {contract.__name__} has two checks called {', '.join(sorted(twice))}. "
            "Give one of them another name."
        )
    return found


def keys_and_presence(contract: type[Contract]) -> list[Check]:
    """The checks of a contract that proofs may rest on, without their expressions."""
    key = [_unique_check(contract.key(), _severity(contract))] if contract.key() else []
    columns = contract.to_schema().columns.items()
    return key + [
        _not_null_check(name, **_said(contract, field)) for name, field in columns if not field.nullable
    ]


def _severity(contract: type[Contract]) -> str:
    return "warn" if issubclass(contract, Source) else "error"


def _said(contract: type[Contract], field: Any) -> dict[str, Any]:
    """What a field of a contract says of its checks."""
    metadata = field.metadata or {}
    return {
        "severity": metadata.get("severity", _severity(contract)),
        "tolerance": metadata.get("tolerance"),
    }


def shape_problems(contract: type[Contract], schema: ibis.Schema) -> list[str]:
    """What is wrong with the columns of a model's expression, one sentence each.

    Nullability is not compared: whether a value is missing is a fact about rows.
    """
    name = contract.table()
    expected = {key: kind.copy(nullable=True) for key, kind in contract.columns().items()}
    actual = {key: kind.copy(nullable=True) for key, kind in schema.items()}
    problems = [f"{name} lacks the column {column}." for column in expected if column not in actual]
    problems += [
        f"{name}.{column} is {actual[column]}, and its contract says {kind}."
        for column, kind in expected.items()
        if column in actual and actual[column] != kind
    ]
    if issubclass(contract, Source):
        return problems
    problems += [
        f"{name} makes a column {column} that its contract does not know."
        for column in actual
        if column not in expected
    ]
    if not problems and list(actual) != list(expected):
        at, column = next(
            (at, column)
            for at, (column, other) in enumerate(zip(expected, actual, strict=True), start=1)
            if column != other
        )
        problems.append(
            f"{name} has its columns in another order than its contract: "
            f"column {at} is {list(actual)[at - 1]}, and the contract says {column}."
        )
    return problems


def _judged_by_row(
    contract: type[Contract],
    check: Check,
    failing: Callable[[ir.Table], ir.BooleanValue],
    *,
    windowed: bool = False,
) -> CheckExpression:
    """A check of single rows; one that looks at other rows too (`windowed`) cannot be aggregated."""
    shown = tuple(dict.fromkeys([*contract.key(), *check.columns]))
    if not windowed:
        further = failing(contract.unbound()).op().find((ops.Subquery, ops.Reduction, *UNSTEADY))
        return CheckExpression(check, failing=failing, by_row=not further, shown=shown)

    def rows(table: ir.Table) -> ir.Table:
        flagged = table.mutate(fails_=failing(table))
        return flagged.filter(flagged.fails_).select(shown)

    return CheckExpression(check, failures=lambda table: rows(table).count(), failing_rows=rows, shown=shown)


def _not_null(contract: type[Contract], column: str, **said: Any) -> CheckExpression:
    def failing(table: ir.Table) -> ir.BooleanValue:
        value = table[column]
        # Like Pandera: "not a number" is as good as nothing.
        return value.isnull() | value.isnan() if value.type().is_floating() else value.isnull()

    return _judged_by_row(contract, _not_null_check(column, **said), failing)


def _not_null_check(column: str, **said: Any) -> Check:
    return Check(f"not_null({column})", "not_null", [column], f"{column} is never missing.", **said)


def _unique(contract: type[Contract], severity: str) -> CheckExpression:
    key = contract.key()

    def groups(table: ir.Table) -> ir.Table:
        counted = table.group_by(key).aggregate(rows=ibis._.count())
        return counted.filter(counted.rows > 1)

    return CheckExpression(
        _unique_check(key, severity), failures=lambda table: groups(table).rows.sum(), failing_rows=groups
    )


def _unique_check(key: list[str], severity: str) -> Check:
    what = f"{key[0]} identifies" if len(key) == 1 else f"{', '.join(key)} together identify"
    return Check(f"unique({', '.join(key)})", "unique", key, f"{what} a row.", severity)


def _reference(
    contract: type[Contract], column: str, target: str, schemas: Mapping[str, str], **said: Any
) -> CheckExpression:
    parent, _, parent_column = target.partition(".")

    def orphans(table: ir.Table) -> ir.Table:
        parents = ibis.table({parent_column: table[column].type()}, name=parent, database=schemas.get(parent))
        named = table.filter(table[column].notnull())
        return named.anti_join(parents, named[column] == parents[parent_column])

    check = Check(
        name=f"references({column})",
        kind="reference",
        columns=[column],
        description=f"Every {column} is found in {parent}.{parent_column}.",
        needs=[contract.table(), parent],
        **said,
    )
    shown = list(dict.fromkeys([*contract.key(), column]))
    return CheckExpression(
        check,
        failures=lambda table: orphans(table).count(),
        failing_rows=lambda table: orphans(table).select(shown),
    )


def _checked(
    contract: type[Contract],
    unbound: ir.Table,
    check: PanderaCheck,
    column: str | None,
    *,
    severity: str,
    tolerance: str | None = None,
) -> CheckExpression:
    """A Pandera check: of one column, or of the whole row where `column` is None."""
    name, kind, description = words_for(check, column)
    holds = _answer(contract, check, column, unbound)
    planned = Check(
        name=name,
        kind=kind,
        columns=_columns(holds, column),
        description=description,
        severity="warn" if check.raise_warning else severity,
        tolerance=tolerance,
        values=[str(value) for value in check.statistics["allowed_values"]] if check.name == "isin" else None,
    )
    if isinstance(holds, ir.Scalar):
        # An answer about the whole table: no single row is to blame.
        return CheckExpression(
            planned, failures=lambda table: ibis.ifelse(~_answer(contract, check, column, table), 1, 0)
        )

    def failing(table: ir.Table) -> ir.BooleanValue:
        fails = ~_answer(contract, check, column, table)
        if column is not None and check.ignore_na and not builtin(check):
            fails &= table[column].notnull()
        return fails

    windowed = bool(holds.op().find(ops.WindowFunction))
    return _judged_by_row(contract, planned, failing, windowed=windowed)


def _answer(
    contract: type[Contract], check: PanderaCheck, column: str | None, table: ir.Table
) -> ir.BooleanValue:
    """What a check function says of a table: a boolean column, or one boolean."""
    # Looked up anew, because a contract may have copied its checks before Ibis' were known.
    function = PanderaCheck.CHECK_FUNCTION_REGISTRY[check.name] if builtin(check) else check._check_fn
    arguments = {
        # A set of strings has another order in every process.
        key: sorted(value, key=repr) if isinstance(value, set | frozenset) else value
        for key, value in check._check_kwargs.items()
    }
    try:
        if check.element_wise:
            answer = function(table[column], **arguments)
        else:
            answer = function(IbisData(table, column), **arguments)
        if isinstance(answer, ir.Table) and column in answer.columns:
            operation = answer.op()
            if isinstance(operation, ops.Project) and operation.parent == table.op():
                answer = operation.values[column].to_expr()
    except Exception as error:
        raise ModelError(
            f"The check {check.name} of {contract.__name__} cannot be told before a query: "
            f"{type(error).__name__}: {error}. Write it as an Ibis expression over data.table."
        ) from error
    if not isinstance(answer, ir.BooleanValue):
        raise ModelError(
            f"The check {check.name} of {contract.__name__} answers with "
            f"{type(answer).__name__}. It must return a boolean column of data.table."
        )
    return answer


def _columns(answer: ir.Value, column: str | None) -> list[str]:
    """The columns that a check reads, that of the check first."""
    read = [field.name for field in answer.op().find(ops.Field)]
    return list(dict.fromkeys([column, *read] if column else read))
