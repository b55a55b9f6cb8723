"""What an agent says of itself: plain data, read by models, seeds and ingests.

Names of events, metrics and attributes are the agents' own. Whatever they count, the pipeline sees
four disjoint kinds of tokens: `input` (uncached), `output` (reasoning included), `cache_creation` and
`cache_read`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

TOKEN_KINDS = (
    "input_tokens",
    "output_tokens",
    "cache_creation_tokens",
    "cache_creation_1h_tokens",
    "cache_read_tokens",
)

# The same request often arrives in several forms: the lowest of a session counts, never two. Spans tell of
# cache and conversation where GenAI events and metrics do not; reports sum up a day.
OWN_EVENTS, SPANS, GEN_AI_EVENTS, OWN_METRICS, LEGACY_METRICS, GEN_AI_METRICS = 1, 2, 3, 4, 5, 6
REPORTS = 9


@dataclass(frozen=True)
class Request:
    """One log event per model request: its bare name, and where it puts each number.

    Attributes:
        event: the name without the agent's prefix. It means the same in every agent's records.
        cache_in_input: cached tokens are among the input, and are taken out.
        reasoning: tokens thought; added, unless the event's own `total` is input and output alone.
        cache_creation: cache writes, by any of these names.
        tool: prompt tokens of tool results; added where the event's own `total` counts them apart.
        only: attribute and value that tell a response from other records of this name.
    """

    event: str
    input: str
    output: str
    cache_read: str
    cache_creation: tuple[str, ...] = ("cache_creation_tokens",)
    cache_creation_1h: str = "cache_creation_1h_tokens"
    cache_in_input: bool = False
    reasoning: str | None = None
    tool: str | None = None
    total: str = "total_token_count"
    only: tuple[str, str] | None = None

    def attributes(self) -> list[str]:
        """Every attribute that counts tokens."""
        kinds = [self.input, self.output, self.cache_read, *self.cache_creation]
        total = self.total if self.tool or self.reasoning else None
        rest = [self.cache_creation_1h, self.reasoning, self.tool, total]
        return [name for name in [*kinds, *rest] if name]


@dataclass(frozen=True)
class TokenMetric:
    """A metric that counts tokens by kind.

    Attributes:
        name: a regular expression that the whole metric name matches; a group in it is the kind.
        kinds: what the metric calls a kind → what models call it. Others (totals, parts of
            a kind) are not counted.
        form: which of an agent's forms it is; of several in one session the lowest counts.
        cache_in_input: cached tokens are among the input, and are taken out.
    """

    name: str
    kinds: Mapping[str, str]
    form: int = OWN_METRICS
    cache_in_input: bool = False


@dataclass(frozen=True)
class ActivityMetric:
    """A metric of lines, edits or active time.

    Attributes:
        suffix: how its name ends.
        measures: what it measures; or, where `attribute` tells kinds apart, each kind's measure.
            Measures are active_seconds, lines_added, lines_removed, edits_accepted, edits_rejected.
    """

    suffix: str
    measures: str | Mapping[str, str]
    attribute: str | None = None


@dataclass(frozen=True)
class Telemetry:
    """How usage is reported. Names of events are bare: without the prefix of the agent.

    Attributes:
        requests: events of which each is a model request with its tokens.
        cost_events: other events that bring a cost, and may have no tokens.
        costs: attribute of such events → its unit in US dollars.
        other_events: full names of events that are called like a request and are none.
        starts: events that begin a session.
        ends: events that end one.
        setups: events of an agent that gets ready. Where they and starts are all, nothing has happened.
        setup_metrics: full names of metrics that tell as little.
        prompts: events of which each is a prompt that a person sent.
        errors: events of which each is a failed request.
        failures: full names of events of which one is a failed request, too, if this attribute, an HTTP
            status, says so.
        tools: events of which each is a call of a tool.
        tool_names: attributes that name the tool.
        mcp_servers: attributes that name the MCP server that a tool is of.
        skills: attributes that name the skill for which a tool was called.
        edit_tools: names of the tools whose decisions are decisions about edits.
        decision_events: events that tell what was decided about a tool.
        decisions: what a decision is called → accept or reject.
        spawns: attributes that hold content → a regular expression of which a group is the id of the thread
            that a tool spawned. Of the content only this lands.
        subagents: events on which `agent_type` is the kind of a subagent, and not the agent.
        sessions: attributes that name the session.
        models: attributes that name the model.
        repositories: attributes that hold the address of the repository, or its `owner/name`.
        token_metrics: metrics that count tokens.
        cost_metrics: a regular expression that the metric's whole name matches → its unit in US dollars.
        activity_metrics: metrics that count something else.
        spans: regular expressions of the names of spans that tell of one call of a model or a tool. They
            are read as events: the first word of the name is the event's.
        not_sessions: values of `start_type` on points of processes that are no sessions.
        retold: events, spans, metrics, attributes and kinds of tokens whose usage others tell: sums, and
            parts of what is counted.
    """

    requests: tuple[Request, ...] = ()
    cost_events: tuple[str, ...] = ()
    costs: Mapping[str, float] = field(default_factory=dict)
    other_events: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    setups: tuple[str, ...] = ()
    setup_metrics: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    failures: Mapping[str, str] = field(default_factory=dict)
    tools: tuple[str, ...] = ()
    tool_names: tuple[str, ...] = ()
    mcp_servers: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    edit_tools: tuple[str, ...] = ()
    decision_events: tuple[str, ...] = ()
    decisions: Mapping[str, str] = field(default_factory=dict)
    spawns: Mapping[str, str] = field(default_factory=dict)
    subagents: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    token_metrics: tuple[TokenMetric, ...] = ()
    cost_metrics: Mapping[str, float] = field(default_factory=dict)
    activity_metrics: tuple[ActivityMetric, ...] = ()
    spans: tuple[str, ...] = ()
    not_sessions: tuple[str, ...] = ()
    retold: tuple[str, ...] = ()


@dataclass(frozen=True)
class Marks:
    """What an agent leaves on commits; all in lower case.

    Trailers that name it by name, such as `Assisted-by: Claude Code:claude-opus-5`, need no declaration.

    Attributes:
        emails: its addresses as author or in a trailer. Never a word of a name: Claude Monet is a person.
        lines: how lines of the message begin.
        footers: what a line `Generated with …` names, linked or not.
        author_names: how the name of an author ends.
        rank: of several agents' marks on one commit the lowest rank counts, then the agent's name.
    """

    emails: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    footers: tuple[str, ...] = ()
    author_names: tuple[str, ...] = ()
    rank: int = 100


@dataclass(frozen=True)
class Home:
    """Where an agent keeps its sessions.

    Attributes:
        base: a folder, `~` for the user's home.
        folders: what to read below it; names may hold a `*`, which may stand for nothing.
        variable: the environment variable that names another base; empty is unset.
        is_list: the variable may name several, with commas between them.
        unless: a variable; where it is set, this home is none.
    """

    base: str
    folders: tuple[str, ...]
    variable: str | None = None
    is_list: bool = False
    unless: str | None = None


@dataclass(frozen=True)
class Evidence:
    """How we know what is said here.

    Attributes:
        what: which part of the declaration.
        source: repositories, issues and pages; "seen" where a real client was run.
        version: of the agent; empty where nobody tells.
        checked: the day or the month, as ISO 8601.
        repeats: how the same usage is told more than once, and what tells a repetition.
        undercount: what is used and not told.
    """

    what: Literal["telemetry", "transcripts", "commits"]
    source: str
    checked: str
    version: str = ""
    repeats: str = ""
    undercount: str = ""


@dataclass(frozen=True)
class Agent:
    """One agent.

    Attributes:
        name: in lower snake case, as `agent_type` has it.
        display: as people write it.
        vendor: who makes it.
        interface: where it is used.
        billed_by: who charges for its use, as bills are called in raw.billing; None: its models' makers.
        aliases: other names, as a service or the prefix of events; in lower snake case.
        telemetry: how it reports its usage, beyond what `pipeline.agents.conventions` says.
        content: attributes that hold what people and models wrote, beyond those that all agents have.
        marks: what it leaves on commits.
        homes: where it keeps its sessions, if its room has a reader of transcripts.
        evidence: how we know.
    """

    name: str
    display: str
    vendor: str
    interface: Literal["cli", "ide", "cloud"]
    billed_by: str | None = None
    aliases: tuple[str, ...] = ()
    telemetry: Telemetry = Telemetry()
    content: tuple[str, ...] = ()
    marks: Marks = Marks()
    homes: tuple[Home, ...] = ()
    evidence: tuple[Evidence, ...] = ()
