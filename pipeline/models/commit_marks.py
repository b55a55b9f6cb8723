"""The marks that agents leave on commits: authors, trailers, footers; and the model that a trailer names."""

import ibis
import ibis.expr.types as ir

from pipeline.agents import AGENTS
from pipeline.agents.marks import HELPED, MODEL, OTHER_AGENT, in_order, mark_of, models_signed
from pipeline.models.expressions import UNKNOWN, canonical_agent, canonical_model

SIGNING = in_order(AGENTS.values())


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
