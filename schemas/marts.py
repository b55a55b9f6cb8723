"""Marts: the published product, for dashboards, notebooks and BI tools."""

import datetime as dt

import ibis.expr.types as ir
import pandera.ibis as pa

from schemas.base import Contract, UtcTimestamp, column, count, rate, ref
from schemas.intermediate import IntAgentDailyAggregates
from schemas.staging import AGENT, DAY
from schemas.vocabulary import AGES, ATTRIBUTION_METHODS, COMMIT_SIZES, DEVELOPER_TYPES, ORIGINS


class FctDailyAgentUsage(IntAgentDailyAggregates):
    """One row per date, developer, agent and model.

    Counts, tokens and durations are 0, never NULL; ratios are NULL where their denominator is 0.
    """

    developer_id: str = ref("dim_developers.developer_id", description="Who.")
    agent_type: str = ref("dim_agents.agent_type", description=AGENT)
    total_duration_hours: float = column(ge=0, description="Duration in hours.")
    cost_per_commit_usd: float = column(nullable=True, ge=0, description="Cost ÷ assisted commits.")
    tokens_per_commit: float = column(nullable=True, ge=0, description="Tokens ÷ assisted commits.")
    lines_per_1k_tokens: float = column(
        nullable=True, ge=0, description="Lines added + deleted in assisted commits per 1,000 tokens."
    )
    cache_hit_rate: float = rate(description="cache_read ÷ (input + cache_creation + cache_read), 0 to 1.")
    acceptance_rate_pct: float = column(
        nullable=True, ge=0, description="100 × accepted ÷ decided: Copilot's suggestions, else edits."
    )

    @pa.dataframe_check(raise_warning=True)
    def every_token_has_a_cost(cls, data: pa.IbisData) -> ir.BooleanColumn:
        """Every token has a reported cost or a price; seeds/model_prices.csv takes missing prices."""
        return data.table.unpriced_tokens == 0


class FctGitCommits(Contract):
    """One row per commit_hash, assisted or not."""

    commit_hash: str = column(description="Object name of the commit.")
    commit_message: str = column(nullable=True, description="The whole message.")
    author_name: str = column(nullable=True, description="Author's name.")
    author_email: str = column(nullable=True, description="Author's e-mail, lower case.")
    commit_timestamp: UtcTimestamp = column(description="Author date.")
    commit_date: dt.date = column(description=DAY)
    commit_hour: int = column(ge=0, le=23, description="Hour of the day in the configured time zone.")
    commit_day_of_week: int = column(ge=0, le=6, description="Day of the week; 0 is Sunday.")
    files_changed: int = count(description="Files changed; 0 for merges.")
    lines_added: int = count(description="Lines added; 0 for merges.")
    lines_deleted: int = count(description="Lines deleted; 0 for merges.")
    lines_changed: int = count(description="Lines added + deleted.")
    commit_size: str = column(
        isin=COMMIT_SIZES, description="Lines changed: small to 100, medium to 500, else large."
    )
    developer_id: str = ref("dim_developers.developer_id", description="Who wrote it.")
    project_id: str = column(nullable=True, description="Repository or project.")
    is_agent_assisted: bool = column(description="An agent helped, as far as is known.")
    attribution_method: str = column(isin=ATTRIBUTION_METHODS, description="How that is known.")
    agent_type: str = ref("dim_agents.agent_type", nullable=True, description=AGENT + " NULL if none helped.")
    model_name: str = column(
        nullable=True, description="The session's main model; unknown without one; NULL if none helped."
    )
    agent_session_id: str = column(nullable=True, description="The session behind it, if known.")
    tokens_used: float = column(nullable=True, ge=0, description="Its even share of the session's tokens.")
    cost_usd: float = column(nullable=True, ge=0, description="Its even share of the session's cost.")
    agent_duration_seconds: float = column(nullable=True, ge=0, description="Duration of the session.")
    seconds_after_session: float = column(
        nullable=True, ge=0, description="From the session's end; 0 while it was active."
    )
    lines_per_1k_tokens: float = column(nullable=True, ge=0, description="Lines changed per 1,000 tokens.")
    lines_per_dollar: float = column(nullable=True, ge=0, description="Lines changed per US dollar.")

    class Config:
        unique = ["commit_hash"]


