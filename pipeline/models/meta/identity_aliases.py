"""Which names were found to be the same person's."""

import ibis
from ibis import _

from pipeline.models.people import ACCOUNT


def identity_aliases(stg_developer_aliases: ibis.Table) -> ibis.Table:
    """One row per alias that sessions tell: whose it is, of which kind, and how many sessions say so.

    The identity map (`seeds/identities.csv`) overrules what is found here.
    """
    return stg_developer_aliases.select(
        "alias",
        "developer_id",
        kind=ibis.ifelse(_.name_rank == ACCOUNT, "account", "install"),
        sessions=_.sessions,
    )
