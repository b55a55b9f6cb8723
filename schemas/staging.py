"""Staging: what each agent reports, in one vocabulary, each record once."""

import datetime as dt

import ibis.expr.types as ir
import pandera.ibis as pa

from schemas.base import Contract, Decimal, UtcTimestamp, column, count
from schemas.seeds import Seats, Teams
from schemas.vocabulary import (
    BILL_LEFT_OUT,
    BILL_REPORTS,
    LEFT_OUT,
    MEASURES,
    REQUEST_COMMITS,
    REQUEST_STATES,
    SOURCES,
    SPEEDS,
    USAGE_SOURCES,
)

AGENT = "The agent, in lower snake case."
MODEL = "The model's canonical name, without provider, region, date and context window."
DAY = "Calendar day in the configured time zone."
INPUT = "Tokens sent that were not cached."
OUTPUT = "Tokens received, reasoning included."
CREATION = "Tokens written to the cache."
READ = "Tokens read from the cache."
PROJECT = "What the record calls its project, by an address or a name; without user and password."
SCOPE = "Where one form is chosen: a session, or an agent's developer's day."
ONCE_BY = "The model request, which counts once, if it is named; else the scope."


class StgLogEvents(Contract):
    """One row per event: name, session, sequence and time; without a sequence, per distinct record.

    What agents' log records, transcripts and exports say, parsed once. Content is not here.
    """

    recorded_at: UtcTimestamp = column(description="When it happened.")
    source: str = column(isin=SOURCES, description="Where the record comes from.")
    event: str = column(nullable=True, description="Name of the event, without its namespace.")
    agent_type: str = column(nullable=True, description=AGENT + " NULL if the record does not say.")
    session_id: str = column(nullable=True, description="The session, if the record names one.")
    developer_id: str = column(nullable=True, description="Who, if the record says.")
    developer_email: str = column(nullable=True, description="E-mail in the record, lower case.")
    reported_model: str = column(nullable=True, description="The model as reported.")
    request_id: str = column(nullable=True, description="The model request, if it is named.")
    speed: str = column(isin=SPEEDS, description="Service speed of the request.")
    tool_name: str = column(nullable=True, description="The tool, on events about tools.")
    decision: str = column(
        nullable=True, isin=("accept", "reject"), description="What was decided about a tool's use."
    )
    tool_failed: bool = column(nullable=True, description="Whether a tool's call failed, if it is told.")
    tool_microseconds: int = count(nullable=True, description="How long a tool's call took, if it is told.")
    mcp_server: str = column(nullable=True, description="The MCP server that a tool is of, if it is told.")
    skill: str = column(nullable=True, description="The skill that a tool was called for, if it is told.")
    lines_added: int = count(nullable=True, description="Lines that a tool added.")
    lines_removed: int = count(nullable=True, description="Lines that a tool removed.")
    thread_id: str = column(
        nullable=True, description="The part of the session that it belongs to: a sub-agent, a thread."
    )
    inference_geo: str = column(nullable=True, description="Where the request was served, if it is told.")
    web_search_requests: int = count(nullable=True, description="Web searches that the request made.")
    is_free: bool = column(description="The agent says that the request is not charged.")
    git_commit_id: str = column(nullable=True, description="Commit that a tool result names.")
    pull_request: str = column(
        nullable=True, description="Pull request that it names: repository#number, lower case."
    )
    head_branch: str = column(nullable=True, description="Branch that was checked out, if told.")
    client_version: str = column(nullable=True, description="Version of the agent.")
    terminal: str = column(nullable=True, description="Terminal or editor.")
    project_id: str = column(nullable=True, description=PROJECT)
    input_tokens: int = count(nullable=True, description=INPUT + " NULL where it is no request.")
    output_tokens: int = count(nullable=True, description=OUTPUT)
    cache_creation_tokens: int = count(nullable=True, description=CREATION)
    cache_creation_1h_tokens: int = count(
        nullable=True, description="Of the cache writes those that live an hour, where told apart."
    )
    cache_read_tokens: int = count(nullable=True, description=READ)
    reported_nano_usd: int = count(
        nullable=True, description="Cost that the agent reports, in billionths of a US dollar."
    )
    day: dt.date = column(description=DAY)
    model_name: str = column(nullable=True, description=MODEL)
    form: int = column(ge=1, description="1 an agent's own event, 2 a span, 3 a GenAI event.")


