"""From counts of failing rows to results; which rows are shown, and what of them."""

import json

import pytest

from pipeline.plan import Check, PlanColumn, PlanTable
from pipeline.plan.check_results import (
    CheckResult,
    count_query,
    example_json,
    pending,
    results_of,
    shape_problems,
    stops,
    volume,
)


def check(name="a", **known):
    known = {"severity": "error", "sql": f"count_{name}"} | known
    return Check(name, "range", ["n"], "n is at least 0.", **known)


@pytest.mark.parametrize(
    ("severity", "tolerance", "failures", "status"),
    [
        ("error", None, 0, "passed"),
        ("error", None, None, "passed"),
        ("error", None, 1, "failed"),
        ("warn", None, 1, "warned"),
        ("error", "5", 5, "passed"),
        ("error", "5", 6, "failed"),
        ("error", "2.5%", 5, "passed"),
        ("warn", "2.5%", 6, "warned"),
    ],
)
def test_status_follows_from_severity_tolerance_and_failures(severity, tolerance, failures, status):
    (result,) = results_of("t", [check(severity=severity, tolerance=tolerance)], (200, failures))
    assert (result.status, result.failures, result.row_count) == (status, failures or 0, 200)


def test_checks_of_a_table_are_one_query():
    assert count_query("mart.t AS t0", [check("a"), check("b")]) == (
        "SELECT COUNT(*), count_a, count_b FROM mart.t AS t0"
    )
    assert count_query(None, [check("a")]) == "SELECT NULL, count_a"


def test_proven_check_is_run_if_what_its_proof_rests_on_was_not_checked():
    by_itself = check("a", proven="grouped")
    conditional = check("b", proven="the contract of x", assumes=["x"])
    unproven, shape = check("c"), check("d", proven="columns", sql=None)
    every = [by_itself, conditional, unproven, shape]
    assert pending(every, passed=[]) == [conditional, unproven]
    assert pending(every, passed=["x"]) == [unproven]


def test_only_failures_of_severity_error_stop_publishing():
    found = results_of("t", [check(severity="warn")], (1, 1))
    assert not stops(found)
    assert stops([*found, *results_of("t", [check()], (1, 1))])


def test_losing_more_than_half_of_the_rows_is_a_warning():
    (found,) = volume("t", 4, 10)
    assert (found.status, found.failures, found.row_count) == ("warned", 6, 10)
    for row_count, before in ((5, 10), (10, 1), (0, 0), (3, None), (None, 10)):
        assert volume("t", row_count, before) == []


TABLE = PlanTable(
    name="fct_x",
    layer="marts",
    schema="mart",
    kind="model",
    description="X.",
    columns=[
        PlanColumn("day", "date", "DATE", False, "Day."),
        PlanColumn("n", "int64", "BIGINT", False, "N."),
    ],
    key=["day"],
)


@pytest.mark.parametrize(
    ("actual", "problems"),
    [
        ({"day": "DATE", "n": "bigint"}, []),
        (None, ["mart.fct_x does not exist; `aa-pipeline build -s fct_x` makes it."]),
        ({"day": "DATE"}, ["mart.fct_x has no column n."]),
        (
            {"day": "DATE", "n": "BIGINT", "x": "INT"},
            ["mart.fct_x has a column x that its contract does not know."],
        ),
        ({"day": "DATE", "n": "VARCHAR"}, ["mart.fct_x.n is VARCHAR, not BIGINT."]),
        ({"n": "BIGINT", "day": "DATE"}, []),
    ],
)
def test_published_columns_are_compared_with_the_contract(actual, problems):
    assert shape_problems(TABLE, actual) == problems


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("developer_id", "ada@example.com", "a***@example.com"),
        ("author_email", "ada@example.com", "a***@example.com"),
        ("commit_message", "Fix it for ada@example.com", "*** (26 characters)"),
        ("note", "ask ada@example.com", "ask a***@example.com"),
        ("author_name", "Ada Lovelace", "*** (12 characters)"),
        ("commit_hash", "c0ffee", "c0ffee"),
        ("note", "x" * 400, "x" * 300 + "…"),
        ("n", 3, 3),
        ("commit_message", None, None),
    ],
)
def test_people_and_their_words_are_masked_unless_asked_for(column, value, shown):
    assert json.loads(example_json({column: value})) == {column: shown}
    assert json.loads(example_json({column: value}, masked=False)) == {column: value}


def test_result_shows_itself_in_a_notebook_and_escapes_what_it_says():
    failed = CheckResult("t", "<a>", "range", ["n"], "error", "failed", 2, 10, None, "n < 3 & <b>bold</b>")
    shown = failed._repr_html_()
    assert "<b>bold" not in shown
    assert "n &lt; 3 &amp; &lt;b&gt;" in shown
    assert "2 of 10 rows" in shown
