import pytest

from pipeline.engines import connect
from pipeline.engines.raw_tables import make_raw_table


@pytest.fixture
def engine():
    with connect(":memory:") as engine:
        engine.create_schema("raw")
        for table in ("otel_logs", "otel_metrics"):
            make_raw_table(engine, table)
        yield engine
