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
    sessions=("session_id", "session.id", "conversation.id"),
    models=("model",),
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
)

# Cached tokens "should be included in" the input: github.com/open-telemetry/semantic-conventions-genai.
GEN_AI_REQUEST = Request(
    "client.inference.operation.details",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    ("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens"),
    cache_in_input=True,
)
GEN_AI = Telemetry(
    requests=(GEN_AI_REQUEST,),
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
)

CONVENTIONS = (COMMON, GEN_AI)
