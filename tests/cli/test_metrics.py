"""`metrics`: what people, spreadsheets and programs get."""

import json

import pytest

from pipeline.outputs.metrics import METRICS
from tests.outputs.dashboard.marts import DAY, commit, developer, usage, write_marts

pytestmark = pytest.mark.slow


@pytest.fixture
def marts(folder):
    """A database of two people's usage and commits."""
    return write_marts(
        folder / "agent_analytics.duckdb",
        usages=[
            usage(total_sessions=2, total_cost_usd=3.0, unpriced_tokens=7),
            usage(developer="bo", agent="codex", total_sessions=1, total_cost_usd=None),
        ],
        commits=[commit(1, agent="claude_code"), commit(2, developer="bo", project_id="=cmd")],
        developers=[developer("ada@example.com"), developer("bo")],
        agents=[("claude_code", "Claude Code"), ("codex", "Codex")],
    )


def test_the_list_tells_every_metric_and_needs_no_database(run):
    lines = run("metrics list").output.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [*METRICS]
    (cost,) = [one for one in json.loads(run("metrics list --format json").output) if one["name"] == "cost"]
    assert cost["dimensions"] == ["day", "week", "month", "developer", "agent", "model"]
    assert cost["grain"] == "fct_daily_agent_usage: one row per date, developer, agent and model"


def test_a_table_has_the_total_and_says_why_there_is_no_value(run, marts):
    result = run("metrics query cost --by agent")
    assert result.stdout.splitlines() == [
        "agent        cost  why there is none",
        "claude_code     3",
        "codex              nothing tells what it cost",
        "total           3",
    ]
    assert result.stderr.startswith("7 tokens have neither a reported cost nor a price")


def test_csv_is_rows_alone_and_runs_nothing_in_a_spreadsheet(run, marts):
    result = run("metrics query commits --by project --format csv")
    assert result.stdout == "project,commits,reason\n'=cmd,1,\nshop,1,\n"


def test_json_is_one_document_with_the_question(run, marts):
    document = json.loads(
        run(
            "metrics query sessions --by month --by agent --where agent=codex --since 20261101 --format json"
        ).stdout
    )
    assert document["rows"] == [{"month": "2026-11", "agent": "codex", "value": 1}]
    assert document["where"] == {"agent": ["codex"]}
    assert (document["since"], document["until"]) == ("2026-11-01", None)


def test_a_month_of_which_there_is_nothing_is_said(run, marts):
    assert run("metrics query sessions --by day --until 2020-01-01").stdout == "Nothing in this period.\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("costs", "There is no metric costs. Did you mean cost?"),
        ("cost --by project", "cost cannot be told by project"),
        ("cost --where codex", "'codex' is not DIMENSION=VALUE, such as agent=codex."),
        ("cost --since 2026-11-02 --until 2026-11-01", "--since is after --until."),
    ],
)
def test_what_cannot_be_asked_ends_with_2(run, marts, words, message):
    assert message in run(f"metrics query {words}", expect=2).stderr


def test_min_group_reaches_metrics(run, marts):
    (marts.parent / "aa-pipeline.toml").write_text("[privacy]\nmin_group = 5\n")
    assert "Too few people to tell" in run("metrics query cost", expect=2).stderr
    assert DAY.isoformat() not in run("metrics query cost --by day", expect=2).output


def test_the_document_for_other_tools_needs_no_database(run, folder):
    result = run("metrics export metrics.osi.json")
    assert "Left out, since the format cannot have them: cost_share, " in result.stderr
    document = json.loads((folder / "metrics.osi.json").read_text())
    assert document["semantic_model"][0]["metrics"][0]["name"] == "cost"
