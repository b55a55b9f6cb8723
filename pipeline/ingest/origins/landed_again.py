"""Records that a file tells as a whole, such as lines of bills: files are landed once more, one by one."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import partial

from pipeline.engines import connect
from pipeline.errors import IngestError
from pipeline.ingest.billing.ingest import ingest_billing
from pipeline.ingest.copilot.ingest import ingest_copilot
from pipeline.ingest.files import find_files
from pipeline.ingest.origins.origin import Origin, Wanted

Ingest = Callable[..., object]


def _find(ingest: Ingest, inputs: Collection[str], wanted: Wanted) -> dict[str, Origin]:
    """The file of each record; of one that several files make together, all files of the ingest."""
    sources, _ = find_files([given for given in inputs if given != "-"], lambda message: None)
    files = [source.name for source in sources]
    found: dict[str, Origin] = {}
    for account in wanted.accounts:
        for file in files:
            for one in _landed(ingest, [file], account, wanted):
                found.setdefault(one, Origin(file))
        if len(found) < len(wanted.needles) and len(files) > 1:
            for one in _landed(ingest, files, account, wanted):
                found.setdefault(one, Origin(", ".join(files)))
    return found


def _landed(ingest: Ingest, files: Sequence[str], account: str | None, wanted: Wanted) -> set[str]:
    """Those of the records that files bring."""
    with connect(":memory:") as engine:
        with suppress(IngestError):
            ingest(engine, files, account=account)
        if wanted.table not in engine.shapes("raw"):
            return set()
        rows = engine.fetch(f"SELECT record_hash FROM {engine.name('raw', wanted.table)}")
        return wanted.needles.keys() & {one for (one,) in rows}


bills = partial(_find, ingest_billing)
seats = partial(_find, ingest_copilot)
