"""The marks that agents leave on commits: authors, trailers, footers; and the model that a trailer names."""

import ibis
import ibis.expr.types as ir
from ibis import _

from pipeline.agents import AGENTS
from pipeline.agents.marks import (
    HELPED,
    KINDS,
    MARK,
    MODEL,
    OTHER_AGENT,
    in_order,
    mark_of,
    models_signed,
    own_mark,
)
from pipeline.models.expressions import UNKNOWN, canonical_agent, canonical_model, once

SIGNING = in_order(AGENTS.values())


def signed(commits: ibis.Table, commit_marks: ibis.Table) -> ibis.Table:
    """One row per commit: `commit_hash`, `signing_agent` and `signed_model`, NULL where no mark names one.

    The project's own marks come before those that we know of.
    """
    # Steps of their own: else every agent's mark would make the text again, and every use of a model find it.
    texts = commits.select("commit_hash", text=once(signed_text(commits)))
    known = texts.select(
        "commit_hash", known_agent=once(signing_agent(_.text)), written_model=once(written_model(_.text))
    )
    marked = known.left_join(own_agents(texts, commit_marks), "commit_hash")
    return marked.select(
        "commit_hash",
        signing_agent=ibis.coalesce(_.own_agent, _.known_agent),
        signed_model=canonical_model(
            ibis.ifelse(
                _.written_model.startswith("claude"), _.written_model.replace(".", "-"), _.written_model
            )
        ),
    )


def signed_text(commit: ibis.Table) -> ir.StringValue:
    """The author's name, address and the message, a line each, in lower case."""
    name, email, message = commit.author_name, commit.author_email, commit.commit_message
    text = name.fill_null("") + "\n" + email.fill_null("") + "\n" + message.fill_null("") + "\n"
    return text.lower()


def own_agents(texts: ibis.Table, commit_marks: ibis.Table) -> ibis.Table:
    """One row per commit that bears a mark of the project's own: `commit_hash` and `own_agent`.

    A mark is compared as it is, not as an expression. Of several agents the first by name counts.
    """
    marks = commit_marks.select("agent_type", "kind", mark=commit_marks.mark.lower())
    pairs = texts.inner_join(marks, texts.text.contains(marks.mark))
    text = pairs.text.replace(pairs.mark, MARK)
    found = pairs.filter(
        ibis.cases(*((pairs.kind == kind, text.re_search(own_mark(kind))) for kind in KINDS), else_=False)
    )
    return found.group_by("commit_hash").agg(own_agent=_.agent_type.min())


def signing_agent(text: ir.StringValue) -> ir.StringValue:
    """The agent whose mark a text bears, or NULL; of several, the one of the lowest rank.

    An agent that we do not know is the word before the model (`Assisted-by: Acme Coder:model-1` is
    `acme_coder`); where a trailer names a model alone, it is `unknown`.
    """
    other = text.re_extract(OTHER_AGENT, 1).nullif("").nullif("mailto")
    return ibis.cases(
        *((text.re_search(mark_of(agent)), agent.name) for agent in SIGNING),
        (other.notnull(), canonical_agent(other.strip())),
        (text.re_search(HELPED + MODEL), UNKNOWN),
    )


def written_model(text: ir.StringValue) -> ir.StringValue:
    """The model that a trailer or a footer names, as it is written there, or NULL."""
    named = ibis.coalesce(
        *(text.re_extract(pattern, group).nullif("") for pattern, group in models_signed(SIGNING))
    )
    # The tools of the kernel's form, and who serves the model.
    model = named.re_replace(" *\\[.*", "").strip()
    return model.re_replace("^(aws|azure|bedrock|vertex) ", "").re_replace(" +", "-")
