"""Pi, of Mario Zechner."""

from pipeline.agents.declaration import Agent, Evidence, Home, Marks, Telemetry

AGENT = Agent(
    "pi",
    "Pi",
    "Mario Zechner",
    "cli",
    aliases=("pi_agent", "pi_coding_agent"),
    telemetry=Telemetry(edit_tools=("edit", "write")),
    homes=(
        Home("~/.pi/agent", ("sessions",), variable="PI_CODING_AGENT_DIR"),
        Home("~/.pi/agent/sessions", ("",), variable="PI_CODING_AGENT_SESSION_DIR"),
        # Oh My Pi, a fork, writes the same files.
        Home("~/.omp/agent", ("sessions",)),
    ),
    marks=Marks(emails=("noreply@pi.dev",), footers=("pi",)),
    evidence=(
        Evidence("commits", "public histories of 13 repositories: 7 commits", "2026-11-28"),
        Evidence(
            "telemetry",
            "earendil-works/pi: none of its own; tools are called as in transcripts",
            "2026-11-28",
        ),
        Evidence(
            "transcripts",
            "badlogic/pi-mono 83378aa, packages/coding-agent/src/core/session-manager.ts; earendil-works/pi,"
            " docs/session-format.md and packages/ai/src/types.ts; ccusage #1634, tokscale #1323",
            "2026-11-28",
            version="0.58.3; reports up to 0.84",
            repeats="Forks and clones copy their parent's entries as they are, told by the response's id, or"
            " by the entry's id, time and counts. A compaction repeats old messages in retainedTail.",
            undercount="Calls that extensions make outside messages, such as titles, stand in no record;"
            " a tool's sub-agents without a session do so only in the tool's details, which are put aside. Pi"
            " asks nobody before it edits, so there are no decisions. Its version stands in no record: the"
            " header's is the format's.",
        ),
    ),
)
