"""Hermes Agent, of Nous Research."""

from pipeline.agents.declaration import Agent, Evidence, Home, Telemetry

AGENT = Agent(
    "hermes",
    "Hermes Agent",
    "Nous Research",
    "cli",
    aliases=("hermes_agent",),
    telemetry=Telemetry(edit_tools=("write_file", "patch")),
    homes=(Home("~/.hermes", ("state.db", "profiles/*/state.db"), variable="HERMES_HOME"),),
    evidence=(
        Evidence(
            "telemetry",
            "NousResearch/hermes-agent: none of its own; its tools' names",
            "2026-11-28",
        ),
        Evidence(
            "transcripts",
            "NousResearch/hermes-agent, hermes_state_common.py, hermes_state_usage.py,"
            " acp_adapter/edit_approval.py,"
            " agent/usage_pricing.py, #3306, #3317; codeburn #544",
            "2026-11-29",
            version="schema 30",
            repeats="A session's sums and its rows by model tell of the same calls: rows count, and of the"
            " sums what exceeds them. Branches copy messages, but not counters.",
            undercount="There are sums only: a session's usage stands on the day when it was last used. The"
            " last calls before a kill may be missing. Sums of messaging gateways from before 2026-03-27 are"
            " too high. Failed requests and Hermes' version stand in no table. Only in editors does Hermes"
            " ask about edits: elsewhere there are no decisions. A question that nobody answers counts as"
            " rejected. Lines are told of patches, not of files that are written whole.",
        ),
    ),
)
