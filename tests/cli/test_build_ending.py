"""How a build ends for those who do not watch it: the last line, and the notice of `--notify`."""

import json
import re
import signal
import socket
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import jsonschema
import pytest

from pipeline.cli import failure
from pipeline.outputs.notice import SCHEMA
from tests.cli.database import query

pytestmark = pytest.mark.slow

LAST_LINE = re.compile(
    r"aa-pipeline build: status=(\w+) tables=(\d+) rows=(\d+) warnings=(\d+) seconds=\d+\.\d\d\n\Z"
)
SECRET = "/T0/s3cret?key=s3cret"


@pytest.fixture
def server(monkeypatch):
    """Keeps the documents that it was sent in `server.documents`."""
    monkeypatch.setenv("no_proxy", "*")
    schema = json.loads(SCHEMA.read_text())

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            jsonschema.validate(document, schema)
            server.documents.append(document)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.documents = []
        server.url = f"http://127.0.0.1:{server.server_port}{SECRET}"
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_last_line_tells_readers_of_logs_what_became_of_a_build(run_shop, shop):
    def told(words, expect=0):
        return LAST_LINE.search(run_shop(words, expect=expect).output).groups()

    assert told("build") == ("success", "6", "8", "0")
    assert told("build") == ("success", "0", "0", "0")
    query("DROP TABLE raw.visits")
    status, _, _, warnings = told("build")
    assert status == "success"
    assert int(warnings) > 0
    query("INSERT INTO raw.sales SELECT 1, now(), 'coffee', 3, '{}'")
    assert told("build", expect=1)[:3] == ("failed", "0", "0")
    assert told("build -s nothing", expect=2) == ("error", "0", "0", "0")
    assert told("build --as-of never", expect=2) == ("error", "0", "0", "0")
    assert told("build --selct x", expect=2) == ("error", "0", "0", "0")
    assert "status=" not in run_shop("run").output


def test_beside_json_the_last_line_is_on_standard_error(run_shop, shop):
    result = run_shop("build --format json")
    assert json.loads(result.stdout)["status"] == "success"
    assert LAST_LINE.fullmatch(result.stderr)
    logged = run_shop("build --format json --log-format json").stderr
    assert LAST_LINE.fullmatch(json.loads(logged)["message"] + "\n")


