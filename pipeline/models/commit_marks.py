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


def signed_text(
    author_email: ir.StringValue, message: ir.StringValue, author_name: ir.StringValue | None = None
) -> ir.StringValue:
    """The author's name, address and the message, a line each, in lower case."""
    name = "" if author_name is None else author_name.fill_null("")
    return (name + "\n" + author_email.fill_null("") + "\n" + message.fill_null("") + "\n").lower()


def own_agents(commits: ibis.Table, commit_marks: ibis.Table) -> ibis.Table:
    """One row per commit that bears a mark of the project's own: `commit_hash` and `own_agent`.

    A mark is compared as it is, not as an expression. Of several agents the first by name counts.
    """
    texts = commits.select(
        "commit_hash", text=once(signed_text(_.author_email, _.commit_message, _.author_name))
    )
    marks = commit_marks.select("agent_type", "kind", mark=commit_marks.mark.lower())
    pairs = texts.inner_join(marks, texts.text.contains(marks.mark))
    text = pairs.text.replace(pairs.mark, MARK)
    found = pairs.filter(
        ibis.cases(*((pairs.kind == kind, text.re_search(own_mark(kind))) for kind in KINDS), else_=False)
    )
    return found.group_by("commit_hash").agg(own_agent=_.agent_type.min())


def signing_agent(
    author_email: ir.StringValue, message: ir.StringValue, author_name: ir.StringValue | None = None
) -> ir.StringValue:
    """The agent whose mark a commit bears, or NULL; of several, the one of the lowest rank.

    An agent that we do not know is the word before the model (`Assisted-by: Acme Coder:model-1` is
    `acme_coder`); where a trailer names a model alone, it is `unknown`.
    """
    text = signed_text(author_email, message, author_name)
    other = text.re_extract(OTHER_AGENT, 1).nullif("").nullif("mailto")
    return ibis.cases(
        *((text.re_search(mark_of(agent)), agent.name) for agent in SIGNING),
        (other.notnull(), canonical_agent(other.strip())),
        (text.re_search(HELPED + MODEL), UNKNOWN),
    )


def signed_model(message: ir.StringValue) -> ir.StringValue:
    """The model that a trailer or a footer names, by its canonical name, or NULL."""
    text = ("\n" + message.fill_null("") + "\n").lower()
    named = ibis.coalesce(
        *(text.re_extract(pattern, group).nullif("") for pattern, group in models_signed(SIGNING))
    )
    # The tools of the kernel's form, and who serves the model.
    model = named.re_replace(" *\\[.*", "").strip()
    model = model.re_replace("^(aws|azure|bedrock|vertex) ", "").re_replace(" +", "-")
    return canonical_model(ibis.ifelse(model.startswith("claude"), model.replace(".", "-"), model))
