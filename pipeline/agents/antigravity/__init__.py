"""Antigravity, of Google: its command line, its IDE and its app."""

from pipeline.agents.declaration import Agent, Evidence, Home, Marks

AGENT = Agent(
    "antigravity",
    "Antigravity",
    "Google",
    "cli",
    aliases=("agy", "antigravity_cli", "antigravity_ide", "google_antigravity"),
    homes=(
        Home("~/.gemini/antigravity-cli", ("conversations", "implicit")),
        Home("~/.gemini/antigravity-ide", ("conversations", "implicit")),
        Home("~/.gemini/antigravity", ("conversations", "implicit")),
    ),
    # The address belongs to a person's GitHub account: it is a mark, and nobody's alias.
    marks=Marks(emails=("antigravity@google.com",)),
    evidence=(
        Evidence(
            "commits",
            "google-antigravity/antigravity-cli #230",
            "2026-11-28",
            undercount="It signs only where people tell it to.",
        ),
        Evidence(
            "transcripts",
            "kenn-io/agentsview, internal/parser/antigravity.go (names from the program itself, numbers"
            " checked against its own in 550 of 550 cases), antigravity_version.go, #529, #591;"
            " ccusage #1402, #1544, #1677; tokscale, sessions/antigravity_cli.rs",
            "2026-11-28",
            version="1.1.16; reports up to 1.2.6",
            repeats="Copies of a conversation repeat its generations, told by the response's id and counts.",
            undercount="The program is closed, and no client was run. Conversations of before June 2026 (.pb)"
            " are encrypted. Requests that failed or were tried again tell no usage. There is no cost."
            " A sub-agent's conversation does not name its parent, and counts as a session of its own. Calls"
            " of tools, failed requests and what people decided of edits are in fields that nobody has"
            " named. The program's version stands in no record.",
        ),
    ),
)
