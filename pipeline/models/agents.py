"""How each agent reports its usage: the one place to add an agent's telemetry.

A new agent that writes one log event per request is one `Request` in `REQUESTS`; one that counts
tokens in a metric is one `TokenMetric` in `TOKEN_METRICS`. Names of attributes, events and metrics
are the agents' own. Whatever they count, models see four disjoint kinds of tokens: `input` (uncached),
`output` (reasoning included), `cache_creation` and `cache_read`.
"""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipeline.models.expressions import UNKNOWN, canonical_agent

TOKEN_KINDS = (
    "input_tokens",
    "output_tokens",
    "cache_creation_tokens",
    "cache_creation_1h_tokens",
    "cache_read_tokens",
)


SESSION = ("session_id", "session.id", "conversation.id", "gen_ai.conversation.id")
PERSON = ("developer_id", "enduser.id", "user.email", "user.account_uuid", "user.id")
MODEL = ("model", "gen_ai.response.model", "gen_ai.request.model", "slug")
# What `context` reads of a record and of its resource.
CONTEXT = (*SESSION, *PERSON, *MODEL, "agent_type", "speed", "app.version", "terminal.type")


@dataclass(frozen=True)
class Request:
    """One log event per model request: its bare name, and where it puts each number.

    Attributes:
        cache_in_input: cached tokens are among the input, and are taken out.
        reasoning: tokens thought that are not among the output, and are added.
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
        rest = [self.cache_creation_1h, self.reasoning, self.tool, self.tool and self.total]
        return [name for name in [*kinds, *rest] if name]

    def tokens(self, counts: dict[str, ir.IntegerValue]) -> dict[str, ir.IntegerValue]:
        """The disjoint kinds of one request, from the counts by attribute."""

        def known(name: str | None) -> ir.IntegerValue:
            return counts[name].fill_null(0) if name else ibis.literal(0, "int64")

        sent, received = counts[self.input], counts[self.output]
        created = ibis.coalesce(*(counts[name] for name in self.cache_creation))
        cached = known(self.cache_read) + created.fill_null(0)
        uncached = (sent - cached).clip(lower=0) if self.cache_in_input else sent
        if self.tool:
            listed = known(self.input) + known(self.output) + known(self.reasoning)
            counted_apart = known(self.total) == listed + known(self.tool)
            uncached += ibis.ifelse(counted_apart, known(self.tool), 0)
        return {
            "input_tokens": uncached,
            "output_tokens": received + known(self.reasoning),
            "cache_creation_tokens": created,
            "cache_creation_1h_tokens": counts[self.cache_creation_1h],
            "cache_read_tokens": counts[self.cache_read],
        }


REQUESTS = (
    # Claude Code, opencode's plugin, Cursor's export: kinds are disjoint already. Only opencode
    # counts reasoning, and apart from the output.
    Request(
        "api_request", "input_tokens", "output_tokens", "cache_read_tokens", reasoning="reasoning_tokens"
    ),
    # Codex: one record per streamed chunk, numbers only on the last; tool_token_count is the total.
    Request(
        "sse_event",
        "input_token_count",
        "output_token_count",
        "cached_token_count",
        ("cache_write_token_count",),
        cache_in_input=True,
        only=("event.kind", "response.completed"),
    ),
    # Gemini CLI and Qwen Code.
    Request(
        "api_response",
        "input_token_count",
        "output_token_count",
        "cached_content_token_count",
        ("cache_write_token_count",),
        cache_in_input=True,
        reasoning="thoughts_token_count",
        tool="tool_token_count",
    ),
    # OpenTelemetry's GenAI conventions: cached tokens "should be included in" the input.
    Request(
        "client.inference.operation.details",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.cache_read.input_tokens",
        ("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens"),
        cache_in_input=True,
    ),
    # Copilot Chat in VS Code repeats the same numbers per turn.
    Request(
        "agent.turn",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.cache_read.input_tokens",
        ("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens"),
        cache_in_input=True,
    ),
)

# Cost in US dollars: attribute → unit.
REPORTED_COSTS = {
    "cost_usd": 1.0,
    "cost_usd_micros": 1e-6,
    "cost_microusd": 1e-6,
    "usage.estimated_usd": 1.0,
}
# Events that bring a cost, and may have no tokens. Others, such as opencode's session.idle,
# tell again what requests have told.
COSTS = (*(request.event for request in REQUESTS), "turn_cost")

STARTS = ("session_start", "conversation_starts", "session.start", "session.created", "config")
ENDS = ("session_end", "end_session", "session.end", "conversation_finished")
PROMPTS = ("user_prompt",)
ERRORS = ("api_error",)
TOOLS = ("tool_result", "tool_call")
EDIT_TOOLS = ("Edit", "Write", "NotebookEdit")


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
    kinds: dict[str, str]
    form: int
    cache_in_input: bool = False


# The same request often arrives in several forms: the lowest of a session counts, never two.
OWN_EVENTS, GEN_AI_EVENTS, OWN_METRICS, LEGACY_METRICS, GEN_AI_METRICS = 1, 2, 3, 4, 5

DISJOINT = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cacheRead": "cache_read_tokens",
    "cache_read": "cache_read_tokens",
    "cacheCreation": "cache_creation_tokens",
    "cache_creation": "cache_creation_tokens",
    "reasoning": "output_tokens",
}
TOKEN_METRICS = (
    # Its kinds overlap: cached_input is in input, reasoning_output in output, total is all of them.
    TokenMetric(
        "^codex[.]turn[.]token_usage$",
        {
            "input": "input_tokens",
            "cached_input": "cache_read_tokens",
            "cache_write_input": "cache_creation_tokens",
            "output": "output_tokens",
        },
        OWN_METRICS,
        cache_in_input=True,
    ),
    TokenMetric(
        "^(gemini_cli|qwen-code|qwen_code)[.]token[.]usage$",
        {
            "input": "input_tokens",
            "cache": "cache_read_tokens",
            "tool": "input_tokens",
            "output": "output_tokens",
            "thought": "output_tokens",
        },
        OWN_METRICS,
        cache_in_input=True,
    ),
    TokenMetric(
        "^gen_ai[.]client[.]inference[.]usage[.](.+)$",
        {
            "input_tokens": "input_tokens",
            "cache_read.input_tokens": "cache_read_tokens",
            "cache_write.input_tokens": "cache_creation_tokens",
            "output_tokens": "output_tokens",
        },
        GEN_AI_METRICS,
        cache_in_input=True,
    ),
    TokenMetric(
        "^gen_ai[.]client[.]token[.]usage$",
        {"input": "input_tokens", "output": "output_tokens"},
        GEN_AI_METRICS + 1,
        cache_in_input=True,
    ),
    # Claude Code, opencode's plugin, and whoever does as they do.
    TokenMetric("^[^.]+[.]token[.]usage$", DISJOINT, OWN_METRICS),
    # The names that older collectors gave: claude_code.tokens.input, …
    TokenMetric("^[^.]+[.]tokens[.](.+)$", DISJOINT, LEGACY_METRICS),
)
TOKEN_KIND = ("type", "token_type", "gen_ai.token.type")

# Money: metric name → unit in US dollars.
COST_METRICS = {"^[^.]+[.]cost[.]usage$": 1.0, "^codex[.]turn[.]cost_microusd$": 1e-6}

# End of the metric's name, the attribute that tells kinds apart, and the kinds.
OTHER_METRICS = (
    (".lines_of_code.count", "type", {"added": "lines_added", "removed": "lines_removed"}),
    (".lines.changed", "type", {"added": "lines_added", "removed": "lines_removed"}),
    (".code.lines_added", None, "lines_added"),
    (".code.lines_removed", None, "lines_removed"),
    (
        ".code_edit_tool.decision",
        "decision",
        {"accept": "edits_accepted", "reject": "edits_rejected"},
    ),
    (".active_time.total", None, "active_seconds"),
)
# Every attribute of a log record that counts tokens, and those that tell a response apart.
COUNTS = tuple(dict.fromkeys(name for request in REQUESTS for name in request.attributes()))
MARKS = tuple(request.only[0] for request in REQUESTS if request.only)

# What `measured` reads of a point.
MEASURED = (*TOKEN_KIND, "decision")


def request_tokens(
    event: ir.StringValue,
    namespace: ir.StringValue,
    attributes: dict[str, ir.StringValue],
    counts: dict[str, ir.IntegerValue],
) -> dict[str, ir.IntegerValue]:
    """The disjoint tokens of a log record, by its event's name; NULL where it is no request."""

    def is_response(request: Request) -> ir.BooleanValue:
        named = event == request.event
        if request.only:
            attribute, value = request.only
            named &= attributes[attribute] == value
        if request.event == "api_request":
            # codex.api_request is a connection, not a response: its tokens are in codex.sse_event.
            named &= namespace.fill_null("") != "codex"
        return named

    read = [(is_response(request), request.tokens(counts)) for request in REQUESTS]
    return {kind: ibis.cases(*((found, kinds[kind]) for found, kinds in read)) for kind in TOKEN_KINDS}


