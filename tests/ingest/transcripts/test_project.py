"""The project of a session lands with its records, which stay the same records."""

import json

from tests.agents.claude_code.test_transcripts import SESSION, prompt, response
from tests.ingest.transcripts.conftest import write_lines


def projects(engine):
    rows = engine.fetch("SELECT attributes FROM raw.otel_logs ORDER BY id")
    return [json.loads(attributes).get("project_id") for (attributes,) in rows]


def test_every_record_names_the_project_of_its_folder(home, engine, ingest):
    file = home / ".claude" / "projects" / "-x" / f"{SESSION}.jsonl"
    write_lines(file, prompt(cwd="/gone/app"), response(5, cwd="/home/ada"))
    ingest()
    assert projects(engine) == ["app", None]  # a home is called as the person is


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
