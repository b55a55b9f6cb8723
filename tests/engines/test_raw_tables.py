"""The raw tables are what their contracts say, which are read as text."""

import pytest

from pipeline.engines.raw_tables import KINDS, columns_of_contracts
from schemas import raw

OF_TYPE = {
    "Int64": "int",
    "String": "str",
    "Float64": "float",
    "Timestamp": "UtcTimestamp",
    "Boolean": "bool",
    "Date": "dt.date",
}


@pytest.mark.parametrize("table", list(columns_of_contracts()))
def test_names_and_kinds_of_columns_are_the_contracts(table):
    contract = getattr(raw, "Raw" + table.title().replace("_", ""))
    fields = contract.to_schema().columns
    assert columns_of_contracts()[table] == {
        name: "json" if (fields[name].metadata or {}).get("json") else KINDS[OF_TYPE[type(kind).__name__]]
        for name, kind in contract.columns().items()
    }
