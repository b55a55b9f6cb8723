"""Contracts in a notebook: any table or data frame of that shape can be validated."""

import datetime as dt

import ibis
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaErrors

import schemas
from pipeline.compile.contracts import contracts_of
from schemas.base import Contract, UtcTimestamp, column, count


class FctVisits(Contract):
    """One row per visit."""

    visit_id: int = column(description="The visit.")
    at: UtcTimestamp = column(description="When.")
    pages: int = count(description="How many.")
    note: str = column(nullable=True, description="A remark.")

    class Config:
        unique = ["visit_id"]


AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ROWS = {"visit_id": [1, 2], "at": [AT, AT], "pages": [3, 4], "note": [None, None]}


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pandas", "polars", "arrow"])
def test_a_good_data_frame_comes_back_as_it_came(frame):
    rows = frame(ROWS)
    assert FctVisits.validate(rows) is rows


def test_a_good_ibis_table_comes_back_as_it_is():
    table = ibis.memtable(pa.table(ROWS)).cast({"note": "string", "at": UtcTimestamp})
    assert FctVisits.validate(table).equals(table)


class FctDays(Contract):
    """One row per day."""

    day: dt.date = column(description="The day.")
    visits: int = count(nullable=True, description="How many, if known.")


DAYS = {"day": [dt.date(2026, 1, 1), dt.date(2026, 1, 2)], "visits": [3, None]}


@pytest.mark.parametrize("how", ["to_pandas", "to_polars", "to_pyarrow"])
def test_what_a_table_gives_keeps_its_contract(how):
    frame = getattr(ibis.memtable(pa.table(DAYS)), how)()
    assert FctDays.validate(frame) is frame


@pytest.mark.parametrize(
    ("column", "values"),
    [("day", pd.to_datetime(["2026-01-01 10:00", "2026-01-02 00:00"])), ("visits", [3.5, None])],
)
def test_a_time_of_day_is_no_date_and_a_fraction_no_whole_number(column, values):
    with pytest.raises(SchemaErrors, match=f"expected column '{column}' to have type"):
        FctDays.validate(pd.DataFrame(DAYS | {"day": pd.to_datetime(DAYS["day"]), column: values}))


def test_everything_that_is_wrong_is_told():
    bad = pd.DataFrame(ROWS | {"visit_id": [1, 1], "pages": [-1, 2]})
    with pytest.raises(SchemaErrors) as errors:
        FctVisits.validate(bad)
    assert {error.schema.name for error in errors.value.schema_errors} == {"FctVisits", "pages"}


def test_rows_of_another_shape_are_refused():
    with pytest.raises(SchemaErrors):
        FctVisits.validate(pd.DataFrame({"visit_id": [1]}))


def test_table_without_rows_keeps_its_contract():
    assert tuple(FctVisits.validate(pd.DataFrame(ROWS).head(0)).columns) == tuple(ROWS)


def test_unbound_table_is_checked_by_its_columns():
    with config_context(validation_depth=ValidationDepth.SCHEMA_ONLY):
        assert FctVisits.validate(FctVisits.unbound()).columns == tuple(ROWS)


def test_contracts_are_found_by_name():
    assert schemas.FctAgentCosts.table() == "fct_agent_costs"
    assert schemas.RawOtelLogs.table() == "raw_otel_logs"
    with pytest.raises(AttributeError, match="FctNothing"):
        schemas.FctNothing  # noqa: B018


def test_a_notebook_completes_every_contract_and_nothing_that_is_none():
    assert {contract.__name__ for contract in contracts_of().values()} <= set(dir(schemas))
    assert all(issubclass(getattr(schemas, name), Contract) for name in dir(schemas))
