"""Records in transcripts."""

import tempfile
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from pipeline.agents import readers
from pipeline.agents.events import PartReader, Reader
from pipeline.agents.files import open_text, plain_name
from pipeline.ingest.origins.origin import Origin, Wanted
from pipeline.ingest.transcripts.files import find as find_transcripts
from pipeline.ingest.transcripts.parts import Recorded
from pipeline.ingest.transcripts.records import identity_of


def find(inputs: Collection[str], wanted: Wanted) -> dict[str, Origin]:
    """The file of each record, and the line with which it is whole."""
    found: dict[str, Origin] = {}
    if wanted.table != "otel_logs":
        return found
    known = readers()
    for place in inputs:
        for agent, files in find_transcripts(Path(place), known, lambda message: None).files.items():
            missing = {one: needle for one, needle in wanted.needles.items() if one not in found}
            if missing:
                found |= _Told(known[agent]).origins(sorted(files), Wanted(wanted.table, missing))
    return found


class _Told:
    """What one agent's files tell."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._parts: dict[Path, Any] = {}

    def origins(self, files: Sequence[Path], wanted: Wanted) -> dict[str, Origin]:
        likely = [file for file in files if _may_tell(file, wanted)]
        found: dict[str, Origin] = {}
        for some in (likely, files):
            told = self._by(some) if some else set()
            for one in (wanted.needles.keys() & told) - found.keys():
                file = self._file_of(one, some)
                found[one] = Origin(str(file), self._line_of(one, file, some))
            if len(found) == len(wanted.needles):
                break
        return found

    def _by(self, files: Sequence[Path], instead: Mapping[Path, Path] | None = None) -> set[str]:
        """Identities of all that files tell, some of them as other files have it."""
        places = [(instead or {}).get(file, file) for file in files]
        journal = Recorded()
        if not isinstance(self._reader, PartReader):
            return set(map(identity_of, self._reader.events(places, journal)))
        parts = [self._part(place) for place in places]
        return set(map(identity_of, self._reader.tell(parts, journal)))

    def _part(self, file: Path) -> Any:
        assert isinstance(self._reader, PartReader)
        if file not in self._parts:
            self._parts[file] = self._reader.read(file, Recorded())
        return self._parts[file]

    def _file_of(self, one: str, files: Sequence[Path]) -> Path:
        """The first file that tells it by itself; else the first without which none does."""
        for file in files:
            if one in self._by([file]):
                return file
        for file in files:
            if one not in self._by([other for other in files if other != file]):
                return file
        return files[0]

    def _line_of(self, one: str, file: Path, files: Sequence[Path]) -> int | None:
        """The least number of lines with which a file of lines tells it."""
        if not plain_name(file).endswith(".jsonl"):
            return None
        with closing(open_text(file)) as opened:
            lines = opened.read().splitlines(keepends=True)
        with tempfile.TemporaryDirectory() as folder:
            # A reader may look at the path, too.
            copy = Path(folder, *file.absolute().parts[1:]).with_name(plain_name(file))
            copy.parent.mkdir(parents=True)
            least, most = 1, len(lines)
            while least < most:
                middle = (least + most) // 2
                copy.write_bytes(b"".join(lines[:middle]))
                self._parts.pop(copy, None)
                if one in self._by(files, {file: copy}):
                    most = middle
                else:
                    least = middle + 1
            copy.write_bytes(b"".join(lines[:least]))
            self._parts.pop(copy, None)
            return least if one in self._by(files, {file: copy}) else None


def _may_tell(file: Path, wanted: Wanted) -> bool:
    """Whether a file tells one of the records, by its name or its bytes; one that is compressed may."""
    if plain_name(file) != file.name or wanted.may_be_in(str(file).encode("utf-8", "surrogateescape")):
        return True
    try:
        return wanted.may_be_in(file.read_bytes())
    except OSError:
        return False
