"""`listener-token`, and a listener that asks for what it made."""

import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest


def test_tokens_are_made_listed_and_taken_away(run, folder):
    token = run("listener-token add web").stdout.strip()
    assert len(token) == 43
    run("listener-token add web")
    run("listener-token add data")
    assert run("listener-token list").stdout == "web: 2 tokens\ndata: 1 token\n"
    run("listener-token remove web")
    assert run("listener-token list").stdout == "data: 1 token\n"
    assert token not in (folder / "listener-tokens").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("listener-token list", "cannot be read"),
        ("listener-token add -- -web", "cannot be the name of a team"),
        ("ingest otlp --listen 0.0.0.0:0 --tokens listener-tokens", "--listen-anywhere"),
        ("ingest otlp --listen 127.0.0.1:0 --tokens listener-tokens", "listener-token add NAME"),
        ("ingest otlp --listen 127.0.0.1:0 --tls-cert a.pem", "both --tls-cert and --tls-key"),
        ("ingest otlp --listen 127.0.0.1:0 --tls-cert a.pem --tls-key b.pem", "cannot be used"),
        ("ingest otlp a.jsonl --tokens listener-tokens", "go with --listen"),
    ],
)
def test_what_cannot_be_set_up_is_told(run, folder, words, message):
    result = run(words, expect=2)
    assert message in " ".join(result.stderr.split())


def test_a_listener_for_other_machines_takes_what_a_team_sends(run, folder, interrupts):
    token = run("listener-token add web").stdout.strip()
    program = "from pipeline.cli import cli; cli()"
    words = ["ingest", "otlp", "--listen", "0.0.0.0:0", "--listen-anywhere", "--tokens", "listener-tokens"]
    with subprocess.Popen(
        [sys.executable, "-u", "-c", program, *words], stdout=subprocess.PIPE, text=True
    ) as receiver:
        port = receiver.stdout.readline().split()[2].rstrip(".").rpartition(":")[2]

        def post(**headers):
            headers["Content-Type"] = "application/json"
            url = f"http://127.0.0.1:{port}/v1/logs"
            with urllib.request.urlopen(urllib.request.Request(url, b"{}", headers), timeout=60) as answer:
                return answer.status

        assert post(Authorization=f"Bearer {token}") == 200
        with pytest.raises(urllib.error.HTTPError, match="401") as refused:
            post()
        refused.value.close()
        receiver.send_signal(signal.SIGINT)
        receiver.stdout.read()
    assert receiver.returncode == 0