class StgMetricSeries(Contract):
    """One row per series and day with points: the increase of the day.

    Points of one metric with the same start time, resource and attributes form a series. Delta points add
    up; cumulative ones become increases.
    """

    metric_name: str = column(description="Name of the metric.")
    developer_id: str = column(nullable=True, description="Who, as the points' own column says.")
    attributes: str = column(nullable=True, description="Attributes, as JSON.")
    resource_attributes: str = column(nullable=True, description="Attributes of the resource, as JSON.")
    service_name: str = column(nullable=True, description="The resource's service.name.")
    service_version: str = column(nullable=True, description="The resource's service.version.")
    start_timestamp: UtcTimestamp = column(nullable=True, description="When the series began, if known.")
    day: dt.date = column(description=DAY)
    value: Decimal = column(description="Increase, in the metric's own unit.")
    points: int = column(ge=1, description="Number of distinct points with activity.")
    first_at: UtcTimestamp = column(description="Time of the first point.")
    last_at: UtcTimestamp = column(description="Time of the last point.")

    class Config:
        unique = [
            *("metric_name", "developer_id", "attributes", "resource_attributes"),
            *("service_name", "service_version", "start_timestamp", "day"),
        ]


class StgMetricActivity(Contract):
    """One row per day, metric, measure, session, project, developer, agent, model, speed and client.

    Delta points added up; cumulative points as increases per series, of which the start time is a part.
    """

    day: dt.date = column(description=DAY)
    metric_name: str = column(description="Name of the metric.")
    measure: str = column(
        nullable=True, isin=MEASURES, description="What it measures; NULL if we do not count it."
    )
    form: int = column(ge=3, description="Of several forms of usage in a session the lowest counts.")
    cache_in_input: bool = column(description="Its input includes cached tokens.")
    agent_type: str = column(nullable=True, description=AGENT + " NULL if the points do not say.")
    session_id: str = column(nullable=True, description="The session, if the points name one.")
    developer_id: str = column(nullable=True, description="Who, if the points say.")
    developer_email: str = column(nullable=True, description="E-mail in the points, lower case.")
    model_name: str = column(nullable=True, description=MODEL)
    reported_model: str = column(nullable=True, description="The model as reported.")
    speed: str = column(isin=SPEEDS, description="Service speed.")
    client_version: str = column(nullable=True, description="Version of the agent.")
    terminal: str = column(nullable=True, description="Terminal or editor.")
    project_id: str = column(nullable=True, description=PROJECT)
    value: Decimal = column(description="Increase: tokens, seconds, lines, decisions or US dollars.")
    points: int = column(ge=1, description="Number of distinct points with activity.")
    first_at: UtcTimestamp = column(description="Time of the first point.")
    last_at: UtcTimestamp = column(description="Time of the last point.")


class StgSessionThreads(Contract):
    """One row per thread_id: the session that it is part of.

    Telemetry of some agents bears a spawned thread's own id as its session's.
    """

    thread_id: str = column(description="A thread that an agent spawned.")
    session_id: str = column(description="The session that a person began.")

    class Config:
        unique = ["thread_id"]


class StgThreadEvents(StgLogEvents):
    """One row per event of a thread that calls itself a session, with the session that it is part of.

    All other events are what `stg_log_events` has of them. Its prompts are what an agent sent to it.
    """


