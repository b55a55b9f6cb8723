"""An Ibis connection to Spark that hands over rows as they are."""

from typing import Any

import ibis
import ibis.expr.datatypes as dt
from ibis.backends.pyspark import Backend
from ibis.formats.pandas import PandasData
from ibis.formats.pyarrow import PyArrowData


class SparkBackend(Backend):  # type: ignore[misc] # Ibis is not typed
    """Ibis's own takes rows through Python objects, where whole numbers beside a NULL become floats."""

    def get_schema(self, *args: Any, **kwargs: Any) -> ibis.Schema:
        # A timestamp of Spark is an instant; Ibis reads it as a time without zone.
        instant = dt.Timestamp(timezone="UTC", scale=6)
        found = super().get_schema(*args, **kwargs)
        return ibis.schema({name: instant if kind.is_timestamp() else kind for name, kind in found.items()})

    def execute(self, expr: Any, /, **kwargs: Any) -> Any:
        table = expr.as_table()
        rows = self.to_pyarrow(table, **kwargs).to_pandas()
        return expr.__pandas_result__(PandasData.convert_table(rows, table.schema()))

    def to_pyarrow(
        self, expr: Any, /, *, params: Any = None, limit: int | str | None = None, **kwargs: Any
    ) -> Any:
        self._run_pre_execute_hooks(expr)
        table = expr.as_table()
        found = self._session.sql(self.compile(table, params=params, limit=limit, **kwargs)).toArrow()
        return expr.__pyarrow_result__(PyArrowData.convert_table(found, table.schema()))
