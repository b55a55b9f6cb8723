"""Marts: the published product, for dashboards, notebooks and BI tools."""

import datetime as dt

import ibis.expr.types as ir
import pandera.ibis as pa

from schemas.base import Contract, UtcTimestamp, column, count, rate, ref
from schemas.intermediate import IntAgentDailyAggregates
from schemas.staging import AGENT, CREATION, DAY, INPUT, MODEL, OUTPUT, READ
from schemas.vocabulary import (
    AGES,
    ATTRIBUTION_METHODS,
    BILL_REPORTS,
    BUDGET_PERIODS,
    BUDGET_STATUSES,
    COMMIT_SIZES,
    COST_SOURCES,
    DEVELOPER_TYPES,
    GAP_REASONS,
    ORIGINS,
    REQUEST_COST_METHODS,
    REQUEST_STATES,
)


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


class FctPullRequests(Contract):
    """One row per repository and number of a pull request that was open in the window.

    What no request has of sessions' cost is in int_pull_request_costs, in the rows without a number.
    """

    repository: str = column(description="Repository, owner/name, lower case.")
    number: int = count(description="Number of the request in its repository.")
    project_id: str = column(description="The repository by its name in seeds/projects.csv.")
    developer_id: str = ref(
        "dim_developers.developer_id",
        nullable=True,
        description="Its author; NULL where the account is gone.",
    )
    team: str = column(description="The author's team on the day it was opened; else unknown.")
    is_bot: bool = column(description="Its author is a bot or an app.")
    state: str = column(isin=REQUEST_STATES, description="What became of it.")
    opened_at: UtcTimestamp = column(description="When it was opened.")
    first_review_at: UtcTimestamp = column(
        nullable=True, description="First review by a person other than its author, before it ended."
    )
    first_bot_review_at: UtcTimestamp = column(nullable=True, description="First review by a bot.")
    merged_at: UtcTimestamp = column(nullable=True, description="When it was merged.")
    closed_at: UtcTimestamp = column(nullable=True, description="When it was merged or closed; NULL if open.")
    is_from_fork: bool = column(description="Its branch is another repository's.")
    labels: str = column(
        nullable=True,
        description="Names of its labels, in order, with a comma and a space between; NULL for none.",
    )
    additions: int = count(description="Lines added, as GitHub counts them.")
    deletions: int = count(description="Lines deleted, as GitHub counts them.")
    changed_files: int = count(description="Files changed, as GitHub counts them.")
    review_count: int = count(description="Reviews by people other than its author, before it ended.")
    review_rounds: int = count(description="How often reviews sent it back, and the last one if it did not.")
    hours_to_first_review: float = column(nullable=True, description="From its opening to that review.")
    hours_to_merge: float = column(nullable=True, description="From its opening to its merge.")
    check_count: int = count(description="Checks of its last commit.")
    checks_failed: int = count(description="Checks of its last commit that failed.")
    reverted_at: UtcTimestamp = column(
        nullable=True, description="When it was first reverted after its merge."
    )
    is_reverted_within_7_days: bool = column(
        nullable=True, description="Reverted within 7 days of its merge; NULL while that may still happen."
    )
    is_reverted_within_30_days: bool = column(
        nullable=True, description="Reverted within 30 days of its merge; NULL while that may still happen."
    )
    commits: int = count(description="Its commits; after a squash those that stand for them in git.")
    agent_commits: int = count(description="Of its commits, those that an agent helped with.")
    person_commits: int = count(description="Of its commits, those of people alone, as far as is known.")
    unknown_commits: int = count(description="Of its commits, those that git's ingest has not.")
    agent_type: str = ref(
        "dim_agents.agent_type", nullable=True, description=AGENT + " Of most commits; NULL if none helped."
    )
    cost_usd: float = column(nullable=True, ge=0, description="Its parts of sessions' cost. NULL if unknown.")
    cost_method: str = column(
        nullable=True,
        isin=REQUEST_COST_METHODS,
        description="How most of it was found: commits, their shares of sessions; branch, sessions on its"
        " branch; session_link, sessions that name it; window, its author's sessions then.",
    )

    class Config:
        unique = ["repository", "number"]


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


