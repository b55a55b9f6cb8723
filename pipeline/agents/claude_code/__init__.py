"""Claude Code, of Anthropic."""

from pipeline.agents.conventions import NOREPLY
from pipeline.agents.declaration import Agent, Evidence, Home, Marks, Telemetry

# Claude Desktop's local agents write the same files, each session in a home of its own. What lies beside
# that home (audit.jsonl) tells the same again, in part.
DESKTOP_DATA = (
    "~/Library/Application Support",
    "~/AppData/Roaming",
    "~/AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming",
    "~/.config",
)
IN_DESKTOP = (
    "local-agent-mode-sessions/*/*/local_*/.claude/projects",
    "local-agent-mode-sessions/*/*/agent/local_*/.claude/projects",
)

AGENT = Agent(
    "claude_code",
    "Claude Code",
    "Anthropic",
    "cli",
    aliases=(
        "anthropic_claude_code",
        "claude",
        "claude_cli",
        "claude_code_action",
        "claude_code_desktop",
        "claude_code_sdk",
        "claude_desktop",
        "claude_vscode",
        "claudecode",
        "com_anthropic_claude_code",
        "com_anthropic_claude_code_events",
        "sdk_cli",
    ),
    # Its requests and metrics are the names of `conventions.COMMON`, which others have taken over.
    telemetry=Telemetry(
        setups=(
            *("managed_settings_resolved", "plugin_loaded", "plugin_installed", "mcp_server_connection"),
            *("hook_registered", "retention_sweep", "auth", "pr_link"),
        ),
        setup_metrics=("claude_code.session.count",),
        edit_tools=("Edit", "Write", "NotebookEdit"),
        subagents=("subagent_completed",),
        retold=("subagent_completed",),
        # Its list of agents is a process of its own.
        not_sessions=("agents_view",),
    ),
    marks=Marks(
        emails=(
            "noreply@anthropic.com",
            "claude@anthropic.com",
            "assistant@anthropic.com",
            f"209825114+claude[bot]@{NOREPLY}",
            f"208546643+claude-code-action[bot]@{NOREPLY}",
        ),
        lines=("claude-session:", "https://claude.ai/code/session_"),
        footers=("claude code",),
        rank=1,
    ),
    homes=(
        Home("~/.config", ("claude/projects",), variable="XDG_CONFIG_HOME", unless="CLAUDE_CONFIG_DIR"),
        Home("~/.claude", ("projects",), variable="CLAUDE_CONFIG_DIR", is_list=True),
        *(Home(f"{data}/Claude{build}", IN_DESKTOP) for data in DESKTOP_DATA for build in ("", "-3p")),
    ),
    evidence=(
        Evidence(
            "telemetry",
            "seen; code.claude.com/docs/en/monitoring-usage",
            "2026-11-28",
            version="2.1.332",
            repeats="Every request is an event and in metrics. event.sequence begins anew in each process.",
            undercount="Metrics may stop in mid-session (anthropics/claude-code#92776), and are lost"
            " where the process ends before they are sent.",
        ),
        Evidence(
            "transcripts",
            "seen; ccusage #901, #913, #938, #1115, #1175, #1200 (Claude Desktop's folders), #1635;"
            " getagentseal/codeburn #659 (advisor); kenn-io/agentsview #1373 (forks in the background);"
            " episode6/collins (pr-link)",
            "2026-11-30",
            version="2.1.332",
            repeats="One line per content block, told by (message.id, requestId). Sub-agents' files and forks"
            " copy their parent's responses.",
            undercount="Calls beside the conversation (titles, searches) stand only in cost-state, which sums"
            " up a session and all that it was forked from. Of requests that fail at once, the last is told."
            " Files are removed after 30 days. Claude Desktop's chats and cloud runs leave no tokens.",
        ),
        Evidence(
            "commits",
            "public histories of 12 repositories: about 5,000 trailers, 614 footers, 224 authors;"
            " chaoss/ai-detection-action, utils.go",
            "2026-11",
            undercount="People can turn marks off.",
        ),
    ),
)
