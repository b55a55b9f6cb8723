"""Merge requests, as GitLab's own command line tool writes them → raw.pull_requests.

Read is what `glab api graphql --paginate` writes for our query, pages one after the other; and what `glab mr
list --output json` and the REST API write. No credentials are needed here, and no network.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.ingest.github.ingest import Forge, land_requests
from pipeline.ingest.gitlab.query import COMMANDS
from pipeline.ingest.gitlab.requests import merge_request
from pipeline.ingest.landing.landing import IngestResult

if TYPE_CHECKING:
    from pipeline.engines.base import Engine
    from pipeline.privacy.pseudonyms import Pseudonyms

GITLAB = Forge(
    "GitLab", "merge requests", ("data", "project", "mergeRequests", "nodes"), merge_request, COMMANDS
)


def ingest_gitlab(
    engine: "Engine", paths: Sequence[str], *, pseudonyms: "Pseudonyms | None" = None
) -> IngestResult:
    """Land merge requests, each version of one once.

    Args:
        engine: an open engine.
        paths: files, folders, globs or `-` for standard input; plain or compressed.
        pseudonyms: what lands instead of people; None lets them be.

    Raises:
        IngestError: a path is missing, unreadable or holds no merge requests, and no other has some.
            What was put aside stands in `meta.quarantine` all the same.
    """
    return land_requests(engine, "gitlab", GITLAB, paths, pseudonyms)
