import duckdb
import pytest

from pipeline.engines import connect
from pipeline.outputs.totals import Totals, read_totals

SUMS = Totals(361, 915_538_770, 595.8, "2026-09-24", "2026-11-20", 680, 424)


@pytest.mark.parametrize(
    ("totals", "sentence"),
    [
        (
            SUMS,
            "2026-09-24 to 2026-11-20: 361 sessions, 915,538,770 tokens, $595.80;"
            " 424 of 680 commits with an agent's help.",
        ),
        (
            SUMS._replace(cost=None),
            "2026-09-24 to 2026-11-20: 361 sessions, 915,538,770 tokens, unknown cost;"
            " 424 of 680 commits with an agent's help.",
        ),
        (Totals(0, 0, None, None, None, 3, 0), "0 of 3 commits with an agent's help."),
    ],
)
def test_the_sentence(totals, sentence):
    assert totals.sentence() == sentence


@pytest.mark.parametrize(
    ("now", "news"),
    [
        (SUMS, ""),
        (
            SUMS._replace(sessions=362, tokens=915_539_000, cost=597.0, commits=679),
            "Since the build before: +1 sessions, +230 tokens, -1 commits, +$1.20.",
        ),
        (SUMS._replace(cost=None), "Since the build before: -$595.80."),
        (SUMS._replace(cost=595.801), ""),
    ],
)
def test_what_has_come_since(now, news):
    assert now.since(SUMS) == news


def test_they_are_read_from_the_marts_and_unknown_cost_stays_unknown(tmp_path):
    file = tmp_path / "a.duckdb"
    with duckdb.connect(file) as database:
        database.execute("CREATE SCHEMA mart")
    with connect(f"duckdb://{file}") as engine:
        assert read_totals(engine) is None
        engine.execute(
            "CREATE TABLE mart.fct_daily_agent_usage AS SELECT DATE '2026-11-20' AS date,"
            " 2 AS total_sessions, 30 AS total_tokens, CAST(NULL AS DOUBLE) AS total_cost_usd"
        )
        engine.execute("CREATE TABLE mart.fct_git_commits AS SELECT true AS is_agent_assisted")
        assert read_totals(engine) == Totals(2, 30, None, "2026-11-20", "2026-11-20", 1, 1)
