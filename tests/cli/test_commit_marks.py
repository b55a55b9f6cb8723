"""Marks of a project's own, from its CSV to the marts."""

from pathlib import Path

import duckdb
import pytest

from tests.cli.database import query

pytestmark = pytest.mark.slow

MARKS, AGENTS = Path("seeds/commit_marks.csv"), Path("seeds/agents.csv")
ACME = "agent_type,agent_display_name,vendor,interface_type\nacme_coder,Acme Coder,Acme,cli\n"
MESSAGE = "Mend it\n\nCo-authored-by: Claude <noreply@anthropic.com>\nAcme-Run: 1"


def methods():
    return query(
        "SELECT attribution_method, c.agent_type, agent_display_name FROM mart.fct_git_commits c"
        " JOIN mart.dim_agents USING (agent_type)"
    )


def test_marks_are_built_in_without_a_compiler_and_refused_with_their_line(run, folder):
    run("init")
    with duckdb.connect("agent_analytics.duckdb") as connection:
        connection.execute(
            "INSERT INTO raw.git_commits (id, commit_hash, commit_message, author_email, commit_timestamp)"
            " VALUES (1, repeat('a', 40), ?, 'ann@example.com', TIMESTAMP '2026-03-10 09:00')",
            [MESSAGE],
        )
    run("build --as-of 2026-03-11")
    assert methods() == [("trailer", "claude_code", "Claude Code")]

    AGENTS.parent.mkdir()
    AGENTS.write_text(ACME)
    MARKS.write_text("agent_type,kind,mark\nacme_coder,line,ACME-run:\n")
    run("build --as-of 2026-03-11")
    assert methods() == [("trailer", "acme_coder", "Acme Coder")]

    MARKS.write_text("agent_type,kind,mark\nacme_code,line,ACME-run:\n")
    said = run("build --as-of 2026-03-11", expect=2).output
    assert "commit_marks.csv, line 2: no agent is called 'acme_code'. Did you mean acme_coder?" in said
    assert methods() == [("trailer", "acme_coder", "Acme Coder")]

    # The marks are as they were; the agent that they name has gone.
    MARKS.write_text("agent_type,kind,mark\nacme_coder,line,ACME-run:\n")
    AGENTS.unlink()
    said = run("build --as-of 2026-03-11", expect=1).output
    assert "references(agent_type)" in said
