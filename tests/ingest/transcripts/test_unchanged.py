"""Whether anything was written where agents keep their sessions since these were read."""

import datetime as dt
import errno
import os

import pytest

from pipeline.ingest.transcripts.files import homes
from pipeline.ingest.transcripts.unchanged import MARGIN, last_read, unchanged_since
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


@pytest.mark.parametrize("below", [".", "a"])
def test_what_lay_elsewhere_is_new_where_a_link_has_brought_it(place, tmp_path, below):
    """Its files have their old times."""
    link = tmp_path / "here" / "link"
    link.parent.mkdir()
    before = tmp_path.stat().st_ctime
    while not link.is_symlink() or link.lstat().st_ctime <= before:  # the clock of files is a coarse one
        link.unlink(missing_ok=True)
        link.symlink_to(place)
    at = dt.datetime.fromtimestamp((before + link.lstat().st_ctime) / 2, dt.UTC) + MARGIN
    assert unchanged_since(at, [place / below])
    assert not unchanged_since(at, [link / below])


def test_a_place_that_is_not_there_has_not_changed(tmp_path):
    assert unchanged_since(EARLIER, [tmp_path / "gone"])


def test_a_place_that_is_a_file_may_name_others(file):
    assert not unchanged_since(LATER, [file])


def test_what_lies_behind_a_link_is_not_looked_at(file, place, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (place / "link").symlink_to(elsewhere)
    assert not unchanged_since(LATER, [place])


@pytest.mark.parametrize("mode", [os.R_OK, os.X_OK])
def test_what_cannot_be_read_is_told_each_time(place, monkeypatch, mode):
    def refuse(folder):
        raise PermissionError(errno.EACCES, "Permission denied", folder)

    if mode == os.X_OK:
        monkeypatch.setattr(os, "scandir", refuse)
    else:
        monkeypatch.setattr(os, "access", lambda path, mode: mode != os.R_OK)
    assert not unchanged_since(LATER, [place])


def test_the_last_ingest_of_the_same_places_counts(home, engine, ingest, tmp_path):
    assert last_read(engine, homes()) is None
    file = write_lines(home / ".claude" / "projects" / "-gone" / f"{SESSION}.jsonl", prompt())
    ingest(file)
    assert last_read(engine, homes()) is None
    before = dt.datetime.now(dt.UTC)
    ingest()
    assert before <= last_read(engine, homes()) <= dt.datetime.now(dt.UTC)
