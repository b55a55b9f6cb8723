"""`budget check`: what it tells, whom it tells it, and how it exits."""

import datetime as dt
import json
import shutil
import socket
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from pipeline.engines import connect
from pipeline.ingest.landing.landing import Landing
from pipeline.run import build
from tests.cli.database import query

pytestmark = pytest.mark.slow

AS_OF = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC)
SECRET = "/T0/s3cret?key=s3cret"
# Six people cost a dollar a day each, and Ada one more with another agent: 7 a day, 140 till today.
SEEDS = {
    "budgets.csv": "scope,month,budget_usd,period,valid_from,valid_to\n"
    "all,2026-03-01,1000,,,\n"
    "all,2026-02-01,1,,,\n"  # is over
    "all,,5000,year,2026-01-01,\n"
    "agent:claude_code,,150,month,2026-01-01,\n"
    "agent:codex,,100,month,2026-01-01,\n"
    "developer:ada@example.com,2026-03-01,30,,,\n"
    "team:Product,2026-03-01,500,,,\n",
    "teams.csv": "developer_id,team,parent_team,cost_centre,valid_from,valid_to\n"
    "ada@example.com,Web,Product,4711,2026-01-01,\n",
}


def day_of_work(person, agent, day):
    return {
        "timestamp": day,
        "event_name": f"{agent}.api_request",
        "body": f"{agent}.api_request",
        "attributes": {
            "session.id": f"{person} {agent} {day}",
            "user.email": f"{person}@example.com",
            "model": "claude-sonnet-4-5-20250929",
            "input_tokens": 10,
            "cost_usd": 1.0,
            "request_id": f"{person} {agent} {day}",
        },
    }


@pytest.fixture(scope="module")
def built(compiled, tmp_path_factory):
    folder = tmp_path_factory.mktemp("budgets")
    (folder / "seeds").mkdir()
    for name, text in SEEDS.items():
        (folder / "seeds" / name).write_text(text)
    days = [AS_OF - dt.timedelta(days=ago) for ago in range(60)]
    used = [(person, "claude_code") for person in ("ada", "bo", "cy", "di", "ed", "flo")]
    with connect(str(folder / "agent_analytics.duckdb")) as engine:
        with Landing(engine, "test", []) as landing:
            landing.land(
                "otel_logs", [day_of_work(*who, day) for who in [*used, ("ada", "codex")] for day in days]
            )
        build(engine, compiled(shapes=engine.shapes("raw")), as_of=AS_OF, project_dir=folder)
    return folder


@pytest.fixture
def project(built, folder):
    shutil.copy(built / "agent_analytics.duckdb", folder)
    return folder


@pytest.fixture
def server(monkeypatch):
    """Answers with `server.status`, and keeps what it was sent in `server.requests`."""
    monkeypatch.setenv("no_proxy", "*")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.requests.append((self.path, json.loads(body)))
            self.send_response(server.status)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.status, server.requests = 204, []
        server.url = f"http://127.0.0.1:{server.server_port}{SECRET}"
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def hold(*scopes):
    """As if only these budgets had been given, with room for everything."""
    names = ", ".join(f"'{scope}'" for scope in scopes) or "''"
    query(f"DELETE FROM mart.fct_budgets WHERE scope NOT IN ({names})")
    query("UPDATE mart.fct_budgets SET budget_usd = 9999, used_share = 0, status = 'holds'")


def test_the_budgets_of_today_stand_in_a_table_the_worst_first(run, project):
    lines = [line.split() for line in run("budget check", expect=1).stdout.splitlines()]
    assert [line[:4] + line[-1:] for line in lines[1:-1]] == [
        ["developer:ada@example.com", "2026-03", "$30.00", "$40.00", "broken"],
        ["agent:claude_code", "2026-03", "$150.00", "$120.00", "break"],
        ["agent:codex", "2026-03", "$100.00", "$20.00", "holds"],
        ["all", "2026-03", "$1,000", "$140.00", "holds"],
        ["all", "2026", "$5,000", "$420.00", "holds"],
        ["team:Product", "2026-03", "$500.00", "$40.00", "holds"],
    ]
    assert lines[-1] == ["As", "of", "2026-03-20", "12:00", "UTC."]


