"""Incremental equals full on the real models: whatever came late, went, was altered or forgotten.

Rows and results of audits are compared with those of a full refresh of the same file.
"""

import datetime as dt
import json
import shutil
import tempfile
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import run
from pipeline.engines import connect
from pipeline.engines.duckdb import DuckDB
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.run import incremental

pytestmark = pytest.mark.slow

MINUTE = dt.timedelta(minutes=1)
START = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
# Few sessions, requests and minutes: records meet.
sessions = st.sampled_from(["s1", "s2", "s3", None])
minutes = st.integers(0, 3).flatmap(lambda day: st.integers(0, 4).map(lambda m: day * 1440 + m * 7))
tokens = st.sampled_from([0, 5, 7, 1000])
people = st.sampled_from(["ada@example.com", "bob", None])


def event(name, **attributes):
    return st.fixed_dictionaries(
        {"table": st.just("otel_logs"), "event_name": st.just(name), "minute": minutes},
        optional={"source": st.sampled_from(["otlp", "transcript"]), "developer_id": people},
    ).flatmap(lambda row: st.fixed_dictionaries(attributes).map(lambda found: row | {"attributes": found}))


claude = event(
    "claude_code.api_request",
    **{"session.id": sessions, "user.email": people, "model": st.sampled_from(["claude-sonnet-4-5", None])},
    request_id=st.sampled_from(["r1", "r2", None]),
    input_tokens=tokens,
    output_tokens=tokens,
    cost_usd=st.sampled_from([None, 0.25, 0]),
)
codex = event(
    "codex.sse_event",
    **{"conversation.id": sessions, "event.kind": st.just("response.completed")},
    model=st.just("gpt-5"),
    input_token_count=tokens,
    output_token_count=tokens,
)
result = event(
    "claude_code.tool_result",
    **{"session.id": sessions, "event.sequence": st.integers(0, 2)},
    git_commit_id=st.sampled_from(["a" * 40, "b" * 40]),
)
prompt = event("claude_code.user_prompt", **{"session.id": sessions})
metric = st.fixed_dictionaries(
    {
        "table": st.just("otel_metrics"),
        "minute": minutes,
        "metric_name": st.sampled_from(["claude_code.token.usage", "claude_code.cost.usage"]),
        "metric_value": st.sampled_from([1.0, 5.0, 20.5]),
        "temporality": st.sampled_from(["cumulative", "delta", None]),
        "attributes": st.fixed_dictionaries(
            {
                "session.id": sessions,
                "type": st.sampled_from(["input", "output"]),
                "model": st.just("claude-opus-4-5"),
            }
        ),
    }
)
commit = st.fixed_dictionaries(
    {
        "table": st.just("git_commits"),
        "minute": minutes,
        "commit_hash": st.sampled_from(["a" * 40, "b" * 40, "B" * 40, "c" * 40, None]),  # which audits tell
        "author_email": st.sampled_from(["ada@example.com", "eve@example.com"]),
        "lines_added": st.integers(0, 9),
    }
)
copilot = st.fixed_dictionaries(
    {
        "table": st.just("copilot_metrics"),
        "minute": minutes,
        "developer_id": people,
        "total_suggestions": st.integers(1, 9),
        "total_acceptances": st.just(1),
    }
)
records = st.one_of(claude, claude, codex, result, prompt, metric, metric, commit, copilot)
TABLES = ["otel_logs", "otel_metrics", "git_commits", "copilot_metrics"]
rows = st.tuples(st.sampled_from(TABLES), st.integers(1, 12))
events = st.one_of(
    *[records.map(lambda record: ("land", record))] * 6,
    rows.map(lambda row: ("delete", *row)),
    rows.map(lambda row: ("alter", *row)),
    st.sampled_from(["", "bob,ada@example.com", "eve@example.com,ada@example.com"]).map(
        lambda line: ("identity", line)
    ),
)
# Commits and Copilot's days of before are in the window of 90 days, or have left it.
batches = st.lists(
    st.tuples(st.lists(events, min_size=1, max_size=12), st.integers(4, 94)), min_size=2, max_size=4
)
# What a column is altered to that its table's rows are kept apart by.
ALTERED = {
    "otel_logs": """attributes = '{"session.id": "s2", "event.name": "user_prompt"}'""",
    "otel_metrics": "metric_value = 3",
    "git_commits": f"commit_hash = '{'B' * 40}'",
    "copilot_metrics": "total_suggestions = 4",
}


