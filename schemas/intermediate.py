"""Intermediate: sessions with their cost, commits with their agent, days with everything."""

import datetime as dt

from schemas.base import Contract, UtcTimestamp, column, count, rate
from schemas.staging import AGENT, CREATION, DAY, INPUT, MODEL, OUTPUT, READ, AgentSession
from schemas.vocabulary import ATTRIBUTION_METHODS, COMMIT_SIZES, COST_SOURCES, REQUEST_COST_METHODS

KNOWN_COST = "NULL where nothing is priced."


class IntUsageCosts(Contract):
    """One row per session (else project, or NULL), developer, agent, model, provider, day, hour: its cost.

    Money is in billionths of a US dollar, so that sums are exact.
    """

    session_id: str = column(nullable=True, description="The session; NULL if no record names it.")
    project_id: str = column(
        nullable=True, description="Without a session: the repository or project that its record names."
    )
    developer_id: str = column(description="Who used the tokens.")
    agent_type: str = column(description=AGENT)
    model_name: str = column(description=MODEL)
    provider: str = column(
        nullable=True,
        description="Who charges for it, as bills call them; NULL: none whose bills are read.",
    )
    day: dt.date = column(description=DAY)
    hour: UtcTimestamp = column(description="The hour in UTC in which it began.")
    input_tokens: int = count(description=INPUT)
    output_tokens: int = count(description=OUTPUT)
    cache_creation_tokens: int = count(description=CREATION)
    cache_read_tokens: int = count(description=READ)
    total_tokens: int = count(description="Sum of the four kinds.")
    unpriced_tokens: int = count(description="Tokens with neither reported cost nor price.")
    request_count: int = count(description="Requests known one by one.")
    unpriced_requests: int = count(description="Of these, requests with neither reported cost nor price.")
    reported_nano_usd: int = count(nullable=True, description="Cost as reported.")
    computed_nano_usd: int = count(nullable=True, description="Tokens × the price of the day, for the rest.")
    first_used_at: UtcTimestamp = column(description="First moment of the usage.")
    last_used_at: UtcTimestamp = column(description="Last moment of the usage.")
    cost_nano_usd: int = count(nullable=True, description="Reported + computed. " + KNOWN_COST)

    class Config:
        unique = [
            *("session_id", "project_id", "developer_id", "agent_type", "model_name", "provider"),
            *("day", "hour"),
        ]


class IntSessionsWithCosts(AgentSession):
    """One row per session_id: the session, its tokens and its cost."""

    input_tokens: int = count(description=INPUT)
    output_tokens: int = count(description=OUTPUT)
    cache_creation_tokens: int = count(description=CREATION)
    cache_read_tokens: int = count(description=READ)
    total_tokens: int = count(description="Sum of the four kinds.")
    session_cost_usd: float = column(nullable=True, ge=0, description="Reported + computed. " + KNOWN_COST)
    reported_cost_usd: float = column(nullable=True, ge=0, description="Cost as the agent reported it.")
    computed_cost_usd: float = column(
        nullable=True, ge=0, description="Tokens × the price of the day, where nothing was reported."
    )
    cost_source: str = column(
        nullable=True, isin=COST_SOURCES, description="Where the cost comes from; NULL without usage."
    )
    unpriced_tokens: int = count(description="Tokens with neither reported cost nor price.")
    cache_hit_rate: float = rate(description="cache_read ÷ (input + cache_creation + cache_read).")
    tokens_per_second: float = column(nullable=True, ge=0, description="Output tokens ÷ duration.")
    model_count: int = count(description="Number of models that it used.")


