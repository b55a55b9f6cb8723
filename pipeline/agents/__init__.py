"""Everything that is known about one agent only, in one room per agent.

A room is a file, or a folder with a reader of transcripts:

    acme.py                     AGENT = Agent("acme", "Acme", …)
    acme/__init__.py            the same
    acme/transcripts.py         is_record, is_file, events: see `pipeline.agents.events.Reader`;
                                and read, tell, if its files are many: `PartReader`

Whatever module here, or in the `agents` of a plugin or of the project that this process works in, defines
`AGENT` is an agent; nothing lists them. Models, seeds and ingests are views of
all rooms. To add an agent, add its room and its tests, then write the seeds:
`python -m pipeline.seeds.agents`.

* `declaration`: what an agent says of itself; `conventions`: what is nobody's alone;
* `events`: the words that readers of transcripts speak.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pipeline.agents.conventions import CONVENTIONS
from pipeline.agents.declaration import Agent
from pipeline.errors import ModelError
from pipeline.extensions import Extension, digest_of_agents, extensions, in_words

if TYPE_CHECKING:
    from pipeline.agents.events import Reader


def _shipped() -> dict[str, Agent]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = {name: importlib.import_module(f"{__name__}.{name}") for name in names}
    return {name: module.AGENT for name, module in modules.items() if hasattr(module, "AGENT")}


def _added(shipped: Mapping[str, Agent]) -> Iterator[tuple[str, Agent, str]]:
    """Name, declaration and package of each agent of the extensions."""
    known = {name: f"pipeline/agents/{name}" for name in shipped}
    for extension in EXTENSIONS:
        for file in rooms_of(extension):
            name, agent = _read(extension, file)
            shown = extension.shown(file)
            if name in known:
                raise ModelError(
                    f"Two agents are called {name}: {known[name]} and {shown}. Rename one of them."
                )
            known[name] = shown
            yield name, agent, f"{extension.package}.agents"


def rooms_of(extension: Extension) -> Iterator[Path]:
    """The file of each agent of an extension."""
    room = extension.folder / "agents"
    for file in extension.files("agents"):
        if (file.parent.parent if file.name == "__init__.py" else file.parent) == room:
            yield file


def _read(extension: Extension, file: Path) -> tuple[str, Agent]:
    shown = extension.shown(file)
    name = file.parent.name if file.name == "__init__.py" else file.stem
    agent = getattr(extension.load(file), "AGENT", None)
    if not isinstance(agent, Agent) or agent.name != name:
        raise ModelError(
            f"{shown} declares no agent that is called like its file: AGENT is to be Agent({name!r}, …)."
        )
    return name, agent


# What this process works with: agents are known before anything is read or compiled.
EXTENSIONS = extensions(Path.cwd())
EXTENDED_BY = digest_of_agents(EXTENSIONS)

_SHIPPED = _shipped()
_ADDED = {name: (agent, package) for name, agent, package in _added(_SHIPPED)}

# Those that are not shipped, and all of them; by name, in the same order in every process.
ADDED: dict[str, Agent] = {name: agent for name, (agent, _) in sorted(_ADDED.items())}
AGENTS: Mapping[str, Agent] = dict(sorted((_SHIPPED | ADDED).items()))

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
        try:
            return cast("Reader", importlib.import_module(_module(name)))
        except Exception as error:  # whatever somebody's code raises
            if name not in ADDED:
                raise
            raise ModelError(
                f"The transcripts of {name} cannot be read: {in_words(error)}."
                f" Mend agents/{name}/transcripts.py."
            ) from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def readers() -> Mapping[str, "Reader"]:
    """The readers of transcripts, by agent."""
    return Readers()


def _module(name: str) -> str:
    return f"{_package(name)}.{name}.transcripts"


def _package(name: str) -> str:
    return _ADDED[name][1] if name in _ADDED else __name__


def _is_package(name: str) -> bool:
    spec = find_spec(f"{_package(name)}.{name}")
    return spec is not None and spec.submodule_search_locations is not None
