"""Relations as others that give the same rows and whose columns are more easily followed."""

from collections.abc import Callable, Iterable

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
from ibis import _

from pipeline.outputs.why.addends import fields_in

Choose = Callable[[ops.Relation, Iterable[str], ir.Value | None], ops.Relation]


def computes(chain: ops.JoinChain) -> bool:
    return not all(isinstance(value, ops.Field) for value in chain.values.values())


def in_two(chain: ops.JoinChain) -> ops.Project:
    """A join that computes, as one that does not, and what is computed from it."""
    fields = dict.fromkeys(field for value in chain.values.values() for field in fields_in(value))
    names = {field: f"aa_joined_{number}" for number, field in enumerate(fields)}
    plain = ops.JoinChain(chain.first, chain.rest, {name: field for field, name in names.items()})
    columns = {field: ops.Field(plain, name) for field, name in names.items()}
    return ops.Project(
        plain, {name: value.replace(columns, filter=ops.Value) for name, value in chain.values.items()}
    )


def computes_sums(aggregate: ops.Aggregate) -> bool:
    return not all(isinstance(metric, ops.Reduction) for metric in aggregate.metrics.values())


def sums_first(aggregate: ops.Aggregate) -> ops.Project:
    """Sums that are computed with, as sums, and what is computed from them."""
    found = dict.fromkeys(
        part for metric in aggregate.metrics.values() for part in metric.find(ops.Reduction, filter=ops.Value)
    )
    own = {metric: name for name, metric in aggregate.metrics.items() if metric in found}
    names = {part: own.get(part, f"aa_summed_{number}") for number, part in enumerate(found)}
    plain = ops.Aggregate(aggregate.parent, aggregate.groups, {name: part for part, name in names.items()})
    columns = {part: ops.Field(plain, name) for part, name in names.items()}
    groups = {name: ops.Field(plain, name) for name in aggregate.groups}
    metrics = {name: metric.replace(columns, filter=ops.Value) for name, metric in aggregate.metrics.items()}
    return ops.Project(plain, groups | metrics)


def one_of_each(parent: ops.Relation, keys: Iterable[str], order: ir.Value | None = None) -> ops.Relation:
    """One row of those with the same values in some columns: the first."""
    return _numbered(parent, keys, order).filter(_.aa_number == 0).drop("aa_number").op()


def others_of_each(parent: ops.Relation, keys: Iterable[str], order: ir.Value | None = None) -> ops.Relation:
    """The rows that `one_of_each` leaves out."""
    return _numbered(parent, keys, order).filter(_.aa_number > 0).drop("aa_number").op()


def _numbered(parent: ops.Relation, keys: Iterable[str], order: ir.Value | None) -> ir.Table:
    return parent.to_expr().mutate(aa_number=ibis.row_number().over(group_by=[*keys], order_by=order))
