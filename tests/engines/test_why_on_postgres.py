"""`why` on PostgreSQL: the same answer as on DuckDB, from the same records."""

import datetime as dt

import pytest

from pipeline import run
from pipeline.compile import plan_cache
from pipeline.config import load_config
from pipeline.engines import connect
from pipeline.ingest.origins.origins import find_origins
from pipeline.ingest.otlp.ingest import ingest_otlp
from pipeline.ingest.transcripts.ingest import ingest_transcripts
from pipeline.outputs.why.explain import Explainer
from tests.cli.test_why import AT, REQUEST
from tests.ingest.origins.test_origins import claude, written
from tests.ingest.otlp.samples import lines, log, logs

pytestmark = pytest.mark.slow

AS_OF = dt.datetime(2026, 11, 15, 12, tzinfo=dt.UTC)
CELLS = [
    ("fct_agent_costs", "daily_cost_usd", {"date": "2026-11-03"}),
    ("fct_agent_costs", "mtd_cost_usd", {"date": "2026-11-03"}),
    ("fct_daily_agent_usage", "total_tokens", {"date": "2026-11-03"}),
]


def answers(place, folder):
    """Some cells of a new database, explained."""
    with connect(place) as engine:
        ingest_transcripts(engine, [folder / "one.jsonl"], developer="ada@example.com")
        ingest_otlp(engine, [folder / "otlp.jsonl"])
        plan = plan_cache.load(engine.dialect, load_config(folder), engine.shapes("raw"))
        assert run.build(engine, plan, as_of=AS_OF, project_dir=folder).status == "success"

        def origins(table, hashes):
            return find_origins(engine, table, hashes)

        explainer = Explainer(engine, plan, project_dir=folder, find_origins=origins)
        return [told(explainer.why(*cell)) for cell in CELLS]


def told(answer):
    """An answer without what a database chooses by itself: ids, and numbers as its driver gives them."""

    def layers(found):
        return [
            (
                *(one.table, one.column, one.count, one.says),
                None if one.amount is None else round(one.amount, 6),
                [row.get("origin") for row in one.rows],
                layers(one.made_of),
            )
            for one in found
        ]

    return answer.says, round(float(answer.value), 6), answer.adds_up, layers(answer.made_of)


def test_a_number_has_the_same_reasons_as_on_duckdb(url, tmp_path):
    written(tmp_path / "one.jsonl", {"type": "summary"}, claude("session-one", 1, tokens=100))
    (tmp_path / "otlp.jsonl").write_text(lines(logs(log(REQUEST, at=AT))))
    found = answers(url, tmp_path)
    assert found == answers(":memory:", tmp_path)
    assert all(adds_up for _, _, adds_up, _ in found)
    assert "otlp.jsonl:1" in str(found)
