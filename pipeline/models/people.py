"""The one person of a session, and of a name."""

import ibis
from ibis import _

from pipeline.models.expressions import looked_up

ACCOUNT = 2  # `name_rank` of an account. An address, which ranks before it, is a person and nobody's alias.


def best_named(stg_session_developers: ibis.Table) -> ibis.Table:
    """One row per session: the best kind of name, of that the most frequent, ties alphabetical."""
    order = [_.name_rank, _.votes.desc(), _.developer_id]
    ranked = stg_session_developers.mutate(nth=ibis.row_number().over(group_by="session_id", order_by=order))
    return ranked.filter(_.nth == 0).drop("nth")


def by_best_name(table: ibis.Table, stg_developer_aliases: ibis.Table) -> ibis.Table:
    """A table with everybody's best known name as `developer_id`."""
    return looked_up(table, "developer_id", stg_developer_aliases, "alias", "developer_id")
