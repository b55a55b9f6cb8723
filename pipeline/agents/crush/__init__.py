"""Crush, of Charm."""

from pipeline.agents.conventions import NOREPLY
from pipeline.agents.declaration import Agent, Evidence, Home, Marks, Telemetry

# The register of all projects, each of which has a database of its own.
REGISTER = "projects.json"

AGENT = Agent(
    "crush",
    "Crush",
    "Charm",
    "cli",
    aliases=("charm_crush",),
    telemetry=Telemetry(edit_tools=("edit", "multiedit", "write")),
    marks=Marks(
        emails=("crush@charm.land", "noreply@crush.charm.land", f"charmcrush@{NOREPLY}"),
        footers=("crush",),
    ),
    homes=(
        Home("~/.local/share/crush", (REGISTER,), variable="CRUSH_GLOBAL_DATA"),
        Home("~/.local/share", (f"crush/{REGISTER}",), variable="XDG_DATA_HOME", unless="CRUSH_GLOBAL_DATA"),
        Home("~/AppData/Local", (f"crush/{REGISTER}",), variable="LOCALAPPDATA", unless="CRUSH_GLOBAL_DATA"),
    ),
    evidence=(
        Evidence("telemetry", "none of its own; its tools' names as in sessions", "2026-11-28"),
        Evidence(
            "transcripts",
            "charmbracelet/crush, internal/db/migrations, internal/agent/{agent,coordinator}.go,"
            " internal/agent/tools/{tools,edit}.go, internal/message/content.go,"
            " internal/projects/projects.go; tokscale, sessions/crush.rs",
            "2026-11-28",
            version="0.90.0",
            repeats="A session's cost holds that of its sub-agents: only sessions without a parent count."
            " A sub-agent that is resumed is added again as a whole, which nothing shows.",
            undercount="No tokens at all: its columns of tokens are the last call's context. The cost is a"
            " sum, under the model that answered most often and at the last change; providers with a flat"
            " rate and estimated usage have none. Deleted sessions leave nothing. Versions stand in no"
            " record.",
        ),
        Evidence(
            "commits",
            "charmbracelet/crush, README and bash.md.tpl; public histories of 13 repositories: about 800"
            " footers, 850 co-authors, 350 Assisted-by",
            "2026-11-28",
        ),
    ),
)
