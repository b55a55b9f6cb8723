"""Totals before and after a step of the way: what counts as the same."""

import duckdb
import ibis
import pytest
from ibis import _

from pipeline.models.conservation import total, unequal
from pipeline.system.compat import ibis_duckdb


def x(kind, *values):
    return ibis.memtable([{"x": value} for value in values], schema={"x": kind})


def difference(before, after, **measures):
    measures = measures or {"x": _.x.sum()}
    found = unequal(total(before, **measures), total(after, **measures))
    return ibis_duckdb(duckdb.connect()).to_pyarrow(found).to_pylist()


def test_a_difference_is_what_there_is_more_after():
    assert difference(x("int64", 4, 6), x("int64", 11)) == [{"x": 1}]
    assert difference(x("int64", 4, 6), x("int64", 9)) == [{"x": -1}]
    assert difference(x("int64", 4, 6), x("int64", 10)) == []


def test_a_table_without_rows_or_values_adds_up_to_0():
    assert difference(x("int64"), x("int64", None)) == []
    assert difference(x("int64"), x("int64", 0)) == []
    assert difference(x("int64"), x("int64", 1)) == [{"x": 1}]


def test_counts_are_compared_exactly():
    assert difference(x("int64", 10**12), x("int64", 10**12 + 1)) == [{"x": 1}]


@pytest.mark.parametrize(("after", "holds"), [(1_000_000.5, True), (1_000_001.5, False), (999_998.5, False)])
def test_money_is_compared_to_a_millionth(after, holds):
    found = difference(x("float64", 1_000_000.0), x("float64", after))
    assert found == ([] if holds else [{"x": after - 1_000_000.0}])


def test_one_measure_that_differs_is_enough():
    measures = {"x": _.x.sum(), "rows": _.count()}
    assert difference(x("int64", 4, 6), x("int64", 10), **measures) == [{"x": 0, "rows": -1}]
