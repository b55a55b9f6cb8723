"""What is nobody's alone: names that many agents use, and OpenTelemetry's GenAI conventions."""

from pipeline.agents.declaration import (
    GEN_AI_METRICS,
    LEGACY_METRICS,
    ActivityMetric,
    Request,
    Telemetry,
    TokenMetric,
)

NOREPLY = "users.noreply.github.com"  # where GitHub's apps have their addresses
BOT = "[bot]"  # how GitHub's names for programs end; nobody can have one
MAIN = ("main", "master")  # branches that nobody has to himself
SHORT_HASH = 7  # digits of a commit's hash that a tool's result gives at least

_DISJOINT = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cacheRead": "cache_read_tokens",
    "cache_read": "cache_read_tokens",
    "cacheCreation": "cache_creation_tokens",
    "cache_creation": "cache_creation_tokens",
    "reasoning": "output_tokens",
}
_LINES = {"added": "lines_added", "removed": "lines_removed"}

# Claude Code's names, which others have taken over: opencode's plugin, exports of Cursor.
COMMON = Telemetry(
    # Kinds are disjoint already. Only opencode counts reasoning, and apart from the output.
    requests=(
        Request(
            "api_request", "input_tokens", "output_tokens", "cache_read_tokens", reasoning="reasoning_tokens"
        ),
    ),
    costs={"cost_usd": 1.0, "cost_usd_micros": 1e-6},
    starts=("session_start",),
    ends=("session_end",),
    prompts=("user_prompt",),
    errors=("api_error",),
    tools=("tool_result",),
    tool_names=("tool_name",),
    mcp_servers=("mcp_server.name", "mcp_server_name", "mcp_server"),
    skills=("skill.name",),
    decision_events=("tool_decision",),
    decisions={"accept": "accept", "reject": "reject"},
    sessions=("session_id", "session.id", "conversation.id"),
    models=("model",),
    # opentelemetry.io/docs/specs/semconv/registry/attributes/vcs: it should have no user and password.
    repositories=("vcs.repository.url.full",),
    token_metrics=(
        TokenMetric("^[^.]+[.]token[.]usage$", _DISJOINT),
        # The names that older collectors gave: claude_code.tokens.input, …
        TokenMetric("^[^.]+[.]tokens[.](.+)$", _DISJOINT, LEGACY_METRICS),
    ),
    cost_metrics={"^[^.]+[.]cost[.]usage$": 1.0},
    activity_metrics=(
        ActivityMetric(".lines_of_code.count", _LINES, "type"),
        ActivityMetric(
            ".code_edit_tool.decision", {"accept": "edits_accepted", "reject": "edits_rejected"}, "decision"
        ),
        ActivityMetric(".active_time.total", "active_seconds"),
    ),
    retold=("total", "total_tokens", "total_token_count", "cache_creation_5m_tokens"),
)


# Cached tokens "should be included in" the input: github.com/open-telemetry/semantic-conventions-genai.
def gen_ai_request(event: str) -> Request:
    """A model call told in the attributes of the GenAI conventions."""
    return Request(
        event,
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.cache_read.input_tokens",
        ("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens"),
        cache_in_input=True,
    )


GEN_AI_REQUEST = gen_ai_request("client.inference.operation.details")
GEN_AI = Telemetry(
    requests=(
        GEN_AI_REQUEST,
        # Spans: `{operation} {model}`. Those of agents and workflows sum up these, and are no requests.
        *map(gen_ai_request, ("chat", "generate_content", "text_completion", "llm_request")),
    ),
    tools=("execute_tool",),
    tool_names=("gen_ai.tool.name",),
    spans=(
        "^(chat|generate_content|text_completion|execute_tool|invoke_agent)( |$)",
        # Claude Code and its kin call the span of one model call so.
        "^[a-z_-]+[.]llm_request$",
    ),
    sessions=("gen_ai.conversation.id",),
    models=("gen_ai.response.model", "gen_ai.request.model"),
    token_metrics=(
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
        # The older histogram repeats the counters above.
        TokenMetric(
            "^gen_ai[.]client[.]token[.]usage$",
            {"input": "input_tokens", "output": "output_tokens"},
            GEN_AI_METRICS + 1,
            cache_in_input=True,
        ),
    ),
    retold=(
        *("create_agent", "invoke_agent", "invoke_workflow"),
        *("gen_ai.usage.reasoning.output_tokens", "reasoning.output_tokens"),
        *(f"gen_ai.client.inference.operation.{kind}_tokens" for kind in ("input", "output")),
    ),
)

# Vercel's AI SDK, which opencode is made with: ai-sdk.dev/docs/ai-sdk-core/telemetry. The spans without
# `do` sum these up.
AI_SDK = Telemetry(
    requests=tuple(
        Request(
            f"{operation}.{step}",
            "ai.usage.inputTokens",
            "ai.usage.outputTokens",
            "ai.usage.cachedInputTokens",
            ("ai.usage.inputTokenDetails.cacheWriteTokens",),
            cache_in_input=True,
        )
        for operation, step in (
            ("streamText", "doStream"),
            ("generateText", "doGenerate"),
            ("streamObject", "doStream"),
            ("generateObject", "doGenerate"),
        )
    ),
    spans=("^ai[.](stream|generate)(Text|Object)[.]do(Stream|Generate)( |$)",),
    sessions=("ai.telemetry.metadata.sessionId",),
    models=("ai.response.model", "ai.model.id"),
    retold=(
        *(f"ai.{operation}{kind}" for operation in ("stream", "generate") for kind in ("Text", "Object")),
        *("ai.usage.totalTokens", "ai.usage.reasoningTokens", "ai.usage.promptTokens"),
        *("ai.usage.completionTokens", "ai.usage.tokens"),
        *("ai.usage.inputTokenDetails.noCacheTokens", "ai.usage.inputTokenDetails.cacheReadTokens"),
        *("ai.usage.outputTokenDetails.textTokens", "ai.usage.outputTokenDetails.reasoningTokens"),
    ),
)

# What our own ingest makes of a provider's report of a person's day.
DAY_REPORT = "usage_report"
REPORT = Telemetry(requests=(Request(DAY_REPORT, "input_tokens", "output_tokens", "cache_read_tokens"),))

CONVENTIONS = (COMMON, GEN_AI, AI_SDK, REPORT)