def measured(metric_name: ir.StringValue, attributes: dict[str, ir.StringValue]) -> dict[str, ir.Value]:
    """What a metric point measures: `measure`, its `unit`, its `form`, and `cache_in_input`.

    `measure` is a kind of tokens, `cost_usd`, `active_seconds`, `lines_added`, `lines_removed`,
    `edits_accepted` or `edits_rejected`; NULL for whatever models do not count.
    """
    stated = ibis.coalesce(*(attributes[name] for name in TOKEN_KIND))
    measures, forms = [], []
    for metric in TOKEN_METRICS:
        in_name = metric.name.endswith("(.+)$")
        kind = metric_name.re_extract(metric.name, 1) if in_name else stated
        named = metric_name.re_search(metric.name)
        measures.append((named, kind.cases(*metric.kinds.items(), else_=None)))
        forms.append((named, metric))
    costs = [(metric_name.re_search(name), unit) for name, unit in COST_METRICS.items()]
    measures += [(named, "cost_usd") for named, _ in costs]
    for suffix, attribute, kinds in OTHER_METRICS:
        kind = attributes[attribute].cases(*kinds.items(), else_=None) if attribute else kinds
        measures.append((metric_name.endswith(suffix), kind))
    return {
        "measure": ibis.cases(*measures),
        "unit": ibis.cases(*costs, else_=1.0).cast("decimal(18, 9)"),
        "form": ibis.cases(*((named, m.form) for named, m in forms), else_=OWN_METRICS).cast("int64"),
        "cache_in_input": ibis.cases(*((named, m.cache_in_input) for named, m in forms), else_=False),
    }


