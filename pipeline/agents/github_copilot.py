"""GitHub Copilot: its command line, its chat in VS Code, its coding agent."""

from dataclasses import replace

from pipeline.agents.conventions import GEN_AI_REQUEST, NOREPLY
from pipeline.agents.declaration import ActivityMetric, Agent, Evidence, Marks, Telemetry

AGENT = Agent(
    "github_copilot",
    "GitHub Copilot",
    "GitHub",
    "ide",
    aliases=(
        "copilot",
        "copilot_autofix",
        "copilot_chat",
        "copilot_cli",
        "copilot_coding_agent",
        "copilot_swe_agent",
        "github_copilot_chat",
        "github_copilot_cli",
        "vscode_copilot_chat",
    ),
    telemetry=Telemetry(
        # Chat in VS Code repeats the same numbers per turn.
        requests=(replace(GEN_AI_REQUEST, event="agent.turn"),),
        starts=("session.start",),
        ends=("session.end",),
        activity_metrics=(
            ActivityMetric(".code.lines_added", "lines_added"),
            ActivityMetric(".code.lines_removed", "lines_removed"),
        ),
    ),
    content=(
        "copilot_chat.user_request",
        "copilot_chat.reasoning_content",
        "github.copilot.user_request",
    ),
    # Not 175728472+copilot@…, nor Copilot Autofix: a person accepted a suggestion, and the commit is theirs.
    marks=Marks(
        emails=(f"198982749+copilot@{NOREPLY}", f"223556219+copilot@{NOREPLY}"),
        lines=("copilot-session:", "agent-logs-url: https://github.com/"),
        rank=2,
    ),
    evidence=(
        Evidence(
            "telemetry",
            "seen (Copilot CLI); VS Code's documentation of agent monitoring",
            "2026-11-28",
            version="1.0.102",
            repeats="Calls are in counters and in histograms; VS Code tells them per call and per turn.",
            undercount="Metrics name no session. Older builds tell cached tokens on spans only"
            " (github/copilot-cli #3778).",
        ),
        Evidence(
            "commits",
            "public histories of 12 repositories: about 1,600 commits; chaoss/ai-detection-action, utils.go",
            "2026-11",
        ),
    ),
)
