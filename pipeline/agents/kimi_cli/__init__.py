"""Kimi CLI, of Moonshot AI, and its successor Kimi Code."""

from pipeline.agents.conventions import NOREPLY
from pipeline.agents.declaration import Agent, Evidence, Home, Marks, Telemetry

CODE = ("sessions/*/*/agents/*/wire.jsonl",)

AGENT = Agent(
    "kimi_cli",
    "Kimi CLI",
    "Moonshot AI",
    "cli",
    aliases=("kimi", "kimi_code"),
    telemetry=Telemetry(edit_tools=("Edit", "StrReplaceFile", "Write", "WriteFile")),
    marks=Marks(emails=("noreply@kimi.com", f"kimi-agent-bot@{NOREPLY}")),
    homes=(
        Home(
            "~/.kimi",
            ("sessions/*/*/wire.jsonl", "sessions/*/*/subagents/*/wire.jsonl"),
            variable="KIMI_SHARE_DIR",
        ),
        Home("~/.kimi-code", CODE, variable="KIMI_CODE_HOME"),
        Home("~/Library/Application Support/kimi-desktop/daimon-share/daimon/runtime/kimi-code/home", CODE),
    ),
    evidence=(
        Evidence("telemetry", "none of its own; its tools' names as in sessions", "2026-11-28"),
        Evidence(
            "transcripts",
            "MoonshotAI/kimi-cli, src/kimi_cli/{session,session_fork}.py, wire/{file,types}.py,"
            " soul/approval.py; MoonshotAI/kimi-code, packages/agent-core-v2/docs/wire-manifest.d.ts,"
            " sessionLifecycleService.ts, sessionMetadata.ts and permissionRulesOps.ts; codeburn,"
            " docs/providers/{kimi,kimicode}.md; ccusage, adapter/kimi",
            "2026-11-28",
            version="Kimi CLI 1.49.0, Kimi Code 0.38.0",
            repeats="Forks copy whole files with their times, told by time and counts. Kimi CLI mirrors its"
            " sub-agents, which have files of their own. Kimi Code tells steps' usage again at their end.",
            undercount="Kimi CLI does not tell the model, what compaction used, nor when a session began."
            " Failed requests and titles leave no usage; of failed requests Kimi CLI tells those that were"
            " tried again, Kimi Code those that ended a turn. Neither tells its version, nor how many lines"
            " an edit added and removed.",
        ),
        Evidence(
            "commits",
            "public histories of 13 repositories: 32 trailers, 44 authors",
            "2026-11-28",
            undercount="It has no mark of its own (MoonshotAI/kimi-code #371): people tell it to sign.",
        ),
    ),
)
