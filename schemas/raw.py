"""What collectors write: append-only tables in the schema `raw`.

The columns up to `created_at` are required. Those after it are what our own ingest adds;
a table made by another backend may lack them, and reads as if they were NULL.
Types say how the models see a column: timestamps without zone are read as UTC, JSON as its text.
"""

import datetime as dt

from schemas.base import Source, UtcTimestamp, column, extra, json_text
from schemas.vocabulary import AGES


class RawOtelMetrics(Source):
    """One row per metric data point, as an agent exported it."""

    id: int = column(description="Number of the row, in order of arrival.")
    timestamp: UtcTimestamp = column(description="End of the interval that the point stands for.")
    developer_id: str = column(nullable=True, description="Who, if the collector knew.")
    metric_name: str = column(description="Name of the metric, such as claude_code.token.usage.")
    metric_value: float = column(nullable=True, description="The value; of a histogram, its sum.")
    attributes: str = json_text(description="Attributes of the point, a JSON object.")
    created_at: UtcTimestamp = column(nullable=True, description="When the row arrived.")

    start_timestamp: UtcTimestamp = extra(description="Start of the interval; part of the series.")
    temporality: str = extra(
        description="delta or cumulative; NULL means delta.", isin=["delta", "cumulative"]
    )
    metric_type: str = extra(
        description="Kind of instrument.",
        isin=["sum", "gauge", "histogram", "exponential_histogram", "summary"],
    )
    unit: str = extra(description="Unit of the value.")
    histogram_count: int = extra(description="Number of measurements in a histogram point.")
    service_name: str = extra(description="Resource attribute service.name.")
    service_version: str = extra(description="Resource attribute service.version.")
    scope_name: str = extra(description="Instrumentation scope.")
    scope_version: str = extra(description="Version of the instrumentation scope.")
    scope_attributes: str = extra(json=True, description="Attributes of the scope, a JSON object.")
    resource_attributes: str = extra(json=True, description="Attributes of the resource, a JSON object.")
    record_hash: str = extra(description="Identity of the record: the same point has the same hash.")


class RawOtelLogs(Source):
    """One row per log record or event, as an agent exported it."""

    id: int = column(description="Number of the row, in order of arrival.")
    timestamp: UtcTimestamp = column(description="When the event happened.")
    developer_id: str = column(nullable=True, description="Who, if the collector knew.")
    severity: str = column(nullable=True, description="Severity text, if any.")
    body: str = column(nullable=True, description="Body of the record; often the event's name.")
    attributes: str = json_text(description="Attributes of the record, a JSON object.")
    created_at: UtcTimestamp = column(nullable=True, description="When the row arrived.")

    event_name: str = extra(description="The record's own event name, where the exporter sets it.")
    observed_timestamp: UtcTimestamp = extra(description="When a collector first saw the record.")
    service_name: str = extra(description="Resource attribute service.name.")
    service_version: str = extra(description="Resource attribute service.version.")
    scope_name: str = extra(description="Instrumentation scope.")
    scope_version: str = extra(description="Version of the instrumentation scope.")
    scope_attributes: str = extra(json=True, description="Attributes of the scope, a JSON object.")
    resource_attributes: str = extra(json=True, description="Attributes of the resource, a JSON object.")
    trace_id: str = extra(description="Trace that the record belongs to, in hex.")
    span_id: str = extra(description="Span that the record belongs to, in hex.")
    source: str = extra(
        description="Where the record comes from; NULL means otlp.",
        isin=["otlp", "transcript", "ledger", "export", "report"],
    )
    record_hash: str = extra(description="Identity of the record: the same event has the same hash.")


