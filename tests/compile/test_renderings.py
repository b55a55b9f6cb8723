"""Our operations are rendered by compilers of ours; Ibis stays as it is for everybody else."""

import subprocess
import sys

import ibis
import ibis.expr.operations as ops
import pytest
from ibis.backends.sql.compilers import (
    BigQueryCompiler,
    DuckDBCompiler,
    PostgresCompiler,
    PySparkCompiler,
)

from pipeline.compile import dialects
from pipeline.compile.analysis.time_drift import AsOfBefore
from pipeline.compile.renderings import COMPILERS
from pipeline.models import operations

pytestmark = pytest.mark.slow

IBIS = {
    "duckdb": DuckDBCompiler,
    "postgres": PostgresCompiler,
    "pyspark": PySparkCompiler,
    "bigquery": BigQueryCompiler,
}
OURS = [
    *(
        kind
        for kind in vars(operations).values()
        if isinstance(kind, type) and issubclass(kind, ops.Node) and kind.__module__ == operations.__name__
    ),
    AsOfBefore,
]

FOREIGN = """
import ibis
import ibis.backends.sql.compilers as compilers

t = ibis.table({"name": "string", "price": "float64", "at": "timestamp('UTC', 6)"}, name="t")
expressions = {
    "lower": t.select(x=t.name.lower()),
    "strip": t.select(x=t.name.strip()),
    "select": t.filter(t.name == "a").select(once=t.name.upper()).filter(ibis._.once == "A"),
    "aggregate": t.group_by("name").agg(n=t.count(), at=t["at"].max()),
    "sum of floats": t.group_by("name").agg(price=t.price.sum()),
}
for dialect in ("duckdb", "postgres", "pyspark", "bigquery"):
    compiler = getattr(compilers, dialect).compiler
    for name, expression in expressions.items():
        try:
            print(dialect, name, compiler.to_sqlglot(expression).sql(dialect=compiler.dialect))
        except AttributeError as error:  # Spark's, without a connection
            print(dialect, name, error)
print(ibis.options)
"""
EVERYTHING = """
import pipeline.notebook.connection
from pipeline.compile.graph import discover
from pipeline.compile.renderings import COMPILERS
from tests.projects import compile_shop

assert len(discover()) > 20
for dialect in COMPILERS:
    assert compile_shop(dialect).tables
"""


def printed(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_importing_every_model_and_compiling_changes_nothing_of_ibis():
    fresh = printed(FOREIGN)
    assert "postgres lower SELECT LOWER(" in fresh
    assert printed(EVERYTHING + FOREIGN) == fresh


@pytest.mark.parametrize("dialect", COMPILERS)
@pytest.mark.parametrize("operation", OURS, ids=lambda kind: kind.__name__)
def test_an_operation_is_rendered_by_our_compiler_and_not_by_ibis(dialect, operation):
    theirs, name = IBIS[dialect], f"visit_{operation.__name__}"
    # Ibis marks what it finds and does not know as undefined.
    assert getattr(theirs, name, theirs.visit_Undefined) is theirs.visit_Undefined
    assert getattr(COMPILERS[dialect], name) is not theirs.visit_Undefined


def test_postgresql_looks_for_a_text_within_one_that_has_a_collation():
    """`POSITION('@' IN lower(name) COLLATE "C")` is a syntax error."""
    table = ibis.table({"name": "string", "other": "string"}, name="t")
    named = table.select(x=table.name.lower().contains("@"), y=table.name.contains(table.other.lower()))
    sql = dialects.text(dialects.query(named, "postgres"), "postgres")
    lower = 'LOWER(("t0"."{}") COLLATE "default") COLLATE "C"'
    found = "".join(sql.split())
    assert f"POSITION('@'IN({lower.format('name')}))".replace(" ", "") in found
    assert f"""POSITION(({lower.format("other")})IN"t0"."name")""".replace(" ", "") in found


@pytest.mark.parametrize("dialect", COMPILERS)
def test_what_is_not_ours_is_rendered_as_ibis_does(dialect):
    """Everything that Ibis' compiler renders, but the few that must read the same on every engine."""
    ours, theirs = COMPILERS[dialect], IBIS[dialect]
    own = {name for kind in ours.__mro__ if kind.__module__ == ours.__module__ for name in vars(kind)}
    of_ibis = {name for name in dir(theirs) if name.startswith("visit_")}
    replaced = {
        name
        for name in own & of_ibis
        if getattr(ours, name).__qualname__ != getattr(theirs, name).__qualname__
    }
    names = {f"visit_{kind.__name__}" for kind in OURS}
    assert (
        replaced - names
        == {
            "duckdb": set(),
            "postgres": {"visit_Lowercase", "visit_Select", "visit_StringContains"},
            "pyspark": {"visit_Strip", "visit_Field", "visit_NonNullLiteral"},
            "bigquery": {"visit_RegexExtract"},
        }[dialect]
    )
