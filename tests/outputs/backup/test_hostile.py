"""Files that are no backup of ours, though they may look like one: refused in one sentence, quickly."""

import random
import zipfile
from contextlib import suppress

import pytest

from pipeline.errors import PipelineError, SetupError
from pipeline.outputs.backup.archive import Archive, StoredTable, Writer

ROWS = b"1\ta\n" * 1_000


class Source:
    """As much of an engine as the manifest tells of."""

    dialect = "postgres"
    url = "postgres://db.example.com/analytics"


@pytest.fixture
def file(tmp_path):
    """A small backup."""
    file = tmp_path / "b.zip"
    with Writer(file, Source) as writer:
        writer.add("1.copy", [ROWS], compressed=True)
        writer.tables.append(StoredTable("raw", "t", 1_000, "1", file="1.copy"))
    return file


def read(file):
    with Archive(file) as archive:
        return b"".join(archive.chunks("1.copy"))


def changed(file, **entries):
    """The same archive with other entries, as `zipfile.ZipFile.writestr` takes them."""
    with zipfile.ZipFile(file) as archive:
        old = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in old.items():
            archive.writestr(name, *entries.get(name.partition(".")[0], (content,)))


def test_a_whole_one_is_read(file):
    assert read(file) == ROWS
    with Archive(file) as archive:
        assert archive.damaged() is None


@pytest.mark.slow
def test_whatever_is_cut_off_or_altered_is_an_error_of_ours_or_alters_nothing(file):
    whole, chance = file.read_bytes(), random.Random(1)
    cut = [whole[:length] for length in range(0, len(whole), 7)]
    altered = []
    for _ in range(500):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            content[chance.randrange(len(content))] = chance.choice((0, 255, chance.randrange(256)))
        altered.append(bytes(content))
    for content in cut + altered:
        file.write_bytes(content)
        with suppress(PipelineError):
            assert read(file) == ROWS


@pytest.mark.parametrize(
    "document",
    [
        b"[" * 1_000_000,
        b'{"format": "aa-pipeline backup", "format_version": 1, "x": '
        + b"[" * 100_000
        + b"]" * 100_000
        + b"}",
        b'{"format": "aa-pipeline backup", "format_version": ' + b"9" * 5_000 + b"}",
        b'{"format": "aa-pipeline backup", "format_version": 1e999}',
        b"\xff",
        b" " * (17 << 20),
    ],
)
def test_a_manifest_that_is_none(file, document):
    changed(file, manifest=(document, zipfile.ZIP_DEFLATED))
    with pytest.raises(SetupError, match="is no backup that aa-pipeline made"):
        read(file)


def test_what_unpacks_to_more_than_we_ever_pack_is_not_unpacked(file):
    changed(file, **{"1": (b"0" * (64 << 20), zipfile.ZIP_DEFLATED, 9)})
    with Archive(file) as archive, pytest.raises(SetupError, match=r"is corrupted: its 1\.copy"):
        next(archive.chunks("1.copy"))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_is_packed_otherwise_is_not_ours(file, method):
    changed(file, **{"1": (ROWS, method)})
    with pytest.raises(SetupError, match="is corrupted"):
        read(file)


def test_what_is_encrypted_is_not_ours(file):
    content = bytearray(file.read_bytes())
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        start = -1
        while (start := content.find(mark, start + 1)) >= 0:
            content[start + flags] |= 1
    file.write_bytes(content)
    with pytest.raises(SetupError, match="is no backup that aa-pipeline made"):
        read(file)


def test_what_the_manifest_does_not_know_is_not_read(file):
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("../../more", ROWS)
    with Archive(file) as archive, pytest.raises(SetupError, match="is corrupted"):
        [*archive.chunks("../../more")]
    assert [*file.parent.iterdir()] == [file]
