"""Commits in repositories."""

import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from pipeline.errors import IngestError
from pipeline.ingest.git.repository import Repository
from pipeline.ingest.origins.origin import Origin, Wanted

NAME = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def find(inputs: Collection[str], wanted: Wanted) -> dict[str, Origin]:
    """The first repository that has the commit of each record."""
    commits = {key: commit.decode() for key, commit in wanted.needles.items()}
    found: dict[str, Origin] = {}
    for place in inputs:
        with suppress(IngestError):
            repository = Repository(Path(place).expanduser())
            there = repository.present([name for name in commits.values() if NAME.fullmatch(name)])
            for key, commit in commits.items():
                if commit in there:
                    found.setdefault(key, Origin(place))
    return found