class Warehouse:
    """A file with raw tables that are filled row by row, and a project's folder beside it."""

    def __init__(self, folder, plan):
        self.file, self.folder, self.plan = folder / "x.duckdb", folder, plan
        self.numbers = count(1)
        (folder / "seeds").mkdir()
        with connect(str(self.file)) as engine:
            make_missing_raw_tables(engine)

    def take(self, events):
        with connect(str(self.file)) as engine:
            for kind, *what in events:
                getattr(self, kind)(engine, *what)

    def land(self, engine, record):
        row = dict(record)
        table, at = row.pop("table"), START + row.pop("minute") * MINUTE
        number = next(self.numbers)
        row |= {"id": number, "created_at": START + number * MINUTE}
        row |= {
            "git_commits": {"commit_timestamp": at},
            "copilot_metrics": {"date": at.date()},
        }.get(table, {"timestamp": at})
        if "attributes" in row:
            row["attributes"] = json.dumps({k: v for k, v in row["attributes"].items() if v is not None})
        engine.append("raw", table, list(row), [tuple(row.values())])

    def delete(self, engine, table, number):
        engine.execute(f"DELETE FROM raw.{table} WHERE id = {number}")

    def alter(self, engine, table, number):
        engine.execute(f"UPDATE raw.{table} SET {ALTERED[table]} WHERE id = {number}")

    def identity(self, engine, line):
        (self.folder / "seeds" / "identities.csv").write_text(f"alias,developer_id\n{line}\n")

    def build(self, day, file=None, **options):
        """What a build did, and then the rows of all tables and the results of all audits."""
        options |= {"as_of": START + dt.timedelta(days=day), "project_dir": self.folder}
        with connect(str(file or self.file)) as engine:
            done = run.build(engine, self.plan, **options)
            models = [table for table in self.plan.tables.values() if table.kind == "model"]
            contents = {
                table.name: engine.fetch(
                    f"SELECT COLUMNS(*)::TEXT FROM {table.schema}.{table.name} ORDER BY ALL"
                )
                for table in models
            }
        audits = {
            (audit.table, audit.audit): (audit.status, audit.failures, audit.row_count)
            for audit in done.audits
            if audit.kind != "volume"
        }
        return done, contents, audits


@pytest.fixture(scope="module")
def plan(compiled):
    return compiled()


@pytest.fixture
def eager(monkeypatch):
    """Tables of any size are rebuilt in part wherever that is sound."""
    monkeypatch.setattr(incremental, "SMALL", 0)
    monkeypatch.setattr(incremental, "MOST", 1)


@settings(max_examples=5, deadline=None, suppress_health_check=[*HealthCheck])
@given(stream=batches, numbered=st.booleans())
def test_a_build_of_what_is_new_makes_what_a_full_refresh_would(eager, plan, stream, numbered):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        if not numbered:  # as on PostgreSQL
            patch.setattr(DuckDB, "row_id", None)
        warehouse = Warehouse(Path(folder), plan)
        for events, day in stream:
            warehouse.take(events)
            done, contents, audits = warehouse.build(day)
            assert done.status == "success"
            again, *_ = warehouse.build(day)
            assert {table.action for table in again.tables} == {"read", "skipped"}
            copy = Path(folder, "full.duckdb")
            shutil.copy(warehouse.file, copy)
            _, expected, found = warehouse.build(day, copy, full_refresh=True)
            assert {name for name in expected if contents[name] != expected[name]} == set()
            assert {key: (audits.get(key), of) for key, of in found.items() if audits.get(key) != of} == {}


def committed(name, day, **given):
    return ("land", {"table": "git_commits", "minute": day * 1440, "commit_hash": name, **given})


@pytest.fixture
def warehouse(tmp_path, plan, eager):
    return Warehouse(tmp_path, plan)


def hashes(contents):
    return [row[0][0] for row in contents["stg_git_commits"]]


def test_commits_that_leave_the_window_go_and_the_others_stay(warehouse):
    warehouse.take([committed("a" * 40, 0), committed("b" * 40, 0), committed("c" * 40, 20)])
    assert hashes(warehouse.build(21)[1]) == ["a", "b", "c"]
    warehouse.take([committed("d" * 40, 30)])
    done, contents, _ = warehouse.build(95)
    assert hashes(contents) == ["c", "d"]
    told = {table.name: (table.action, table.reason) for table in done.tables}
    assert told["stg_git_commits"] == ("rebuilt", "1 row for 3 values of commit_hash")


def test_a_commit_that_only_time_has_moved_goes(warehouse):
    warehouse.take([committed("a" * 40, 0), committed("c" * 40, 20)])
    warehouse.build(21)
    done, contents, _ = warehouse.build(95)
    assert hashes(contents) == ["c"]
    told = {table.name: (table.action, table.reason) for table in done.tables}
    assert told["stg_git_commits"] == ("rebuilt", "0 rows for 1 value of commit_hash")
    assert warehouse.build(21)[1]["stg_git_commits"][0][0] == "a" * 40  # as of then


def test_a_hash_in_upper_case_that_comes_late_is_of_the_same_commit(warehouse):
    warehouse.take([committed("a" * 40, 1, lines_added=1), committed("b" * 40, 1)])
    before = warehouse.build(2)[1]
    warehouse.take([committed("A" * 40, 1, lines_added=9)])
    done, contents, _ = warehouse.build(2)
    assert contents["stg_git_commits"] == before["stg_git_commits"]
    told = {table.name: (table.action, table.reason) for table in done.tables}
    assert told["stg_git_commits"] == ("rebuilt", "1 row for 1 value of commit_hash")


def test_what_an_audit_found_in_earlier_rows_is_told_beside_what_it_finds_in_new_ones(warehouse):
    audit = ("raw_git_commits", "not_null(commit_hash)")
    warehouse.take([committed("a" * 40, 1)])
    assert warehouse.build(2)[2][audit] == ("passed", 0, 1)
    warehouse.take([committed(None, 1)])
    assert warehouse.build(2)[2][audit] == ("warned", 1, 2)
    warehouse.take([committed("b" * 40, 1)])
    assert warehouse.build(2)[2][audit] == ("warned", 1, 3)
    warehouse.take([committed(None, 1), ("delete", "git_commits", 2)])
    assert warehouse.build(2)[2][audit] == ("warned", 1, 3)
    warehouse.take([committed("c" * 40, 1)])
    done, _, audits = warehouse.build(2)
    assert audits[audit] == ("warned", 1, 4)
    assert [row.table for row in done.failing_rows] == ["raw_git_commits"]
