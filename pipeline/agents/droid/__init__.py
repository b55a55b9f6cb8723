"""Droid, of Factory."""

from pipeline.agents.conventions import NOREPLY
from pipeline.agents.declaration import Agent, Evidence, Home, Marks, Telemetry

AGENT = Agent(
    "droid",
    "Droid",
    "Factory",
    "cli",
    aliases=("factory", "factory_ai", "factory_cli", "factory_droid"),
    telemetry=Telemetry(edit_tools=("ApplyPatch", "Create", "Edit", "MultiEdit")),
    marks=Marks(emails=(f"138933559+factory-droid[bot]@{NOREPLY}",), footers=("droid",), rank=7),
    homes=(Home("~/.factory", ("sessions",)),),
    evidence=(
        Evidence("telemetry", "none of its own; its tools' names as in sessions", "2026-11-28"),
        Evidence(
            "transcripts",
            "ccusage, adapter/droid; tokscale, droid.rs and #135; codeburn, droid.ts;"
            " asymptote-labs/agent-beacon, tests of factorysession; tokensave #352, #353. Nothing by Factory",
            "2026-11-28",
            version="0.187.0",
            repeats="inclusiveTokenUsage adds the sub-agents, which have sums of their own;"
            " lastCallTokenUsage is part of the sums. Forks copy messages, told by id and time; whether they"
            " also take over their parent's sums was not found, and is said where it could be so.",
            undercount="There are sums only: a session counts as a whole, under its last model and at its"
            " last message. Whether thinkingTokens stand beside the output was not found: they are taken as"
            " part of it. Versions up to 0.56 wrote no usage. What a credit costs is not known: credits are"
            " kept as they are, and are no cost. No record is known of versions, failed requests,"
            " starts, lines that an edit changed, and edits that a person rejected: so no decisions are"
            " told.",
        ),
        Evidence("commits", "public histories of 12 repositories: 11 commits", "2026-11"),
    ),
)
