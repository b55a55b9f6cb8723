"""A law about the window of commits: reused while time changes nothing, looked at again when it may."""

import datetime as dt
from dataclasses import replace

import pytest

from pipeline import run
from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.ingest.landing.landing import Landing
from pipeline.run.auditor import Auditor

pytestmark = pytest.mark.slow

FIRST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LAW = ("fct_git_commits", "same_commits")


class Commits:
    """A database of commits, built again and again."""

    def __init__(self, engine, plan, project_dir):
        self.engine = engine
        self.plan = plan
        self.project_dir = project_dir
        self.asked = []

    def land(self, number, at):
        with Landing(self.engine, "git", ["here"]) as landing:
            commit = {"commit_hash": f"{number:040x}", "commit_timestamp": at, "author_email": "ada@x.org"}
            landing.land("git_commits", [commit])
        self.engine.execute("CHECKPOINT")  # as at the end of an ingest

    def build(self, as_of):
        """What a build finds of the law, and whether it had to look."""
        self.asked.clear()
        result = run.build(self.engine, self.plan, as_of=as_of, project_dir=self.project_dir)
        (status,) = [audit.status for audit in result.audits if (audit.table, audit.audit) == LAW]
        return status, LAW in self.asked


@pytest.fixture(scope="module")
def plan(compiled):
    return compiled()


@pytest.fixture
def commits(plan, tmp_path, monkeypatch):
    across = Auditor.across

    def asking(auditor, table, checks, exist):
        found.asked += [(table.name, check.name) for check in checks]
        return across(auditor, table, checks, exist)

    monkeypatch.setattr(Auditor, "across", asking)
    with connect(str(tmp_path / "x.duckdb")) as engine:
        make_missing_raw_tables(engine)
        found = Commits(engine, plan, tmp_path)
        found.land(1, FIRST)
        found.land(2, FIRST + dt.timedelta(days=20))
        yield found


def test_the_law_is_looked_at_again_only_when_time_may_have_changed_what_it_finds(commits):
    soon = FIRST + dt.timedelta(days=85)
    assert commits.build(soon) == ("passed", True)
    assert commits.build(soon) == ("passed", False)
    assert commits.build(soon + dt.timedelta(hours=1)) == ("passed", False)
    assert commits.build(soon + dt.timedelta(days=10)) == ("passed", True)  # the first commit has left
    assert commits.build(soon + dt.timedelta(days=10, hours=1)) == ("passed", False)
    assert commits.build(soon) == ("passed", True)  # back in time, where it is inside
    assert commits.engine.fetch("SELECT count(*) FROM mart.fct_git_commits") == [(2,)]


def test_the_law_is_looked_at_again_when_raw_has_changed(commits):
    soon = FIRST + dt.timedelta(days=25)
    commits.build(soon)
    commits.land(3, FIRST - dt.timedelta(days=300))  # which no model takes
    assert commits.build(soon) == ("passed", True)
    assert commits.build(soon) == ("passed", False)


def test_the_law_is_looked_at_again_when_a_commit_has_gone(commits):
    soon = FIRST + dt.timedelta(days=25)
    commits.build(soon)
    commits.engine.execute("DELETE FROM raw.git_commits WHERE commit_hash LIKE '%2'")
    commits.engine.execute("UPDATE raw.git_commits SET id = 2")  # as if it had been the last one
    assert commits.build(soon) == ("passed", True)
    assert commits.engine.fetch("SELECT count(*) FROM mart.fct_git_commits") == [(1,)]


@pytest.mark.parametrize(("drifted", "looked"), [("SELECT 0", False), ("SELECT 1", True), ("", True)])
def test_the_law_has_an_edge_of_its_own_whatever_the_models_say(commits, plan, drifted, looked):
    checks = [replace(check, time_drift=drifted) for check in plan.tables["fct_git_commits"].checks]
    table = replace(plan.tables["fct_git_commits"], checks=checks)
    commits.plan = replace(plan, tables=plan.tables | {"fct_git_commits": table})
    commits.build(FIRST)
    assert commits.build(FIRST) == ("passed", looked)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE raw.git_commits SET commit_hash = repeat('f', 40) WHERE id = 2",
        "UPDATE raw.git_commits SET commit_timestamp = '2020-01-01' WHERE id = 2",
        "DELETE FROM raw.git_commits WHERE id = 2",
    ],
)
def test_the_law_is_looked_at_again_when_a_commit_was_altered_in_place(commits, change):
    commits.build(FIRST)
    commits.engine.execute(change)
    assert commits.build(FIRST) == ("passed", True)


def test_the_law_is_always_looked_at_where_a_change_of_raw_could_pass_unnoticed(commits):
    commits.engine.execute("ALTER TABLE raw.git_commits RENAME TO kept")
    commits.engine.execute("CREATE VIEW raw.git_commits AS FROM raw.kept")
    commits.build(FIRST)
    commits.engine.execute("UPDATE raw.kept SET commit_hash = repeat('f', 40) WHERE id = 2")
    assert commits.build(FIRST) == ("failed", True)
