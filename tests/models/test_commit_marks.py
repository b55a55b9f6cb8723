"""The agent and the model that a commit's author, trailers and footers name."""

import pytest

from tests.models.harness import signs

NOREPLY = "users.noreply.github.com"
EMAILS = {
    "Co-authored-by: Qwen-Coder <qwen-coder@alibabacloud.com>": "qwen_code",
    "Co-Authored-By: Charm Crush <crush@charm.land>": "crush",
    "Co-Authored-By: Crush <noreply@crush.charm.land>": "crush",
    "Co-authored-by: aider (gpt-5) <noreply@aider.dev>": "aider",
    "Co-authored-by: aider (gpt-5) <noreply@aider.chat>": "aider",
    "Co-authored-by: Claude <claude@anthropic.com>": "claude_code",
    f"Co-authored-by: Copilot <198982749+Copilot@{NOREPLY}>": "github_copilot",
    f"Co-authored-by: google-labs-jules[bot] <161369871+google-labs-jules[bot]@{NOREPLY}>": "jules",
    f"Co-authored-by: Kiro Agent <244629292+kiro-agent@{NOREPLY}>": "kiro",
    "Co-Authored-By: Antigravity <antigravity@google.com>": "antigravity",
    "Co-Authored-By: Kimi K2.7 Code <noreply@kimi.com>": "kimi_cli",
}
LINES = {
    "https://claude.ai/code/session_01Abc": "claude_code",
    "Claude-Session: https://claude.ai/code/session_01Abc": "claude_code",
    "Agent-Logs-Url: https://github.com/o/r/sessions/1": "github_copilot",
    "PR created automatically by Jules for task [1](https://jules.google.com/task/1)": "jules",
    "🤖 Generated with [Claude Code](https://claude.com/claude-code)": "claude_code",
    "✨ Generated with [Claude Code](https://claude.ai/code)": "claude_code",
    "💘 Generated with Crush": "crush",
    "🐾 Generated with Crush": "crush",
    "🤖 Generated with [OpenAI Codex](https://openai.com/codex)": "codex",
    "Generated with Codex": "codex",
    "Generated with Codex (gpt-5.6-sol)": "codex",
    "🤖 Generated with [opencode](https://opencode.ai)": "opencode",
    "Generated with [Devin](https://cli.devin.ai/docs)": "devin",
    "🤖 Generated with [Droid](https://docs.factory.ai/factory-droids)": "droid",
    "Generated with Pi": "pi",
    "Generated-By: pi 0.52.12": "pi",
}
HELPED = {
    "Assisted-by: Crush:qwen3.7-max": ("crush", "qwen3.7-max"),
    "Assisted-by: Crush:AWS Claude Opus 4.6": ("crush", "claude-opus-4-6"),
    "Assisted-by: Crush:accounts/fireworks/models/kimi-k2p6": ("crush", "kimi-k2p6"),
    "Assisted-by: GLM-5 via Crush <crush@charm.land>": ("crush", "glm-5"),
    "Assisted-by: Claude Sonnet 4 via Crush": ("crush", "claude-sonnet-4"),
    "Assisted-by: Crush": ("crush", None),
    "Assisted-by: Crush <crush@charm.land>": ("crush", None),
    "Assisted-by: Claude:claude-4.6-sonnet": ("claude_code", "claude-4-6-sonnet"),
    "Assisted-by: Claude:claude-3-opus [coccinelle] [sparse]": ("claude_code", "claude-3-opus"),
    "Assisted-by: Claude Code:claude-opus-4-8": ("claude_code", "claude-opus-4-8"),
    "assisted-by: ClaudeCode:claude-opus-4-8": ("claude_code", "claude-opus-4-8"),
    "Assisted-by: Claude Code": ("claude_code", None),
    "Assisted-by: Claude Code (claude-opus-5)": ("claude_code", "claude-opus-5"),
    "Assisted-by: Codex:gpt-5": ("codex", "gpt-5"),
    "Assisted-by: GitHub Copilot:gpt-5.4": ("github_copilot", "gpt-5.4"),
    "Assisted-by: Gemini CLI:gemini-3-pro": ("gemini_cli", "gemini-3-pro"),
    "Assisted-by: Cursor AI, claude-4-sonnet": ("cursor", "claude-4-sonnet"),
    "Assisted-by: Claude/claude-fable-5": ("claude_code", "claude-fable-5"),
    "Assisted-by: Claude Fable 5 <noreply@anthropic.com>": ("claude_code", "claude-fable-5"),
    "Assisted-by: Claude Fable 5": ("unknown", "claude-fable-5"),
    "Generated-by: Claude Opus 4.8 (1M context)": ("unknown", "claude-opus-4-8"),
    "Generated-by: Claude Code": ("claude_code", None),
    "Assisted-by: Acme Coder:model-1 [sparse]": ("acme_coder", "model-1"),
    "Co-Authored-By: Claude Opus 4.6 (1M context) <noreply@anthropic.com>": (
        "claude_code",
        "claude-opus-4-6",
    ),
    "Co-Authored-By: Claude <noreply@anthropic.com>": ("claude_code", None),
    "Co-authored-by: aider (gemini/gemini-2.5-pro) <aider@aider.chat>": ("aider", "gemini-2.5-pro"),
    "Generated with Codex (gpt-5.6-sol)": ("codex", "gpt-5.6-sol"),
}
NOBODY = [
    "Assisted-by: Jane Doe <jane@example.com>",
    "Assisted-by: Claude Monet <claude@monet.fr>",
    "Assisted-by: Devin <devin@example.com>",
    "Assisted-by: https://example.com/review",
    "Assisted-by: mailto:jane@example.com",
    "Generated-by: pnpm@9.1.0",
    "Generated with pnpm@9.1.0",
    "Generated with pi-hole",
    "It was generated with Codex",
    "See https://claude.ai/code/session_01Abc",
    "Co-authored-by: Claude Opus 4.6 <claude@monet.fr>",
    f"Co-authored-by: Copilot <175728472+Copilot@{NOREPLY}>",
    "Co-authored-by: A <anoreply@anthropic.com>",
]


