"""Files that somebody made to do harm: they are put aside, soon, and nothing of them is run or followed."""

import json
import os
import sqlite3
from contextlib import closing

import pytest

from tests.agents.amp import test_transcripts as amp
from tests.agents.crush import test_transcripts as crush
from tests.agents.goose import test_transcripts as goose
from tests.agents.recording import Recording, named, read
from tests.ingest.transcripts.conftest import write_lines

ENDLESS = (
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n AS id, 5 AS input_tokens FROM r"
)


def test_a_view_in_a_tables_place_is_not_asked(tmp_path):
    file = goose.write(tmp_path, [goose.session()])
    with closing(sqlite3.connect(file)) as database:
        database.execute("DROP TABLE IF EXISTS usage_ledger")
        database.execute(f"CREATE VIEW usage_ledger AS {ENDLESS}")
        database.commit()
    assert named(read("goose", file), "api_request") == []


@pytest.mark.parametrize("agent", ["goose", "crush"])
def test_what_is_no_database_behind_its_header_is_put_aside(tmp_path, agent):
    file = goose.write(tmp_path, [goose.session()]) if agent == "goose" else crush.write(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    journal = Recording()
    read(agent, file, journal=journal)
    assert journal.quarantined or journal.warnings


def test_pipes_and_devices_are_not_opened(tmp_path, ingest):
    write_lines(tmp_path / "good" / "s1.jsonl", {"type": "user", "sessionId": "s1", "uuid": "u"})
    os.mkfifo(tmp_path / "good" / "wire.jsonl")
    os.mkfifo(tmp_path / "good" / "sessions.db")
    (tmp_path / "good" / f"{amp.THREAD}.json").symlink_to("/dev/zero")
    result = ingest(tmp_path / "good")
    unread = sorted(warning.rpartition(" is not read: ")[2] for warning in result.warnings)
    assert unread == ["it is a device, no file.", "it is a pipe, no file.", "it is a pipe, no file."]


def test_a_broken_thread_of_amp_is_put_aside_once(tmp_path):
    file = amp.write(tmp_path, amp.prompt())
    file.write_text(json.dumps(json.loads(file.read_text()), indent=2)[:-20])
    journal = Recording()
    assert read("amp", file, journal=journal) == []
    assert journal.quarantined == ["the file is not JSON"]
