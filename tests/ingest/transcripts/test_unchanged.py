"""Whether anything was written where agents keep their sessions since these were read."""

import datetime as dt
import os

import pytest

from pipeline.ingest.transcripts.files import homes
from pipeline.ingest.transcripts.unchanged import last_read, unchanged_since
from tests.agents.claude_code.test_transcripts import SESSION, prompt
from tests.ingest.transcripts.conftest import write_lines

LATER = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
EARLIER = LATER - dt.timedelta(days=2)


@pytest.fixture
def file(tmp_path):
    """A file in a folder of a place."""
    return write_lines(tmp_path / "place" / "a" / "b.jsonl", {})


@pytest.fixture
def place(file):
    return file.parents[1]


def test_older_files_are_unchanged_and_newer_ones_are_not(place):
    assert unchanged_since(LATER, [place])
    assert not unchanged_since(EARLIER, [place])


def test_a_copy_that_kept_its_old_time_is_new(file, place):
    os.utime(file, (1, 1))
    os.utime(file.parent, (1, 1))
    assert not unchanged_since(EARLIER, [place])


def test_what_was_written_moments_before_may_have_been_read_half(file, place):
    written = dt.datetime.fromtimestamp(file.stat().st_ctime, dt.UTC)
    assert not unchanged_since(written + dt.timedelta(seconds=2), [place])
    assert unchanged_since(written + dt.timedelta(seconds=6), [place])


def test_a_place_that_is_not_there_has_not_changed(tmp_path):
    assert unchanged_since(EARLIER, [tmp_path / "gone"])


def test_a_place_that_is_a_file_may_name_others(file):
    assert not unchanged_since(LATER, [file])


def test_what_lies_behind_a_link_is_not_looked_at(file, place, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (place / "link").symlink_to(elsewhere)
    assert not unchanged_since(LATER, [place])


def test_the_last_ingest_of_the_same_places_counts(home, engine, ingest, tmp_path):
    assert last_read(engine, homes()) is None
    file = write_lines(home / ".claude" / "projects" / "-gone" / f"{SESSION}.jsonl", prompt())
    ingest(file)
    assert last_read(engine, homes()) is None
    before = dt.datetime.now(dt.UTC)
    ingest()
    assert before <= last_read(engine, homes()) <= dt.datetime.now(dt.UTC)
