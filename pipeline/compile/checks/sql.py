"""The checks of one table with their SQL: an expression that counts failing rows, and a query for them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import ibis
import ibis.expr.types as ir
import sqlglot.expressions as sge

from pipeline.compile.checks.contract_checks import CheckExpression, contract_checks, shape_problems
from pipeline.compile.checks.proof import Prover
from pipeline.compile.renderings import COMPILERS
from pipeline.errors import ModelError
from pipeline.plan import Check
from pipeline.plan.bind import ALIAS
from schemas.base import Contract, Source


def table_checks(
    contract: type[Contract],
    expr: ir.Table | None,
    *,
    dialect: str,
    schema: str,
    schemas: Mapping[str, str] | None = None,
    assume: Mapping[str, type[Contract]] | None = None,
) -> tuple[list[Check], str]:
    """The checks of one table, and what its rows are selected from (`PlanTable.relation`).

    Args:
        contract: what the table promises.
        expr: the expression that makes it, over unbound tables; of a source, the table as its contract
            says; of a seed, None.
        dialect: an Ibis backend's name: duckdb, postgres, pyspark, bigquery.
        schema: schema of the database that the table is published in.
        schemas: schema of the database by table, for references.
        assume: contracts of the tables that `expr` reads and whose checks run before its own,
            by the names that its unbound tables have. Proofs may rest on them.

    Raises:
        ModelError: the expression has not the columns that the contract promises,
            or a check cannot be written as SQL.
    """
    if expr is not None and (problems := shape_problems(contract, expr.schema())):
        raise ModelError(
            f"{contract.table()} is not what its contract {contract.__name__} promises: "
            f"{' '.join(problems)} Mend the model or the contract."
        )
    renderer = Renderer(dialect)
    table = ibis.table(contract.columns(), name=contract.table(), database=schema)
    is_source = issubclass(contract, Source)
    rows_of = f"({renderer.sql(expr)})" if is_source else renderer.relation(table)
    relation = f"{rows_of} AS {ALIAS}"
    prover = Prover(expr, assume or {}) if expr is not None else None

    found = contract_checks(contract, schemas)
    counts, conditions = renderer.row_checks(table, found)
    checks = [] if is_source else [_shape(contract, is_seed=expr is None)]
    for each in found:
        name = each.check.name
        proof = prover.prove(each.check) if prover else None
        rows: str | None = None
        if each.failing:
            counted = counts[name]
            rows = _failing_rows(renderer, relation, each.shown, contract.key(), conditions[name])
        else:
            assert each.failures is not None
            counted = renderer.scalar(each.failures(table))
            rows = renderer.sql(each.failing_rows(table)) if each.failing_rows else None
        checks.append(
            replace(
                each.check,
                proven=proof.why if proof else None,
                assumes=sorted(proof.assumes) if proof else [],
                sql=counted,
                by_row=each.by_row,
                failing_rows_sql=rows,
            )
        )
    return checks, relation


class Renderer:
    """Ibis expressions as SQL of one dialect, without a connection."""

    def __init__(self, dialect: str) -> None:
        self.compiler = COMPILERS[dialect]()

    def sql(self, expr: ir.Expr) -> str:
        """A whole query."""
        return self._text(self._query(expr))

    def relation(self, table: ir.Table) -> str:
        """The quoted name of an unbound table, with its schema."""
        named = self._query(table).find(sge.Table).copy()
        named.set("alias", None)
        return self._text(named)

    def scalar(self, expr: ir.Scalar) -> str:
        """A scalar as an expression that can be selected along with others.

        Where it looks at one table only, it is to be selected from that table; else it is
        a query in brackets, which can be selected from anything.
        """
        query = self._query(expr.name("counted"))
        plain = {"expressions", "from_", "from"}
        source = query.args.get("from_") or query.args.get("from")
        if (
            isinstance(source and source.this, sge.Table)
            and not {key for key, value in query.args.items() if value} - plain
        ):
            return self._text(query.expressions[0].unalias())
        return f"({self._text(query)})"

    def row_checks(
        self, table: ir.Table, found: list[CheckExpression]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """By check: how many rows fail, and which; all compiled at once, which is fast."""
        named = {f"a{at}": each for at, each in enumerate(found) if each.failing}
        if not named:
            return {}, {}
        fails = {alias: each.failing(table) for alias, each in named.items() if each.failing}
        counts = self._query(
            table.aggregate(**{alias: table.count(where=failing) for alias, failing in fails.items()})
        )
        conditions = self._query(table.select(**fails))
        return tuple(  # type: ignore[return-value]
            {named[column.alias].check.name: self._text(column.unalias()) for column in query.expressions}
            for query in (counts, conditions)
        )

    def _query(self, expr: ir.Expr) -> Any:
        return self.compiler.to_sqlglot(expr)

    def _text(self, query: Any) -> str:
        return str(query.sql(dialect=self.compiler.dialect))


def _failing_rows(
    renderer: Renderer, relation: str, shown: tuple[str, ...], key: list[str], condition: str
) -> str:
    def quoted(column: str) -> str:
        name = sge.column(column, table=ALIAS, quoted=True)
        return str(name.sql(dialect=renderer.compiler.dialect))

    columns = ", ".join(map(quoted, shown))
    order = f" ORDER BY {', '.join(map(quoted, key))}" if key else ""
    return f"SELECT {columns} FROM {relation} WHERE {condition}{order}"


def _shape(contract: type[Contract], *, is_seed: bool) -> Check:
    return Check(
        name="shape",
        kind="shape",
        columns=list(contract.columns()),
        description=f"{contract.table()} has exactly the columns of its contract.",
        proven="made from its contract" if is_seed else "names, order and types of the expression",
    )
