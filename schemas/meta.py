"""Meta: what the pipeline says about its own data."""

import datetime as dt

from schemas.base import Contract, column, count, share
from schemas.staging import AGENT
from schemas.vocabulary import LEFT_OUT, USAGE_SOURCES


class TelemetryCompleteness(Contract):
    """One row per agent, client version and week with requests.

    A release that silently drops a field shows as a share that falls.
    """

    agent_type: str = column(description=AGENT)
    client_version: str = column(description="Version of the agent; unknown if it does not say.")
    week: dt.date = column(description="Monday of the week.")
    requests: int = column(ge=1, description="Requests that telemetry tells of, one by one.")
    share_with_cost: float = share(description="Share of them that report a cost.")
    share_with_session: float = share(description="Share of them that name a session.")
    share_with_developer: float = share(description="Share of them that name a developer.")
    share_with_model: float = share(description="Share of them that name a model.")

    class Config:
        unique = ["agent_type", "client_version", "week"]


class UsageLeftOut(Contract):
    """One row per agent, usage source and reason.

    Nothing here is lost: the same usage counts in another form, or from another record.
    """

    agent_type: str = column(description=AGENT)
    usage_source: str = column(isin=USAGE_SOURCES, description="Where the records come from.")
    reason: str = column(isin=LEFT_OUT, description="Why they do not count.")
    records: int = column(ge=1, description="Records that do not count.")
    tokens: int = count(description="Their tokens.")

    class Config:
        unique = ["agent_type", "usage_source", "reason"]


class IdentityAliases(Contract):
    """One row per alias that sessions tell: whose it is, of which kind, and how many sessions say so.

    The identity map (`seeds/identities.csv`) overrules what is found here.
    """

    alias: str = column(description="A name that stands beside a better one of the same person.")
    developer_id: str = column(description="Whose it is.")
    kind: str = column(isin=("account", "install"), description="What the alias is.")
    sessions: int = column(ge=1, description="Sessions that tell it.")

    class Config:
        unique = ["alias"]
