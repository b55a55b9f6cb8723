"""Small inputs that pipelines got wrong, with their right values: each folder holds `input` and `case.json`.

`case.json` says why, what to ingest (paths below `input`), and the right values of queries.
"""

import datetime as dt
import json
from pathlib import Path

import pytest

from pipeline import run
from pipeline.config import SOURCES
from pipeline.ingest.copilot.ingest import ingest_copilot
from pipeline.ingest.otlp.ingest import ingest_otlp
from pipeline.ingest.transcripts.ingest import ingest_transcripts

pytestmark = pytest.mark.slow

CASES = sorted(file.parent for file in Path(__file__).parent.glob("*/case.json"))
INGESTS = {"otlp": ingest_otlp, "transcripts": ingest_transcripts, "copilot": ingest_copilot}
AS_OF = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)


def _files(place: Path) -> list[Path]:
    return sorted(file for file in place.rglob("*") if file.is_file()) if place.is_dir() else [place]


SEVERAL_FILES = [case for case in CASES if len(_files(case / "input")) > 1]


def ingest(engine, case: Path, files: list[list[str]]) -> None:
    for kind, *names in files:
        INGESTS[kind](engine, [str(case / "input" / name) for name in names])


@pytest.fixture(scope="module")
def plan(compiled):
    return compiled()


def build(engine, plan) -> None:
    assert run.build(engine, plan, as_of=AS_OF).status == "success"


def landed(engine) -> dict[str, object]:
    return {table: engine.fetch(f"SELECT * FROM raw.{table} ORDER BY id") for table in SOURCES}


def single_files(case: Path, told: list[list[str]]) -> list[list[str]]:
    """The same to ingest, a file at a time."""
    return [
        [kind, str(file.relative_to(case / "input"))]
        for kind, *names in told
        for name in names
        for file in _files(case / "input" / name)
    ]


def check(engine, told, *, of_any_order: bool = False) -> None:
    """That the queries of a case give its right values; the account of the ingests knows their order."""
    queries = [query for query in told["expect"] if not (of_any_order and "meta." in query)]
    right = [told["expect"][query] for query in queries]
    expected = [value if isinstance(value, str) else pytest.approx(value, abs=1e-9) for value in right]
    assert [engine.fetch(query)[0][0] for query in queries] == expected, told["why"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case_and_that_repetition_lands_nothing(case, database, plan):
    told = json.loads((case / "case.json").read_text())
    ingest(database, case, told["ingest"])
    build(database, plan)
    check(database, told)
    before = landed(database)
    ingest(database, case, [*told["ingest"], *single_files(case, told["ingest"])])
    assert landed(database) == before


@pytest.mark.parametrize("case", SEVERAL_FILES, ids=lambda case: case.name)
def test_the_order_of_files_changes_nothing_nor_does_repetition(case, database, plan):
    told = json.loads((case / "case.json").read_text())
    files = single_files(case, told["ingest"])
    ingest(database, case, [*reversed(files), *files])
    build(database, plan)
    check(database, told, of_any_order=True)
