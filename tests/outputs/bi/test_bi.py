"""The files for Grafana and Metabase: up to date, and every query of them runs."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files

import pytest
import sqlglot

from pipeline.engines import connect
from pipeline.outputs.bi.__main__ import contents
from pipeline.outputs.bi.metabase import main
from pipeline.outputs.bi.panels import PANELS

# What Grafana puts for its variables: 1 October to 1 December 2026.
GRAFANA = {
    "${__from}": "1790812800000",
    "${__to}": "1796083200000",
    "${developer:sqlstring}": "'alice@example.com','bruno@example.com'",
    "${agent:sqlstring}": "'claude_code','codex'",
}
METABASE = {"from": "DATE '2026-10-01'", "to": "DATE '2026-12-01'", "developer": "'bruno@example.com'"}


def grafana_queries(engine):
    for panel in contents()[f"grafana-{engine}.json"]["panels"]:
        sql = panel["targets"][0]["rawSql"]
        for name, value in GRAFANA.items():
            sql = sql.replace(name, value)
        yield panel["title"], sql


def metabase_queries(values):
    """As Metabase does it: a clause whose filter is empty is left out."""

    def clause(match):
        (name,) = re.findall(r"\{\{(\w+)\}\}", match[1])
        return match[1].replace(f"{{{{{name}}}}}", values[name]) if name in values else ""

    for card in contents()["metabase.json"]["cards"]:
        yield card["name"], re.sub(r"\[\[(.*?)\]\]", clause, card["dataset_query"]["native"]["query"])


QUERIES = [
    *(("grafana", *query) for query in grafana_queries("duckdb")),
    *(("metabase", *query) for query in metabase_queries(METABASE)),
    *(("metabase, no filter", *query) for query in metabase_queries({})),
]


@pytest.mark.parametrize("name", contents())
def test_file_is_what_the_panels_make(name):
    text = (files("pipeline.outputs.bi") / name).read_text(encoding="utf-8")
    assert json.loads(text) == contents()[name], "python -m pipeline.outputs.bi writes it anew"


@pytest.mark.parametrize(("tool", "title", "sql"), QUERIES, ids=[f"{t}-{title}" for t, title, _ in QUERIES])
def test_every_query_runs_and_finds_something(company, tool, title, sql):
    with connect(str(company / "agent_analytics.duckdb"), read_only=True) as engine:
        rows = engine.fetch(sql)
    assert rows
    assert rows[0][-1] is not None


def test_the_filters_choose_rows(company):
    total = dict(metabase_queries({}))["Cost"]
    one = dict(metabase_queries({"developer": "'bruno@example.com'"}))["Cost"]
    with connect(str(company / "agent_analytics.duckdb"), read_only=True) as engine:
        expected = engine.fetch(
            "SELECT sum(total_cost_usd) FROM mart.fct_daily_agent_usage"
            " WHERE developer_id = 'bruno@example.com'"
        )
        assert engine.fetch(one) == expected != engine.fetch(total)


@pytest.mark.parametrize("sql", [sql for _, sql in grafana_queries("postgres")])
def test_every_query_is_postgres_too(sql):
    (parsed,) = sqlglot.parse(sql, dialect="postgres")
    assert sqlglot.transpile(parsed.sql("postgres"), read="postgres", write="duckdb")


def test_metabase_gets_questions_and_a_dashboard_that_shows_them(monkeypatch, capsys):
    calls = []

    class Metabase(BaseHTTPRequestHandler):
        def answer(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            calls.append((self.command, self.path, self.headers["X-API-Key"], body))
            text = json.dumps({"id": len(calls)}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_PUT = answer

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Metabase) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("METABASE_API_KEY", "secret")
        address = f"http://127.0.0.1:{server.server_port}"
        assert main([address, "7"]) == 0
        server.shutdown()
        thread.join()
    count = len(PANELS)
    assert capsys.readouterr().out == f"Made {address}/dashboard/{count + 1}\n"
    assert [(method, path) for method, path, _, _ in calls] == [
        *[("POST", "/api/card")] * count,
        ("POST", "/api/dashboard"),
        ("PUT", f"/api/dashboard/{count + 1}"),
    ]
    assert {key for _, _, key, _ in calls} == {"secret"}
    assert {body["dataset_query"]["database"] for _, _, _, body in calls[:count]} == {7}
    assert [card["card_id"] for card in calls[-1][3]["dashcards"]] == list(range(1, count + 1))


def test_metabase_that_does_not_answer_is_one_line(monkeypatch, capsys):
    monkeypatch.setenv("METABASE_API_KEY", "secret")
    assert main(["http://127.0.0.1:1", "7"]) == 1
    assert capsys.readouterr().err.startswith("Metabase at http://127.0.0.1:1 did not take the dashboard: ")
    monkeypatch.delenv("METABASE_API_KEY")
    assert main(["http://127.0.0.1:1", "7"]) == 2