class RawOtelSpans(Source):
    """One row per span, as an agent exported it; only our own ingest writes it."""

    id: int = column(description="Number of the row, in order of arrival.")
    trace_id: str = column(nullable=True, description="Trace that the span belongs to, in hex.")
    span_id: str = column(nullable=True, description="The span, in hex.")
    parent_span_id: str = column(nullable=True, description="Span that it is part of, in hex.")
    name: str = column(nullable=True, description="What was done, such as `chat gpt-5.4`.")
    start_timestamp: UtcTimestamp = column(description="When it began.")
    end_timestamp: UtcTimestamp = column(description="When it ended, else when it began.")
    developer_id: str = column(nullable=True, description="Who, if the collector knew.")
    attributes: str = json_text(description="Attributes of the span, a JSON object.")
    created_at: UtcTimestamp = column(nullable=True, description="When the row arrived.")

    status: str = extra(description="How it ended; NULL where it does not say.", isin=["ok", "error"])
    service_name: str = extra(description="Resource attribute service.name.")
    service_version: str = extra(description="Resource attribute service.version.")
    scope_name: str = extra(description="Instrumentation scope.")
    scope_version: str = extra(description="Version of the instrumentation scope.")
    scope_attributes: str = extra(json=True, description="Attributes of the scope, a JSON object.")
    resource_attributes: str = extra(json=True, description="Attributes of the resource, a JSON object.")
    record_hash: str = extra(description="Identity of the record: the same span has the same hash.")

    @classmethod
    def may_be_missing(cls) -> bool:
        """Only our own ingest writes spans."""
        return True


class RawGitCommits(Source):
    """One row per commit and ingest; a commit hash may repeat, the lowest id wins."""

    id: int = column(description="Number of the row, in order of arrival.")
    commit_hash: str = column(description="Full object name of the commit.")
    commit_message: str = column(nullable=True, description="The whole message, trailers included.")
    author_name: str = column(nullable=True, description="Author's name, after .mailmap.")
    author_email: str = column(nullable=True, description="Author's e-mail, after .mailmap.")
    commit_timestamp: UtcTimestamp = column(description="Author date.")
    files_changed: int = column(nullable=True, description="Files that the commit touches.")
    lines_added: int = column(nullable=True, description="Lines added, binary files apart.")
    lines_deleted: int = column(nullable=True, description="Lines deleted, binary files apart.")
    agent_assisted: bool = column(nullable=True, description="Flag of the collector, if it knows.")
    agent_session_id: str = column(nullable=True, description="Session, if the collector knows it.")
    agent_type: str = column(nullable=True, description="Agent, if the collector knows it.")
    developer_id: str = column(nullable=True, description="Who, if the collector knew.")
    project_id: str = column(nullable=True, description="Repository or project.")
    created_at: UtcTimestamp = column(nullable=True, description="When the row arrived.")

    committer_name: str = extra(description="Committer's name, after .mailmap.")
    committer_email: str = extra(description="Committer's e-mail, after .mailmap.")
    committed_at: UtcTimestamp = extra(description="Committer date.")
    parent_count: int = extra(description="Number of parents: 0 root, 2 or more merge.")
    notes: str = extra(description="The commit's git-ai note (refs/notes/ai), if any.")


class RawGitSurvival(Source):
    """One row per repository, commit, age and reading; the highest reading is what holds.

    What became of the lines that a commit added; only our own ingest writes it. An age that a commit has not
    reached has no row.
    """

    id: int = column(description="Number of the row, in order of arrival.")
    commit_hash: str = column(description="Full object name of the commit.")
    project_id: str = column(nullable=True, description="Repository or project.")
    root_hash: str = column(nullable=True, description="First commit of the branch: tells namesakes apart.")
    age: str = column(isin=AGES, description="How long after it arrived, or today: at the reading.")
    reading: int = column(description="1 for what was read first; higher where another one differed.")
    lines_added: int = column(
        nullable=True, description="Lines that it added; NULL: it has left the branch, or is not that old."
    )
    lines_alive: int = column(nullable=True, description="Of these, how many the branch still has.")
    lines_reworked: int = column(
        nullable=True, description="Of these, gone within 21 days; NULL until it is so old."
    )
    arrived_at: UtcTimestamp = column(nullable=True, description="When the branch got the commit.")
    observed_at: UtcTimestamp = column(description="When the repository was looked at.")
    created_at: UtcTimestamp = column(nullable=True, description="When the row arrived.")

    record_hash: str = extra(description="Identity of the record: the same reading has the same hash.")

    @classmethod
    def may_be_missing(cls) -> bool:
        """Only our own ingest writes it."""
        return True


