"""Differences between contracts, and which of them break a promise."""

from dataclasses import replace

import pytest

from pipeline.contracts import Change, contract, diff, is_breaking
from pipeline.plan import PlanAudit, PlanColumn, PlanTable

DAY = PlanColumn("day", "date", "DATE", False, "The day.")
SIZE = PlanColumn("size", "string", "VARCHAR", True, "How large.")
CLOSED = PlanAudit("isin(size)", "isin", ["size"], "size is one of large, small.")
LOW = PlanAudit("range(n >= 0)", "range", ["n"], "n is at least 0.")

TABLE = PlanTable(
    name="fct_days",
    layer="marts",
    schema="mart",
    kind="model",
    description="One row per day.",
    columns=[DAY, SIZE],
    key=["day"],
    audits=[PlanAudit("unique(day)", "unique", ["day"], "day identifies a row."), CLOSED],
)


def column(name, **changed):
    return [replace(c, **changed) if c.name == name else c for c in TABLE.columns]


def audits(*found):
    return [TABLE.audits[0], *found]


# How the new version differs → column, breaking, what is said.
CHANGES = {
    "a column is gone": (
        {"columns": [DAY], "audits": audits()},
        [("size", True, "The column is gone.")],
    ),
    "a column is new": (
        {"columns": [DAY, PlanColumn("n", "int64", "BIGINT", False, "N."), SIZE]},
        [("n", False, "The column is new: int64.")],
    ),
    "another type": (
        {"columns": column("size", type="int64")},
        [("size", True, "Its type was string and is int64.")],
    ),
    "may be missing": (
        {"columns": column("day", nullable=True)},
        [("day", True, "It may now be missing.")],
    ),
    "never missing": (
        {"columns": column("size", nullable=False)},
        [("size", False, "It is never missing now.")],
    ),
    "another order": (
        {"columns": [SIZE, DAY]},
        [(None, True, "The columns are in another order: size, day.")],
    ),
    "another key": (
        {"key": ["day", "size"]},
        [(None, True, "The key was day and is day, size.")],
    ),
    "another sentence": (
        {"columns": column("day", description="UTC day.")},
        [("day", False, "It is described anew: UTC day.")],
    ),
    "a longer list": (
        {"audits": audits(replace(CLOSED, description="size is one of huge, large, small."))},
        [
            (
                "size",
                True,
                "Promised was: size is one of large, small. Now: size is one of huge, large, small.",
            )
        ],
    ),
    "a shorter list": (
        {"audits": audits(replace(CLOSED, description="size is one of small."))},
        [("size", False, "Promised was: size is one of large, small. Now: size is one of small.")],
    ),
    "a check is gone": (
        {"audits": audits()},
        [("size", True, "No longer promised: size is one of large, small.")],
    ),
    "a check is new": (
        {"audits": audits(CLOSED, LOW)},
        [("n", False, "Newly promised: n is at least 0.")],
    ),
    "a check only warns": (
        {"audits": audits(replace(CLOSED, severity="warn"))},
        [("size", True, "size is one of large, small. It was an error and is a warning.")],
    ),
    "some rows may fail": (
        {"audits": audits(replace(CLOSED, limit="1%"))},
        [("size", True, "size is one of large, small. It was an error and is an error beyond 1%.")],
    ),
    "nothing": ({}, []),
}


@pytest.mark.parametrize(("changed", "expected"), CHANGES.values(), ids=CHANGES)
def test_change_is_told_column_by_column(changed, expected):
    changes = diff({"fct_days": TABLE}, {"fct_days": replace(TABLE, **changed)})
    assert changes == [Change("fct_days", *found) for found in expected]
    assert is_breaking(changes) == any(breaking for _, breaking, _ in expected)


def test_tables_come_and_go():
    other = replace(TABLE, name="dim_days")
    assert diff({"fct_days": TABLE}, {"dim_days": other}) == [
        Change("fct_days", None, True, "The table is gone."),
        Change("dim_days", None, False, "The table is new."),
    ]


def test_asking_a_source_for_less_breaks_nothing():
    source = replace(TABLE, kind="source", audits=[])
    less = replace(source, columns=[DAY])
    assert not is_breaking(diff({"raw": source}, {"raw": less}))


def test_contract_is_told_whole():
    told = contract(TABLE)
    assert told["table"] == "mart.fct_days"
    assert told["key"] == ["day"]
    assert [column["name"] for column in told["columns"]] == ["day", "size"]
    assert [check["name"] for check in told["checks"]] == ["unique(day)", "isin(size)"]
