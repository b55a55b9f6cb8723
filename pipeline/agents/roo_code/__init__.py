"""Roo Code, and its successor Zoo Code."""

from pipeline.agents.declaration import Agent, Evidence, Home, Marks, Telemetry
from pipeline.agents.editors import global_storages

AGENT = Agent(
    "roo_code",
    "Roo Code",
    "Roo Code",
    "ide",
    aliases=("roo", "roo_cline", "roocode", "roomote"),
    telemetry=Telemetry(edit_tools=("appliedDiff", "editedExistingFile", "insertContent", "newFileCreated")),
    marks=Marks(emails=("roomote@roocode.com",), rank=12),
    homes=(
        *global_storages("rooveterinaryinc.roo-cline"),
        *global_storages("zoocodeorganization.zoo-code"),
        Home("~/.vscode-mock/global-storage", ("tasks",)),
    ),
    evidence=(
        Evidence("telemetry", "none of its own; its tools' names as in tasks", "2026-11-28"),
        Evidence(
            "transcripts",
            "RooCodeInc/Roo-Code, src/core/task/Task.ts, src/shared/cost.ts,"
            " packages/core/src/message-utils/consolidateTokenUsage.ts, packages/types/src/message.ts;"
            " agentsview, roocode.go. Zoo Code's format was not compared",
            "2026-11-28",
            version="3.52.1",
            repeats="A task in two folders is told by the task and the time of each message."
            " history_item.json sums up the same requests: it counts where the messages are gone.",
            undercount="Requests that a restored checkpoint removes. Input holds the cache; the oldest"
            " versions told it apart with Anthropic's models, which is seen only where the cache is larger."
            " The model is the one named nearest in time to a request. What people decided of edits stands"
            " only among the words to the model. No record is known of versions and starts.",
        ),
        Evidence("commits", "git-ai, agent_detection.rs", "2026-11"),
    ),
)