def test_json_has_the_rows_of_the_mart_with_their_forecasts(run, project):
    told = json.loads(run("budget check --format json", expect=1).stdout)
    assert (told["format_version"], told["as_of"], told["status"], told["untold"]) == (
        *(1, "2026-03-20T12:00:00Z", "broken"),
        0,
    )
    assert told["budgets"][1] == {
        "scope": "agent:claude_code",
        "period": "month",
        "period_start": "2026-03-01",
        "period_end": "2026-04-01",
        "budget_usd": 150.0,
        "spent_usd": 120.0,
        "used_share": 0.8,
        "forecast_usd": pytest.approx(186),
        "forecast_low_usd": pytest.approx(186),
        "forecast_high_usd": pytest.approx(186),
        "forecast_weeks": 8,
        "status": "will_break",
    }


@pytest.mark.parametrize(("status", "code"), [("holds", 0), ("will_break", 1), ("broken", 1)])
def test_it_exits_with_1_where_a_budget_is_broken_or_will_be(run, project, status, code):
    hold("all")
    query(f"UPDATE mart.fct_budgets SET status = '{status}' WHERE period = 'year'")
    run("budget check", expect=code)
    told = json.loads(run("budget check --format json", expect=code).stdout)
    assert told["status"] == status


def test_budgets_of_other_months_break_nothing(run, project):
    query("DELETE FROM mart.fct_budgets WHERE period_start <> '2026-02-01'")
    assert query("SELECT count(*) FROM mart.fct_budgets WHERE status = 'broken'") == [(2,)]
    assert "No budget is for this month or year" in run("budget check").stdout


def test_without_a_build_it_says_so_and_exits_with_2(run, folder):
    run("init")
    output = run("budget check", expect=2).output.replace("\n", " ")
    assert "fct_budgets is not published" in output
    assert "`aa-pipeline build` makes it" in output


def test_a_broken_budget_is_posted_without_names_of_people(run, project, server):
    run(f"budget check --notify {server.url}", expect=1)
    ((path, document),) = server.requests
    assert path == SECRET
    assert (document["status"], document["budgets"][0]["scope"]) == ("broken", "developer")
    assert "ada" not in json.dumps(document)


def test_where_all_hold_nothing_is_posted(run, project, server):
    hold("all")
    run(f"budget check --notify {server.url}")
    assert server.requests == []


def test_who_does_not_take_it_is_named_without_secrets(run, project, server):
    server.status = 500
    result = run(f"budget check --format json --notify {server.url}", expect=1)
    assert json.loads(result.stdout)["status"] == "broken"
    assert f"did not reach {server.url.removesuffix(SECRET)}: it answered 500" in result.stderr.replace(
        "\n", " "
    )
    assert "s3cret" not in result.output
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://me:s3cret@127.0.0.1:{closed.getsockname()[1]}{SECRET}"
        result = run(f"budget check --notify {url}", expect=1)
    assert "did not reach http://127.0.0.1" in result.stderr
    assert "s3cret" not in result.output


@pytest.mark.parametrize("url", ["ftp://h/s3cret", "s3cret", "file:///s3cret"])
def test_what_is_no_address_is_refused_and_not_shown(run, project, url):
    output = run(f"budget check --notify {url}", expect=2).output
    assert "begins with http:// or https://" in output.replace("\n", " ")
    assert "s3cret" not in output


def test_with_min_group_only_budgets_of_enough_people_are_told(run, project, server):
    (project / "aa-pipeline.toml").write_text("[privacy]\nmin_group = 5\n")
    told = json.loads(run("budget check --format json").stdout)
    # Codex is of one person: with the budget of Claude Code, all would tell what she spent.
    assert {row["scope"] for row in told["budgets"]} == {"all"}
    assert (told["untold"], told["status"]) == (4, "holds")
    output = run(f"budget check --notify {server.url}").stdout
    assert "Not told, since they may be of too few people ([privacy] min_group): 4." in output
    assert "ada" not in output
    query("DELETE FROM mart.fct_daily_agent_usage WHERE agent_type = 'codex'")  # as if she had not used it
    told = json.loads(run("budget check --format json", expect=1).stdout)
    assert {row["scope"] for row in told["budgets"]} == {"all", "agent:claude_code"}
    (project / "aa-pipeline.toml").write_text("[privacy]\nmin_group = 7\n")
    told = json.loads(run("budget check --format json").stdout)
    assert (told["budgets"], told["untold"]) == ([], 6)