class RawBilling(Source):
    """One row per line of a provider's bill, in each version; only our own ingest writes it.

    A scope is what one report tells whole, such as a provider's day; of several versions the latest counts.
    """

    id: int = column(description="Number of the row, in order of arrival.")
    provider: str = column(description="Who charges: anthropic, openai, github, cursor, aws, google, azure.")
    report: str = column(
        description="cost: what is charged; usage: quantities without money; estimate: the provider's own."
    )
    date: dt.date = column(description="Day of UTC that is charged.")
    product: str = column(nullable=True, description="What is charged, in the provider's words.")
    model_name: str = column(nullable=True, description="The model as the bill names it.")
    unit: str = column(nullable=True, description="Unit of the quantity.")
    quantity: float = column(nullable=True, description="How much.")
    gross_nano: int = column(nullable=True, description="Before discounts, in billionths of the currency.")
    discount_nano: int = column(nullable=True, description="Discounts, in billionths of the currency.")
    net_nano: int = column(nullable=True, description="What is charged, in billionths of the currency.")
    currency: str = column(nullable=True, description="Currency of the amounts.")
    developer_id: str = column(nullable=True, description="Person that the line names.")
    workspace_id: str = column(nullable=True, description="Workspace or project that the line names.")
    api_key_id: str = column(nullable=True, description="API key that the line names, by its id or name.")
    organization: str = column(nullable=True, description="Organisation that the line names.")
    cost_centre: str = column(nullable=True, description="Cost centre that the line names.")
    account: str = column(nullable=True, description="Whose bill it is, as the ingest was told.")
    scope: str = column(description="What the report tells whole, as a hash.")
    version: str = column(description="All that it tells of it, as a hash.")
    line: int = column(description="Number of the line in its scope and version.")
    created_at: UtcTimestamp = column(nullable=True, description="When the row arrived.")

    record_hash: str = extra(description="Identity of the record: the same line has the same hash.")

    @classmethod
    def may_be_missing(cls) -> bool:
        """Only our own ingest writes bills."""
        return True


class RawCopilotMetrics(Source):
    """One row per day, report and user or organisation, as GitHub reported it."""

    id: int = column(description="Number of the row, in order of arrival.")
    date: dt.date = column(description="Day of the activity.")
    developer_id: str = column(
        nullable=True, description="GitHub login or mapped developer; NULL on organisation rows."
    )
    total_suggestions: int = column(nullable=True, description="Completions suggested.")
    total_acceptances: int = column(nullable=True, description="Completions accepted.")
    total_lines_suggested: int = column(nullable=True, description="Lines suggested.")
    total_lines_accepted: int = column(nullable=True, description="Lines accepted.")
    total_active_users: int = column(nullable=True, description="Users active on the day.")
    language_breakdown: str = json_text(description="Counts by language, JSON.")
    created_at: UtcTimestamp = column(nullable=True, description="When the row arrived.")

    ai_credits_used: float = extra(description="AI credits used, $0.01 each.")
    interactions: int = extra(description="Interactions with chat and agents that a person began.")
    cli_sessions: int = extra(description="Sessions of Copilot CLI.")
    cli_requests: int = extra(description="Requests of Copilot CLI.")
    cli_prompts: int = extra(description="Prompts in Copilot CLI.")
    cli_prompt_tokens: int = extra(description="Tokens sent by Copilot CLI, cached ones included.")
    cli_output_tokens: int = extra(description="Tokens received by Copilot CLI.")
    used_code_review: bool = extra(description="Whether Copilot's code review was used actively.")
    editor_breakdown: str = extra(json=True, description="Activity by editor, JSON.")
    feature_breakdown: str = extra(json=True, description="Activity by feature and chat mode, JSON.")
    organization: str = extra(description="Organisation or enterprise that the report is of.")
    report_scope: str = extra(description="Whom the row counts.", isin=["user", "organization", "enterprise"])
    record_hash: str = extra(description="Identity of the record: the same row has the same hash.")