def marked(*commits):
    """The agent and the model of each (author's name, address, message)."""
    columns = ("author_name", "author_email", "commit_message")
    return signs([dict(zip(columns, commit, strict=True)) for commit in commits])


def trailers(*lines, end=""):
    return marked(*(("Ann", "ann@example.com", f"Mend it\n\n{line}{end}") for line in lines))


@pytest.mark.parametrize("end", ["", "\n", "\nSigned-off-by: Ann <ann@example.com>\n"])
def test_addresses_and_lines_tell_the_agent(end):
    signed = EMAILS | LINES
    assert dict(zip(signed, (agent for agent, model in trailers(*signed, end=end)), strict=True)) == signed


@pytest.mark.parametrize("end", ["", "\n", "\nSigned-off-by: Ann <ann@example.com>\n"])
def test_trailers_tell_the_agent_and_its_model_in_every_form(end):
    assert dict(zip(HELPED, trailers(*HELPED, end=end), strict=True)) == HELPED


def test_people_links_and_other_tools_are_no_agents():
    found = dict(zip(NOBODY, (agent for agent, model in trailers(*NOBODY)), strict=True))
    assert found == dict.fromkeys(NOBODY)


def test_the_author_tells_by_address_or_as_aider_does_by_the_end_of_the_name():
    commits = [
        ("Ann Lee (aider)", "ann@example.com", "Mend it"),
        ("Kiro Agent", f"244629292+kiro-agent@{NOREPLY}", "Mend it"),
        ("google-labs-jules[bot]", f"161369871+google-labs-jules[bot]@{NOREPLY}", None),
        ("copilot-swe-agent[bot]", f"198982749+Copilot@{NOREPLY}", "x"),
        ("Aider Lee", "aider@example.com", "x (aider)\n"),
        (None, None, None),
    ]
    agents = [agent for agent, model in marked(*commits)]
    assert agents == ["aider", "kiro", "jules", "github_copilot", None, None]


def test_of_several_marks_the_first_by_rank_counts():
    line = "Assisted-by: Codex:gpt-5\nAssisted-by: Claude Code:claude-opus-5"
    assert [agent for agent, model in trailers(line)] == ["claude_code"]
