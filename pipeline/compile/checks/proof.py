"""Which checks follow from the expression that makes a table, so that they need no query.

Keys and presence are proven (`pipeline.compile.analysis.properties` says how); every other check is run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import ibis.expr.types as ir

from pipeline.compile.analysis.properties import ANYTHING, Column, Key, Rows
from pipeline.compile.analysis.relations import Relations
from pipeline.compile.checks.contract_checks import keys_and_presence
from pipeline.plan import Check
from schemas.base import Contract


@dataclass(frozen=True)
class Proof:
    """Why a check holds, and the tables whose contracts that rests on."""

    why: str
    assumes: frozenset[str] = frozenset()


class Prover:
    """Proves checks of the table that an expression makes.

    Args:
        expr: the expression.
        assume: contracts of the tables that it reads and whose checks run before its own, by name.
    """

    def __init__(self, expr: ir.Table, assume: Mapping[str, type[Contract]]) -> None:
        self._rows = Relations(promised(assume)).rows(expr.op())

    def prove(self, check: Check) -> Proof | None:
        """A proof of the check, if there is one."""
        if check.kind == "unique":
            key = self._rows.key_within(check.columns)
            return Proof(key.why, key.assumes) if key else None
        if check.kind == "not_null":
            column = self._rows.columns[check.columns[0]]
            # A NaN is as good as nothing.
            if column.present and column.number:
                return Proof(column.why or "the expression", column.assumes)
        return None


def promised(contracts: Mapping[str, type[Contract]]) -> dict[str, Rows]:
    """What is known of tables by checks that stop a build if a single row fails.

    The configuration may let some of them fail; when a plan is bound, it loses the proofs that rest on these.
    """
    # mypy takes a class for one of its instances, which Ibis makes hashable otherwise.
    return {name: _promised(contract) for name, contract in contracts.items()}  # type: ignore[arg-type]


@cache
def _promised(contract: type[Contract]) -> Rows:
    name = contract.table()
    why, assumes = f"the contract of {name}", frozenset([name])
    columns = {
        column: replace(ANYTHING, number=not kind.is_floating())
        for column, kind in contract.columns().items()
    }
    keys = []
    for check in keys_and_presence(contract):
        if check.severity != "error" or check.tolerance is not None:
            continue
        if check.kind == "unique":
            keys.append(Key(frozenset(check.columns), why, assumes))
        else:
            columns[check.columns[0]] = Column(True, True, why, assumes)
    return Rows(columns, tuple(keys))