class StgCommitMarks(Contract):
    """One row per commit_hash that bears a mark of an agent: in its author, a trailer or a footer."""

    commit_hash: str = column(description="The commit.")
    signing_agent: str = column(
        nullable=True,
        description="The agent that the mark names; unknown where it names a model alone.",
    )
    signed_model: str = column(nullable=True, description="The model that it names.")

    class Config:
        unique = ["commit_hash"]


class StgSessionAuthors(Contract):
    """One row per session_id whose commits are all of one person, of whatever age they are.

    A session's commits are those that its tools' results name, or whose collector names it. Passed over are
    merges, commits of bots and agents, those without an address, and those that somebody else committed:
    there the author need not be the person whose session it is.
    """

    session_id: str = column(description="The session.")
    developer_id: str = column(description="Whose commits they are.")
    commits: int = column(ge=1, description="How many tell it.")

    class Config:
        unique = ["session_id"]


class StgSessionDevelopers(Contract):
    """One row per session_id and developer named in it: by how many records, and how well.

    Where its records name nobody by the identity map or an address, the one author of its commits is named
    by these.
    """

    session_id: str = column(description="The session.")
    developer_id: str = column(description="Who is named.")
    votes: int = column(ge=1, description="Records that name them, and commits.")
    name_rank: int = column(
        isin=(0, 1, 2, 3),
        description=(
            "0 of the identity map, 1 an address or the author of commits, 2 an account, 3 an install's hash."
        ),
    )

    class Config:
        unique = ["session_id", "developer_id"]


class StgDeveloperAliases(Contract):
    """One row per name that stands beside a better one in some session, always of the same person."""

    alias: str = column(description="The name: an account, or an install's hash.")
    developer_id: str = column(description="Whose it is.")
    name_rank: int = column(isin=(2, 3), description="2 an account, 3 an install's hash.")
    sessions: int = column(ge=1, description="Sessions that tell it.")

    class Config:
        unique = ["alias"]


class StgSessionIdentities(Contract):
    """One row per session_id: the developer by the best name in it, and the agent that most records name.

    The developer is that of all its records, the agent that of those that name none.
    """

    session_id: str = column(description="The session.")
    developer_id: str = column(
        description=(
            "By the identity map, else an address, the author of its commits, an account, an install's hash; "
            "else unknown."
        )
    )
    agent_type: str = column(description="The agent most of its records name; else unknown.")
    first_at: UtcTimestamp = column(description="Its first record.")

    class Config:
        unique = ["session_id"]


class StgSeats(Seats):
    """One row per developer, agent, first day and origin: seeds/seats.csv, or GitHub's answers.

    Periods of one developer and agent may overlap: the mart takes one a day.
    """

    developer_id: str = column(description="The developer, by the canonical name.")
    agent_type: str = column(description=AGENT)
    plan: str = column(description="The plan, as the invoice or the provider calls it.")
    usd_per_month: float = column(
        nullable=True, ge=0, description="Price per month, in US dollars; NULL: that of the list."
    )
    is_reported: bool = column(description="Whether the provider reports it, rather than seeds/seats.csv.")
    last_activity_date: dt.date = column(nullable=True, description="Last day of activity that it reports.")
    observed_date: dt.date = column(nullable=True, description="Day of the provider's answer.")

    class Config:
        unique = ["developer_id", "agent_type", "valid_from", "is_reported"]


class StgTeamMembers(Teams):
    """One row per developer_id and valid_from: no day of a developer is in two of them."""

    developer_id: str = column(description="The developer, by the canonical name.")


