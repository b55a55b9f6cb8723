"""Which names were found to be the same person's."""

import ibis
from ibis import _


def identity_aliases(stg_developer_aliases: ibis.Table) -> ibis.Table:
    """One row per alias that sessions tell: whose it is, of which kind, and how many sessions say so.

    The identity map (`seeds/identities.csv`) overrules what is found here.
    """
    kinds = [(2, "account"), (3, "install")]
    return stg_developer_aliases.select(
        "alias",
        "developer_id",
        kind=_.name_rank.cases(*kinds, else_="address"),
        sessions=_.sessions,
    )
