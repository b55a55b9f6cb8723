"""`diff`, between revisions of a project's repository."""

import json
import subprocess

import duckdb
import pytest

pytestmark = pytest.mark.slow

PRICES = "model,speed,above_input_tokens,valid_from,valid_to,input_usd,output_usd,cache_write_5m_usd"
PRICES += ",cache_write_1h_usd,cache_read_usd,price_source\n"


@pytest.fixture
def project(folder, run):
    """A repository with a configuration, and a request of a model that nobody knows the price of."""
    run("init")
    with duckdb.connect(str(folder / "agent_analytics.duckdb")) as database:
        database.execute(
            """
            INSERT INTO raw.otel_logs (id, timestamp, body, attributes, created_at) VALUES
            (1, '2026-11-20 10:00:00', 'claude_code.api_request',
            '{"session.id": "s1", "user.email": "ada@example.com", "model": "ours-1", "request_id": "r1",
            "input_tokens": 1000000, "output_tokens": 0}', '2026-11-20 10:00:01')
            """
        )
    (folder / "seeds").mkdir()
    (folder / "seeds" / "model_prices.csv").write_text(PRICES, "utf-8")
    git(folder, "init", "-q")
    git(folder, "add", "aa-pipeline.toml", "seeds")
    git(folder, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-qm", "As it is")
    return folder


def git(folder, *words):
    subprocess.run(["git", "-C", folder, *words], check=True)


def set_price(folder, usd):
    row = f"ours-1,normal,0,1970-01-01,,{usd},1,1,1,1,ours\n"
    (folder / "seeds" / "model_prices.csv").write_text(PRICES + row, "utf-8")


def test_a_price_says_what_it_does_before_anything_is_built(project, run):
    set_price(project, 3)
    told = json.loads(run("diff --from HEAD -s fct_agent_costs --format json").stdout)
    assert [(table["table"], table["added"]) for table in told] == [("fct_agent_costs", 1)]
    with duckdb.connect(str(project / "agent_analytics.duckdb"), read_only=True) as database:
        assert database.execute("FROM duckdb_tables() WHERE schema_name = 'mart'").fetchall() == []


def test_text_names_tables_columns_and_rows(project, run):
    set_price(project, 3)
    lines = run("diff --from HEAD -s int_sessions_with_costs").stdout.splitlines()
    assert lines[1].split()[:5] == ["int_sessions_with_costs", "1", "0", "0", "1"]
    assert "int_sessions_with_costs.session_cost_usd in 1: – → 3 in all" in lines
    assert any(
        line.startswith("int_sessions_with_costs  changed: session_id s1; session_cost_usd – → 3")
        for line in lines
    )
    assert lines[-1] == "1 table would differ."


def test_markdown_is_for_a_pull_request(project, run):
    set_price(project, 3)
    told = run("diff --from HEAD -s fct_agent_costs --format markdown").stdout
    assert told.startswith("**Data of HEAD and .**: 1 table would differ.\n\n| table | rows |")
    assert "| fct\\_agent\\_costs | 0 → 1 | 1 | 0 | 0 |  |" in told


def test_the_configuration_belongs_to_a_version(project, run):
    (project / "aa-pipeline.toml").write_text('timezone = "Pacific/Kiritimati"\n', "utf-8")
    told = json.loads(run("diff --from HEAD -s fct_daily_agent_usage --format json").stdout)
    assert [(table["removed"], table["added"]) for table in told] == [(1, 1)]


def test_a_project_in_a_folder_of_its_repository_is_compared_with_itself(project, run, monkeypatch):
    inner = project / "analytics"
    inner.mkdir()
    for name in ("aa-pipeline.toml", "seeds", "agent_analytics.duckdb"):
        (project / name).rename(inner / name)
    git(project, "add", "analytics/seeds", "analytics/aa-pipeline.toml")
    git(project, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-qm", "Moved")
    monkeypatch.chdir(inner)
    assert run("diff --from HEAD").stdout.startswith("Both versions make the same")
    set_price(inner, 3)
    assert json.loads(run("diff --from HEAD -s fct_agent_costs --format json").stdout)[0]["added"] == 1


def test_what_is_no_version_is_said(project, run):
    assert "no folder and no revision" in run("diff --from nothing", expect=2).output


def test_a_file_is_no_version_of_what_makes_tables(project, run):
    output = run("diff --from aa-pipeline.toml", expect=2).output
    assert "name a folder or a revision" in output


def test_only_what_is_modified_is_compared(project, run):
    run("build")
    (project / "target").rename(project / "published")
    assert run("diff --from HEAD -s state:modified --state published --format json").stdout == "[]\n"
    set_price(project, 3)
    told = json.loads(run("diff --from HEAD -s state:modified --state published --format json").stdout)
    assert [table["table"] for table in told] == ["model_prices"]