class RawCopilotSeats(Source):
    """One row per answer of GitHub about seats of Copilot and seat in it; only our own ingest writes it."""

    id: int = column(description="Number of the row, in order of arrival.")
    developer_id: str = column(description="GitHub login of whom the seat is assigned to.")
    plan: str = column(nullable=True, description="Copilot's plan: business, enterprise, unknown.")
    assigned_at: UtcTimestamp = column(description="When the seat was last granted.")
    last_activity_at: UtcTimestamp = column(
        nullable=True,
        description="Last activity; NULL where there was none in the 90 days before the answer.",
    )
    ends_on: dt.date = column(nullable=True, description="First day without it, once it is cancelled.")
    account: str = column(nullable=True, description="Whose seats they are, as the ingest was told.")
    answer: str = column(description="All that the answer tells, as a hash.")
    observed_at: UtcTimestamp = column(description="Latest moment that the answer names: it is not older.")
    created_at: UtcTimestamp = column(nullable=True, description="When the row arrived.")

    record_hash: str = extra(description="Identity of the record: the same seat in it has the same hash.")

    @classmethod
    def may_be_missing(cls) -> bool:
        """Only our own ingest writes seats."""
        return True


class RawPullRequests(Source):
    """One row per version of a pull request, as it was read; only our own ingest writes it."""

    id: int = column(description="Number of the row, in order of arrival.")
    project_id: str = column(description="Repository, owner/name, at the time of the reading.")
    number: int = column(description="Number of the request in its repository.")
    developer_id: str = column(nullable=True, description="Login of its author; NULL if nobody has it now.")
    state: str = column(description="What became of it.", isin=["open", "closed", "merged"])
    opened_at: UtcTimestamp = column(description="When it was opened.")
    updated_at: UtcTimestamp = column(description="When it last changed: which version this is.")
    merged_at: UtcTimestamp = column(nullable=True, description="When it was merged.")
    closed_at: UtcTimestamp = column(nullable=True, description="When it was merged or closed.")
    created_at: UtcTimestamp = column(nullable=True, description="When the row arrived.")

    request_id: str = extra(description="The request's own id, which renaming a repository does not change.")
    version_id: str = extra(description="What its rows of raw.pull_request_commits are known by.")
    author_is_bot: bool = extra(description="Whether its author is a bot or an app.")
    labels: str = extra(description="Names of its labels, in order, with a comma and a space between.")
    head_branch: str = extra(description="Branch that it brings in.")
    base_branch: str = extra(description="Branch that it goes into.")
    is_from_fork: bool = extra(description="Whether its branch is another repository's.")
    additions: int = extra(description="Lines added.")
    deletions: int = extra(description="Lines deleted.")
    changed_files: int = extra(description="Files changed.")
    commit_count: int = extra(description="Commits that it has; NULL where they were not asked for.")
    merge_commit: str = extra(description="Commit that merging it made.")
    first_review_at: UtcTimestamp = extra(description="First review by a person other than its author.")
    first_bot_review_at: UtcTimestamp = extra(description="First review by a bot.")
    review_count: int = extra(description="Reviews by people other than its author, before it ended.")
    review_rounds: int = extra(description="How often such reviews sent it back, and the last one if not.")
    check_count: int = extra(description="Checks of its last commit; NULL where they were not asked for.")
    checks_failed: int = extra(description="Of these, checks that failed.")
    reverts_number: int = extra(description="Number of the request that it says it reverts.")
    record_hash: str = extra(description="Identity of the record: the same version has the same hash.")

    @classmethod
    def may_be_missing(cls) -> bool:
        """Only our own ingest writes requests."""
        return True


class RawPullRequestCommits(Source):
    """One row per version of a pull request and commit of it, or copy of one; only our ingest writes it."""

    id: int = column(description="Number of the row, in order of arrival.")
    version_id: str = column(description="The version in raw.pull_requests.")
    commit_hash: str = column(description="Object name of the commit, lower case.")
    updated_at: UtcTimestamp = column(description="When the request last changed.")
    created_at: UtcTimestamp = column(nullable=True, description="When the row arrived.")

    copy_of: str = extra(
        description="Commit of the request whose change, or all up to whose change, this one repeats;"
        " NULL for one that the request lists."
    )
    record_hash: str = extra(description="Identity of the record: the same one has the same hash.")

    @classmethod
    def may_be_missing(cls) -> bool:
        """Only our own ingest writes requests."""
        return True
