"""The spool on a full disk: what was acknowledged is there, and nothing else."""

import os

import pytest

from pipeline.ingest.otlp.spool import Spool
from tests.full_disk import no_file_larger_than

ONE, TWO = b"1" * 5_000, b"2" * 5_000


def kept(spool):
    return b"".join(file.read_bytes() for file in spool.complete())


def test_what_does_not_fit_is_not_kept_and_the_next_is(tmp_path):
    spool = Spool(tmp_path)
    spool.append([ONE])
    with no_file_larger_than(12_000), pytest.raises(OSError, match="File too large"):
        spool.append([TWO, TWO])
    spool.append([TWO])
    assert kept(spool) == ONE + b"\n" + TWO + b"\n"
    spool.close()


def test_room_that_is_made_just_then_keeps_nothing_either(tmp_path, monkeypatch):
    spool = Spool(tmp_path)
    spool.append([ONE])
    limited = no_file_larger_than(12_000)
    truncate = os.ftruncate

    def make_room(descriptor, size):
        truncate(descriptor, size)
        limited.__exit__(None, None, None)

    monkeypatch.setattr("pipeline.ingest.otlp.spool.os.ftruncate", make_room)
    limited.__enter__()
    with pytest.raises(OSError, match="File too large"):
        spool.append([TWO, TWO])
    monkeypatch.undo()
    assert kept(spool) == ONE + b"\n"
    spool.close()