def first_of(texts: dict[str, ir.StringValue], *names: str) -> ir.StringValue:
    """The first of some attributes that says something."""
    return ibis.coalesce(*(texts[name].nullif("") for name in names))


def context(
    record: ir.Table, attributes: dict[str, ir.StringValue], resource: dict[str, ir.StringValue]
) -> dict[str, ir.Value]:
    """Who, where and with what: the columns that log records and metric points have in common.

    `stated` and `service` are hints for `with_agent`; `developer_id` is yet to be resolved.
    """
    email = ibis.coalesce(first_of(attributes, "user.email"), first_of(resource, "user.email"))
    return {
        "session_id": first_of(attributes, *SESSION),
        "stated": canonical_agent(attributes["agent_type"]).nullif(UNKNOWN),
        "service": canonical_agent(record.service_name),
        "developer_id": ibis.coalesce(
            record.developer_id.strip().nullif("").nullif(UNKNOWN),
            first_of(attributes, "developer_id", "enduser.id"),
            first_of(resource, "developer_id", "enduser.id"),
            email.lower(),
            first_of(attributes, "user.account_uuid", "user.id"),
            first_of(resource, "user.account_uuid", "user.id"),
        ),
        "developer_email": email.lower(),
        "reported_model": first_of(attributes, *MODEL),
        "speed": ibis.ifelse(attributes["speed"] == "fast", "fast", "normal").fill_null("normal"),
        # Gemini CLI and its forks put the version of Node.js (v22.…) into service.version.
        "client_version": ibis.coalesce(
            first_of(attributes, "app.version"),
            ibis.ifelse(record.service_version.startswith("v"), None, record.service_version),
        ),
        "terminal": first_of(attributes, "terminal.type"),
    }
