"""The tables hold what the model's API served to real clients, whichever way it was told."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from pipeline.cli import cli
from tests.clients.clients import CLIENTS, Client
from tests.clients.installed import environment, why_not
from tests.clients.isolation import isolated
from tests.clients.model_api import Served, Tokens
from tests.clients.scripts import ADA, SUBJECT

pytestmark = pytest.mark.slow

# US dollars per million tokens: input, output, cache read, cache write, and one that lasts an hour.
PRICES = {
    "claude-haiku-4-5": (1, 5, 0.1, 1.25, 2),
    "claude-sonnet-4-5": (3, 15, 0.3, 3.75, 6),
    "gemini-2.5-pro": (1.25, 10, 0.125, 0, 0),
    "gpt-5.4": (2.5, 15, 0.25, 0, 0),
    "gpt-5.5": (5, 30, 0.5, 0, 0),
    "qwen3-coder-plus": (0.65, 3.25, 0.13, 0, 0),
}
NANO_USD_PER_SEARCH = 10_000_000
LONGEST = 300  # seconds; it takes two to ten
INSTALL = "[0-9a-f]{64}"  # an id of Claude Code

Query = Callable[[str], list[tuple[Any, ...]]]


@dataclass(frozen=True, eq=False)
class Visit:
    """What a client left behind, and what was served in each of its sessions; the last one made a commit."""

    client: Client
    folder: Path
    sessions: dict[str, list[Served]]


@pytest.fixture(scope="module", params=CLIENTS, ids=lambda client: client.agent_type)
def visit(request, tmp_path_factory) -> Visit:
    if reason := why_not():
        pytest.skip(reason)
    client, folder = request.param, tmp_path_factory.mktemp(request.param.agent_type)
    (folder / "home").mkdir()
    command = [sys.executable, "-m", "tests.clients.run", client.agent_type, str(folder)]
    subprocess.run([*isolated(), *command], env=environment(folder), timeout=LONGEST, check=True)
    sessions = {
        session["id"]: [Served(**{**one, "tokens": Tokens(**one["tokens"])}) for one in session["served"]]
        for session in json.loads((folder / "sessions.json").read_text())
    }
    return Visit(client, folder, sessions)


@pytest.fixture(scope="module")
def built(shared) -> Callable[[Visit, str], Path]:
    """The database that the commands of README make of what was left behind, once."""

    @cache
    def build(visit: Visit, way: str) -> Path:
        database = visit.folder / f"{way}.duckdb"
        clean = {
            **dict.fromkeys(os.environ),
            **environment(visit.folder),
            "XDG_CACHE_HOME": str(shared / "cache"),
        }

        def run(*words: str) -> None:
            result = CliRunner().invoke(cli, [*words, "--target", str(database)], env=clean)
            assert result.exit_code == 0, result.output

        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(visit.folder)
            if way != "transcripts":
                shutil.copy("agent_analytics.duckdb", database)
            if way != "telemetry":
                run("ingest", "transcripts")
            run("ingest", "git", "repository")
            run("build")
        return database

    return build


@pytest.fixture(params=["telemetry", "transcripts", "both"])
def way(request) -> str:
    return request.param


@pytest.fixture
def query(visit, way, built) -> Iterator[Query]:
    with duckdb.connect(str(built(visit, way)), read_only=True) as connection:
        yield lambda sql: connection.execute(sql).fetchall()


def served(visit: Visit, way: str) -> dict[tuple[str, str], tuple[int, ...]]:
    """By session and model: input, output, cache writes, cache reads, requests, billionths of a dollar."""
    found: dict[tuple[str, str], list[tuple[int, ...]]] = defaultdict(list)
    for session, answers in visit.sessions.items():
        for one in answers:
            # Beside a conversation that transcripts tell, asides do not count: pipeline/agents/opencode.
            if not one.is_aside or way == "telemetry":
                model, used = re.sub(r"-\d{8}$", "", one.model), one.tokens
                kinds = used.input, used.output, used.cache_write, used.cache_read
                found[session, model].append((*kinds, 1, nano_usd(model, used)))
    return {key: tuple(map(sum, zip(*requests, strict=True))) for key, requests in found.items()}


def nano_usd(model: str, used: Tokens) -> int:
    writes = used.cache_write - used.cache_write_1h, used.cache_write_1h
    counts = used.input, used.output, used.cache_read, *writes
    micro = sum(count * price for count, price in zip(counts, PRICES[model], strict=True))
    return round(1000 * micro) + used.searches * NANO_USD_PER_SEARCH


def to_a_billionth(number: float) -> Any:
    return pytest.approx(number, abs=1e-9, rel=0)


def test_each_session_has_the_tokens_requests_and_cost_that_were_served(visit, way, query):
    rows = query(
        "SELECT session_id, model_name, sum(input_tokens)::BIGINT, sum(output_tokens)::BIGINT,"
        " sum(cache_creation_tokens)::BIGINT, sum(cache_read_tokens)::BIGINT, sum(request_count)::BIGINT,"
        " sum(cost_nano_usd)::BIGINT FROM intermediate.int_usage_costs GROUP BY ALL"
    )
    assert {(session, model): tuple(sums) for session, model, *sums in rows} == served(visit, way)


def test_the_marts_add_up_to_what_was_served(visit, way, query):
    of_sessions = served(visit, way)
    tokens = sum(sum(sums[:4]) for sums in of_sessions.values())
    usd = sum(sums[5] for sums in of_sessions.values()) / 1e9
    days = "SELECT agent_type, sum(total_sessions), sum(total_tokens), sum({}) FROM mart.{} GROUP BY ALL"
    found = query(days.format("total_cost_usd", "fct_daily_agent_usage"))
    assert found == [(visit.client.agent_type, len(visit.sessions), tokens, to_a_billionth(usd))]
    ((costs,),) = query("SELECT sum(daily_cost_usd) FROM mart.fct_agent_costs")
    assert costs == to_a_billionth(usd)


def test_the_commit_is_of_the_session_that_made_it(visit, way, query):
    session = [*visit.sessions][-1]
    of_session = [sums for (of, _model), sums in served(visit, way).items() if of == session]
    spent = sum(sum(sums[:4]) for sums in of_session), sum(sums[5] for sums in of_session) / 1e9
    by_telemetry = "trailer" if visit.client.agent_type == "qwen_code" else "time_window"
    method = by_telemetry if way == "telemetry" else "commit_link"
    found = query(
        "SELECT attribution_method, developer_id, agent_type, model_name, agent_session_id,"
        " tokens_used, cost_usd"
        f" FROM mart.fct_git_commits WHERE commit_message LIKE '{SUBJECT}%'"
    )
    known = method, ADA, visit.client.agent_type, visit.client.model, session
    assert found == [(*known, *map(to_a_billionth, spent))]


def test_whoever_logs_in_by_a_key_is_named_by_enduser_id_or_by_transcripts(visit, way, query):
    people = dict(query("SELECT session_id, developer_id FROM intermediate.int_sessions_with_costs"))
    *looks, change = visit.sessions
    if way == "telemetry":
        assert people.pop(change) == ADA
        assert people.keys() == {*looks}
        nobody = INSTALL if visit.client.agent_type == "claude_code" else "unknown"
        assert all(re.fullmatch(nobody, name) for name in people.values())
    else:
        assert people == dict.fromkeys(visit.sessions, ADA)


def test_copilot_and_opencode_tell_sessions_in_spans_alone(visit):
    def names_a_session(table: str) -> bool:
        texts = " OR ".join(f"contains(record::VARCHAR, '{session}')" for session in visit.sessions)
        return bool(connection.execute(f"SELECT * FROM raw.{table} AS record WHERE {texts}").fetchall())

    with duckdb.connect(str(visit.folder / "agent_analytics.duckdb"), read_only=True) as connection:
        tables = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'raw'")
        naming = {table for (table,) in tables.fetchall() if names_a_session(table)}
    assert (naming == {"otel_spans"}) == (visit.client.readme in {"Copilot CLI", "opencode"})