class StgUsageRecords(Contract):
    """One row per usage event, and per session (else project), developer, agent, model, speed, day, metric.

    Everything that reports usage, before it is decided what of it counts.
    """

    session_id: str = column(nullable=True, description="The session, if known.")
    project_id: str = column(
        nullable=True, description="Without a session: the repository or project that its record names."
    )
    developer_id: str = column(
        description="Who used it: the session's developer, else whom the record names."
    )
    agent_type: str = column(description=AGENT)
    reported_model: str = column(nullable=True, description="The model as reported.")
    model_name: str = column(description=MODEL)
    speed: str = column(isin=SPEEDS, description="Service speed.")
    inference_geo: str = column(nullable=True, description="Where it was served, if it is told.")
    day: dt.date = column(description=DAY)
    form: int = column(ge=1, description="Of several forms in a session the lowest counts.")
    source: str = column(isin=[*SOURCES, "metric"], description="Where the record comes from.")
    request_id: str = column(nullable=True, description="The model request, if it is named.")
    input_tokens: int = count(description=INPUT)
    output_tokens: int = count(description=OUTPUT)
    cache_creation_tokens: int = count(description=CREATION)
    cache_creation_1h_tokens: int = count(description="Of the cache writes those that live an hour.")
    cache_read_tokens: int = count(description=READ)
    total_tokens: int = count(description="Sum of the four kinds.")
    web_search_requests: int = count(description="Web searches, which cost beside the tokens.")
    is_free: bool = column(description="The agent says that it is not charged.")
    reported_nano_usd: int = count(
        nullable=True, description="Cost that the agent reports, in billionths of a US dollar."
    )
    request_count: int = count(description="1 for a request, 0 for metrics, which do not tell.")
    first_at: UtcTimestamp = column(description="First moment of the usage.")
    last_at: UtcTimestamp = column(description="Last moment of the usage.")
    session_started_at: UtcTimestamp = column(description="First record of its session.")
    is_event: bool = column(description="An event, as opposed to a metric.")
    scope: str = column(description=SCOPE)
    counted_once_by: str = column(description=ONCE_BY)


class StgUsageDays(Contract):
    """One row per agent, developer and day with usage in events or in a session: the best form of it.

    Usage without a session gives way to a better form of the same day.
    """

    agent_type: str = column(description=AGENT)
    developer_id: str = column(description="Who used it.")
    day: dt.date = column(description=DAY)
    best_form: int = column(
        ge=1, description="The lowest form: 1 own event, 2 span, 3 GenAI event, from 4 metrics, 9 reports."
    )
    best_cost_form: int = column(
        nullable=True, ge=1, description="The lowest form that reports a cost; NULL if none does."
    )

    class Config:
        unique = ["agent_type", "developer_id", "day"]


class StgUsageForms(Contract):
    """One row per scope, form and source: whether its tokens count, and its cost.

    In each scope one form counts for tokens, and one for cost; forms are never added together.
    """

    scope: str = column(description=SCOPE)
    form: int = column(ge=1, description="1 own event, 2 span, 3 GenAI event, from 4 metrics, 9 reports.")
    source: str = column(isin=[*SOURCES, "metric"], description="Where the records come from.")
    is_shadowed: bool = column(description="It has no session, and a better form tells of the day.")
    takes_tokens: bool = column(description="Its tokens count.")
    takes_cost: bool = column(description="Its reported cost counts.")

    class Config:
        unique = ["scope", "form", "source"]


class StgUsage(Contract):
    """One row per usage record: its tokens and its cost that count, and what of it is left out and why."""

    session_id: str = column(nullable=True, description="The session, if known.")
    project_id: str = column(
        nullable=True, description="Without a session: the repository or project that its record names."
    )
    developer_id: str = column(description="Who used it.")
    agent_type: str = column(description=AGENT)
    model_name: str = column(description=MODEL)
    reported_model: str = column(nullable=True, description="The model as reported.")
    speed: str = column(isin=SPEEDS, description="Service speed.")
    inference_geo: str = column(nullable=True, description="Where it was served, if it is told.")
    day: dt.date = column(description=DAY)
    form: int = column(ge=1, description="1 own event, 2 span, 3 GenAI event, from 4 metrics, 9 reports.")
    scope: str = column(description=SCOPE)
    counted_once_by: str = column(description=ONCE_BY)
    first_at: UtcTimestamp = column(description="First moment of the usage.")
    last_at: UtcTimestamp = column(description="Last moment of the usage.")
    takes_tokens: bool = column(description="Its tokens count.")
    usage_source: str = column(isin=USAGE_SOURCES, description="Where the record comes from.")
    input_tokens: int = count(description=INPUT)
    output_tokens: int = count(description=OUTPUT)
    cache_creation_tokens: int = count(description=CREATION)
    cache_creation_1h_tokens: int = count(description="Of the cache writes those that live an hour.")
    cache_read_tokens: int = count(description=READ)
    total_tokens: int = count(description="Sum of the four kinds.")
    request_count: int = count(description="Requests that count.")
    web_search_requests: int = count(description="Web searches, which cost beside the tokens.")
    is_free: bool = column(description="The agent says that it is not charged.")
    reported_nano_usd: int = count(
        nullable=True, description="Reported cost that counts, in billionths of a US dollar."
    )
    left_out: str = column(nullable=True, isin=LEFT_OUT, description="Why nothing of it counts.")
    left_out_tokens: int = count(description="Tokens of it that do not count.")


