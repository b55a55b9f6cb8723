"""What `init --models` writes: a mart of one's own, its contract, a law and a test, to be changed."""

MODEL = '''\
"""How many sessions each agent had.

A model is a function that is called like its file, and its file like its table. Its parameters are the tables
that it reads: `aa-pipeline ls` lists them. It returns an Ibis table, and executes nothing.

To add columns to a table that is there, a file says `EXTENDS = "fct_git_commits"` at its top: its first
parameter is then that table, which it returns with more columns, and its contract holds these alone.
`REPLACES = "dim_agents"` takes a table's place.
"""

import ibis
from ibis import _


def fct_sessions_per_agent(stg_agent_sessions: ibis.Table) -> ibis.Table:
    """One row per agent with sessions."""
    return stg_agent_sessions.group_by("agent_type").agg(sessions=_.count())
'''

CONTRACT = '''\
"""Contracts of our own tables: one class per table, called like it.

Columns, types, key, checks and the sentences of the documentation. Any file in schemas/ will do.
"""

from schemas.base import Contract, column, ref


class FctSessionsPerAgent(Contract):
    """One row per agent with sessions."""

    agent_type: str = ref("dim_agents.agent_type", description="Agent, as the seed agents.csv calls it.")
    sessions: int = column(gt=0, description="How many sessions it had.")

    class Config:
        unique = ["agent_type"]
'''

LAW = '''\
"""A law is a function like a model's that returns the rows which break it; every build asks it.

The first line of its docstring is what people read then. It is one of the checks of the last table it reads.
"""

import ibis
from ibis import _


def every_session_is_counted(
    stg_agent_sessions: ibis.Table, fct_sessions_per_agent: ibis.Table
) -> ibis.Table:
    """There are as many sessions in the mart as in staging."""
    there = stg_agent_sessions.agg(there=_.count())
    counted = fct_sessions_per_agent.agg(counted=_.sessions.sum().fill_null(0))
    return there.cross_join(counted).filter(_.there != _.counted)
'''

TEST = '''\
"""Rows in, rows out: `pytest` in the project's folder runs this without a database."""

from pipeline.testing import rows, run_model


def test_sessions_are_counted_by_agent():
    sessions = rows(
        "stg_agent_sessions",
        {"session_id": "a", "agent_type": "codex"},
        {"session_id": "b", "agent_type": "codex"},
        {"session_id": "c", "agent_type": "claude_code"},
    )
    assert run_model("fct_sessions_per_agent", {"stg_agent_sessions": sessions}) == [
        {"agent_type": "claude_code", "sessions": 1},
        {"agent_type": "codex", "sessions": 2},
    ]
'''

# Where each lies in the project.
FILES = {
    "models/marts/fct_sessions_per_agent.py": MODEL,
    "models/laws/every_session_is_counted.py": LAW,
    "schemas/marts.py": CONTRACT,
    "tests/test_fct_sessions_per_agent.py": TEST,
}
