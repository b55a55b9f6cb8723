"""Qwen Code, of Alibaba: a fork of Gemini CLI, whose events it sends."""

from dataclasses import replace

from pipeline.agents import gemini_cli
from pipeline.agents.declaration import Agent, Evidence, Home, Marks, Telemetry

FOLDERS = ("projects/*/chats", "projects/*/subagents", "usage/token-usage-*.jsonl")

AGENT = Agent(
    "qwen_code",
    "Qwen Code",
    "Alibaba",
    "cli",
    aliases=("qwen", "qwen_cli", "qwen_coder", "qwencode"),
    telemetry=Telemetry(
        starts=("session.start",),
        ends=("session.end",),
        setup_metrics=("qwen-code.session.count", "qwen-code.cpu.usage", "qwen-code.memory.usage"),
        tools=("tool_call",),
        tool_names=("function_name",),
        edit_tools=("edit", "replace", "write_file"),
        decision_events=("tool_call",),
        decisions=gemini_cli.DECISIONS,
        token_metrics=(replace(gemini_cli.TOKEN_METRIC, name="^qwen[-_]code[.]token[.]usage$"),),
    ),
    marks=Marks(emails=("qwen-coder@alibabacloud.com",)),
    homes=(
        Home("~/.qwen", FOLDERS, variable="QWEN_RUNTIME_DIR"),
        Home("~/.qwen", FOLDERS, variable="QWEN_HOME", unless="QWEN_RUNTIME_DIR"),
    ),
    evidence=(
        Evidence(
            "telemetry",
            "seen",
            "2026-11-28",
            version="0.24.4",
            repeats="Each request is told as an event (response_id), in metrics, and as the span"
            " qwen-code.llm_request (gen_ai.response.id). output_token_count holds thoughts_token_count where"
            " total_token_count is input and output alone; with Gemini's protocol it does not.",
            undercount="It names no cost, and no cache writes. Calls that were tried again send nothing.",
        ),
        Evidence(
            "transcripts",
            "seen; QwenLM/qwen-code, chatRecordingService.ts, agent-transcript.ts, telemetry/loggers.ts; the"
            " ledger: QwenLM/qwen-code #4564, lines of RandomCodeSpace/aiusage-core's test data",
            "2026-11-29",
            version="0.24.4",
            repeats="Each call is told as an event with a response_id and again as usageMetadata, told by"
            " model, counts and time. A sub-agent's calls are in its parent's file and in its own. /branch"
            " copies records under the same uuid, with forkedFrom. The ledger usage/token-usage-*.jsonl tells"
            " calls once more, under ids of its own: same session, model and counts. usage_record.jsonl sums"
            " up sessions, and is not read.",
            undercount="Chats do not record titles, suggestions and other internal calls; only the ledger"
            " does, which builds before May 2026 and `qwen -p` (0.24.4) do not write. Cache writes, and when"
            " a session began before its first record, are told nowhere. Older chats without events tell no"
            " failed requests and no decisions about edits.",
        ),
        Evidence(
            "commits", "QwenLM/qwen-code, tests of gitCoAuthor; public histories: 6 trailers", "2026-11-28"
        ),
    ),
)