class FctSeats(Contract):
    """One row per date, developer and agent with a seat or subscription, up to the day of the run.

    Costs of their own kind: none of it is in any table of tokens or costs.
    """

    date: dt.date = column(description=DAY)
    developer_id: str = ref("dim_developers.developer_id", description="Whose seat it is.")
    agent_type: str = ref("dim_agents.agent_type", description=AGENT)
    provider: str = column(description="Who charges.")
    plan: str = column(description="The plan, as the invoice or the provider calls it.")
    usd_per_month: float = column(
        nullable=True, ge=0, description="Price of the month, in US dollars; NULL if unknown."
    )
    cost_usd: float = column(
        nullable=True, ge=0, description="The day's part of the month's price; NULL if that is unknown."
    )
    was_used: bool = column(
        nullable=True, description="Whether any record tells of use on this day; NULL where nothing tells."
    )

    class Config:
        unique = ["date", "developer_id", "agent_type"]

    @pa.dataframe_check(raise_warning=True)
    def every_seat_has_a_price(cls, data: pa.IbisData) -> ir.BooleanColumn:
        """Every seat has a price; seeds/seat_prices.csv takes missing prices of plans."""
        return data.table.cost_usd.notnull()


class DimDevelopers(Contract):
    """One row per developer who appears in any fact."""

    developer_id: str = column(description="The developer; unknown for those whom nothing names.")
    developer_name: str = column(description="Name in the identity map, else in the latest commit.")
    developer_email: str = column(nullable=True, description="Latest known e-mail.")
    developer_type: str = column(
        isin=DEVELOPER_TYPES, description="Internal if the e-mail's domain is configured as ours."
    )
    first_seen_at: UtcTimestamp = column(
        description="First session, usage, commit, Copilot day or bill; of whom nothing else tells, seat."
    )
    last_seen_at: UtcTimestamp = column(
        description="Last session, usage, commit, Copilot day or bill; of whom nothing else tells, seat."
    )
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


class DimProjects(Contract):
    """One row per project_id of any session, usage or commit; `unknown` for what no record tells one of."""

    project_id: str = column(
        description="Repository, owner/name, else what else it is called; by its name in seeds/projects.csv."
    )
    owner: str = column(description="Who answers for it, by seeds/projects.csv; else unknown.")
    cost_centre: str = column(description="Its cost centre, by seeds/projects.csv; else unknown.")
    first_date: dt.date = column(description="First day with a session, usage or a commit.")
    last_date: dt.date = column(description="Last day with a session, usage or a commit.")
    sessions: int = count(description="Sessions that began in it.")
    commits: int = count(description="Commits of the window of days.")
    is_known: bool = column(description="Whether it is a project; false for unknown.")

    class Config:
        unique = ["project_id"]


class DimSeats(Contract):
    """One row per developer and agent with a seat on any day; plan and price are those of its last day."""

    developer_id: str = ref("dim_developers.developer_id", description="Whose seat it is.")
    agent_type: str = ref("dim_agents.agent_type", description=AGENT)
    provider: str = column(description="Who charges.")
    plan: str = column(description="The plan, as the invoice or the provider calls it.")
    usd_per_month: float = column(
        nullable=True, ge=0, description="Price of the month, in US dollars; NULL if unknown."
    )
    cost_usd: float = column(
        nullable=True, ge=0, description="Cost of all its days up to the day of the run."
    )
    first_date: dt.date = column(description="First day with the seat.")
    last_date: dt.date = column(description="Last day with it, not after the day of the run.")
    is_current: bool = column(description="Whether it is there on the day of the run.")
    last_used_date: dt.date = column(nullable=True, description="Last day on which it was used, if known.")
    days_since_last_use: int = column(
        nullable=True, ge=0, description="From then to the last day of which use is known; NULL if unknown."
    )
    is_unused_30_days: bool = column(
        nullable=True, description="Not used for 30 days or more; NULL where nothing tells of use."
    )

    class Config:
        unique = ["developer_id", "agent_type"]


class DimTeams(Contract):
    """One row per team of seeds/teams.csv, and `unknown` for sessions and usage of people without one."""

    team: str = column(description="The team; unknown for people without one.")
    parent_team: str = column(nullable=True, description="The team that it is part of, if given.")
    cost_centre: str = column(description="Its cost centre by the latest period of anybody; else unknown.")
    members: int = count(description="Developers who are in it on the day of the run.")
    members_ever: int = count(description="Developers who are, were or will be in it.")
    first_date: dt.date = column(nullable=True, description="First day of anybody in it; NULL for unknown.")
    is_known: bool = column(description="Whether it is a team; false for unknown.")

    class Config:
        unique = ["team"]


