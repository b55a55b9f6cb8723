"""`why`: a number, explained on the terminal down to the lines of files."""

import json

import pytest

from tests.ingest.origins.test_origins import claude, written
from tests.ingest.otlp.samples import lines, log, logs
from tests.projects import ours

pytestmark = pytest.mark.slow

REQUEST = {
    "event.name": "api_request",
    "session.id": "session-two",
    "user.email": "ada@example.com",
    "model": "claude-sonnet-4-5",
    "input_tokens": "1000",
    "output_tokens": "100",
    "cost_usd": "0.5",
    "request_id": "r1",
}
AT = 1_793_700_000_000_000_000  # 2026-11-03T09:20:00Z


@pytest.fixture
def built(run, folder):
    """One request in a transcript, and one in telemetry, of one day."""
    run("init")
    written(folder / "one.jsonl", {"type": "summary"}, claude("session-one", 1, tokens=100))
    (folder / "otlp.jsonl").write_text(lines(logs(log(REQUEST, at=AT))))
    run("ingest transcripts one.jsonl --developer ada@example.com")
    run("ingest otlp otlp.jsonl")
    run("build")


def test_a_number_is_followed_down_to_files_and_lines(run, built):
    said = run("why fct_agent_costs daily_cost_usd date=2026-11-03").stdout
    told = [line.strip() for line in said.splitlines()]
    assert told[0] == "fct_agent_costs.daily_cost_usd = $0.50"
    assert "$0.50 = 1 request reported by the agent + 1 request computed at the price of 2026-11-03" in told
    assert [line.split()[-1] for line in told if "jsonl:" in line] == ["otlp.jsonl:1", "one.jsonl:2"]
    assert "landed by the ingest transcripts of one.jsonl" in told


def test_a_record_that_was_sent_twice_is_said_to_be_left_out(run, folder):
    sent = {**REQUEST, "event.sequence": "7"}
    twice = [logs(log(sent, at=AT)), logs(log({**sent, "host.name": "laptop"}, at=AT))]
    (folder / "otlp.jsonl").write_text(lines(*twice))
    run("init")
    run("ingest otlp otlp.jsonl")
    run("build")
    said = run("why fct_agent_costs daily_cost_usd date=2026-11-03").stdout
    assert "fct_agent_costs.daily_cost_usd = $0.50" in said
    assert "left out: 1 raw log record: another one of the same counts" in said


def test_a_file_that_is_gone_is_said_to_be(run, built, folder):
    (folder / "one.jsonl").unlink()
    said = run("why fct_agent_costs daily_cost_usd date=2026-11-03").stdout
    assert "landed by the ingest transcripts of one.jsonl; not found there again" in said
    assert "otlp.jsonl:1" in said


def test_as_json_each_raw_record_has_its_origin(run, built):
    told = json.loads(run("why fct_daily_agent_usage total_tokens date=2026-11-03 --format json").stdout)

    def rows(layers):
        for layer in layers:
            yield from layer["rows"] if layer["table"] == "raw_otel_logs" else []
            yield from rows(layer["made_of"])

    assert (told["value"], told["adds_up"]) == (1210, True)
    assert {row["origin"] for row in rows(told["made_of"])} == {"one.jsonl:2", "otlp.jsonl:1"}


def test_a_column_and_a_mart_of_a_project_are_explained(run, folder):
    run("init")
    ours.write(folder)
    ours.commit("AA-1 begin", 1)
    ours.commit("AA-1 go on", 2)
    run("build")
    said = run("why fct_commits_per_ticket commits ticket=AA-1").stdout
    assert "fct_commits_per_ticket.commits = 2" in said
    assert "fct_git_commits: 2 commits" in said
    assert "raw_git_commits: 2 raw commits" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("fct_agent_costs daily_cost date=2026-11-03", "Did you mean daily_cost_usd?"),
        ("fct_agent_costs daily_cost_usd 2026-11-03", "write COLUMN=VALUE"),
        ("fct_agent_costs daily_cost_usd date=2020-01-01", "has no row with date=2020-01-01"),
    ],
)
def test_a_mistake_is_a_sentence(run, built, words, said):
    assert said in run(f"why {words}", expect=2).stderr
