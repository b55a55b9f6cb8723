"""A contract as a list of facts, each of which can count and show the rows that break it.

Built-in and custom checks go through Pandera's own check functions, so that a check means here
what it means in `Contract.validate`. Where Pandera's Ibis backend is wrong, we are not:
a table without rows passes, and `Config.unique` counts groups.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pandera.backends.ibis.builtin_checks  # noqa: F401  makes the built-in checks known
from pandera.api.checks import Check as PanderaCheck
from pandera.api.ibis.types import IbisData

from pipeline.compile.checks.wording import builtin, words_for
from pipeline.errors import ConfigError, ModelError
from schemas.base import Contract, Source


@dataclass(frozen=True)
class Fact:
    """One thing that a contract promises about the rows of a table.

    Attributes:
        name: unique within the table, such as `not_null(commit_hash)`.
        kind: as in `pipeline.plan.Check`.
        columns: the columns that it is about.
        description: the sentence that holds.
        severity: error or warn.
        limit: how many rows may fail: a count, a share or None.
        failing: which rows of a table fail, where each row is judged by itself.
        failures: else: the number of failing rows of a table.
        examples: else: the failing rows of a table; None where no single row is to blame.
        shown: the columns that an example shows.
        check: the Pandera check behind it, if any.
        needs: the tables that it looks at, if there are several.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    description: str
    severity: str
    limit: str | None
    failing: Callable[[ir.Table], ir.BooleanValue] | None = None
    failures: Callable[[ir.Table], ir.IntegerScalar] | None = None
    examples: Callable[[ir.Table], ir.Table] | None = None
    shown: tuple[str, ...] = ()
    check: PanderaCheck | None = None
    needs: tuple[str, ...] = ()


