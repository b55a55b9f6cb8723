"""Columns made by hand are those that Arrow makes."""

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ingest.landing.columns import booleans, chosen, encoded_json, floats, integers, same, texts

pytestmark = pytest.mark.slow

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
int64 = st.integers(-(2**63), 2**63 - 1)


def some(values):
    return st.lists(values, max_size=40)


def equal(column, expected):
    column.validate(full=True)
    assert column.equals(expected)


@settings(deadline=None)  # the first one waits for imports
@given(some(text | st.none()) | some(text))
def test_texts(values):
    equal(texts(values), pa.array(values, pa.string()))


@given(some(text))
def test_json_that_is_encoded(values):
    equal(encoded_json([value.encode() for value in values]), pa.array(values, pa.json_()))


@given(some(int64 | st.none()) | some(int64))
def test_integers(values):
    equal(integers(values), pa.array(values, pa.int64()))


@given(some(st.floats(allow_nan=False) | st.none()))
def test_floats(values):
    equal(floats(values), pa.array(values, pa.float64()))


@given(some(st.booleans()))
def test_booleans(values):
    equal(booleans(values), pa.array(values, pa.bool_()))


@given(st.lists(st.sampled_from(["a", "ü", None])))
def test_text_that_repeats(values):
    column = chosen([("a", "ü", None).index(value) for value in values], ("a", "ü", None))
    equal(column.cast(pa.string()), pa.array(values, pa.string()))
    equal(same("a", 3).cast(pa.string()), pa.array(["a", "a", "a"]))


def test_instants():
    column = integers([1_000_000, None], pa.timestamp("us", "UTC"))
    assert column.to_pylist() == [dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC), None]
