"""Records in downloaded reports of Copilot."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any

from pipeline.ingest.copilot.ingest import Unusable, copilot_row, day_of_usage, entries
from pipeline.ingest.documents import read_documents
from pipeline.ingest.files import find_files
from pipeline.ingest.landing.identity import record_hash
from pipeline.ingest.origins import landed_again
from pipeline.ingest.origins.origin import Origin, Wanted


def find(inputs: Collection[str], wanted: Wanted) -> dict[str, Origin]:
    """The file of each day, and its line where a file has a day a line; of a seat its file."""
    if wanted.table == "copilot_seats":
        return landed_again.seats(inputs, wanted)
    files, _ = find_files([given for given in inputs if given != "-"], lambda message: None)
    found: dict[str, Origin] = {}
    for file in files:
        with suppress(OSError):
            for document in read_documents(file.open()):
                for row in _rows(document.value, wanted.table):
                    one = record_hash(wanted.table, row)
                    if one in wanted.needles:
                        found.setdefault(one, Origin(file.name, document.line))
        file.close()
    return found


def _rows(document: Any, table: str) -> Iterator[Mapping[str, Any]]:
    for entry in entries(document):
        with suppress(Unusable):
            row = copilot_row(entry)
            landed = row if table == "copilot_metrics" else day_of_usage(row)
            if landed:
                yield landed
