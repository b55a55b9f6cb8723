"""The documentation says something about every table and every column of the pipeline."""

import pytest

from pipeline.compile.contracts import contracts_of

CONTRACTS = contracts_of()


@pytest.mark.parametrize("table", CONTRACTS)
def test_every_table_and_every_column_has_a_sentence(table):
    contract = CONTRACTS[table]
    undescribed = [name for name, field in contract.to_schema().columns.items() if not field.description]
    assert contract.doc().strip(), f"{contract.__name__} has no docstring"
    assert undescribed == []