class FctCodeSurvival(Contract):
    """One row per project, commit and age that it has reached: what became of the lines that it added.

    Add up the rows of one age only. A commit that is too young for an age has no row of it. Of commits
    outside the window of days, origin, agent and developer are unknown.
    """

    project_id: str = column(nullable=True, description="Repository or project.")
    commit_hash: str = column(description="Object name of the commit.")
    age: str = column(isin=AGES, description="How long after it arrived; today: when it was last looked at.")
    date: dt.date = column(description="When the branch got the commit. " + DAY)
    origin: str = column(isin=ORIGINS, description="Whether an agent helped, as far as is known.")
    agent_type: str = ref("dim_agents.agent_type", nullable=True, description=AGENT + " NULL if none helped.")
    developer_id: str = ref(
        "dim_developers.developer_id", nullable=True, description="Who wrote it; NULL outside the window."
    )
    lines_added: int = count(description="Lines that the commit added; of a merge, those of no parent.")
    lines_alive: int = count(description="Of these, how many the branch still had at that age.")
    lines_reworked: int = count(
        nullable=True, description="Of these, gone within 21 days; NULL until it is so old."
    )
    alive_share: float = rate(description="Lines alive ÷ lines added.")

    class Config:
        unique = ["project_id", "commit_hash", "age"]

    @pa.dataframe_check
    def no_more_alive_than_added(cls, data: pa.IbisData) -> ir.BooleanColumn:
        """No more lines are alive than were added."""
        return data.table.lines_alive <= data.table.lines_added

    @pa.dataframe_check
    def no_more_reworked_than_added(cls, data: pa.IbisData) -> ir.BooleanColumn:
        """No more lines were reworked than were added."""
        return data.table.lines_reworked.fill_null(0) <= data.table.lines_added


class FctAgentCosts(Contract):
    """One row per date, developer and agent with cost > 0."""

    date: dt.date = column(description=DAY)
    developer_id: str = ref("dim_developers.developer_id", description="Who.")
    agent_type: str = ref("dim_agents.agent_type", description=AGENT)
    daily_cost_usd: float = column(gt=0, description="Cost of the day.")
    cumulative_cost_usd: float = column(gt=0, description="Cost to date of this developer and agent.")
    wtd_cost_usd: float = column(gt=0, description="Week to date; weeks start on Monday.")
    mtd_cost_usd: float = column(gt=0, description="Month to date.")
    avg_7day_cost_usd: float = column(
        gt=0, description="Cost per calendar day over 7 days, from the first day with cost on."
    )
    avg_30day_cost_usd: float = column(
        gt=0, description="Cost per calendar day over 30 days, from the first day with cost on."
    )
    month_forecast_usd: float = column(
        gt=0, description="Month to date + the 7-day average for each day that is left of the month."
    )

    class Config:
        unique = ["date", "developer_id", "agent_type"]


class DimDevelopers(Contract):
    """One row per developer who appears in any fact."""

    developer_id: str = column(description="The developer; unknown for those whom nothing names.")
    developer_name: str = column(description="Name in the identity map, else in the latest commit.")
    developer_email: str = column(nullable=True, description="Latest known e-mail.")
    developer_type: str = column(
        isin=DEVELOPER_TYPES, description="Internal if the e-mail's domain is configured as ours."
    )
    first_seen_at: UtcTimestamp = column(description="First session, usage, commit or Copilot day.")
    last_seen_at: UtcTimestamp = column(description="Last session, usage, commit or Copilot day.")
    agents_used: str = column(nullable=True, description="Agents, alphabetical, joined by a comma.")
    is_known: bool = column(description="Whether it is somebody; false for unknown.")

    class Config:
        unique = ["developer_id"]


class DimAgents(Contract):
    """One row per agent that appears in any fact."""

    agent_type: str = column(description=AGENT)
    agent_display_name: str = column(description="Its name as its maker writes it.")
    vendor: str = column(description="Its maker.")
    interface_type: str = column(
        isin=["cli", "ide", "cloud", "chat", "other", "unknown"], description="Where people meet it."
    )

    class Config:
        unique = ["agent_type"]
