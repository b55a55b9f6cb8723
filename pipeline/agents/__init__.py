"""Everything that is known about one agent only, in one room per agent.

A room is a file, or a folder with a reader of transcripts:

    acme.py                     AGENT = Agent("acme", "Acme", …)
    acme/__init__.py            the same
    acme/transcripts.py         is_record, is_file, events: see `pipeline.agents.events.Reader`;
                                and read, tell, if its files are many: `PartReader`

Whatever module here defines `AGENT` is an agent; nothing lists them. Models, seeds and ingests are views of
all rooms. To add an agent, add its room and its tests, then write the seeds:
`python -m pipeline.seeds.agents`.

* `declaration`: what an agent says of itself; `conventions`: what is nobody's alone;
* `events`: the words that readers of transcripts speak.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from pipeline.agents.conventions import CONVENTIONS
from pipeline.agents.declaration import Agent

if TYPE_CHECKING:
    from pipeline.agents.events import Reader


def _discover() -> dict[str, Agent]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = {name: importlib.import_module(f"{__name__}.{name}") for name in names}
    return {name: module.AGENT for name, module in modules.items() if hasattr(module, "AGENT")}


# By name, in the same order in every process.
AGENTS: Mapping[str, Agent] = _discover()

# As whom agents commit, or are named as co-authors.
EMAILS = frozenset(email for agent in AGENTS.values() for email in agent.marks.emails)

# Of several attributes that say the same, what everybody calls it counts first.
TELEMETRY = (*CONVENTIONS, *(agent.telemetry for agent in AGENTS.values()))


class Readers(Mapping[str, "Reader"]):
    """The readers of transcripts, by agent; each is imported when it is asked for."""

    def __init__(self) -> None:
        self._names = [name for name in AGENTS if _is_package(name) and find_spec(_module(name))]

    def __getitem__(self, name: str) -> "Reader":
        if name not in self._names:
            raise KeyError(name)
        return cast("Reader", importlib.import_module(_module(name)))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def readers() -> Mapping[str, "Reader"]:
    """The readers of transcripts, by agent."""
    return Readers()


def _module(name: str) -> str:
    return f"{__name__}.{name}.transcripts"


def _is_package(name: str) -> bool:
    spec = find_spec(f"{__name__}.{name}")
    return spec is not None and spec.submodule_search_locations is not None
