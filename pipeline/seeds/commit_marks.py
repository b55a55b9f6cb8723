"""Marks of commits that a project adds: what is wrong with one, and all of them where there is no plan."""

from pathlib import Path
from typing import Any

from pipeline.agents.marks import KINDS, OwnMark
from pipeline.errors import ConfigError, did_you_mean
from pipeline.plan import PlanColumn, PlanTable

# Less stands in many commits of people. A footer is compared whole.
LEAST_LENGTH = {"email": 3, "author_name": 5, "line": 5, "footer": 2}
# Trailers that people write as well.
ANYBODYS = {
    f"{word}-by"
    for word in (
        *("acked", "assisted", "co-authored", "generated", "reported", "reviewed"),
        *("signed-off", "suggested", "tested"),
    )
}


def own_marks(project_dir: Path) -> list[OwnMark]:
    """A project's marks, in lower case.

    Raises:
        ConfigError: the file is not what it must be; names file and line.
    """
    from pipeline.seeds.csv_files import rows

    seed = _seed("commit_marks", OwnMark._fields, ["kind", "mark"])
    return [OwnMark(agent, kind, mark.lower()) for agent, kind, mark in rows(seed, project_dir)]


def known_agents(project_dir: Path) -> set[str]:
    """The agents of the package and those that the project has added."""
    from pipeline.seeds.csv_files import rows

    columns = ("agent_type", "agent_display_name", "vendor", "interface_type")
    return {agent for agent, *_ in rows(_seed("agents", columns, ["agent_type"]), project_dir)}


def refuse_wrong(where: str, row: tuple[Any, ...], agents: set[str]) -> None:
    """Refuse a mark of nobody, of no kind, or that commits of people bear, too.

    Raises:
        ConfigError: says where it stands and what to do.
    """
    agent_type, kind, mark = row
    if agent_type not in agents:
        raise ConfigError(
            f"{where}: no agent is called {agent_type!r}.{did_you_mean(agent_type, agents)}"
            " Write the agent_type of one that is there, or add a line for it to seeds/agents.csv."
        )
    if kind not in KINDS:
        raise ConfigError(
            f"{where}: {kind!r} is no kind of mark.{did_you_mean(kind, KINDS)}"
            f" The kinds are {', '.join(KINDS)}."
        )
    if not mark.isprintable():
        raise ConfigError(f"{where}: the mark has a line break or a control character. Write one line of it.")
    if kind == "email" and (not all(mark.partition("@")) or set(mark) & set(" <>")):
        raise ConfigError(
            f"{where}: {mark!r} is no address. Write it like bot@example.com, without name and brackets."
        )
    if len(mark) < LEAST_LENGTH[kind] or mark.lower().rstrip(": ") in ANYBODYS:
        raise ConfigError(
            f"{where}: commits of people have the {kind} {mark!r}, too. Write more of it, at least"
            f" {LEAST_LENGTH[kind]} characters that only the agent's commits have."
        )


def _seed(name: str, columns: tuple[str, ...], key: list[str]) -> PlanTable:
    """What is needed of the plan to read a seed of texts."""
    return PlanTable(
        name,
        layer="seeds",
        schema="staging",
        kind="seed",
        description="",
        columns=[PlanColumn(column, "string", "", nullable=False, description="") for column in columns],
        key=key,
        path=f"pipeline/seeds/{name}.csv",
    )