class StgAgentTokenUsage(Contract):
    """One row per session (NULL where unknown), developer, agent, model and day."""

    session_id: str = column(nullable=True, description="The session; NULL if no record names it.")
    developer_id: str = column(description="Who used the tokens.")
    agent_type: str = column(description=AGENT)
    model_name: str = column(description=MODEL)
    day: dt.date = column(description=DAY)
    total_input_tokens: int = count(description=INPUT)
    total_output_tokens: int = count(description=OUTPUT)
    total_cache_creation_tokens: int = count(description=CREATION)
    total_cache_read_tokens: int = count(description=READ)
    total_tokens: int = count(description="Sum of the four kinds.")
    request_count: int = count(description="Requests known one by one; metrics do not tell.")
    reported_cost_usd: float = column(
        nullable=True, ge=0, description="Cost as the agent reported it; NULL if it did not."
    )
    usage_source: str = column(isin=[*USAGE_SOURCES, "mixed"], description="Where the numbers come from.")
    first_used_at: UtcTimestamp = column(description="First moment of the usage.")
    last_used_at: UtcTimestamp = column(description="Last moment of the usage.")

    class Config:
        unique = ["session_id", "developer_id", "agent_type", "model_name", "day"]


class AgentSession(Contract):
    """The columns that every table of sessions begins with."""

    session_id: str = column(description="The session.")
    developer_id: str = column(description="Who ran it, as most of its records say; else unknown.")
    agent_type: str = column(description=AGENT)
    model_name: str = column(
        description="Its main model: most output tokens; without usage, the last one named."
    )
    session_start: UtcTimestamp = column(description="Its start event, else its first record.")
    session_end: UtcTimestamp = column(description="Its end event, else its last record.")
    duration_seconds: float = column(ge=0, description="From start to end, in seconds.")
    has_end_event: bool = column(description="It was ended, and nothing was begun after.")
    prompts: int = count(description="Prompts that the user entered.")
    api_requests: int = count(description="Model requests known one by one.")
    api_errors: int = count(description="Model requests that failed for good.")
    tool_calls: int = count(description="Tools that were run.")
    accepted_edits: int = count(description="Edits that were accepted.")
    rejected_edits: int = count(description="Edits that were rejected.")
    lines_added: int = count(description="Lines that the agent added.")
    lines_removed: int = count(description="Lines that the agent removed.")
    active_seconds: float = column(ge=0, description="Seconds of activity, as the agent measured them.")
    client_version: str = column(nullable=True, description="Version of the agent, the last one named.")
    terminal: str = column(nullable=True, description="Terminal or editor, the last one named.")
    session_date: dt.date = column(description="Calendar day of its start in the configured time zone.")
    project_id: str = column(
        nullable=True,
        description="Repository in which it began, else what its records call its project; NULL for none.",
    )

    class Config:
        unique = ["session_id"]

    @pa.dataframe_check
    def ends_no_earlier_than_it_starts(cls, data: pa.IbisData) -> ir.BooleanColumn:
        """A session ends no earlier than it starts."""
        return data.table.session_end >= data.table.session_start