class FctSessions(Contract):
    """One row per session_id."""

    session_id: str = column(description="The session, with all that it spawned.")
    developer_id: str = ref("dim_developers.developer_id", description="Whose it is.")
    agent_type: str = ref("dim_agents.agent_type", description=AGENT)
    model_name: str = column(description="Its main model: the one with most output tokens.")
    project_id: str = ref(
        "dim_projects.project_id",
        description="Repository in which it began, else another name of its project; else unknown.",
    )
    team: str = ref(
        "dim_teams.team", description="The developer's team on the day of its start; else unknown."
    )
    cost_centre: str = column(description="The team's cost centre on that day; else unknown.")
    session_date: dt.date = column(description="Calendar day of its start in the configured time zone.")
    session_start: UtcTimestamp = column(description="When it started.")
    session_end: UtcTimestamp = column(description="When it ended.")
    duration_seconds: float = column(ge=0, description="Seconds from its start to its end.")
    active_seconds: float = column(ge=0, description="Seconds of activity, as the agent measured them.")
    idle_seconds: float = column(
        nullable=True, ge=0, description="Its other seconds; NULL where the agent measured no activity."
    )
    prompts: int = count(description="Prompts that the user entered.")
    api_requests: int = count(description="Model requests known one by one.")
    api_errors: int = count(description="Model requests that failed for good.")
    tool_calls: int = count(description="Tools that were run.")
    accepted_edits: int = count(description="Edits that were accepted.")
    rejected_edits: int = count(description="Edits that were rejected.")
    lines_added: int = count(description="Lines that the agent added.")
    lines_removed: int = count(description="Lines that the agent removed.")
    input_tokens: int = count(description=INPUT)
    output_tokens: int = count(description=OUTPUT)
    cache_creation_tokens: int = count(description=CREATION)
    cache_read_tokens: int = count(description=READ)
    total_tokens: int = count(description="Sum of the four kinds.")
    unpriced_tokens: int = count(description="Tokens with neither reported cost nor price.")
    cost_usd: float = column(
        nullable=True, ge=0, description="Reported + computed; NULL if neither is known."
    )
    reported_cost_usd: float = column(nullable=True, ge=0, description="Cost as the agent reported it.")
    computed_cost_usd: float = column(
        nullable=True, ge=0, description="Tokens × the price of the day, where nothing was reported."
    )
    cost_source: str = column(
        nullable=True, isin=COST_SOURCES, description="Where the cost comes from; NULL without usage."
    )
    commits: int = count(description="Commits of the window of days that it led to.")
    pull_requests: int = count(description="Pull requests that have one of these commits.")

    class Config:
        unique = ["session_id"]


class FctToolUsage(Contract):
    """One row per date, developer, agent, tool, MCP server and skill with calls."""

    date: dt.date = column(description=DAY)
    developer_id: str = ref(
        "dim_developers.developer_id", description="Whose session it was, else who called."
    )
    agent_type: str = ref("dim_agents.agent_type", description=AGENT)
    tool_name: str = column(description="The tool, as the agent calls it; else unknown.")
    mcp_server: str = column(nullable=True, description="The MCP server that the tool is of, if it is told.")
    skill: str = column(nullable=True, description="The skill that it was called for, if it is told.")
    calls: int = column(ge=1, description="Calls of the tool.")
    failures: int = count(
        nullable=True, description="Calls that failed; NULL where none tells whether it did."
    )
    seconds: float = column(
        ge=0, nullable=True, description="Seconds that calls took; NULL where none tells."
    )
    outcome_calls: int = count(description="Calls that tell whether they failed.")
    timed_calls: int = count(description="Calls that tell how long they took.")

    class Config:
        unique = ["date", "developer_id", "agent_type", "tool_name", "mcp_server", "skill"]


class FctCostsByProject(Contract):
    """One row per date, project, agent and model with usage; usage of no project is of `unknown`."""

    date: dt.date = column(description=DAY)
    project_id: str = ref("dim_projects.project_id", description="The session's project; else unknown.")
    cost_centre: str = column(description="The project's cost centre; else unknown.")
    agent_type: str = ref("dim_agents.agent_type", description=AGENT)
    model_name: str = column(description=MODEL)
    input_tokens: int = count(description=INPUT)
    output_tokens: int = count(description=OUTPUT)
    cache_creation_tokens: int = count(description=CREATION)
    cache_read_tokens: int = count(description=READ)
    total_tokens: int = count(description="Sum of the four kinds.")
    unpriced_tokens: int = count(description="Tokens with neither reported cost nor price.")
    cost_usd: float = column(nullable=True, ge=0, description="The known cost; NULL if none is known.")

    class Config:
        unique = ["date", "project_id", "agent_type", "model_name"]


class FctCostsByTeam(Contract):
    """One row per date, team, cost centre, agent and model with usage; of nobody's team it is `unknown`."""

    date: dt.date = column(description=DAY)
    team: str = ref("dim_teams.team", description="The developer's team on the day; else unknown.")
    cost_centre: str = column(description="The team's cost centre on the day; else unknown.")
    agent_type: str = ref("dim_agents.agent_type", description=AGENT)
    model_name: str = column(description=MODEL)
    input_tokens: int = count(description=INPUT)
    output_tokens: int = count(description=OUTPUT)
    cache_creation_tokens: int = count(description=CREATION)
    cache_read_tokens: int = count(description=READ)
    total_tokens: int = count(description="Sum of the four kinds.")
    unpriced_tokens: int = count(description="Tokens with neither reported cost nor price.")
    cost_usd: float = column(nullable=True, ge=0, description="The known cost; NULL if none is known.")

    class Config:
        unique = ["date", "team", "cost_centre", "agent_type", "model_name"]


