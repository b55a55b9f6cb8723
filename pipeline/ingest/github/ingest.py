"""Pull requests, as GitHub's own command line tool writes them → raw.pull_requests.

Read is what `gh api graphql --paginate` writes for our query, pages one after the other or, with
`--slurp`, in a list; and what `gh pr list --json …` writes. No credentials are needed here, and no network.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.errors import IngestError
from pipeline.ingest.documents import read_documents
from pipeline.ingest.files import InputFile
from pipeline.ingest.github.query import COMMANDS, PAGE
from pipeline.ingest.github.requests import PullRequest, Unusable, pull_request
from pipeline.ingest.landing.each_file import land_each_file
from pipeline.ingest.landing.landing import IngestResult, Landing

if TYPE_CHECKING:
    from pipeline.engines.base import Engine
    from pipeline.privacy.pseudonyms import Pseudonyms


@dataclass(frozen=True)
class Forge:
    """Where pull requests come from.

    Attributes:
        name: as people write it.
        calls_them: what it calls the requests.
        place: where its GraphQL API's answer has them.
        read: what reads one.
        commands: what writes them to a file.
    """

    name: str
    calls_them: str
    place: tuple[str, ...]
    read: Callable[[Any], PullRequest]
    commands: str


GITHUB = Forge(
    "GitHub", "pull requests", ("data", "repository", "pullRequests", "nodes"), pull_request, COMMANDS
)


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
    return land_requests(engine, "github", GITHUB, paths, pseudonyms)


def land_requests(
    engine: "Engine", source: str, forge: Forge, paths: Sequence[str], pseudonyms: "Pseudonyms | None"
) -> IngestResult:
    """Land requests that a forge tells of; see `ingest_github`."""
    with Landing(engine, source, paths, pseudonyms) as landing:
        wrong = land_each_file(landing, paths, partial(_ingest_file, landing, forge))
    if wrong:
        raise IngestError(
            f"{wrong} Give files with {forge.calls_them}, as this writes them:\n{forge.commands}"
        )
    return landing.result


def _ingest_file(landing: Landing, forge: Forge, file: InputFile) -> str | None:
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
            for entry in entries(document.value, forge.place):
                try:
                    request = forge.read(entry)
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
    _say_what_is_short(landing, forge, file.name, cut, missing)
    if bad and not recognised:
        return f"{file.name}: {bad[0][1]}"
    if not recognised:
        landing.warn(f"{file.name} holds no {forge.calls_them}.")
    return None


def _say_what_is_short(
    landing: Landing, forge: Forge, name: str, cut: Counter[str], missing: Counter[str]
) -> None:
    for part, number in sorted(cut.items()):
        landing.warn(
            f"{name}: {forge.name} tells at most {PAGE} {part} of a request at once, and {number:,} may have"
            " more: those beyond are not counted."
        )
    for part, number in sorted(missing.items()):
        landing.warn(
            f"{name}: the {part} of {number:,} {forge.calls_them} were not asked for; they stay unknown."
        )


def entries(document: Any, place: tuple[str, ...]) -> Iterator[Any]:
    """The objects of a document that each stand for a request, in whatever they are wrapped.

    What the forge says beside the requests of a page, or in their place, is one of them: `{"errors": [...]}`.
    """
    waiting = [document]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(reversed(item))
        elif isinstance(item, dict) and (page := _page(item, place)) is not None:
            if item.get("errors"):
                waiting.append({"errors": item["errors"]})
            waiting.append(page)
        else:
            yield item


def _page(item: dict[str, Any], place: tuple[str, ...]) -> list[Any] | None:
    """The requests of an answer of the GraphQL API; None where the object is none."""
    found: Any = item
    for name in place:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, list) else None
