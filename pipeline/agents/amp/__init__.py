"""Amp."""

from pipeline.agents.declaration import Agent, Evidence, Home, Marks, Telemetry

AGENT = Agent(
    "amp",
    "Amp",
    "Amp",
    "cli",
    aliases=("amp_code", "ampcode", "sourcegraph_amp"),
    telemetry=Telemetry(edit_tools=("create_file", "edit_file")),
    marks=Marks(emails=("amp@ampcode.com",), lines=("amp-thread-id:",), rank=8),
    homes=(Home("~/.local/share", ("amp/threads",), variable="XDG_DATA_HOME"),),
    evidence=(
        Evidence("telemetry", "none of its own; its tools' names as in threads", "2026-11-28"),
        Evidence(
            "transcripts",
            "agentsview, docs/internal/session-format-sources.md and internal/parser/amp.go; ccusage,"
            " adapter/amp, #1138, #1472; tokscale, amp.rs; missuo/tokens #64; of a tool's run Amp's client,"
            " as public repositories show it. No source of Amp's own",
            "2026-11-28",
            version="unknown; as agentsview reads it at 538600744 (2026-08-22)",
            repeats="The ledger tells of the same calls as messages do, told by toMessageId, else by model"
            " and counts; either may be partial. A thread is written anew each time: the highest `v` counts.",
            undercount="Since spring 2026 threads are kept on ampcode.com only; an export saved as"
            " T-….json is read. Sub-agents, the oracle and titles leave nothing. What a credit costs is not"
            " known: credits are kept as they are, and are no cost. No record of failed requests is known,"
            " nor of lines that an edit changed.",
        ),
        Evidence("commits", "public code search; Amp intercepts `git commit`", "2026-11"),
    ),
)
