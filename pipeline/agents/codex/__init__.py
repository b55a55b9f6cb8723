"""Codex, of OpenAI."""

from pipeline.agents.conventions import NOREPLY
from pipeline.agents.declaration import Agent, Evidence, Home, Marks, Request, Telemetry, TokenMetric

AGENT = Agent(
    "codex",
    "Codex",
    "OpenAI",
    "cli",
    aliases=(
        "chatgpt_codex_connector",
        "codex_app_server",
        "codex_cli",
        "codex_cli_rs",
        "codex_exec",
        "codex_mcp_server",
        "codex_rs",
        "codex_sdk_ts",
        "codex_tui",
        "codex_vscode",
        "openai_codex",
    ),
    telemetry=Telemetry(
        # One record per streamed chunk, numbers only on the last; tool_token_count is the total.
        requests=(
            Request(
                "sse_event",
                "input_token_count",
                "output_token_count",
                "cached_token_count",
                ("cache_write_token_count",),
                cache_in_input=True,
                only=("event.kind", "response.completed"),
            ),
        ),
        cost_events=("turn_cost",),
        costs={"cost_microusd": 1e-6, "usage.estimated_usd": 1.0},
        # A connection, not a response: its tokens are in codex.sse_event.
        other_events=("codex.api_request",),
        starts=("conversation_starts",),
        setups=("startup_phase",),
        failures={"codex.api_request": "http.response.status_code"},
        edit_tools=("apply_patch",),
        # What spawn_agent gives back. The thread then tells its own id as conversation.id.
        spawns={"output": r'\{"agent_id":"([0-9a-f-]{36})"'},
        # openai/codex, codex-rs/protocol: ReviewDecision::to_opaque_string.
        decisions={
            "approved": "accept",
            "approved_with_amendment": "accept",
            "approved_for_session": "accept",
            "denied": "reject",
            "abort": "reject",
            "timed_out": "reject",
        },
        models=("slug",),
        token_metrics=(
            # Its kinds overlap: cached_input is in input, reasoning_output in output, total is all of them.
            TokenMetric(
                "^codex[.]turn[.]token_usage$",
                {
                    "input": "input_tokens",
                    "cached_input": "cache_read_tokens",
                    "cache_write_input": "cache_creation_tokens",
                    "output": "output_tokens",
                },
                cache_in_input=True,
            ),
        ),
        cost_metrics={"^codex[.]turn[.]cost_microusd$": 1e-6},
        # Its tool_token_count is the total.
        retold=("reasoning_token_count", "tool_token_count", "reasoning_output"),
    ),
    marks=Marks(
        emails=(
            "noreply@openai.com",
            "codex@openai.com",
            f"215057067+openai-codex[bot]@{NOREPLY}",
            f"199175422+chatgpt-codex-connector[bot]@{NOREPLY}",
        ),
        lines=("codex-session:",),
        footers=("codex", "openai codex"),
        rank=3,
    ),
    homes=(Home("~/.codex", ("sessions", "archived_sessions"), variable="CODEX_HOME"),),
    evidence=(
        Evidence(
            "telemetry",
            "seen; openai/codex, codex-rs/otel; openai/codex #40208 (tool_token_count), #40488 (turn costs);"
            " antiburn #269 (service_tier)",
            "2026-11-28",
            version="0.171.0",
            repeats="response.completed comes twice, the first time without counts. Every request is an event"
            " and in metrics, which name no session. Its traces tell them again: handle_responses one"
            " response, session_task.turn all of a turn.",
            undercount="A session whose only request fails sends nothing. Traces alone are not counted, and"
            " told: of these spans the one names neither session nor model, the other has sums.",
        ),
        Evidence(
            "transcripts",
            "seen; ccusage #950, #1288, #1349, #1460, #1501; mag123c/toktrack #250; openai/codex #25087;"
            " steipete/CodexBar #3524 (counters that go on); kenn-io/agentsview #657 (times in turns' ids);"
            " chattymin/PokeTokenBar #137 (sub-agents); xiufengsun/TokenTracker #652 (compaction)",
            "2026-11-28",
            version="0.171.0",
            repeats="A token_count is written again with the same total, and tells a token_usage_record's"
            " response again. Forks replay their parent's history: what stands before their own first turn.",
            undercount="cli_version is the one that began the session. Failed requests that were tried again,"
            " and web searches of the server, are not priced or not told.",
        ),
        Evidence(
            "commits",
            "public histories of 12 repositories: 16 trailers, 40 authors; openai/codex #11617;"
            " chaoss/ai-detection-action, utils.go",
            "2026-11",
        ),
    ),
)
