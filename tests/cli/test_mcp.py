"""`mcp`: an assistant's own client asks the server, over standard input and output."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import anyio
import pytest

from pipeline.outputs.metrics import METRICS
from tests.ingest.origins.test_origins import claude, written
from tests.outputs.dashboard.marts import commit, developer, usage, write_marts

pytestmark = pytest.mark.slow

PEOPLE = ["ada", "bo", "cy"]


@pytest.fixture
def ask(folder):
    """Asks the server in this folder: each question is a tool and its arguments."""
    if find_spec("mcp") is None:
        pytest.skip("no mcp: pip install -e '.[dev]'")
    from mcp import Client, StdioServerParameters

    server = StdioServerParameters(
        command=sys.executable,
        args=["-c", "from pipeline.cli import main; main()", "mcp"],
        env={name: os.environ[name] for name in ("PATH", "XDG_CACHE_HOME", "HOME")}
        | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        cwd=str(folder),
    )

    def asked(*questions):
        async def session():
            async with Client(server) as client:
                tools = (await client.list_tools()).tools
                return tools, [await client.call_tool(name, arguments) for name, arguments in questions]

        # In a thread of its own: a browser of other tests may have its loop in this one.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(anyio.run, session).result()

    return asked


@pytest.fixture
def marts(folder):
    return write_marts(
        folder / "agent_analytics.duckdb",
        usages=[usage(developer=who, total_sessions=1, total_cost_usd=2.0) for who in PEOPLE],
        commits=[commit(1, developer="ada", agent="claude_code")],
        developers=[*map(developer, PEOPLE)],
        agents=[("claude_code", "Claude Code")],
    )


def test_an_assistant_lists_and_queries(ask, marts):
    tools, (listed, cost, tables, table) = ask(
        ("list_metrics", {}),
        ("query_metric", {"name": "cost_per_commit", "by": ["month", "agent"], "since": "2026-11-01"}),
        ("list_tables", {}),
        ("describe_table", {"name": "fct_git_commits"}),
    )
    assert {tool.name for tool in tools} == {
        "list_metrics",
        "query_metric",
        "explain_number",
        "list_tables",
        "describe_table",
    }
    assert [metric["name"] for metric in listed.structured_content["metrics"]] == [*METRICS]
    assert cost.structured_content["rows"] == [{"month": "2026-11", "agent": "claude_code", "value": 6.0}]
    assert cost.structured_content["since"] == "2026-11-01"
    names = {one["name"]: one["description"] for one in tables.structured_content["tables"]}
    assert names["fct_git_commits"] == "One row per commit_hash, assisted or not."
    columns = {one["name"]: one["description"] for one in table.structured_content["columns"]}
    assert columns["cost_usd"] == "Its even share of the session's cost."


def test_what_cannot_be_asked_is_a_sentence_that_says_what_can(ask, marts):
    questions = [
        ("query_metric", {"name": "cost_per_comit"}),
        ("query_metric", {"name": "cost", "by": ["project"]}),
        ("query_metric", {"name": "cost", "where": {"agent": ["x' OR 1=1; DROP TABLE mart.dim_agents --"]}}),
        ("query_metric", {"name": "cost", "limit": 100_000}),
        ("query_metric", {"name": "cost", "since": "soon"}),
        ("query_metric", {"name": 3}),
        ("describe_table", {"name": "fct_git_commit"}),
        ("explain_number", {"table": "fct_git_commits", "column": "cost", "key": {}}),
        ("explain_number", {"table": "fct_git_commits", "column": "cost_usd", "key": {}, "limit": 0}),
    ]
    _, answers = ask(*questions)
    assert all(answer.is_error for answer in answers)
    texts = [answer.content[0].text for answer in answers]
    for text, said in zip(
        texts,
        [
            "There is no metric cost_per_comit. Did you mean cost_per_commit?",
            "cost cannot be told by project: its dimensions are day, week, month, developer, agent, model.",
            "There is no agent x' OR 1=1; DROP TABLE mart.dim_agents --.",
            "limit is 1 to 1000, not 100000.",
            "since: 'soon' is no date, such as 2026-11-01.",
            "Input should be a valid string",
            "There is no table fct_git_commit. Did you mean fct_git_commits?",
            "fct_git_commits has no column cost. Did you mean cost_usd?",
            "limit is 1 to 20, not 0.",
        ],
        strict=True,
    ):
        assert said in text
        assert "Traceback" not in text


def test_an_assistant_is_told_why(ask, run, folder):
    run("init")
    written(folder / "one.jsonl", claude("session-one", 1), claude("session-one", 2, message="next"))
    run("ingest transcripts one.jsonl --developer ada@example.com")
    run("build")
    key = {"date": "2026-11-03", "agent_type": "claude_code"}
    _, (answer,) = ask(
        ("explain_number", {"table": "fct_agent_costs", "column": "daily_cost_usd", "key": key})
    )
    found = answer.structured_content
    assert found["says"] == "$0.00021 = 2 requests computed at the price of 2026-11-03"
    assert found["adds_up"] is True
    assert [layer["table"] for layer in found["made_of"]] == ["int_agent_daily_aggregates"]


def test_an_answer_is_cut_at_its_limit_and_says_so(ask, marts):
    _, (answer,) = ask(("query_metric", {"name": "cost", "by": ["developer"], "limit": 2}))
    found = answer.structured_content
    assert [row["developer"] for row in found["rows"]] == ["ada", "bo"]
    assert (found["row_count"], found["is_cut"], found["total"]) == (3, True, {"value": 6.0})
    assert found["notes"] == ["These are the first 2 of 3 rows."]


def test_nothing_can_be_written(ask, marts):
    before = marts.read_bytes()
    tools, answers = ask(
        ("query_metric", {"name": "cost"}),
        ("query_metric", {"name": "cost", "sql": "DROP TABLE mart.dim_agents"}),
        ("execute", {"sql": "DROP TABLE mart.dim_agents"}),
    )
    assert all(tool.annotations.read_only_hint for tool in tools)
    assert answers[-1].is_error
    assert marts.read_bytes() == before


def test_of_few_people_an_assistant_learns_nothing(ask, marts):
    (marts.parent / "aa-pipeline.toml").write_text("[privacy]\nmin_group = 3\n")
    _, (cost, people, days, commits) = ask(
        ("query_metric", {"name": "cost", "by": ["agent"]}),
        ("query_metric", {"name": "cost", "by": ["developer"]}),
        ("query_metric", {"name": "active_days"}),
        ("query_metric", {"name": "commits"}),
    )
    _, (row,) = ask(
        ("explain_number", {"table": "fct_git_commits", "column": "cost_usd", "key": {"developer_id": "ada"}})
    )
    assert row.is_error
    assert "groups have at least 3 people" in row.content[0].text
    assert cost.structured_content["rows"] == [{"agent": "claude_code", "value": 6.0}]
    assert [people.is_error, days.is_error, commits.is_error] == [True, True, True]
    assert "ada" not in people.content[0].text


def test_a_database_that_is_not_there_is_a_sentence(ask, folder):
    _, (answer,) = ask(("query_metric", {"name": "cost"}))
    assert answer.is_error
    assert "agent_analytics.duckdb" in answer.content[0].text


def test_without_its_package_the_command_says_what_to_install(run, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = run("mcp", expect=2)
    assert "pip install 'aa-pipeline[mcp]'" in result.stderr
