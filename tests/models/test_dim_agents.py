"""The agents that appear in any fact."""

from tests.models.harness import rows


def agents(*used, commits=()):
    daily = [{"agent_type": name, "developer_id": name, "model_name": name} for name in used]
    tables = {
        "fct_daily_agent_usage": daily,
        "fct_git_commits": [{"commit_hash": str(name), "agent_type": name} for name in commits],
    }
    return rows("dim_agents", tables)


def test_an_agent_is_described_by_the_seed():
    assert agents("codex") == [
        {"agent_type": "codex", "agent_display_name": "Codex", "vendor": "OpenAI", "interface_type": "cli"}
    ]


def test_an_agent_that_the_seed_does_not_know_shows_its_own_name():
    assert agents("newcomer") == [
        {
            "agent_type": "newcomer",
            "agent_display_name": "newcomer",
            "vendor": "unknown",
            "interface_type": "unknown",
        }
    ]


def test_agents_of_usage_and_of_commits_are_there_once_and_others_are_not():
    found = agents("codex", "github_copilot", "codex", commits=["codex", "jules", None])
    assert [row["agent_type"] for row in found] == ["codex", "github_copilot", "jules"]
