"""Every model keeps its contract on every engine, and every contract is documented.

Shown on tables with no data and no database behind them.
"""

from functools import cache

import ibis
import pytest
import sqlglot.expressions as sge

from pipeline.compile import dialects
from pipeline.compile.contracts import contracts_of
from pipeline.compile.graph import contract_tables, discover
from pipeline.compile.renderings import COMPILERS
from pipeline.models.operations import as_of, span
from pipeline.plan.bind import TIME_WINDOW_SECONDS, WINDOW_DAYS, WINDOW_HOURS
from schemas.base import Source

CONTRACTS = contracts_of()
MODELS = discover()
TABLES = sorted([*contract_tables("schemas.raw"), *contract_tables("schemas.seeds"), *MODELS])
# Their result does not depend on where a window ends.
FRAMELESS = (sge.RowNumber, sge.Lag, sge.Lead)
SETTINGS = {
    "as_of": as_of(),
    "timezone": "Europe/Berlin",
    "window": span(WINDOW_DAYS, "D"),
    "window_hours": span(WINDOW_HOURS, "h"),
    "time_window": span(TIME_WINDOW_SECONDS, "s"),
    "internal_domains": ("example.com",),
    "project_attributes": ("repo",),
}


@cache
def expression(name):
    """A model of unbound tables."""
    model = MODELS[name]
    upstreams = [
        ibis.table(
            {key: kind.copy(nullable=True) for key, kind in CONTRACTS[table].columns().items()}, name=table
        )
        for table in model.upstreams
    ]
    return model.function(*upstreams, **{key: SETTINGS[key] for key in model.settings})


def nullable(columns):
    return [(name, kind.copy(nullable=True)) for name, kind in columns.items()]


@pytest.mark.parametrize("name", MODELS)
def test_a_model_makes_exactly_the_columns_of_its_contract(name):
    assert nullable(expression(name).schema()) == nullable(CONTRACTS[name].columns())


@pytest.mark.slow
@pytest.mark.parametrize("dialect", COMPILERS)
@pytest.mark.parametrize("name", MODELS)
def test_every_model_compiles_for_every_engine_without_a_connection(name, dialect):
    query = dialects.query(expression(name), dialect)
    assert dialects.text(query, dialect)
    endless = [
        window.sql()
        for window in query.find_all(sge.Window)
        if isinstance(window.this, sge.AggFunc)
        and not isinstance(window.this, FRAMELESS)
        and window.args.get("order")
        and (frame := window.args.get("spec"))
        and (frame.args.get("end"), frame.args.get("end_side")) == ("UNBOUNDED", "FOLLOWING")
    ]
    # DuckDB before 2.0 adds up such windows wrongly.
    assert endless == []


@pytest.mark.parametrize("name", MODELS)
def test_every_model_says_what_one_row_is(name):
    for doc in (MODELS[name].function.__doc__, CONTRACTS[name].doc()):
        first = doc.splitlines()[0]
        assert first.startswith("One row per ")
        assert first.endswith((".", ":"))


@pytest.mark.parametrize("name", TABLES)
def test_every_table_and_column_is_described_in_a_sentence(name):
    contract = CONTRACTS[name]
    assert contract.doc().startswith("One row per ")
    columns = contract.to_schema().columns
    undescribed = [
        column
        for column, field in columns.items()
        if not (field.description or "")[:1].strip() or not field.description.endswith(".")
    ]
    assert undescribed == []


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_a_key_unless_its_rows_have_none(name):
    keyless = {"stg_log_events", "stg_thread_events", "stg_metric_activity", "stg_usage_records", "stg_usage"}
    assert bool(CONTRACTS[name].key()) == (name not in keyless)


def test_references_lead_to_keys_of_tables_that_exist():
    for name, contract in CONTRACTS.items():
        for column, target in contract.references().items():
            table, _, key = target.partition(".")
            assert column in contract.columns(), name
            assert CONTRACTS[table].key() == [key], f"{name}.{column} → {target}"


def test_only_raw_tables_may_have_columns_of_others():
    assert {name for name, contract in CONTRACTS.items() if issubclass(contract, Source)} == {
        *("raw_otel_metrics", "raw_otel_logs", "raw_otel_spans", "raw_git_commits", "raw_copilot_metrics"),
        *("raw_pull_requests", "raw_pull_request_commits"),
        *("raw_git_survival", "raw_billing", "raw_copilot_seats"),
    }
