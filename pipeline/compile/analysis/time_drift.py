"""Whether time alone changes the rows of a model: asked of the rows at the edge of its window, not of all."""

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import sqlglot.expressions as sge

from pipeline.compile.analysis.partitions import parts
from pipeline.compile.dialects import COMPILERS
from pipeline.models.operations import AsOf
from pipeline.plan.render import AS_OF_BEFORE


class AsOfBefore(AsOf):
    """The instant for which a model's rows were made."""


def _as_of_before(self, op):  # type: ignore[no-untyped-def]
    return self.cast(sge.convert(AS_OF_BEFORE), op.dtype)


for compiler in COMPILERS.values():
    compiler.visit_AsOfBefore = _as_of_before


def time_drift(expression: ir.Table) -> ir.Scalar | None:
    """How many rows the filters of a model take at one instant and not at the other.

    0 means that its rows are the same at both. None if the instant is not used by filters alone.
    """
    edges = []
    for relation in expression.op().find(ops.Relation):
        of_time = [
            child
            for child in relation.__children__
            if not isinstance(child, ops.Relation) and any(isinstance(part, AsOf) for part in parts([child]))
        ]
        if of_time and (not isinstance(relation, ops.Filter) or relation.parent.find(AsOf)):
            return None
        for predicate in of_time:
            now, before = (
                ibis.ifelse(taken.to_expr(), 1, 0)
                for taken in (predicate, predicate.replace({AsOf(): AsOfBefore()}))
            )
            edges.append(relation.parent.to_expr().filter(now != before).count())
    return sum(edges[1:], edges[0]) if edges else None
