"""The marks that agents leave on commits: authors, co-author trailers, footers."""

import re

import ibis
import ibis.expr.types as ir

from pipeline.agents import AGENTS
from pipeline.agents.declaration import Marks

# Those that leave any; of several on one commit the first counts.
MARKS = {
    agent.name: agent.marks
    for agent in sorted(AGENTS.values(), key=lambda agent: (agent.marks.rank, agent.name))
    if agent.marks.emails or agent.marks.lines
}


def _literal(text: str) -> str:
    """`text` as a regular expression in the words that every engine has."""
    return re.sub(r"[][.+*?(){}|^$]", r"\\\g<0>", text)


def _pattern(marks: Marks) -> str:
    patterns = []
    if marks.emails:
        people = "|".join(map(_literal, marks.emails))
        patterns += [f"^author:({people})\n", f"\n *co-authored-by:[^\n]*<({people})>"]
    if marks.lines:
        patterns.append("\n *(" + "|".join(map(_literal, marks.lines)) + ")")
    return "|".join(f"({pattern})" for pattern in patterns)


def signing_agent(author_email: ir.StringValue, message: ir.StringValue) -> ir.StringValue:
    """The agent whose mark a commit bears, or NULL; of several, the one of the lowest rank."""
    text = "author:" + author_email.fill_null("").lower() + "\n" + message.fill_null("").lower()
    return ibis.cases(*((text.re_search(_pattern(marks)), agent) for agent, marks in MARKS.items()))
