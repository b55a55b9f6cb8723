"""What the marks of agents on commits look like: regular expressions over names, addresses and messages.

Texts are in lower case, and a line break stands before and after each line. The words of the expressions
are those that every engine has, and Python.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipeline.agents.declaration import Agent

# Trailers that say that a machine helped. Linux asks for `Assisted-by: AGENT:MODEL [TOOL] [TOOL]`, where the
# tools are analysers (docs.kernel.org/process/coding-assistants.html); others write `MODEL via AGENT`,
# `AGENT (MODEL)`, `AGENT, MODEL`, or one of both alone.
HELPED = "\n *(assisted|generated)-by: *"
SIGNED = "\n *(co-authored|assisted|generated)-by: *"
WORDS = "[a-z][a-z0-9 ._+-]*"
# What may follow an agent's name. No address: `Devin <devin@example.com>` may be a person.
ENDS = "(\n|:|\\(|\\[|,|/)"
# Makers' names for their models. With a number it is a model, without one it may be a person's name.
MAKERS = (
    "claude",
    "composer",
    "deepseek",
    "gemini",
    "glm",
    "gpt",
    "grok",
    "kimi",
    "llama",
    "mistral",
    "qwen",
)
MODEL = f"({'|'.join(MAKERS)})[ -][^\n<(,:]*[0-9][^\n<(,:]*"
OTHER_AGENT = f"\n *assisted-by: *({WORDS}):[a-z0-9]"

# Where each kind of mark stands; `{}` is the mark.
KINDS = {
    "email": ["^[^\n]*\n{}\n", f"{SIGNED}[^\n]*<{{}}>"],
    "author_name": ["^[^\n]*{}\n"],
    "line": ["\n *{}"],
    "footer": ["\n[^a-z0-9\n]*generated (with|by) \\[?{} *(\n|\\(|\\])"],
}
# Stands for a project's own mark in a text, which is in lower case: so no mark is read as an expression.
MARK = "MARK"


class OwnMark(NamedTuple):
    """A mark that a project has added, in lower case; its kind is one of `KINDS`."""

    agent_type: str
    kind: str
    mark: str


def _literal(text: str) -> str:
    """`text` as a regular expression in the words that every engine has."""
    return re.sub(r"[][.+*?(){}|^$]", r"\\\g<0>", text)


def _any(texts: Iterable[str]) -> str:
    return "(" + "|".join(map(_literal, texts)) + ")"


def _spelled(names: Iterable[str]) -> str:
    """Names, however their words are joined."""
    return "(" + "|".join(name.replace("_", "[ _-]?") for name in sorted(names)) + ")"


def mark_of(agent: Agent) -> str:
    """What an agent's mark looks like in the author's name, address and the message, a line each."""
    marks = agent.marks
    names = {agent.name, *agent.aliases, re.sub("[^a-z0-9]+", "_", agent.display.lower())}
    patterns = [
        f"{HELPED}{_spelled(names)} *{ENDS}",
        f"{HELPED}[^\n]* via {_spelled(names)} *(\n|<|\\()",
        # `pi 0.52.12`; but `Claude 4.5` is a model.
        f"\n *generated-by: *{_spelled(names - set(MAKERS))} v?[0-9]",
    ]
    declared = {
        "email": marks.emails,
        "author_name": marks.author_names,
        "line": marks.lines,
        "footer": marks.footers,
    }
    for kind, places in KINDS.items():
        if declared[kind]:
            patterns += [place.replace("{}", _any(declared[kind])) for place in places]
    return "|".join(f"({pattern})" for pattern in patterns)


def own_mark(kind: str) -> str:
    """Where a project's own mark of one kind stands, in a text in which `MARK` stands for it."""
    return "|".join(f"({place.replace('{}', MARK)})" for place in KINDS[kind])


def own_agent(text: str, marks: Iterable[OwnMark]) -> str | None:
    """The agent that a project's own marks find in a text in lower case; of several the first by name."""
    found = (
        mark.agent_type
        for mark in marks
        if mark.mark in text and re.search(own_mark(mark.kind), text.replace(mark.mark, MARK))
    )
    return min(found, default=None)


def in_order(agents: Iterable[Agent]) -> list[Agent]:
    """Agents in the order of their marks: of several on one commit the first counts."""
    return sorted(agents, key=lambda agent: (agent.marks.rank, agent.name))


def models_signed(agents: Sequence[Agent]) -> list[tuple[str, int]]:
    """Where a message names the model: of these, and of their groups, the first that says something."""
    emails = _any(email for agent in agents for email in agent.marks.emails)
    footers = _any(footer for agent in agents for footer in agent.marks.footers)
    return [
        (f"{HELPED}{WORDS}:([a-z0-9][^\n<@]*)(\n|<)", 2),
        (f"{HELPED}([^\n<]*[^\n< ]) via ", 2),
        (f"{HELPED}({MODEL})", 2),
        (f"{HELPED}{WORDS}[(,/] *([a-z0-9][^\n<)]*[0-9][^\n<)]*)", 2),
        (f"\n *co-authored-by: *({MODEL})[^\n<]*<{emails}>", 1),
        ("\n *co-authored-by: *aider \\(([^\n)]+)\\) *<", 1),
        (f"\n[^a-z0-9\n]*generated (with|by) {footers} \\(([^\n):/]*[0-9][^\n):/]*)\\)", 3),
    ]