class IntCommitsWithAgentContext(Contract):
    """One row per commit_hash: whether an agent helped, how that is known, and its share of the session."""

    commit_hash: str = column(description="Object name of the commit.")
    developer_id: str = column(description="Who wrote it.")
    project_id: str = column(nullable=True, description="Repository or project.")
    commit_timestamp: UtcTimestamp = column(description="Author date.")
    commit_date: dt.date = column(description=DAY)
    lines_added: int = count(description="Lines added; 0 for merges.")
    lines_deleted: int = count(description="Lines deleted; 0 for merges.")
    is_agent_assisted: bool = column(description="An agent helped, as far as is known.")
    attribution_method: str = column(isin=ATTRIBUTION_METHODS, description="How that is known.")
    agent_session_id: str = column(
        nullable=True, description="The session named, else the nearest of the developer."
    )
    agent_type: str = column(nullable=True, description=AGENT + " NULL if none helped.")
    model_name: str = column(
        nullable=True, description="The session's main model; unknown without one; NULL if none helped."
    )
    seconds_after_session: float = column(
        nullable=True, ge=0, description="From the session's end; 0 while it was active."
    )
    commit_size: str = column(
        isin=COMMIT_SIZES, description="Lines added + deleted: small to 100, medium to 500, else large."
    )
    session_tokens: int = count(nullable=True, description="Tokens of the whole session.")
    session_cost_usd: float = column(nullable=True, ge=0, description="Cost of the whole session.")
    session_duration_seconds: float = column(nullable=True, ge=0, description="Duration of the session.")
    session_commits: int = column(nullable=True, ge=1, description="Commits that share the session.")
    allocated_cost_usd: float = column(nullable=True, ge=0, description="Its even share of the cost.")
    allocated_tokens: float = column(nullable=True, ge=0, description="Its even share of the tokens.")

    class Config:
        unique = ["commit_hash"]


class IntAgentDailyAggregates(Contract):
    """One row per day, developer, agent and model with any sessions, usage, assisted commits or Copilot use.

    A session counts once, on its start day, under its main model; tokens and cost count on the day and
    under the model that used them; an assisted commit on its own day.
    """

    date: dt.date = column(description=DAY)
    developer_id: str = column(description="Who.")
    agent_type: str = column(description=AGENT)
    model_name: str = column(description=MODEL)
    total_sessions: int = count(description="Sessions that started on the day, under their main model.")
    total_duration_seconds: float = column(ge=0, description="Their duration.")
    avg_duration_seconds: float = column(nullable=True, ge=0, description="Duration ÷ sessions.")
    total_input_tokens: int = count(description=INPUT)
    total_output_tokens: int = count(description=OUTPUT)
    total_cache_creation_tokens: int = count(description=CREATION)
    total_cache_read_tokens: int = count(description=READ)
    total_tokens: int = count(description="Sum of the four kinds.")
    total_cost_usd: float = column(
        nullable=True,
        ge=0,
        description="Known cost; 0 without usage, NULL where there is usage and none of it has a cost.",
    )
    unpriced_tokens: int = count(description="Tokens with neither reported cost nor price.")
    avg_cost_per_session_usd: float = column(nullable=True, ge=0, description="Cost ÷ sessions.")
    agent_assisted_commits: int = count(description="Commits of the day with an agent's help.")
    agent_assisted_lines_added: int = count(description="Lines that these commits added.")
    agent_assisted_lines_deleted: int = count(description="Lines that these commits deleted.")
    edits_accepted: int = count(description="Edits accepted, in sessions of the day.")
    edits_rejected: int = count(description="Edits rejected, in sessions of the day.")
    copilot_suggestions: int = count(description="Completions that Copilot suggested.")
    copilot_acceptances: int = count(description="Completions of Copilot that were accepted.")
    copilot_lines_suggested: int = count(description="Lines that Copilot suggested.")
    copilot_lines_accepted: int = count(description="Lines of Copilot that were accepted.")

    class Config:
        unique = ["date", "developer_id", "agent_type", "model_name"]


class IntPullRequestCosts(Contract):
    """One row per session with a cost and pull request that has a part of it; without a request: the rest.

    Money is in billionths of a US dollar, so that the parts are exact.
    """

    session_id: str = column(description="The session.")
    repository: str = column(
        nullable=True, description="The request's repository; NULL: no request has this."
    )
    number: int = count(nullable=True, description="The request's number; NULL: no request has this.")
    cost_method: str = column(
        nullable=True,
        isin=REQUEST_COST_METHODS,
        description="How the session's requests were found: by its commits, by branches that it had"
        " checked out, by requests that it names, or by the time at which they were open.",
    )
    cost_nano_usd: int = count(description="The part of the session's cost.")

    class Config:
        unique = ["session_id", "repository", "number"]
