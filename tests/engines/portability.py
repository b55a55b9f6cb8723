"""The README's table of models and engines: on which the matrix of tests runs a model.

`python -m tests.engines.portability` writes it anew.
"""

from pathlib import Path

from pipeline.compile.compiler import compile_plan
from pipeline.compile.graph import discover

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- made by `python -m tests.engines.portability` -->\n", "<!-- end of what is made -->\n"

# Engine → its name, and its dialect. DuckDB's rows are what the others are held to.
NAMES = {"duckdb": "DuckDB", "postgres": "PostgreSQL", "spark": "Spark", "bigquery": "BigQuery"}
DIALECTS = {"spark": "pyspark"}
# What the matrix runs; with CI set, an engine that is not there fails it.
MATRIX = ("postgres", "spark", "bigquery")


def table() -> str:
    """A row per model, a column per engine: executed, or compiled only."""
    run = {"duckdb", *MATRIX}
    compiled = {engine: compile_plan(DIALECTS.get(engine, engine)).tables for engine in NAMES.keys() - run}

    def cell(engine: str, model: str) -> str:
        if engine in run:
            return "executed"
        return "compiled only" if compiled[engine][model].sql else "–"

    rows = [["model", *NAMES.values()], ["---"] * (1 + len(NAMES))]
    rows += [[f"`{model}`", *(cell(engine, model) for engine in NAMES)] for model in discover()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def in_readme() -> str:
    """The table as the README has it."""
    return README.read_text().partition(BEGIN)[2].partition(END)[0]


if __name__ == "__main__":
    before, _, rest = README.read_text().partition(BEGIN)
    README.write_text(f"{before}{BEGIN}{table()}{END}{rest.partition(END)[2]}")
