"""What pull requests are made of: whose commits, which agent, and their parts of an amount."""

import ibis
from ibis import _

from pipeline.models.expressions import stack

# GitHub ends the subject of a squashed request with its number.
NUMBER_IN_SUBJECT = "^[^\n]*[(]#([0-9]{1,9})[)] *(\n|\r|$)"
# Of several repositories of one project each has numbers of its own.
REQUEST = ["repository", "number"]


def alone(requests: ibis.Table) -> ibis.Table:
    """The requests whose number no other repository of their project has: commits tell the project alone."""
    project = requests.project_id.lower()
    same = requests.mutate(same=_.count().over(group_by=[project, requests.number]))
    return same.filter(_.same == 1).drop("same")


def first_named(requests: ibis.Table, commits: ibis.Table) -> ibis.Table:
    """One row per request and commit: the first of its project, since it was opened, named after its number.

    What is picked to another branch later keeps its subject.
    """
    numbered = commits.select(
        "commit_hash",
        project=_.project_id.lower(),
        named=_.commit_message.re_extract(NUMBER_IN_SUBJECT, 1).nullif("").cast("int64"),
        at=ibis.coalesce(_.committed_at, _.commit_timestamp),
    )
    named = requests.inner_join(
        numbered,
        [
            requests.project_id.lower() == numbered.project,
            requests.number == numbered.named,
            requests.opened_at <= numbered["at"],
        ],
    )
    first = ibis.row_number().over(group_by=REQUEST, order_by=[named["at"], named.commit_hash])
    return named.mutate(nth=first).filter(_.nth == 0).select(*REQUEST, "commit_hash")


def by_origin(request_commits: ibis.Table, commits: ibis.Table) -> ibis.Table:
    """One row per request with commits: how many, and of these agents', people's and unknown ones."""
    counted = request_commits.filter(_.is_counted).left_join(
        commits.select("is_agent_assisted", _hash="commit_hash"), [("commit_hash", "_hash")]
    )
    return counted.group_by(*REQUEST).agg(
        commits=_.count(),
        agent_commits=_.count(where=_.is_agent_assisted),
        person_commits=_.count(where=~_.is_agent_assisted),
        unknown_commits=_.count(where=_.is_agent_assisted.isnull()),
    )


def main_agents(request_commits: ibis.Table, commits: ibis.Table, sessions: ibis.Table) -> ibis.Table:
    """One row per request with an agent: that of most commits, else of most sessions; ties alphabetical."""
    helped = commits.filter(_.agent_type.notnull()).select("agent_type", _hash="commit_hash")
    made = request_commits.inner_join(helped, [("commit_hash", "_hash")])
    votes = stack(
        made.select(*REQUEST, "agent_type", rank=ibis.literal(1, "int64")),
        sessions.select(*REQUEST, "agent_type", rank=ibis.literal(2, "int64")),
    )
    counted = votes.group_by(*REQUEST, "rank", "agent_type").agg(votes=_.count())
    order = [counted["rank"], counted.votes.desc(), counted.agent_type]
    ranked = counted.mutate(nth=ibis.row_number().over(group_by=REQUEST, order_by=order))
    return ranked.filter(_.nth == 0).select(*REQUEST, "agent_type")


def costs_by_request(parts: ibis.Table) -> ibis.Table:
    """One row per request with a part of a session: its cost, and the method of most of it."""
    by_method = parts.group_by(*REQUEST, "cost_method").agg(part=_.cost_nano_usd.sum())
    most = ibis.row_number().over(group_by=REQUEST, order_by=[_.part.desc(), _.cost_method])
    methods = by_method.mutate(nth=most).filter(_.nth == 0).select(*REQUEST, "cost_method")
    costs = parts.group_by(*REQUEST).agg(cost=_.cost_nano_usd.sum())
    return costs.inner_join(methods, REQUEST).select(*REQUEST, "cost", "cost_method")


def shared(table: ibis.Table, amount: str, whole: str, order: str | list[str]) -> ibis.Table:
    """A table with its `share`: what each row has of the `amount` that rows of one `whole` share evenly.

    In whole numbers that add up: the first in order have one more.
    """
    parts = table.mutate(
        parts=_.count().over(group_by=whole), nth=ibis.row_number().over(group_by=whole, order_by=order)
    )
    rest = parts[amount] % parts.parts
    # Of a number that can be divided: databases divide by way of floats.
    even = ((parts[amount] - rest) / parts.parts).round().cast("int64")
    return parts.mutate(share=even + ibis.ifelse(parts.nth < rest, 1, 0)).drop("parts", "nth")
