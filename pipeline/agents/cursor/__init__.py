"""Cursor, of Anysphere."""

from pipeline.agents.conventions import NOREPLY
from pipeline.agents.declaration import Agent, Evidence, Marks

AGENT = Agent(
    "cursor",
    "Cursor",
    "Anysphere",
    "ide",
    billed_by="cursor",
    aliases=("cursor_agent", "cursor_ai", "cursor_cli", "cursoragent"),
    marks=Marks(
        emails=("cursoragent@cursor.com", f"206951365+cursor[bot]@{NOREPLY}"),
        lines=("made-with: cursor", "cursor-session:"),
        rank=4,
    ),
    evidence=(
        Evidence(
            "transcripts",
            "cursor.com/docs/api; docs.getdx.com/schema/cursor_cost_breakdowns; exported files in public"
            " repositories (conversationId; Cloud Agent ID in CSV)",
            "2026-11-28",
            undercount="CSV names a session only for cloud agents. There are no tokens on disk since early"
            " 2026, and no OpenTelemetry. Prompts, tools, decisions about edits, versions and starts of"
            " sessions stand in no export; of failures, those that Cursor lists as errored.",
        ),
        Evidence(
            "commits",
            "public histories of 12 repositories: 32 trailers, 27 lines; chaoss/ai-detection-action",
            "2026-11",
        ),
    ),
)
