"""Which files are read, whose they are, and what is said when there are none."""

import getpass
import subprocess

import pytest

from pipeline.errors import IngestError
from tests.agents.claude_code import test_transcripts as claude_code
from tests.agents.codex import test_transcripts as codex
from tests.ingest.transcripts.conftest import write_lines

RESPONSE = claude_code.response(5)


def developers(engine):
    return [row[0] for row in engine.fetch("SELECT developer_id FROM raw.otel_logs ORDER BY id")]


def test_named_paths_are_read_and_nothing_else(home, tmp_path, ingest):
    write_lines(home / ".claude" / "projects" / "p" / "s.jsonl", RESPONSE)
    named = write_lines(tmp_path / "copy" / "x.jsonl", codex.meta("a"), codex.FIRST)

    assert ingest(named.parent).landed == 1
    assert ingest(named).duplicates == 1


def test_the_developer_is_the_one_of_the_sessions_folder(home, tmp_path, engine, ingest):
    repository = tmp_path / "work"
    subprocess.run(["git", "init", "-q", repository], check=True)
    subprocess.run(["git", "-C", repository, "config", "user.email", "There@example.com"], check=True)
    write_lines(
        home / ".claude" / "projects" / "p" / "s.jsonl",
        claude_code.response(5, cwd=str(repository)),
        claude_code.response(6, message="m2", request="r2", at="10:00:05", cwd="relative"),
        claude_code.response(7, message="m3", request="r3", at="10:00:06", cwd=None),
    )

    ingest()

    assert developers(engine) == ["there@example.com", "me@example.com", "me@example.com"]


def test_a_named_developer_wins(home, engine, ingest):
    write_lines(home / ".claude" / "projects" / "p" / "s.jsonl", RESPONSE)

    ingest(developer="named@example.com")

    assert developers(engine) == ["named@example.com"]


def test_without_git_it_is_the_user_of_the_computer(home, engine, ingest):
    (home / ".gitconfig").write_text("")
    write_lines(home / ".claude" / "projects" / "p" / "s.jsonl", RESPONSE)

    ingest()

    assert developers(engine) == [getpass.getuser()]


def test_no_transcripts_at_all_is_an_error_that_names_the_homes(home, ingest):
    with pytest.raises(IngestError, match=r"No transcripts .* were found in .*\.claude/projects"):
        ingest()


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 500, b"plain text\n", b'{"a": 1}\n', b"[]"])
def test_a_named_file_that_is_no_transcript_is_an_error(tmp_path, ingest, content):
    file = tmp_path / "x.jsonl"
    file.write_bytes(content)

    with pytest.raises(IngestError, match=r"x\.jsonl holds no transcript that we know"):
        ingest(file)


def test_a_missing_path_is_an_error_and_the_rest_lands(engine, tmp_path, ingest):
    good = write_lines(tmp_path / "s.jsonl", RESPONSE)

    with pytest.raises(IngestError, match=r"There is nothing at .*missing"):
        ingest(good, tmp_path / "missing")

    assert engine.fetch("SELECT count(*) FROM raw.otel_logs") == [(1,)]


def test_other_files_in_a_folder_do_not_matter(home, ingest):
    folder = home / ".claude" / "projects" / "p"
    write_lines(folder / "s.jsonl", RESPONSE)
    (folder / "notes.json").write_text("{broken")
    (folder / "data.db").write_bytes(b"SQLite format 3\0nonsense")
    (folder / "table.csv").write_text("a,b\n1,2\n")
    (folder / "gone.jsonl").symlink_to(folder / "nowhere")
    (folder / "loop").symlink_to(folder)

    result = ingest()

    assert (result.rows_in, result.landed, result.warnings) == (1, 1, ())