class StgAgentSessions(AgentSession):
    """One row per session_id.

    Sessions need no start or end event: without one, the first and the last record that bears the
    session are its bounds, logs and metrics alike.
    """


class StgGitCommits(Contract):
    """One row per commit_hash of the last 90 days (`window_days`) before the run."""

    commit_hash: str = column(description="Object name of the commit, lower case.")
    commit_message: str = column(nullable=True, description="The whole message.")
    author_name: str = column(nullable=True, description="Author's name.")
    author_email: str = column(nullable=True, description="Author's e-mail, lower case.")
    commit_timestamp: UtcTimestamp = column(description="Author date.")
    commit_date: dt.date = column(description=DAY)
    committed_at: UtcTimestamp = column(nullable=True, description="Committer date, if known.")
    files_changed: int = count(description="Files changed; 0 for merges.")
    lines_added: int = count(description="Lines added; 0 for merges.")
    lines_deleted: int = count(description="Lines deleted; 0 for merges.")
    is_merge: bool = column(description="It has more than one parent.")
    agent_assisted: bool = column(description="The collector says that an agent helped.")
    agent_session_id: str = column(nullable=True, description="Session that the collector names.")
    agent_type: str = column(nullable=True, description="Agent that the collector names.")
    developer_id: str = column(description="Who: the collector's word, else the author's e-mail.")
    project_id: str = column(nullable=True, description="Repository or project.")
    notes: str = column(nullable=True, description="The commit's git-ai note, if any.")

    class Config:
        unique = ["commit_hash"]


class StgCopilotMetrics(Contract):
    """One row per day and developer of the last 90 days (`window_days`) before the run.

    Days on which only a whole organisation is reported have the developer `unknown`.
    """

    date: dt.date = column(description="Day of the activity.")
    developer_id: str = column(description="Who; unknown on days without rows of users.")
    total_suggestions: int = count(description="Completions suggested.")
    total_acceptances: int = count(description="Completions accepted.")
    total_lines_suggested: int = count(description="Lines suggested.")
    total_lines_accepted: int = count(description="Lines accepted.")
    total_active_users: int = count(description="Active users; of several organisations the maximum.")
    acceptance_rate_pct: float = column(
        nullable=True, ge=0, description="100 × accepted ÷ suggested; NULL if nothing was suggested."
    )
    ai_credits_used: float = column(nullable=True, ge=0, description="AI credits used, $0.01 each.")
    interactions: int = count(nullable=True, description="Interactions with chat and agents.")
    cli_sessions: int = count(nullable=True, description="Sessions of Copilot CLI.")
    cli_requests: int = count(nullable=True, description="Requests of Copilot CLI.")
    cli_prompts: int = count(nullable=True, description="Prompts in Copilot CLI.")
    cli_prompt_tokens: int = count(nullable=True, description="Tokens sent by Copilot CLI, cached ones too.")
    cli_output_tokens: int = count(nullable=True, description="Tokens received by Copilot CLI.")
    used_code_review: bool = column(nullable=True, description="Code review was used, if it is told.")

    class Config:
        unique = ["date", "developer_id"]


