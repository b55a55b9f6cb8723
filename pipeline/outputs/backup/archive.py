"""The file that a backup is: written in one go, and read with every byte checked."""

import datetime as dt
import hashlib
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from pipeline.engines import meta
from pipeline.engines.base import ROW, Engine
from pipeline.errors import SetupError
from pipeline.plan.layers import LAYERS
from pipeline.plan.render import quote
from pipeline.system.files import check_file

# Grows when an older release could not read it.
FORMAT, FORMAT_VERSION = "aa-pipeline backup", 1
# That hold what we make.
SCHEMAS = (*dict.fromkeys(layer.schema for layer in LAYERS.values()), meta.FAILING_ROWS)
MANIFEST = "manifest.json"
MOST_MANIFEST = 16 << 20  # bytes; a table takes a few thousand
MOST_TIMES = 300  # that a file unpacks to; as we compress, more than 230 cannot be
CHUNK = 1 << 20
# What zipfile and zlib raise on a damaged file, or on one that was made to do harm.
DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    ValueError,
    OverflowError,
    RuntimeError,
    struct.error,
)

# A number of 60 bits that a row's text decides.
NUMBER = {
    "duckdb": "CAST('0x' || substr(md5({0}), 1, 15) AS BIGINT)",
    "postgres": "CAST(CAST('x0' || substr(md5({0}), 1, 15) AS bit(64)) AS bigint)",
}
TEXT = {"duckdb": "VARCHAR", "postgres": "text"}


class StoredColumn(msgspec.Struct, frozen=True):
    """A column of a table: its type as the engine declares it, and what it means."""

    name: str
    type: str
    comment: str | None = None


