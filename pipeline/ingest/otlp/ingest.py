"""`ingest otlp`: what agents exported, from files into `raw.otel_logs`, `otel_metrics` and `otel_spans`.

Reads what the OpenTelemetry Collector's file exporter writes (JSON lines; messages framed by
their length, protobuf or compressed), saved bodies of OTLP/HTTP exports, and the objects that
file exporters of the JavaScript SDK write.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, BinaryIO

from pipeline.errors import IngestError
from pipeline.ingest.content import ContentFilter
from pipeline.ingest.files import (
    InputFile,
    Piece,
    find_files,
    fingerprint,
    lines_before,
    pieces,
    places,
)
from pipeline.ingest.landing.landing import IngestResult, Landing
from pipeline.ingest.otlp.helpers import read_by_helpers, read_in_turn, worth_helpers
from pipeline.ingest.otlp.kinds import is_read
from pipeline.ingest.otlp.reader import Batch
from pipeline.ingest.otlp.unread import Unread

if TYPE_CHECKING:
    from pipeline.engines.base import Engine
    from pipeline.privacy.pseudonyms import Pseudonyms

TABLES = ("otel_logs", "otel_metrics", "otel_spans")


def ingest_otlp(
    engine: "Engine",
    paths: Sequence[object],
    *,
    include: Iterable[str] = (),
    remember: bool = True,
    pseudonyms: "Pseudonyms | None" = None,
) -> IngestResult:
    """Land OTLP files, folders and globs; `-` is standard input.

    A file that has grown since the last ingest is read on from where that stopped. Content
    (prompts, responses, arguments and results of tools) is left out.

    Args:
        engine: an open engine.
        paths: files, folders, globs or `-`.
        include: names of content attributes to land all the same, such as `prompt`.
        remember: note how far each file was read; of no use for files that are removed.
        pseudonyms: what lands instead of people; None lets them be.

    Raises:
        SetupError: a name in `include` is no content attribute.
        IngestError: nothing landed, because paths are missing, unreadable or hold nothing that
            we know. What was put aside stands in `meta.quarantine` all the same.
    """
    kept = ContentFilter(include).include
    with Landing(engine, "otlp", paths, pseudonyms) as landing:
        files, problems = find_files([str(path) for path in paths], landing.warn)
        landing.read_now(is_read)
        account = _Account(engine, landing, problems, remember)
        read = read_in_turn
        if worth_helpers(sum(file.size() for file in files)):
            read = read_by_helpers
        for file, piece, batch in read(account.pieces(files), kept):
            account.take(file, piece, batch)
        tell_unread(landing, account.unread)
        found = any(file.known for file in files)
        if found:
            for problem in problems:
                landing.warn(f"{problem}.")
        result = landing.result
    if problems and not found:
        put_aside = f" {result.quarantined} put aside, see meta.quarantine."
        raise IngestError(
            f"Nothing was ingested: {'; '.join(problems)}.{put_aside if result.quarantined else ''}"
            " Give files of OpenTelemetry logs or metrics (JSON or protobuf, as the Collector's"
            " file exporter writes them), folders of such files, or - for standard input."
        )
    return result


def tell_unread(landing: Landing, unread: Mapping[str, Unread]) -> None:
    """Tell of usage that landed and that no model reads, by the input that held it."""
    understood = {agent for of_input in unread.values() for agent in of_input.understood}
    for name, of_input in unread.items():
        for found, number in of_input.found.items():
            # Agents that export spans tell of the same requests in logs or metrics.
            if not (found.is_span and found.agent in understood):
                landing.not_read(name, found.agent, found.kind, found.field, number)


class _Account:
    """Takes what was read to the landing, and remembers how far each file was read."""

    def __init__(self, engine: "Engine", landing: Landing, problems: list[str], remember: bool) -> None:
        self.engine = engine
        self.remember = remember
        self.landing = landing
        self.problems = problems
        self.unread: dict[str, Unread] = {}
        self._table = engine.name("meta", "ingest_files")
        # Without rows to show for it, a file counts as unread.
        shapes = engine.shapes("raw")
        self._anything_landed = any(
            engine.fetch(f"SELECT 1 FROM {engine.name('raw', table)} LIMIT 1")
            for table in TABLES
            if table in shapes
        )

    def pieces(self, files: Iterable[InputFile]) -> Iterator[tuple[InputFile, Piece]]:
        """The pieces of all files, one file after the other."""
        for file in files:
            try:
                opened = file.open()
                size = file.size()
                file.start = self._read_before(file, opened)
                if file.start and (file.start == size or file.compressed):
                    file.known = True  # nothing new
                    self.landing.skip()
                    file.close()
                    continue
                for piece in _cut(file, opened):
                    yield file, piece
            except OSError as error:
                self.problems.append(f"{file.name} cannot be read: {error.strerror or error}")
                file.close()

    def take(self, file: InputFile, piece: Piece, batch: Batch) -> None:
        """Land what a piece held; after the last one, note where to go on."""
        for table, rows in batch.tables.items():
            self.landing.land_arrow(table, rows, batch.summaries[table])
        self.landing.skip(batch.empty)
        self.landing.drop(batch.dropped)
        self.unread.setdefault(file.name, Unread()).take(batch.usage)
        file.known = file.known or batch.documents > 0 or file.start > 0
        bad = list(batch.bad)
        if piece.problem:
            bad.append((piece.first, piece.problem))
        unfinished = (
            (batch.unread_line, batch.unread_reason)
            if batch.unread
            else (piece.first + len(piece.messages), piece.cut_off)
        )
        read_to = piece.end
        if unfinished[1] and file.known and file.inode and not file.compressed:
            read_to -= batch.unread
            self.landing.warn(f"{file.name} ends in an incomplete record, which is left for the next ingest.")
        elif unfinished[1]:
            bad.append((unfinished[0], unfinished[1]))
        if bad:
            before = lines_before(file.path, file.start) if file.path and file.start else 0
            for line, reason in bad:
                self.landing.quarantine(file.name, line + before + file.lines, reason)
        if batch.more_bad:
            reason = f"{batch.more_bad} more records like those before"
            self.landing.quarantine(file.name, None, reason, count=batch.more_bad)
        if piece.place:
            file.lines += batch.lines
        if piece.last:
            self._finish(file, read_to)

    def _finish(self, file: InputFile, read_to: int) -> None:
        if not file.known:
            self.problems.append(
                f"{file.name} holds no logs, metrics or traces" if read_to else f"{file.name} is empty"
            )
        elif self.remember and file.inode and file.opened:
            if file.compressed:
                read_to = file.size()
            self._note(file, file.opened, read_to)
        file.close()

    def _read_before(self, file: InputFile, opened: BinaryIO) -> int:
        """How far the file was read before; 0 if it is new, or was rotated or cut."""
        if not file.inode or not self._anything_landed:
            return 0
        noted = self.engine.fetch(
            f"SELECT read_to, head_hash, size FROM {self._table} WHERE path = ? AND inode = ?",
            [self._key(file), file.inode],
        )
        for read_to, known_by, size in noted:
            now = file.size()
            same = now == size if file.compressed else now >= read_to
            if same and self._known_by(opened, read_to) == known_by:
                return int(read_to)
        return 0

    def _note(self, file: InputFile, opened: BinaryIO, read_to: int) -> None:
        self.engine.delete("meta", "ingest_files", "path", self._key(file))
        note = {
            "path": self._key(file),
            "inode": file.inode,
            "size": file.size(),
            "read_to": read_to,
            "head_hash": self._known_by(opened, read_to),
            "updated_at": dt.datetime.now(dt.UTC),
        }
        self.engine.append("meta", "ingest_files", list(note), [tuple(note.values())])

    def _key(self, file: InputFile) -> str:
        return self.landing.place(file.path.absolute() if file.path else file.name)

    def _known_by(self, opened: BinaryIO, read_to: int) -> str:
        known_by = fingerprint(opened, read_to)
        pseudonyms = self.landing.pseudonyms
        return pseudonyms.record_hash(known_by) if pseudonyms else known_by


def _cut(file: InputFile, opened: BinaryIO) -> Iterator[Piece]:
    if file.path and file.inode and not file.compressed:
        return places(opened, file.path, file.start)
    return pieces(opened, file.start)
