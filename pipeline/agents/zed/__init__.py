"""Zed, of Zed Industries."""

from pipeline.agents.declaration import Agent, Evidence, Home, Telemetry

THREADS = "threads/threads.db"

AGENT = Agent(
    "zed",
    "Zed",
    "Zed Industries",
    "ide",
    aliases=("zed_agent", "zed_editor"),
    telemetry=Telemetry(edit_tools=("edit_file", "write_file", "create_file")),
    homes=(
        Home("~/.local/share", (f"zed/{THREADS}",), variable="XDG_DATA_HOME"),
        Home("~/.var/app/dev.zed.Zed/data", (f"zed/{THREADS}",)),
        Home("~/Library/Application Support/Zed", (THREADS,)),
        Home("~/AppData/Local", (f"Zed/{THREADS}",), variable="LOCALAPPDATA"),
    ),
    evidence=(
        Evidence(
            "telemetry", "zed-industries/zed: none of its own; tools are called as in threads", "2026-11-28"
        ),
        Evidence(
            "transcripts",
            "zed-industries/zed, crates/agent/src/db.rs and tools/edit_session.rs, #58378, #36483, #40495;"
            " tokscale, sessions/zed.rs; codeburn, docs/providers/zed.md",
            "2026-11-29",
            version="threads 0.3.0",
            repeats="Two counters tell of the same requests, of which the larger counts. Imported threads"
            " tell nothing of their own.",
            undercount="Until June 2026 only the last request of each turn was counted. Deleted threads,"
            " titles, summaries, the inline assistant and edit predictions stand in no thread. A thread"
            " counts as a whole, under its last model and on its last day. Other agents inside Zed write"
            " elsewhere. Prompts of threads without a time of creation are not told. Whether input holds"
            " cached tokens with models other than Anthropic's was not seen. Zed's version and failed"
            " requests stand in no thread, nor what people keep or reject in review: an edit that was made"
            " counts as accepted.",
        ),
    ),
)
