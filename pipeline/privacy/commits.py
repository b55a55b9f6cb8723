"""What stays of commits: which agent helped, with which model, in which session; never what was said."""

import json
import re
from collections.abc import Sequence
from functools import cache

from pipeline.agents import AGENTS, EMAILS
from pipeline.agents.marks import (
    HELPED,
    MAKERS,
    MODEL,
    OTHER_AGENT,
    OwnMark,
    in_order,
    mark_of,
    models_signed,
    own_agent,
)
from pipeline.privacy.pseudonyms import UNKNOWN, Pseudonyms

# As models read a git-ai note.
_NOTED = {key: re.compile(rf'"agent_id"[^}}]*"{key}" *: *"([^"]+)"') for key in ("id", "tool")}
# What may be the name of a model: `claude opus 4.6`, `accounts/fireworks/models/kimi-k2p6`.
_MODEL_NAME = re.compile(r"(?=.*\d)[a-z0-9][a-z0-9 ._:/+-]{0,79}")
_PERSON_IN_TRAILER = re.compile(r"\n *[a-z-]+-by: *([^\n<]*)<([^>\n]*)>")
_SPELLED = re.compile("[-. /:|]")  # as models read it, `_` stands for these in an agent's name
_LETTERS = re.compile(r"[^\W\d_]{3,}")


@cache
def _marks() -> list[tuple[str, re.Pattern[str]]]:
    return [(agent.name, re.compile(mark_of(agent))) for agent in in_order(AGENTS.values())]


@cache
def _models() -> list[tuple[re.Pattern[str], int]]:
    return [(re.compile(pattern), group) for pattern, group in models_signed(in_order(AGENTS.values()))]


def message(
    message: str | None, name: str | None, email: str | None, marks: Sequence[OwnMark] = ()
) -> str | None:
    """A message that names the same agent and the same model as a commit's own, and nothing else.

    An agent that neither the package nor the project's own `marks` know is `unknown`: its name may be
    anybody's.
    """
    if message is None:
        return None
    body = f"\n{message}\n".lower()
    text = f"{(name or '').lower()}\n{(email or '').lower()}{body}"
    own = {mark.agent_type for mark in marks}
    other = re.search(OTHER_AGENT, text)
    agent = own_agent(text, marks) or next((agent for agent, mark in _marks() if mark.search(text)), None)
    if agent is None and other and (named := _SPELLED.sub("_", other[1].strip())) in own:
        agent = named
    is_other = (other and other[1] != "mailto") or re.search(HELPED + MODEL, text)
    if agent is None and not is_other:
        return ""
    model = _model(body, name)
    if agent is not None and agent not in AGENTS:
        # With a model, any agent's trailer is understood.
        return f"Assisted-by: {agent}:{model or UNKNOWN}"
    if agent is None:
        return f"Assisted-by: {UNKNOWN}:{model or UNKNOWN}"
    return f"Assisted-by: {agent}:{model}" if model else f"Assisted-by: {agent}"


def _model(body: str, author: str | None) -> str | None:
    """The model that a message names, unless a word of it is one of somebody's name."""
    named = next((found[group] for pattern, group in _models() if (found := pattern.search(body))), "")
    named = re.sub(r" *\[.*", "", named).strip()
    others = [name for name, email in _PERSON_IN_TRAILER.findall(body) if not _is_agent(email)]
    names = {word for name in (author or "", *others) for word in _LETTERS.findall(name.lower())} - {*MAKERS}
    if not _MODEL_NAME.fullmatch(named) or names & {*_LETTERS.findall(named)}:
        return None
    return named


def _is_agent(email: str) -> bool:
    return email in EMAILS


def note(note: str | None, pseudonyms: Pseudonyms) -> str | None:
    """A git-ai note that names the same session and agent."""
    found = {key: pattern.search(note or "") for key, pattern in _NOTED.items()}
    named = {key: match[1] for key, match in found.items() if match}
    if not named:
        return None
    told = {key: pseudonyms.word(value) for key, value in named.items() if key == "tool"}
    if "id" in named:
        told["id"] = pseudonyms.identifier(named["id"])
    return json.dumps({"agent_id": told})


def project(project: str | None, pseudonyms: Pseudonyms) -> str | None:
    """A repository whose owner, who may be a person, has a pseudonym."""
    if not project:
        return project
    owner, slash, name = project.rpartition("/")
    return f"{pseudonyms.person(owner)}/{pseudonyms.word(name)}" if slash else pseudonyms.word(name)