class StgPullRequests(Contract):
    """One row per repository and number that was open in the last 90 days (`window_days`) before the run.

    Of several readings that of the latest change counts.
    """

    repository: str = column(description="Repository, owner/name, lower case.")
    project_id: str = column(description="The repository by its name in seeds/projects.csv.")
    number: int = count(description="Number of the request in its repository.")
    request_id: str = column(nullable=True, description="The request's own id.")
    version_id: str = column(nullable=True, description="The version that counts.")
    developer_id: str = column(nullable=True, description="Its author; NULL if nobody has the account now.")
    is_bot: bool = column(description="Its author is a bot or an app.")
    state: str = column(isin=REQUEST_STATES, description="What became of it.")
    opened_at: UtcTimestamp = column(description="When it was opened.")
    first_review_at: UtcTimestamp = column(
        nullable=True, description="First review by a person other than its author, before it ended."
    )
    first_bot_review_at: UtcTimestamp = column(nullable=True, description="First review by a bot.")
    merged_at: UtcTimestamp = column(nullable=True, description="When it was merged.")
    closed_at: UtcTimestamp = column(nullable=True, description="When it was merged or closed.")
    updated_at: UtcTimestamp = column(description="When it last changed.")
    labels: str = column(nullable=True, description="Names of its labels; NULL for none, or not asked for.")
    head_branch: str = column(nullable=True, description="Branch that it brings in.")
    base_branch: str = column(nullable=True, description="Branch that it goes into.")
    is_from_fork: bool = column(description="Its branch is another repository's.")
    additions: int = count(description="Lines added, as GitHub counts them.")
    deletions: int = count(description="Lines deleted, as GitHub counts them.")
    changed_files: int = count(description="Files changed, as GitHub counts them.")
    review_count: int = count(description="Reviews by people other than its author, before it ended.")
    review_rounds: int = count(description="How often reviews sent it back, and the last one if it did not.")
    check_count: int = count(description="Checks of its last commit.")
    checks_failed: int = count(description="Checks of its last commit that failed.")
    merge_commit: str = column(nullable=True, description="Commit that merging it made.")
    reverts_number: int = count(nullable=True, description="Number of the request that it says it reverts.")

    class Config:
        unique = ["repository", "number"]


class StgPullRequestCommits(Contract):
    """One row per repository, number and commit of a pull request."""

    repository: str = column(description="Repository, owner/name, lower case.")
    number: int = count(description="Number of the request in its repository.")
    commit_hash: str = column(description="Object name of the commit, lower case.")
    found_by: str = column(
        isin=REQUEST_COMMITS,
        description="Listed in the request, made by its merge, its number in a subject, or the same change.",
    )
    is_counted: bool = column(description="It is one of the request's commits, or stands for them in git.")

    class Config:
        unique = ["repository", "number", "commit_hash"]


class StgBilling(Contract):
    """One row per scope, version and line of bills that were ever downloaded, with why it does not count.

    Money is in billionths of its currency, so that sums are exact.
    """

    scope: str = column(description="What the report tells whole, as a hash.")
    version: str = column(description="All that it tells of it, as a hash.")
    line: int = column(description="Number of the line in its scope and version.")
    provider: str = column(description="Who charges.")
    report: str = column(isin=BILL_REPORTS, description="What kind of report has the line.")
    date: dt.date = column(description="Day of UTC that is charged.")
    product: str = column(nullable=True, description="What is charged, in the provider's words.")
    model_name: str = column(nullable=True, description="The model under its one name; NULL: none is named.")
    reported_model: str = column(nullable=True, description="The model as the bill names it.")
    developer_id: str = column(nullable=True, description="Who; NULL where the line names nobody.")
    workspace_id: str = column(nullable=True, description="Workspace or project.")
    api_key_id: str = column(nullable=True, description="API key, by its id or name.")
    organization: str = column(nullable=True, description="Organisation that the line names.")
    account: str = column(nullable=True, description="Whose bill it is, as the ingest was told.")
    cost_centre: str = column(nullable=True, description="Cost centre that the line names.")
    unit: str = column(nullable=True, description="Unit of the quantity.")
    quantity: float = column(nullable=True, description="How much.")
    gross_nano: int = column(nullable=True, description="Before discounts; negative for a credit.")
    discount_nano: int = column(nullable=True, description="Discounts.")
    net_nano: int = column(nullable=True, description="What is charged; negative for a credit.")
    currency: str = column(nullable=True, description="Currency of the amounts.")
    left_out: str = column(
        nullable=True, isin=BILL_LEFT_OUT, description="Why the line does not count; NULL: it counts."
    )

    class Config:
        unique = ["scope", "version", "line"]
