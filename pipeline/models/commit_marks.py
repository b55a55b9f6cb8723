"""The marks that agents leave on commits: authors, trailers, footers; and the model that a trailer names."""

import re
from collections.abc import Iterable

import ibis
import ibis.expr.types as ir

from pipeline.agents import AGENTS
from pipeline.agents.declaration import Agent
from pipeline.models.expressions import UNKNOWN, canonical_agent, canonical_model

# Of several on one commit the first counts.
SIGNING = sorted(AGENTS.values(), key=lambda agent: (agent.marks.rank, agent.name))

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


def _literal(text: str) -> str:
    """`text` as a regular expression in the words that every engine has."""
    return re.sub(r"[][.+*?(){}|^$]", r"\\\g<0>", text)


def _any(texts: Iterable[str]) -> str:
    return "(" + "|".join(map(_literal, texts)) + ")"


def _spelled(names: Iterable[str]) -> str:
    """Names, however their words are joined."""
    return "(" + "|".join(name.replace("_", "[ _-]?") for name in sorted(names)) + ")"


def _pattern(agent: Agent) -> str:
    """What an agent's mark looks like in the author's name, address and the message, a line each."""
    marks = agent.marks
    names = {agent.name, *agent.aliases, re.sub("[^a-z0-9]+", "_", agent.display.lower())}
    patterns = [
        f"{HELPED}{_spelled(names)} *{ENDS}",
        f"{HELPED}[^\n]* via {_spelled(names)} *(\n|<|\\()",
        # `pi 0.52.12`; but `Claude 4.5` is a model.
        f"\n *generated-by: *{_spelled(names - set(MAKERS))} v?[0-9]",
    ]
    if marks.emails:
        patterns += [f"^[^\n]*\n{_any(marks.emails)}\n", f"{SIGNED}[^\n]*<{_any(marks.emails)}>"]
    if marks.author_names:
        patterns.append(f"^[^\n]*{_any(marks.author_names)}\n")
    if marks.lines:
        patterns.append(f"\n *{_any(marks.lines)}")
    if marks.footers:
        patterns.append(f"\n[^a-z0-9\n]*generated (with|by) \\[?{_any(marks.footers)} *(\n|\\(|\\])")
    return "|".join(f"({pattern})" for pattern in patterns)


def signing_agent(
    author_email: ir.StringValue, message: ir.StringValue, author_name: ir.StringValue | None = None
) -> ir.StringValue:
    """The agent whose mark a commit bears, or NULL; of several, the one of the lowest rank.

    An agent that we do not know is the word before the model (`Assisted-by: Acme Coder:model-1` is
    `acme_coder`); where a trailer names a model alone, it is `unknown`.
    """
    name = "" if author_name is None else author_name.fill_null("")
    text = (name + "\n" + author_email.fill_null("") + "\n" + message.fill_null("") + "\n").lower()
    other = text.re_extract(OTHER_AGENT, 1).nullif("").nullif("mailto")
    return ibis.cases(
        *((text.re_search(_pattern(agent)), agent.name) for agent in SIGNING),
        (other.notnull(), canonical_agent(other.strip())),
        (text.re_search(HELPED + MODEL), UNKNOWN),
    )


def signed_model(message: ir.StringValue) -> ir.StringValue:
    """The model that a trailer or a footer names, by its canonical name, or NULL."""
    text = ("\n" + message.fill_null("") + "\n").lower()
    emails = _any(email for agent in SIGNING for email in agent.marks.emails)
    footers = _any(footer for agent in SIGNING for footer in agent.marks.footers)
    named = ibis.coalesce(
        *(
            text.re_extract(pattern, group).nullif("")
            for pattern, group in (
                (f"{HELPED}{WORDS}:([a-z0-9][^\n<@]*)(\n|<)", 2),
                (f"{HELPED}([^\n<]*[^\n< ]) via ", 2),
                (f"{HELPED}({MODEL})", 2),
                (f"{HELPED}{WORDS}[(,/] *([a-z0-9][^\n<)]*[0-9][^\n<)]*)", 2),
                (f"\n *co-authored-by: *({MODEL})[^\n<]*<{emails}>", 1),
                ("\n *co-authored-by: *aider \\(([^\n)]+)\\) *<", 1),
                (f"\n[^a-z0-9\n]*generated (with|by) {footers} \\(([^\n):/]*[0-9][^\n):/]*)\\)", 3),
            )
        )
    )
    # The tools of the kernel's form, and who serves the model.
    model = named.re_replace(" *\\[.*", "").strip()
    model = model.re_replace("^(aws|azure|bedrock|vertex) ", "").re_replace(" +", "-")
    return canonical_model(ibis.ifelse(model.startswith("claude"), model.replace(".", "-"), model))
