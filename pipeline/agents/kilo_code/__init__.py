"""Kilo Code, of Kilo."""

from pipeline.agents.declaration import Agent, Evidence, Home, Telemetry
from pipeline.agents.editors import global_storages

KEPT = ("kilo/*.db", "kilo/storage/message")

AGENT = Agent(
    "kilo_code",
    "Kilo Code",
    "Kilo",
    "ide",
    aliases=("kilo", "kilocode"),
    telemetry=Telemetry(
        edit_tools=("appliedDiff", "apply_patch", "edit", "editedExistingFile", "newFileCreated", "write")
    ),
    homes=(
        Home("~/.local/share", KEPT, variable="XDG_DATA_HOME"),
        Home("~/AppData/Local", KEPT, variable="LOCALAPPDATA"),
        Home("~/AppData/Roaming", KEPT, variable="APPDATA"),
        Home("~/.local/share/kilo/kilo.db", ("",), variable="KILO_DB"),
        *global_storages("kilocode.kilo-code"),
        Home("~/.kilocode/cli/global", ("tasks",)),
    ),
    evidence=(
        Evidence("telemetry", "none of its own; its tools' names as in sessions", "2026-11-28"),
        Evidence(
            "transcripts",
            "Kilo-Org/kilocode, packages/core/src/session/sql.ts, packages/opencode/src/session/session.ts,"
            " packages/opencode/src/kilocode/session/fork.ts; agentsview, kilo and kilo-legacy",
            "2026-11-28",
            version="unknown; source as read on 2026-11-28",
            repeats="A fork copies messages under new ids, without their cost; told by time, model, provider"
            " and counts. A task in two folders is told by the task and the time of each message.",
            undercount="Titles and summaries. Requests of the older extension whose provider told no usage."
            " Whether tasks of the older extension were taken over into kilo.db was not found. In those"
            " tasks what people decided of edits stands only among the words to the model; no"
            " record is known of their versions and starts.",
        ),
    ),
)
