"""Pull requests, and their commits, in what a forge's command line tool wrote."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from pipeline.ingest.documents import read_documents
from pipeline.ingest.files import find_files
from pipeline.ingest.github.ingest import GITHUB, Forge, entries
from pipeline.ingest.github.requests import Unusable
from pipeline.ingest.gitlab.ingest import GITLAB
from pipeline.ingest.landing.identity import record_hash
from pipeline.ingest.origins.origin import Origin, Wanted


def _find(forge: Forge, inputs: Collection[str], wanted: Wanted) -> dict[str, Origin]:
    """The first file of each reading of a request, and the line of its page if the file has several."""
    files, _ = find_files([given for given in inputs if given != "-"], lambda message: None)
    found: dict[str, Origin] = {}
    for file in files:
        with suppress(OSError):
            for document in read_documents(file.open()):
                for row in _rows(forge, document.value, wanted.table):
                    one = record_hash(wanted.table, row)
                    if one in wanted.needles:
                        found.setdefault(one, Origin(file.name, document.line))
        file.close()
    return found


def _rows(forge: Forge, document: Any, table: str) -> Iterator[Mapping[str, Any]]:
    for entry in entries(document, forge.place):
        with suppress(Unusable):
            request = forge.read(entry)
            yield from [request.row] if table == "pull_requests" else request.commits


github = partial(_find, GITHUB)
gitlab = partial(_find, GITLAB)
