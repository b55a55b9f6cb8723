"""What is proven of the real models holds on data as odd as collectors may send it."""

import datetime as dt
import json
import random

import pytest

from pipeline import run
from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.ingest.landing.landing import Landing

pytestmark = pytest.mark.slow

NOW = dt.datetime(2026, 3, 10, 18, tzinfo=dt.UTC)

EVENTS = [
    "claude_code.api_request",
    "api_request",
    "claude_code.user_prompt",
    "session_start",
    "session_end",
    "tool_decision",
    "claude_code.tool_result",
    "codex.sse_event",
    "gemini_cli.api_response",
    "gen_ai.client.inference.operation.details",
    "nonsense",
    None,
]
METRICS = [
    "claude_code.token.usage",
    "claude_code.cost.usage",
    "claude_code.tokens.input",
    "claude_code.lines_of_code.count",
    "claude_code.active_time.total",
    "gen_ai.client.token.usage",
    "gemini_cli.token.usage",
    "nonsense",
]
NUMBERS = [0, 1, 7, 1000, -5, "12", "1e3", "many", None, 2**40, 0.5, "NaN"]
WORDS = ["", " ", "a", "A", "ada@example.com", "Ada@Example.com", "unknown", None, "ü", "x" * 300]
MODELS = ["claude-sonnet-4-5-20250929", "us.anthropic.claude-opus-4", "gpt-5", "", None, "none[1m]"]


def attributes(chance):
    keys = {
        "session.id": chance.choice(["s1", "s2", "s3", "", None]),
        "conversation.id": chance.choice(["s4", None]),
        "user.email": chance.choice(WORDS),
        "model": chance.choice(MODELS),
        "type": chance.choice(["input", "output", "cacheRead", "added", "nonsense"]),
        "decision": chance.choice(["accept", "reject", "?"]),
        "tool_name": chance.choice(["Edit", "Write", "Bash"]),
        "git_commit_id": chance.choice(["a" * 40, "b" * 7, "zz", None]),
        "event.name": chance.choice(EVENTS),
        "event.kind": "response.completed",
        "request_id": chance.choice(["r1", "r2", "r3", None]),
        "service.name": chance.choice(WORDS),
    }
    counts = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens")
    counts += ("input_token_count", "cached_token_count", "output_token_count", "cost_usd")
    keys |= {name: chance.choice(NUMBERS) for name in counts}
    kept = {key: value for key, value in keys.items() if chance.random() < 0.7}
    return kept if chance.random() < 0.95 else None


def instant(chance):
    return NOW - dt.timedelta(seconds=chance.randrange(-86400, 86400 * 120))


def logs(chance):
    event = chance.choice(EVENTS)
    return {
        "timestamp": instant(chance),
        "developer_id": chance.choice(WORDS),
        "event_name": event,
        "body": chance.choice([event, "session_start", None]),
        "attributes": attributes(chance),
        "source": chance.choice([None, "otlp", "transcript", "export"]),
        "record_hash": str(chance.random()),
    }


def metrics(chance):
    return {
        "timestamp": instant(chance),
        "start_timestamp": chance.choice([None, instant(chance)]),
        "developer_id": chance.choice(WORDS),
        "metric_name": chance.choice(METRICS),
        "metric_value": chance.choice([0.0, 1.0, 250.5, -3.0, 1e12, float("nan"), None]),
        "temporality": chance.choice([None, "delta", "cumulative"]),
        "metric_type": chance.choice([None, "sum", "histogram"]),
        "attributes": attributes(chance),
        "record_hash": str(chance.random()),
    }


def commits(chance):
    return {
        "commit_hash": chance.choice("abcdefgh") * 40,
        "commit_message": chance.choice([*WORDS, "Co-Authored-By: Claude <noreply@anthropic.com>"]),
        "author_name": chance.choice(WORDS),
        "author_email": chance.choice(WORDS),
        "commit_timestamp": instant(chance),
        "lines_added": chance.choice([None, 0, 90, 1000]),
        "lines_deleted": chance.choice([None, 0, 15]),
        "files_changed": chance.choice([None, 1]),
        "agent_assisted": chance.choice([None, True, False]),
        "agent_session_id": chance.choice([None, "s1", "lost", ""]),
        "agent_type": chance.choice([None, "claude-code", "Copilot", ""]),
        "parent_count": chance.choice([None, 1, 2]),
        "notes": chance.choice([None, "not a note", '{"agent_id": {"id": "s2", "tool": "cursor"}}']),
    }


def copilot(chance):
    return {
        "date": instant(chance).date(),
        "developer_id": chance.choice(WORDS),
        "organization": chance.choice([None, "acme", "other"]),
        "report_scope": chance.choice([None, "user", "organization"]),
        "total_suggestions": chance.choice([None, 0, 10]),
        "total_acceptances": chance.choice([None, 0, 5, 12]),
        "total_lines_suggested": chance.choice([None, 3]),
        "total_active_users": chance.choice([None, 2]),
        "record_hash": str(chance.random()),
    }


KINDS = {
    "otel_logs": (logs, 400),
    "otel_metrics": (metrics, 300),
    "git_commits": (commits, 60),
    "copilot_metrics": (copilot, 60),
}


def odd_rows(engine, seed):
    """Raw rows as a collector that we know nothing about might have written them."""
    chance = random.Random(seed)
    with Landing(engine, "test", []) as landing:
        for table, (make, _) in KINDS.items():
            landing.land(table, [make(chance) for _ in range(2)])
    for table, (make, number) in KINDS.items():
        rows = [make(chance) for _ in range(number)]
        columns = list(rows[0])
        values = [
            tuple(json.dumps(value) if isinstance(value, dict) else value for value in row.values())
            for row in rows
        ]
        engine.append("raw", table, ["id", *columns], [(at, *row) for at, row in enumerate(values)])
    make_missing_raw_tables(engine)


@pytest.fixture(scope="module")
def plan(compiled):
    return compiled()


@pytest.mark.parametrize("seed", range(4))
def test_nothing_that_is_proven_fails_on_odd_rows(plan, seed):
    with connect(":memory:") as engine:
        odd_rows(engine, seed)
        run.run(engine, plan, as_of=NOW)
        found = {(result.table, result.audit): result for result in run.audit(engine, plan).audits}
        proofs = {
            (table.name, check.name): check
            for table in plan.tables.values()
            for check in table.checks
            if check.proven and check.sql
        }
        # A proof holds as far as the contracts that it rests on do.
        kept = {
            table
            for table in plan.tables
            if not any(result.status == "failed" for result in found.values() if result.table == table)
        }
        broken = [
            (key, check.proven)
            for key, check in proofs.items()
            if found[key].failures and set(check.assumes) <= kept
        ]
        assert broken == []
        assert len(proofs) > 200
