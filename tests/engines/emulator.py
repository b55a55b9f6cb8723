"""Starts bqemulator, in the environment that it has for itself, with two things put right.

It takes NUMERIC for DuckDB's DECIMAL, which has three digits behind the point; BigQuery's has nine.
And it reads each statement more than ten times, in time that grows with the square of its depth: only
a FROM that unnests without saying so needs that, and we write none.
"""

import sys

from bqemulator.cli import main
from sqlglot import expressions as sge
from sqlglot.dialects.bigquery import BigQuery
from sqlglot.dialects.duckdb import DuckDB

datatype_sql = DuckDB.Generator.datatype_sql


def with_nine_digits(self, expression):
    if expression.this == sge.DataType.Type.DECIMAL and not expression.expressions:
        digits = [sge.DataTypeParam(this=sge.Literal.number(number)) for number in (38, 9)]
        expression = sge.DataType(this=expression.this, expressions=digits)
    return datatype_sql(self, expression)


DuckDB.Generator.datatype_sql = with_nine_digits
BigQuery.Parser.SUPPORTS_IMPLICIT_UNNEST = False

if __name__ == "__main__":
    sys.exit(main())
