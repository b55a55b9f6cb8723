"""Which facts follow from the expression that makes a table, so that they need no query."""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis.expr.types as ir

from pipeline.audits.facts import Fact
from schemas.base import Contract


@dataclass(frozen=True)
class Proof:
    """Why a fact holds, and the tables whose contracts that rests on."""

    why: str
    assumes: frozenset[str]


class Prover:
    """Proves facts about expressions; `assume` holds the contracts of the tables they read."""

    def __init__(self, assume: Mapping[str, type[Contract]], severities: Mapping[str, str]) -> None:
        self.assume = assume
        self.severities = severities

    def prove(self, fact: Fact, contract: type[Contract], expr: ir.Table) -> Proof | None:
        """A proof of the fact, if there is one."""
        return None
