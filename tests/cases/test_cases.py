"""Small inputs that pipelines got wrong, with their right values: each folder holds `input` and `case.json`.

`case.json` says why, what to ingest (paths below `input`), and the right values of queries.
"""

import datetime as dt
import json
from pathlib import Path

import pytest

from pipeline import run
from pipeline.compile import plan_cache
from pipeline.config import Config
from pipeline.engines import connect
from pipeline.ingest.copilot.ingest import ingest_copilot
from pipeline.ingest.otlp.ingest import ingest_otlp
from pipeline.ingest.transcripts import ingest_transcripts

CASES = sorted(file.parent for file in Path(__file__).parent.glob("*/case.json"))
INGESTS = {"otlp": ingest_otlp, "transcripts": ingest_transcripts, "copilot": ingest_copilot}
AS_OF = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)


def answers(case: Path, database: Path, files: list[list[str]]) -> dict[str, object]:
    """What the queries of a case give once its files are ingested, in this order, and built."""
    queries = json.loads((case / "case.json").read_text())["expect"]
    with connect(f"duckdb://{database}") as engine:
        for kind, *names in files:
            INGESTS[kind](engine, [str(case / "input" / name) for name in names])
        plan = plan_cache.load("duckdb", Config(), engine.shapes("raw"))
        assert run.build(engine, plan, as_of=AS_OF).status == "success"
        return {query: engine.fetch(query)[0][0] for query in queries}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case, tmp_path):
    told = json.loads((case / "case.json").read_text())
    expected = {
        query: value if isinstance(value, str) else pytest.approx(value, abs=1e-9)
        for query, value in told["expect"].items()
    }
    assert answers(case, tmp_path / "case.duckdb", told["ingest"]) == expected, told["why"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_order_of_files_changes_nothing_nor_does_repetition(case, tmp_path):
    told = json.loads((case / "case.json").read_text())
    single = [
        [kind, str(file.relative_to(case / "input"))]
        for kind, *names in told["ingest"]
        for name in names
        for file in _files(case / "input" / name)
    ]
    found = answers(case, tmp_path / "case.duckdb", [*reversed(single), *single])
    expected = {
        query: value if isinstance(value, str) else pytest.approx(value, abs=1e-9)
        for query, value in told["expect"].items()
        if "meta." not in query  # each ingest has its own account
    }
    assert {query: found[query] for query in expected} == expected, told["why"]


def _files(place: Path) -> list[Path]:
    return sorted(file for file in place.rglob("*") if file.is_file()) if place.is_dir() else [place]
