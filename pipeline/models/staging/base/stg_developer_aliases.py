"""Other names of people, as sessions tell them."""

import ibis
from ibis import _

from pipeline.models.people import ACCOUNT, best_named


def whose(pairs: ibis.Table) -> ibis.Table:
    """One row per alias that stands beside one person alone."""
    people = pairs.group_by("alias", "name_rank").agg(
        people=_.person.nunique(), person=_.person.min(), sessions=_.sessions.sum()
    )
    return people.filter(_.people == 1).drop("people")


def stg_developer_aliases(stg_session_developers: ibis.Table) -> ibis.Table:
    """One row per name that stands beside a better one in some session, always of the same person.

    An install's hash beside an account or an address is its owner's; an account beside an address likewise. A
    name that stands beside several people, such as a shared machine's, is nobody's alias.
    """
    best = best_named(stg_session_developers).select("session_id", _person="developer_id", _rank="name_rank")
    beside = stg_session_developers.inner_join(best, "session_id").filter(
        _.name_rank >= ACCOUNT, _.name_rank > _._rank
    )
    pairs = beside.group_by(alias=_.developer_id, name_rank=_.name_rank, person=_._person).agg(
        sessions=_.count()
    )
    # A hash beside an account is the person's whose account it is.
    owners = whose(pairs).select(_account="alias", _owner="person")
    owned = pairs.left_join(owners, pairs.person == owners._account)
    found = whose(owned.mutate(person=ibis.coalesce(owned._owner, owned.person)))
    return found.select("alias", developer_id=_.person, name_rank=_.name_rank, sessions=_.sessions)