class FctBudgets(Contract):
    """One row per scope, period and first day of it: what may be spent, what is, and what will be.

    Scopes overlap: everybody's cost has a team's, and that has those of the teams below it. Months and years
    that are not of the run's day have no forecast.
    """

    scope: str = column(description="What the budget is of, as in seeds/budgets.csv.")
    period: str = column(isin=BUDGET_PERIODS, description="month or year.")
    period_start: dt.date = column(description="First day of the month or year.")
    period_end: dt.date = column(description="First day after it.")
    budget_usd: float = column(ge=0, description="What it may cost.")
    spent_usd: float = column(
        ge=0, description="What it has cost so far: the known cost of the scope's days in it."
    )
    used_share: float = column(nullable=True, ge=0, description="Spent ÷ budget; NULL if the budget is 0.")
    forecast_usd: float = column(
        nullable=True,
        ge=0,
        description=(
            "What it will have cost at its end, by the scope's last whole weeks and their weekdays; NULL "
            "with less than one."
        ),
    )
    forecast_low_usd: float = column(
        nullable=True,
        ge=0,
        description="Four of five forecasts end above this and below high; NULL under 4 weeks.",
    )
    forecast_high_usd: float = column(
        nullable=True, ge=0, description="The upper end of that interval; NULL under 4 weeks."
    )
    forecast_weeks: int = column(
        nullable=True, ge=1, le=8, description="How many whole weeks of the scope the forecast is made of."
    )
    status: str = column(
        isin=BUDGET_STATUSES,
        description="broken: more is spent than may be; will_break: the forecast is more; holds: neither.",
    )

    class Config:
        unique = ["scope", "period", "period_start"]


class FctBilled(Contract):
    """One row per UTC day, provider, report, product, model, person, workspace, key, cost centre and unit.

    Bills only: none of it is in any table of tokens or costs. NULL is what the bill does not say.
    """

    date: dt.date = column(description="Day of UTC that is charged.")
    provider: str = column(description="Who charges.")
    report: str = column(
        isin=BILL_REPORTS,
        description="cost: what is charged; usage: quantities alone; estimate: the provider's own.",
    )
    product: str = column(nullable=True, description="What is charged, in the provider's words.")
    model_name: str = column(nullable=True, description="The model, under the name that usage has.")
    developer_id: str = ref("dim_developers.developer_id", nullable=True, description="Who.")
    workspace_id: str = column(nullable=True, description="Workspace or project.")
    api_key_id: str = column(nullable=True, description="API key, by its id or name.")
    organization: str = column(nullable=True, description="Organisation that the bill names.")
    account: str = column(nullable=True, description="Whose bill it is, as the ingest was told.")
    cost_centre: str = column(nullable=True, description="Cost centre that the bill names.")
    unit: str = column(nullable=True, description="Unit of the quantity.")
    currency: str = column(nullable=True, description="Currency of the amounts.")
    quantity: float = column(nullable=True, description="How much; adds up within a product and unit.")
    gross_amount: float = column(nullable=True, description="Before discounts; credits are negative.")
    discount_amount: float = column(nullable=True, description="Discounts.")
    net_amount: float = column(nullable=True, description="What is charged; credits are negative.")

    class Config:
        unique = [
            *("date", "provider", "report", "product", "model_name", "developer_id", "workspace_id"),
            *("api_key_id", "organization", "account", "cost_centre", "unit", "currency"),
        ]


class FctReconciliation(Contract):
    """One row per day, provider, person, model and product, of the days that a provider's bills cover.

    Only bills in US dollars are compared. The bill's days are those of UTC, the others those of the
    configured time zone.
    """

    date: dt.date = column(description="Day of the bill, and of the usage.")
    provider: str = column(description="Who charges.")
    developer_id: str = ref(
        "dim_developers.developer_id", nullable=True, description="Who; NULL: all, as the bill names nobody."
    )
    model_name: str = column(nullable=True, description="The model; NULL: all, or a product that names none.")
    product: str = column(nullable=True, description="The other product; NULL: usage of models.")
    billed_usd: float = column(description="What is charged.")
    gross_usd: float = column(description="The same before discounts.")
    estimated_usd: float = column(ge=0, description="Cost of the usage, reported or computed.")
    gap_usd: float = column(description="Billed less estimated.")
    reason: str = column(
        nullable=True, isin=GAP_REASONS, description="Why there is a gap; NULL: they agree to the cent."
    )

    class Config:
        unique = ["date", "provider", "developer_id", "model_name", "product"]
