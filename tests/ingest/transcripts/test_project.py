"""The project of a session lands with its records, which stay the same records."""

import json
from pathlib import Path

from click.testing import CliRunner

from pipeline.cli import cli
from pipeline.engines import connect
from tests.agents.claude_code.test_transcripts import SESSION, prompt, response
from tests.agents.codex import test_transcripts as codex
from tests.ingest.transcripts.conftest import write_lines


def projects(engine):
    rows = engine.fetch("SELECT attributes FROM raw.otel_logs ORDER BY id")
    return [json.loads(attributes).get("project_id") for (attributes,) in rows]


def test_every_record_names_the_project_of_its_folder(home, engine, ingest):
    file = home / ".claude" / "projects" / "-x" / f"{SESSION}.jsonl"
    write_lines(file, prompt(cwd="/gone/app"), response(5, cwd="/home/ada"))
    ingest()
    assert projects(engine) == ["app", None]  # a home is called as the person is


def test_a_folder_below_a_root_of_the_configuration_is_of_the_roots_project(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("aa-pipeline.toml").write_text('project_roots = ["/gone/work"]', encoding="utf-8")
    file = home / ".claude" / "projects" / "-x" / f"{SESSION}.jsonl"
    write_lines(file, prompt(cwd="/gone/work/app/src"), response(5, cwd="/gone/work"))
    done = CliRunner().invoke(cli, ["ingest", "transcripts"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    with connect("agent_analytics.duckdb") as engine:
        assert projects(engine) == ["app", "work"]


def test_the_repository_that_a_transcript_names_lands_without_who_asks(home, engine, ingest):
    address = "https://ada:s3cret@github.com/octo/app.git"
    git = {"repository_url": address, "branch": "main"}
    codex.rollout(home / ".codex", "a", codex.meta("a", git=git), codex.model(), codex.FIRST)
    ingest()
    landed = engine.fetch("SELECT attributes FROM raw.otel_logs WHERE attributes LIKE '%octo/app%'")
    assert landed
    for (attributes,) in landed:
        assert json.loads(attributes)["vcs.repository.url.full"] == "https://github.com/octo/app.git"


def test_a_record_in_a_folder_that_is_gone_by_now_lands_once(home, engine, ingest, read_again, tmp_path):
    folder = tmp_path / "app"
    folder.mkdir()
    lines = [prompt(cwd=str(folder)), response(5, cwd=str(folder))]
    write_lines(home / ".claude" / "projects" / "-x" / f"{SESSION}.jsonl", *lines)
    ingest()
    folder.rmdir()
    again = read_again()
    assert (again.landed, again.duplicates) == (0, 2)
    assert projects(engine) == ["app", "app"]
