"""Which files are read, whose they are, and what is said when there are none."""

import codecs
import getpass
import gzip
import json
import subprocess

import pytest
import zstandard

from pipeline.errors import IngestError
from tests.agents.claude_code import test_transcripts as claude_code
from tests.agents.cline import task_folders
from tests.agents.codex import test_transcripts as codex
from tests.agents.github_copilot import test_transcripts as github_copilot
from tests.agents.qwen_code import test_transcripts as qwen_code
from tests.ingest.transcripts.conftest import write_lines

RESPONSE = claude_code.response(5)
RECORD = json.dumps(RESPONSE).encode() + b"\n"


def developers(engine):
    return [row[0] for row in engine.fetch("SELECT developer_id FROM raw.otel_logs ORDER BY id")]


def test_named_paths_are_read_and_nothing_else(home, tmp_path, ingest):
    write_lines(home / ".claude" / "projects" / "p" / "s.jsonl", RESPONSE)
    named = write_lines(tmp_path / "copy" / "x.jsonl", codex.meta("a"), codex.FIRST)

    assert ingest(named.parent).landed == 2  # the start and a response
    assert ingest(named).duplicates == 2


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


def test_homes_with_a_wildcard_are_found(home, ingest):
    copilot = home / ".copilot" / "session-state" / github_copilot.SESSION
    records = [github_copilot.start(), github_copilot.call("12:00:00", "c", 5, 1)]
    write_lines(copilot / "events.jsonl", *records)
    write_lines(copilot / "files" / "events.jsonl", *records)  # what a person worked on
    write_lines(home / ".qwen" / "projects" / "-w" / "chats" / "s1.jsonl", qwen_code.CALL)
    write_lines(home / ".qwen" / "projects" / "-w" / "memory.json", "{}")

    result = ingest()

    assert (result.landed, result.warnings) == (3, ())


@pytest.mark.parametrize(
    "folder",
    [
        ".config/Code/User/globalStorage",
        ".config/VSCodium/User/globalStorage",
        "Library/Application Support/Cursor/User/globalStorage",
        "AppData/Roaming/Code - Insiders/User/globalStorage",
        ".vscode-server/data/User/globalStorage",
    ],
)
def test_storages_of_extensions_are_found_in_every_editor(home, ingest, folder):
    task = home / folder / "saoudrizwan.claude-dev" / "tasks" / "1"
    task.mkdir(parents=True)
    (task / "ui_messages.json").write_text(json.dumps([task_folders.request(0)]))
    (task / "api_conversation_history.json").write_text("[]")

    result = ingest()

    assert (result.landed, result.warnings) == (1, ())


def test_no_transcripts_at_all_is_an_error_that_says_how_to_see_where_they_are_looked_for(home, ingest):
    with pytest.raises(IngestError, match=r"No transcripts were found in the \d\d places .*--list"):
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


def test_other_files_in_a_folder_are_named_and_do_not_matter(home, ingest):
    folder = home / ".claude" / "projects" / "p"
    write_lines(folder / "s.jsonl", RESPONSE)
    (folder / "notes.json").write_text("{broken")
    (folder / "data.db").write_bytes(b"SQLite format 3\0nonsense")
    (folder / "table.csv").write_text("a,b\n1,2\n")
    (folder / "gone.jsonl").symlink_to(folder / "nowhere")
    (folder / "loop").symlink_to(folder)

    result = ingest()

    assert (result.rows_in, result.landed) == (1, 1)
    assert result.warnings == (
        f"{folder / 'data.db'} is not read: no reader knows what it holds.",
        f"{folder / 'notes.json'} is not read: no reader knows what it holds.",
        f"{folder / 'table.csv'} is not read: no reader knows what it holds.",
        f"{folder / 'gone.jsonl'} is not read: it is a link to nothing.",
    )


@pytest.mark.parametrize("folder", [".config/Claude", "Library/Application Support/Claude-3p"])
@pytest.mark.parametrize("kind", ["", "agent/"])
def test_sessions_of_claude_desktop_are_read_and_its_audits_are_not(home, ingest, folder, kind):
    session = home / folder / "local-agent-mode-sessions" / "org" / f"user/{kind}local_1"
    write_lines(session / ".claude" / "projects" / "p" / "s.jsonl", RESPONSE)
    write_lines(session / "audit.jsonl", RESPONSE | {"_audit_hmac": "x", "session_id": "s"})

    result = ingest()

    assert (result.rows_in, result.landed, result.warnings) == (1, 1, ())


def test_a_linked_folder_is_read_once(home, ingest, tmp_path):
    write_lines(tmp_path / "elsewhere" / "s.jsonl", RESPONSE)
    (home / ".claude" / "projects").mkdir(parents=True)
    for name in ("one", "two"):
        (home / ".claude" / "projects" / name).symlink_to(tmp_path / "elsewhere")

    result = ingest()

    assert (result.rows_in, result.landed, result.warnings) == (1, 1, ())


@pytest.mark.parametrize(
    "encoded",
    [
        codecs.BOM_UTF8 + RECORD,
        RECORD.decode().encode("utf-16"),
        gzip.compress(RECORD),
        zstandard.compress(RECORD),
    ],
    ids=["utf-8 mark", "utf-16", "gzip", "zstd"],
)
def test_a_transcript_is_read_however_it_is_encoded(home, ingest, encoded):
    folder = home / ".claude" / "projects" / "p"
    folder.mkdir(parents=True)
    (folder / "s.jsonl").write_bytes(encoded)

    assert (ingest().landed, ingest().landed) == (1, 0)