def test_an_interrupted_build_has_a_last_line_and_tells_nobody(run_shop, shop, server, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.run.build", interrupted)
    result = run_shop(f"build --notify {server.url}", expect=failure.INTERRUPTED)
    assert LAST_LINE.search(result.output)[1] == "error"
    assert server.documents == []


ENDLESS = """
import sys
import pipeline.run

def build(engine, *_, **__):
    print("under way", flush=True)
    engine.execute("SELECT sum(a.range * b.range) FROM range(1000000) AS a, range(1000000) AS b")

pipeline.run.build = build
from pipeline.cli import main
sys.argv[0] = "aa-pipeline"
main()
"""


@pytest.mark.parametrize(
    ("number", "code", "events"),
    [(signal.SIGINT, failure.INTERRUPTED, []), (signal.SIGTERM, failure.TERMINATED, ["failure"])],
)
def test_a_signal_ends_a_build_with_a_last_line(run, folder, server, number, code, events):
    run("init")
    program = [sys.executable, "-c", ENDLESS, "build", "--notify", server.url]
    with subprocess.Popen(
        program,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stdout.readline() == "under way\n"
        process.send_signal(number)
        written = process.stdout.read()
    assert process.returncode == code
    assert LAST_LINE.search(written)[1] == "error"
    assert written.count("aa-pipeline build: ") == 1
    assert "Traceback" not in written
    assert [document["event"] for document in server.documents] == events


def test_a_signal_while_the_notice_is_posted_changes_nothing(run_shop, shop, server, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    query("DROP TABLE raw.visits")
    monkeypatch.setattr("pipeline.outputs.notice.post", interrupted)
    result = run_shop(f"build --notify {server.url}")
    assert "did not reach http://127.0.0.1" in result.stderr
    assert "it was interrupted" in result.stderr
    assert LAST_LINE.search(result.output)[1] == "success"


def test_a_locked_database_a_wrong_configuration_and_nothing_to_build_have_a_last_line(run_shop, folder):
    def told(expect):
        output = run_shop("build --wait 0", expect=expect).output
        assert output.count("aa-pipeline build: ") == 1
        return LAST_LINE.search(output).groups()

    error = ("error", "0", "0", "0")
    assert told(2) == error  # there is no database
    query("CREATE SCHEMA raw")
    assert told(2) == error  # nor a raw table
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"
    program = [sys.executable, "-c", hold, "agent_analytics.duckdb"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        assert told(1) == error
        holder.communicate()
    Path("aa-pipeline.toml").write_text("nonsense = 1")
    assert told(2) == error


def test_the_last_line_is_one_in_a_narrow_terminal_too(run_shop, shop, monkeypatch):
    monkeypatch.setattr("pipeline.cli.output.is_terminal", lambda *_: True)
    monkeypatch.setenv("COLUMNS", "40")
    assert LAST_LINE.search(run_shop("build").output)


def test_a_build_that_went_well_tells_nobody(run_shop, shop, server):
    run_shop(f"build --notify {server.url}")
    assert server.documents == []


def test_warnings_are_told(run_shop, shop, server, monkeypatch):
    query("DROP TABLE raw.visits")
    monkeypatch.setenv("AA_PIPELINE_NOTIFY", server.url)
    run_shop("build")
    (document,) = server.documents
    assert document["event"] == "warning"
    assert document["status"] == "success"
    assert document["warnings"][0].startswith("There is no table raw.visits")


def test_an_audit_that_failed_is_told(run_shop, shop, server):
    query("INSERT INTO raw.sales SELECT 1, now(), 'coffee', 3, '{}'")
    result = run_shop(f"build --notify {server.url}", expect=1)
    (document,) = server.documents
    assert document["event"] == "failure"
    assert document["status"] == "failed"
    assert document["error"].startswith("1 audit failed: stg_sales: unique(sale_id).")
    assert [(a["table"], a["audit"], a["failures"]) for a in document["audits"]] == [
        ("stg_sales", "unique(sale_id)", 2)
    ]
    assert LAST_LINE.search(result.output)[1] == "failed"


@pytest.mark.parametrize("target", ["postgres://ada:s3cret@127.0.0.1:1/x", "none"])
def test_an_error_is_told_without_secrets(run_shop, folder, server, target):
    result = run_shop(f"build -t {target} --notify {server.url}", expect=2)
    (document,) = server.documents
    assert (document["event"], document["status"], document["run_id"]) == ("failure", "error", None)
    assert document["error"]
    assert "s3cret" not in json.dumps(document) + result.output


def test_a_broken_budget_is_told(run, folder, server, monkeypatch):
    run("demo")
    monkeypatch.chdir(folder / "aa-demo")
    run(f"build --notify {server.url}")
    (document,) = server.documents
    assert document["event"] == "budget"
    assert document["status"] == "success"
    (broken,) = [audit for audit in document["audits"] if audit["audit"] == "inside_budget"]
    assert broken["failures"] > 0


def test_who_cannot_be_reached_fails_no_build_and_is_named_without_secrets(run_shop, shop, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    query("DROP TABLE raw.visits")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        result = run_shop(f"build --notify http://me:s3cret@{address}{SECRET}")
    assert f"Warning: The notice of this build did not reach http://{address}: " in result.stderr
    assert "s3cret" not in result.output
    assert LAST_LINE.search(result.output)[1] == "success"
    assert query("SELECT count(*) FROM mart.fct_product_sales") == [(1,)]


def test_what_is_no_address_is_refused_before_anything_is_built(run_shop, shop):
    result = run_shop("build --notify ftp://s3cret", expect=2)
    assert "an address begins with http:// or https://" in result.stderr
    assert "s3cret" not in result.output
    assert query("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'mart'") == [(0,)]
