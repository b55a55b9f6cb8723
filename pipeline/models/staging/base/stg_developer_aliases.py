"""Other names of people, as sessions tell them."""

import ibis
from ibis import _

from pipeline.models.people import best_named


def stg_developer_aliases(stg_session_developers: ibis.Table) -> ibis.Table:
    """One row per name that stands beside a better one in some session, always of the same person.

    An install's hash beside an account or an address is its owner's; an account beside an address likewise. A
    name that stands beside several people, such as a shared machine's, is nobody's alias.
    """
    best = best_named(stg_session_developers).select("session_id", _person="developer_id", _rank="name_rank")
    beside = stg_session_developers.inner_join(best, "session_id").filter(_.name_rank > _._rank)
    aliases = (
        beside.group_by(alias=_.developer_id, name_rank=_.name_rank)
        .agg(people=_._person.nunique(), developer_id=_._person.min(), sessions=_.count())
        .filter(_.people == 1)
        .drop("people")
    )
    # A hash beside an account that stands beside an address elsewhere.
    above = aliases.view().select(_alias="alias", _above="developer_id")
    chained = aliases.left_join(above, aliases.developer_id == above._alias)
    return chained.select(
        "alias",
        developer_id=ibis.coalesce(_._above, _.developer_id),
        name_rank=_.name_rank,
        sessions=_.sessions,
    )