class StoredTable(msgspec.Struct, frozen=True):
    """A table of a backup.

    Attributes:
        rows: how many it has.
        checksum: over all of them, in any order.
        file: of its rows in the archive; empty where the database is one file.
        marker: `Engine.change_marker` of it.
    """

    schema: str
    name: str
    rows: int
    checksum: str
    file: str = ""
    columns: list[StoredColumn] = []
    comment: str | None = None
    marker: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds; see `pipeline.outputs.backup`.

    Attributes:
        engine: its dialect.
        engine_version: of DuckDB; the text of a row, and so its checksum, may change with it.
        source: the database, without secrets.
        version: of aa-pipeline.
        meta_version: of the run metadata; None where there is none.
        files: name in the archive → SHA-256.
    """

    format: str
    format_version: int
    engine: str
    engine_version: str
    source: str
    made_at: str
    version: str
    meta_version: int | None
    tables: list[StoredTable]
    files: dict[str, str]


def counted(engine: Engine, schema: str, name: str) -> tuple[int, str]:
    """How many rows a table has, and a checksum over them."""
    text = f"CAST({quote(ROW, engine.dialect)} AS {TEXT[engine.dialect]})"
    ((rows, total),) = engine.fetch(
        f"SELECT count(*), CAST(sum({NUMBER[engine.dialect].format(text)}) AS {TEXT[engine.dialect]})"
        f" FROM {engine.name(schema, name)} AS {quote(ROW, engine.dialect)}"
    )
    return rows, total or "0"


class Writer:
    """Writes a backup. A context manager: the manifest comes at its end.

    Attributes:
        tables: what the backup holds; filled by who writes it.
    """

    def __init__(self, file: Path, engine: Engine) -> None:
        self.tables: list[StoredTable] = []
        self.meta_version: int | None = None
        self.engine_version = ""
        self._engine = engine
        self._files: dict[str, str] = {}
        self._file = file.open("xb")
        self._zip = zipfile.ZipFile(self._file, "w")
        file.chmod(0o600)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            with self._zip:
                if error is None:
                    self._zip.writestr(MANIFEST, self._manifest())
            self._file.flush()
            os.fsync(self._file.fileno())

    def _manifest(self) -> bytes:
        manifest = Manifest(
            format=FORMAT,
            format_version=FORMAT_VERSION,
            engine=self._engine.dialect,
            engine_version=self.engine_version,
            source=self._engine.url,
            made_at=dt.datetime.now(dt.UTC).isoformat(),
            version=version("aa-pipeline"),
            meta_version=self.meta_version,
            tables=self.tables,
            files=self._files,
        )
        return msgspec.json.format(msgspec.json.encode(manifest))

    def add(self, name: str, chunks: Iterable[bytes], *, compressed: bool) -> None:
        """Write a file of the archive."""
        entry = zipfile.ZipInfo(name, dt.datetime.now(dt.UTC).timetuple()[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        entry._compresslevel = 1  # type: ignore[attr-defined] # public as `compress_level` from 3.13 on
        digest = hashlib.sha256()
        with self._zip.open(entry, "w", force_zip64=True) as file:
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
        self._files[name] = digest.hexdigest()

    def read_meta_version(self, engine: Engine) -> None:
        """Note which version of the run metadata a database has."""
        if "version" in engine.shapes(meta.SCHEMA):
            ((self.meta_version,),) = engine.fetch(
                f"SELECT max(version) FROM {engine.name('meta', 'version')}"
            )


class Archive:
    """A backup to read. A context manager.

    Raises:
        SetupError: the file is no backup, not a whole one, or of a newer release.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            check_file(file.stat())
            self._zip = zipfile.ZipFile(file)
        except DAMAGES:
            raise self._no_backup() from None
        except OSError as error:
            raise self._unreadable(error) from error
        try:
            self.manifest = self._manifest()
        except BaseException:
            self._zip.close()
            raise

    def _manifest(self) -> Manifest:
        try:
            if self._zip.getinfo(MANIFEST).file_size > MOST_MANIFEST:
                raise self._no_backup()
            document = self._zip.read(MANIFEST)
            about = msgspec.json.decode(document, type=dict[str, msgspec.Raw])
            given = msgspec.json.decode(about["format_version"], type=int)
            if msgspec.json.decode(about["format"]) != FORMAT:
                raise self._no_backup()
        except (*DAMAGES, msgspec.MsgspecError):
            raise self._no_backup() from None
        except OSError as error:
            raise self._unreadable(error) from error
        if given > FORMAT_VERSION:
            raise SetupError(
                f"{self.file} is a backup of a newer release of aa-pipeline."
                " Upgrade with `pip install --upgrade aa-pipeline`."
            )
        try:
            return msgspec.json.decode(document, type=Manifest)
        except (RecursionError, msgspec.MsgspecError):
            raise self._no_backup() from None

    def _no_backup(self) -> SetupError:
        return SetupError(f"{self.file} is no backup that aa-pipeline made, or not a whole one.")

    def _unreadable(self, error: OSError) -> SetupError:
        return SetupError(f"{self.file} cannot be read: {error.strerror or error}.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a file of the archive.

        Raises:
            SetupError: at the end, if they are not what was backed up.
        """
        digest = hashlib.sha256()
        for chunk in self._unpacked(name):
            digest.update(chunk)
            yield chunk
        if digest.hexdigest() != self.manifest.files.get(name):
            raise self.corrupted(name)

    def _unpacked(self, name: str) -> Iterator[bytes]:
        try:
            entry = self._zip.getinfo(name)
            known = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
            if not known or entry.file_size > MOST_TIMES * entry.compress_size:
                raise self.corrupted(name)
            with self._zip.open(entry) as file:
                while chunk := file.read(CHUNK):
                    yield chunk
        except DAMAGES:
            raise self.corrupted(name) from None
        except OSError as error:
            raise self._unreadable(error) from error

    def damaged(self) -> str | None:
        """The name of a file of the archive that is not what was backed up; None if all are."""
        for name in self.manifest.files:
            try:
                for _ in self.chunks(name):
                    pass
            except SetupError:
                return name
        return None

    def corrupted(self, name: str) -> SetupError:
        """The error that says so of a file of the archive."""
        return SetupError(
            f"The backup {self.file} is corrupted: its {name} is not what was written into it. Nothing was"
            " restored; take another copy of it, or another backup."
        )
