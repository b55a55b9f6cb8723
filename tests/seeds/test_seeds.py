"""The packaged seeds hold what their contracts promise."""

import csv
import re
from pathlib import Path

import pytest

import pipeline
from schemas.seeds import AgentAliases, Agents, Budgets, CommitMarks, Identities

SEEDS = Path(pipeline.__file__).parent / "seeds"


def seed(contract):
    with (SEEDS / f"{contract.table()}.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        return reader.fieldnames, list(reader)


@pytest.mark.parametrize("contract", [Agents, AgentAliases, Identities, Budgets, CommitMarks])
def test_columns_and_keys_are_those_of_the_contract(contract):
    columns, rows = seed(contract)

    assert columns == list(contract.columns())
    assert len({tuple(row[c] for c in contract.key()) for row in rows}) == len(rows)


def test_names_of_agents_are_normalised():
    names = [row["agent_type"] for row in seed(Agents)[1]]
    names += [row["alias"] for row in seed(AgentAliases)[1]]

    assert [name for name in names if name != re.sub(r"[^a-z0-9]+", "_", name.lower())] == []


def test_aliases_mean_known_agents_and_are_no_agents_themselves():
    agents = {row["agent_type"] for row in seed(Agents)[1]}
    aliases = {row["alias"]: row["agent_type"] for row in seed(AgentAliases)[1]}

    assert set(aliases.values()) <= agents
    assert agents.isdisjoint(aliases)


@pytest.mark.parametrize(
    ("service", "agent"),
    [
        ("claude_code_desktop", "claude_code"),
        ("codex_cli_rs", "codex"),
        ("codex_exec", "codex"),
        ("codex_tui", "codex"),
        ("copilot_chat", "github_copilot"),
        ("factory_droid", "droid"),
        ("gemini", "gemini_cli"),
    ],
)
def test_service_names_resolve(service, agent):
    aliases = {row["alias"]: row["agent_type"] for row in seed(AgentAliases)[1]}

    assert aliases[service] == agent