def facts(
    contract: type[Contract],
    severities: Mapping[str, str] | None = None,
    schemas: Mapping[str, str] | None = None,
) -> list[Fact]:
    """Everything that a contract promises, in the order of its columns.

    Args:
        contract: the contract.
        severities: the configuration's `severity`: by table (`fct_git_commits`) or audit
            (`fct_git_commits.not_null(author_name)`), the words `error` or `warn` and a limit
            (`"warn"`, `"error 1%"`, `"10"`).
        schemas: schema of the database by table, for references.

    Raises:
        ModelError: a check of the contract cannot be written as an Ibis expression.
        ConfigError: a severity is not understood.
    """
    schema, unbound = contract.to_schema(), contract.unbound()
    default = "warn" if issubclass(contract, Source) else "error"
    found = [_unique(contract, default)] if contract.key() else []
    for name, field in schema.columns.items():
        metadata = field.metadata or {}
        severity = metadata.get("severity", default)
        limit = metadata.get("limit")
        if not field.nullable:
            found.append(_not_null(contract, name, severity, limit))
        for check in field.checks:
            found.append(_checked(contract, unbound, check, name, severity, limit))
        if "references" in metadata:
            found.append(_reference(contract, name, metadata["references"], severity, limit, schemas or {}))
    for check in schema.checks:
        found.append(_checked(contract, unbound, check, None, default, None))
    names = [fact.name for fact in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ModelError(
            f"The contract {contract.__name__} has two checks called {', '.join(sorted(twice))}. "
            "Give one of them another name."
        )
    return [_configured(fact, contract.table(), severities or {}) for fact in found]


def _configured(fact: Fact, table: str, severities: Mapping[str, str]) -> Fact:
    severity, limit = configured(table, fact.name, severities, fact.severity, fact.limit)
    return replace(fact, severity=severity, limit=limit)


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


def _row_fact(
    contract: type[Contract],
    failing: Callable[[ir.Table], ir.BooleanValue],
    columns: tuple[str, ...],
    *,
    windowed: bool = False,
    **said: Any,
) -> Fact:
    """A fact about rows; one that looks at other rows too (`windowed`) cannot be aggregated."""
    shown = tuple(dict.fromkeys([*contract.key(), *columns]))
    if not windowed:
        return Fact(columns=columns, failing=failing, shown=shown, **said)

    def rows(table: ir.Table) -> ir.Table:
        flagged = table.mutate(fails_=failing(table))
        return flagged.filter(flagged.fails_).select(shown)

    return Fact(
        columns=columns,
        failures=lambda table: rows(table).count(),
        examples=rows,
        shown=shown,
        **said,
    )


def _not_null(contract: type[Contract], column: str, severity: str, limit: str | None) -> Fact:
    def failing(table: ir.Table) -> ir.BooleanValue:
        value = table[column]
        # Like Pandera: "not a number" is as good as nothing.
        return value.isnull() | value.isnan() if value.type().is_floating() else value.isnull()

    return _row_fact(
        contract,
        failing,
        (column,),
        name=f"not_null({column})",
        kind="not_null",
        description=f"{column} is never missing.",
        severity=severity,
        limit=limit,
    )


def _unique(contract: type[Contract], severity: str) -> Fact:
    key = contract.key()

    def groups(table: ir.Table) -> ir.Table:
        counted = table.group_by(key).aggregate(rows=ibis._.count())
        return counted.filter(counted.rows > 1)

    def failures(table: ir.Table) -> ir.IntegerScalar:
        return groups(table).rows.sum()

    what = f"{key[0]} identifies" if len(key) == 1 else f"{', '.join(key)} together identify"
    return Fact(
        name=f"unique({', '.join(key)})",
        kind="unique",
        columns=tuple(key),
        description=f"{what} a row.",
        severity=severity,
        limit=None,
        failures=failures,
        examples=groups,
    )


def _reference(
    contract: type[Contract],
    column: str,
    target: str,
    severity: str,
    limit: str | None,
    schemas: Mapping[str, str],
) -> Fact:
    parent, _, parent_column = target.partition(".")

    def orphans(table: ir.Table) -> ir.Table:
        parents = ibis.table({parent_column: table[column].type()}, name=parent, database=schemas.get(parent))
        named = table.filter(table[column].notnull())
        return named.anti_join(parents, named[column] == parents[parent_column])

    def failures(table: ir.Table) -> ir.IntegerScalar:
        return orphans(table).count()

    def examples(table: ir.Table) -> ir.Table:
        return orphans(table).select(list(dict.fromkeys([*contract.key(), column])))

    return Fact(
        name=f"references({column})",
        kind="reference",
        columns=(column,),
        description=f"Every {column} is found in {parent}.{parent_column}.",
        severity=severity,
        limit=limit,
        failures=failures,
        examples=examples,
        needs=(contract.table(), parent),
    )


def _checked(
    contract: type[Contract],
    unbound: ir.Table,
    check: PanderaCheck,
    column: str | None,
    severity: str,
    limit: str | None,
) -> Fact:
    """A Pandera check: of one column, or of the whole row where `column` is None."""
    name, kind, description = words_for(check, column)
    said: dict[str, Any] = {
        "name": name,
        "kind": kind,
        "description": description,
        "severity": "warn" if check.raise_warning else severity,
        "limit": limit,
        "check": check,
    }
    holds = _answer(contract, check, column, unbound)
    if isinstance(holds, ir.Scalar):
        # An answer about the whole table: no single row is to blame.
        return Fact(
            columns=_columns(holds, column),
            failures=lambda table: ibis.ifelse(~_answer(contract, check, column, table), 1, 0),
            **said,
        )

    def failing(table: ir.Table) -> ir.BooleanValue:
        fails = ~_answer(contract, check, column, table)
        if column is not None and check.ignore_na and not builtin(check):
            fails &= table[column].notnull()
        return fails

    windowed = bool(holds.op().find(ops.WindowFunction))
    return _row_fact(contract, failing, _columns(holds, column), windowed=windowed, **said)


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


def _columns(answer: ir.Value, column: str | None) -> tuple[str, ...]:
    """The columns that a check reads, that of the check first."""
    read = [field.name for field in answer.op().find(ops.Field)]
    return tuple(dict.fromkeys([column, *read] if column else read))


def configured(
    table: str, audit: str, severities: Mapping[str, str], severity: str, limit: str | None
) -> tuple[str, str | None]:
    """Severity and limit of an audit, with what the configuration says about it or its table.

    Raises:
        ConfigError: a word of the configuration is not understood.
    """
    for key in (table, f"{table}.{audit}"):
        for word in severities.get(key, "").split():
            if word in ("error", "warn"):
                severity = word
            elif word.removesuffix("%").replace(".", "", 1).isdigit():
                limit = word
            else:
                raise ConfigError(
                    f"severity of {key}: {word} is not understood. "
                    'Write "error" or "warn", and if some rows may fail, how many: "warn 10", "1%".'
                )
    return severity, limit
