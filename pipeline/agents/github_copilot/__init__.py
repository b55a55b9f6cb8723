"""GitHub Copilot: its command line, its chat in VS Code, its coding agent."""

from dataclasses import replace

from pipeline.agents.conventions import GEN_AI_REQUEST, NOREPLY
from pipeline.agents.declaration import ActivityMetric, Agent, Evidence, Home, Marks, Telemetry

AGENT = Agent(
    "github_copilot",
    "GitHub Copilot",
    "GitHub",
    "ide",
    billed_by="github",
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
        edit_tools=("apply_patch", "create", "edit", "str_replace_editor"),
        skills=("github.copilot.tool.parameters.skill_name",),
        # Of spans of VS Code: where `origin` is; its coding agent tells owner/name.
        repositories=("github.copilot.git.repository", "copilot_chat.repo.remote_url"),
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
    # What agents and people keep beside events.jsonl may be called anything.
    homes=(
        Home("~/.copilot", ("session-state/*/events.jsonl", "session-store.db"), variable="COPILOT_HOME"),
    ),
    evidence=(
        Evidence(
            "telemetry",
            "seen (Copilot CLI); VS Code's documentation of agent monitoring",
            "2026-11-28",
            version="1.0.102",
            repeats="Calls are in counters and in histograms; VS Code tells them per call and per turn. Spans"
            " `chat` tell them again, `invoke_agent` sums them up.",
            undercount="Metrics name no session. Older builds tell cached tokens on spans only"
            " (github/copilot-cli #3778): gen_ai.usage.input_tokens, gen_ai.usage.output_tokens,"
            " gen_ai.usage.cache_read.input_tokens, gen_ai.usage.cache_write.input_tokens, with"
            " gen_ai.conversation.id and gen_ai.response.id, which is the transcript's usageId.",
        ),
        Evidence(
            "transcripts",
            "seen, session-store.db too; github/copilot-sdk, nodejs/src/generated/session-events.ts;"
            " github/copilot-cli #1394, #3994, #4259 (permissions), #4351;"
            " getagentseal/codeburn #946 (store against sums)",
            "2026-11-29",
            version="1.0.102",
            repeats="session.shutdown sums up what session.usage_record tells, over the whole session; a row"
            " of session-store.db tells a call once more, without an id (same session, model and counts)."
            " Forks copy records under the same ids, and name the session that a call was made in.",
            undercount="Builds without usage records whose session-store.db has no assistant_usage_events:"
            " what a killed session used, what /new dropped, legs of a resumed session summed up alone."
            " The store can lack a turn (github/copilot-cli #4351). Calls that failed leave no record. The"
            " database of the same name that Copilot Chat in VS Code keeps has no usage. Where only"
            " the store is left: edits, prompts, tools, errors and versions.",
        ),
        Evidence(
            "commits",
            "public histories of 12 repositories: about 1,600 commits; chaoss/ai-detection-action, utils.go",
            "2026-11",
        ),
    ),
)
