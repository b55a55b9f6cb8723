"""Records in files of exports."""

from collections.abc import Collection, Iterator
from contextlib import suppress

from pipeline.ingest.files import InputFile, Piece, find_files, pieces
from pipeline.ingest.origins.origin import Origin, Wanted
from pipeline.ingest.otlp.reader import GOES_ON, read_piece


def find(inputs: Collection[str], wanted: Wanted) -> dict[str, Origin]:
    """The file of each record, and the line where its export begins."""
    files, _ = find_files([given for given in inputs if given != "-"], lambda message: None)
    found: dict[str, Origin] = {}
    for file in files:
        if len(found) == len(wanted.needles):
            break
        with suppress(OSError):
            for one, line in _in_file(file, wanted):
                found.setdefault(one, Origin(file.name, line))
        file.close()
    return found


def _in_file(file: InputFile, wanted: Wanted) -> Iterator[tuple[str, int | None]]:
    for piece in pieces(file.open()):
        whole = piece.text or b"".join(piece.messages)
        if not wanted.may_be_in(whole) or not _hashes(piece, wanted):
            continue
        for part in _documents(piece):
            if part.messages or wanted.may_be_in(part.text):
                for one in _hashes(part, wanted):
                    yield one, part.first if part.text else None


def _hashes(piece: Piece, wanted: Wanted) -> set[str]:
    """Those of the records that a piece holds."""
    found: set[str] = set()
    for include in (wanted.content, wanted.content | {"body"}):  # whether the body landed nobody knows
        table = read_piece(piece, include).tables.get(wanted.table)
        if table is not None:
            found |= wanted.needles.keys() & set(table.column("record_hash").to_pylist())
    return found


def _documents(piece: Piece) -> Iterator[Piece]:
    """The documents of a piece, each as a piece."""
    for number, message in enumerate(piece.messages, start=piece.first):
        yield Piece(number, 0, messages=(message,))
    start, lines = piece.first, list[bytes]()
    for number, line in enumerate(piece.text.split(b"\n"), start=piece.first):
        if lines and not line.startswith(GOES_ON):
            yield Piece(start, 0, text=b"\n".join(lines) + b"\n")
            start, lines = number, []
        lines.append(line)
    if lines:
        yield Piece(start, 0, text=b"\n".join(lines) + b"\n")
