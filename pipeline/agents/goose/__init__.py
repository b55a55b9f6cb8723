"""Goose, of Block."""

from pipeline.agents.declaration import Agent, Evidence, Home, Telemetry

AGENT = Agent(
    "goose",
    "Goose",
    "Block",
    "cli",
    aliases=("block_goose", "codename_goose", "goose_cli"),
    telemetry=Telemetry(edit_tools=("developer__text_editor", "edit", "write")),
    homes=(
        Home("~/.local/share", ("goose/sessions", "Block/goose/sessions"), variable="XDG_DATA_HOME"),
        Home("~/Library/Application Support/goose", ("sessions",)),
        Home("~/AppData/Roaming", ("Block/goose/data/sessions", "Block/goose/sessions"), variable="APPDATA"),
        Home("~/.goose", ("data/sessions",), variable="GOOSE_PATH_ROOT"),
    ),
    evidence=(
        Evidence("telemetry", "its tools' names as in sessions", "2026-11-28"),
        Evidence(
            "transcripts",
            "aaif-goose/goose, crates/goose/src/session/session_manager.rs,"
            " crates/goose/src/agents/tool_execution.rs, PR 9752; agentsview;"
            " entireio/external-agents #74",
            "2026-11-28",
            version="schema 17",
            repeats="The ledger's calls and a session's sums tell of the same usage: rows count, and of the"
            " sums what exceeds them, together with the row that carries older sums forward. Copies of"
            " sessions have messages of their own, but no usage.",
            undercount="Sums from before the ledger (schema 15) stand on the day of the last change. Before"
            " schema 14 the cache was not told. Deleted sessions, runs with --no-session and failed calls"
            " leave nothing. A session that was exported and imported on another computer counts on both."
            " Versions, and lines that an edit changed, stand in no record. An edit that Goose itself"
            " refuses, as one too often repeated, reads like one that a person rejected. Sessions that are"
            " files tell no tools.",
        ),
    ),
)
