"""Cline, of Cline Bot."""

from pipeline.agents.declaration import Agent, Evidence, Home, Telemetry
from pipeline.agents.editors import global_storages

AGENT = Agent(
    "cline",
    "Cline",
    "Cline Bot",
    "ide",
    aliases=("cline_bot",),
    telemetry=Telemetry(edit_tools=("apply_patch", "editedExistingFile", "editor", "newFileCreated")),
    homes=(
        Home("~/.cline", ("data/sessions", "data/tasks"), variable="CLINE_DIR", unless="CLINE_DATA_DIR"),
        Home("~/.cline/data", ("sessions", "tasks"), variable="CLINE_DATA_DIR"),
        Home("~/.cline/data/sessions", ("",), variable="CLINE_SESSION_DATA_DIR"),
        *global_storages("saoudrizwan.claude-dev"),
    ),
    evidence=(
        Evidence("telemetry", "none of its own; its tools' names as in sessions", "2026-11-28"),
        Evidence(
            "transcripts",
            "cline/cline, sdk/packages/core/src (session-manifest.ts, session-artifacts.ts, usage.ts,"
            " basic-compaction.ts), apps/vscode/src (ExtensionMessage.ts, getApiMetrics.ts); codeburn;"
            " tokscale, cline.rs",
            "2026-11-28",
            version="CLI 3.0.56, extension 4.1.13",
            repeats="A fork copies messages, told by time, model and counts. Sums of a session tell its calls"
            " again: what they exceed them by was compacted away, and counts. A task in two folders is told"
            " by the task and the time of each message.",
            undercount="Titles, and summaries that are no messages. Of sub-agents in tasks of the extension"
            " the cache is not told. A cost of 0 is taken as not told. Tasks of old versions count cached"
            " input twice with providers like OpenAI's, which told it within the input; their cost is"
            " right. No record is known of the versions, failed requests and rejected edits"
            " of sessions; in tasks, what people decided of edits stands only among the words to the model.",
        ),
    ),
)
