"""Pull requests, as GitHub's own command line tool writes them → raw.pull_requests.

Read is what `gh api graphql --paginate` writes for our query, pages one after the other or, with
`--slurp`, in a list; and what `gh pr list --json …` writes. No credentials are needed here, and no network.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.errors import IngestError
from pipeline.ingest.documents import read_documents
from pipeline.ingest.files import InputFile
from pipeline.ingest.github.query import COMMANDS, PAGE
from pipeline.ingest.github.requests import Unusable, pull_request
from pipeline.ingest.landing.each_file import land_each_file
from pipeline.ingest.landing.landing import IngestResult, Landing

if TYPE_CHECKING:
    from pipeline.engines.base import Engine
    from pipeline.privacy.pseudonyms import Pseudonyms


def ingest_github(
    engine: "Engine", paths: Sequence[str], *, pseudonyms: "Pseudonyms | None" = None
) -> IngestResult:
    """Land pull requests, each version of one once.

    Args:
        engine: an open engine.
        paths: files, folders, globs or `-` for standard input; plain or compressed.
        pseudonyms: what lands instead of people; None lets them be.

    Raises:
        IngestError: a path is missing, unreadable or holds no pull requests, and no other has some.
            What was put aside stands in `meta.quarantine` all the same.
    """
    with Landing(engine, "github", paths, pseudonyms) as landing:
        wrong = land_each_file(landing, paths, partial(_ingest_file, landing))
    if wrong:
        raise IngestError(f"{wrong} Give files with pull requests, as this writes them:\n{COMMANDS}")
    return landing.result


def _ingest_file(landing: Landing, file: InputFile) -> str | None:
    """Land a file; what is wrong with it, if nothing in it is a pull request's."""
    recognised = False
    bad: list[tuple[int | None, str]] = []
    cut: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    try:
        for document in read_documents(file.open()):
            if document.problem:
                bad.append((document.line, document.problem))
                continue
            for entry in entries(document.value):
                try:
                    request = pull_request(entry)
                except Unusable as problem:
                    bad.append((document.line, str(problem)))
                    continue
                landing.land("pull_requests", [request.row])
                landing.land("pull_request_commits", request.commits)
                cut.update(request.cut)
                missing.update(request.missing)
                recognised = True
    except OSError as error:
        bad.append((None, f"it could not be read on: {error}"))
    finally:
        file.close()
    if not recognised:
        del bad[1:]  # one reason will do for a file of something else
    for line, reason in bad:
        landing.quarantine(file.name, line, reason)
    _say_what_is_short(landing, file.name, cut, missing)
    if bad and not recognised:
        return f"{file.name}: {bad[0][1]}"
    if not recognised:
        landing.warn(f"{file.name} holds no pull requests.")
    return None


def _say_what_is_short(landing: Landing, name: str, cut: Counter[str], missing: Counter[str]) -> None:
    for part, number in sorted(cut.items()):
        landing.warn(
            f"{name}: GitHub tells at most {PAGE} {part} of a pull request at once, and {number:,} may"
            " have more: those beyond are not counted."
        )
    for part, number in sorted(missing.items()):
        landing.warn(f"{name}: the {part} of {number:,} pull requests were not asked for; they stay unknown.")


def entries(document: Any) -> Iterator[Any]:
    """The objects of a document that each stand for a request, in whatever they are wrapped.

    What GitHub says beside the requests of a page, or in their place, is one of them: `{"errors": [...]}`.
    """
    waiting = [document]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(reversed(item))
        elif isinstance(item, dict) and (page := _page(item)) is not None:
            if item.get("errors"):
                waiting.append({"errors": item["errors"]})
            waiting.append(page)
        else:
            yield item


def _page(item: dict[str, Any]) -> list[Any] | None:
    """The requests of an answer of the GraphQL API; None where the object is none."""
    place: Any = item
    for name in ("data", "repository", "pullRequests", "nodes"):
        place = place.get(name) if isinstance(place, dict) else None
    return place if isinstance(place, list) else None
