"""Gemini CLI, of Google. It leaves no marks on commits."""

from pipeline.agents.declaration import (
    ActivityMetric,
    Agent,
    Evidence,
    Home,
    Request,
    Telemetry,
    TokenMetric,
)

# Qwen Code, a fork, decides and counts like this too.
DECISIONS = {"auto_accept": "accept", "modify": "accept"}
TOKEN_METRIC = TokenMetric(
    "^gemini_cli[.]token[.]usage$",
    {
        "input": "input_tokens",
        "cache": "cache_read_tokens",
        "tool": "input_tokens",
        "output": "output_tokens",
        "thought": "output_tokens",
    },
    cache_in_input=True,
)

AGENT = Agent(
    "gemini_cli",
    "Gemini CLI",
    "Google",
    "cli",
    aliases=("gemini", "geminicli", "google_gemini_cli"),
    telemetry=Telemetry(
        setups=("config", "startup_stats", "ripgrep_fallback"),
        setup_metrics=("gemini_cli.session.count", "gemini_cli.startup.duration"),
        requests=(
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
        ),
        starts=("config",),
        ends=("end_session", "conversation_finished"),
        tools=("tool_call",),
        tool_names=("function_name",),
        edit_tools=("replace", "write_file"),
        decision_events=("tool_call",),
        decisions=DECISIONS,
        token_metrics=(TOKEN_METRIC,),
        activity_metrics=(
            ActivityMetric(".lines.changed", {"added": "lines_added", "removed": "lines_removed"}, "type"),
        ),
    ),
    homes=(Home("~", (".gemini/tmp",), variable="GEMINI_CLI_HOME"),),
    evidence=(
        Evidence(
            "telemetry",
            "seen; google-gemini/gemini-cli, docs/cli/telemetry.md and packages/core/src/telemetry",
            "2026-11-28",
            version="0.61.0",
            repeats="Each request is told four times: as its own event and metric, and as GenAI's.",
            undercount="It names no cost.",
        ),
        Evidence(
            "transcripts",
            "seen; google-gemini/gemini-cli, chatRecordingService.ts, useHistoryManager.ts, errorParsing.ts",
            "2026-11-28",
            version="0.61.0",
            repeats="A message is written again whenever it changes, told by its id; an older document is"
            " copied into the file that continues it.",
            undercount="It names no version and no cost; calls beside the conversation (routing, summaries)"
            " are not recorded. Failed requests are told only where a person was shown them: not of"
            " `gemini -p`, and not those that were tried again.",
        ),
    ),
)
