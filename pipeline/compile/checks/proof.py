"""Which facts follow from the expression that makes a table, so that they need no query."""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis.expr.types as ir

from pipeline.compile.analysis.column_properties import ORDERED, Known
from pipeline.compile.analysis.relations import Relations
from pipeline.compile.checks.facts import Fact
from schemas.base import Contract


@dataclass(frozen=True)
class Proof:
    """Why a fact holds, and the tables whose contracts that rests on."""

    why: str
    assumes: frozenset[str] = frozenset()


class Prover:
    """Proves facts about the table that an expression makes.

    Args:
        expr: the expression.
        assume: contracts of the tables that it reads and that are audited before it, by name.
        severities: the configuration's `severity`; a check that may fail proves nothing.
    """

    def __init__(
        self,
        expr: ir.Table,
        assume: Mapping[str, type[Contract]],
        severities: Mapping[str, str],
    ) -> None:
        self._expr = expr
        self._rows = Relations(assume, severities).rows(expr.op())

    def prove(self, fact: Fact) -> Proof | None:
        """A proof of the fact, if there is one."""
        if fact.kind == "unique":
            key = self._rows.key_within(fact.columns)
            return Proof(key.why, key.assumes) if key else None
        if fact.kind not in ("not_null", "range", "isin"):
            return None
        column = fact.columns[0]
        known = self._rows.columns[column]
        floating = self._expr[column].type().is_floating()
        if floating and known.number < ORDERED:
            return None
        holds = known.present if fact.kind == "not_null" else _within(known, fact)
        return Proof(known.why or "the expression", known.assumes) if holds else None


def _within(known: Known, fact: Fact) -> bool:
    """Whether the values that a column can have satisfy a check of Pandera's."""
    assert fact.check is not None
    given = fact.check.statistics or {}
    match fact.check.name:
        case "isin":
            return known.values is not None and known.values <= set(given["allowed_values"])
        case "notin":
            return known.values is not None and not known.values & set(given["forbidden_values"])
        case "in_range":
            low, high = given["min_value"], given["max_value"]
            return (
                given.get("include_min", True)
                and given.get("include_max", True)
                and _at_least(known, low)
                and _at_most(known, high)
            )
        case "greater_than_or_equal_to":
            return _at_least(known, given["min_value"])
        case "greater_than":
            low = given["min_value"]
            return _at_least(known, low) and (known.low > low or (low == 0 and known.nonzero))
        case "less_than_or_equal_to":
            return _at_most(known, given["max_value"])
        case "less_than":
            return _at_most(known, given["max_value"]) and known.high < given["max_value"]
    return False


def _at_least(known: Known, low: object) -> bool:
    return known.low is not None and isinstance(low, int | float) and known.low >= low


def _at_most(known: Known, high: object) -> bool:
    return known.high is not None and isinstance(high, int | float) and known.high <= high
