"""Commits that land after their session change whose it is, in a build of what is new as in a full one."""

import datetime as dt
import json

import pytest

from pipeline import run
from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.ingest.landing.landing import Landing
from pipeline.run import incremental

pytestmark = pytest.mark.slow

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
ADA, BOB = "ada@example.com", "bob@example.com"


def event(session, install, minute, **given):
    attributes = {"session.id": session, "user.id": install, "event.name": "user_prompt", **given}
    at = NOON + dt.timedelta(minutes=minute)
    return {"timestamp": at, "body": "claude_code.user_prompt", "attributes": json.dumps(attributes)}


def commit(number, email):
    return {"commit_hash": f"{number:040x}", "commit_timestamp": NOON, "author_email": email}


def test_commits_vote_when_they_land(compiled, tmp_path, monkeypatch):
    monkeypatch.setattr(incremental, "SMALL", 0)
    monkeypatch.setattr(incremental, "MOST", 1)
    with connect(str(tmp_path / "x.duckdb")) as engine:
        make_missing_raw_tables(engine)
        plan = compiled()

        def land(source, table, *records):
            with Landing(engine, source, ["here"]) as landing:
                landing.land(table, records)
            engine.execute("CHECKPOINT")

        def build(full_refresh=False):
            result = run.build(
                engine,
                plan,
                as_of=NOON + dt.timedelta(days=1),
                project_dir=tmp_path,
                full_refresh=full_refresh,
            )
            assert result.status == "success"
            sessions = "SELECT session_id, developer_id FROM staging.stg_agent_sessions ORDER BY 1"
            commits = (
                "SELECT commit_hash, developer_id, agent_session_id FROM mart.fct_git_commits ORDER BY 1"
            )
            return dict(engine.fetch(sessions)), engine.fetch(commits)

        a, b = "a" * 64, "b" * 64
        first = event("s1", a, 0, git_commit_id=f"{1:040x}")
        land("otlp", "otel_logs", first, event("s2", a, 1), event("s3", b, 2))
        assert build()[0] == {"s1": a, "s2": a, "s3": b}

        land("git", "git_commits", commit(1, ADA))
        assert build()[0] == {"s1": ADA, "s2": ADA, "s3": b}

        land("git", "git_commits", commit(2, BOB))
        land("otlp", "otel_logs", event("s2", a, 3, git_commit_id=f"{2:040x}"), event("s4", a, 4))
        sessions, commits = build()
        assert sessions == {"s1": ADA, "s2": BOB, "s3": b, "s4": a}
        assert build(full_refresh=True) == (sessions, commits)
