"""A project's own files, as its README tells: a mart, a column, a law and a seed in about twenty lines."""

from pathlib import Path

import duckdb

FILES = {
    "aa-pipeline.toml": "",
    "models/marts/fct_commits_per_ticket.py": '''
from ibis import _

def fct_commits_per_ticket(fct_git_commits, tickets):
    """One row per ticket with commits."""
    commits = fct_git_commits.filter(_.ticket.notnull()).group_by("ticket").agg(commits=_.count())
    return commits.left_join(tickets, "ticket").select("ticket", "commits", "owner")
''',
    "models/marts/commit_ticket.py": r"""
EXTENDS = "fct_git_commits"

def commit_ticket(fct_git_commits):
    found = fct_git_commits.commit_message.re_extract("([A-Z]+-[0-9]+)", 1)
    return fct_git_commits.mutate(ticket=found.nullif(""))
""",
    "models/laws/tickets_are_counted.py": '''
def tickets_are_counted(fct_git_commits, fct_commits_per_ticket):
    """Every ticket of a commit has a row."""
    named = fct_git_commits.filter(fct_git_commits.ticket.notnull()).select("ticket").distinct()
    return named.anti_join(fct_commits_per_ticket, "ticket")
''',
    "schemas/ours.py": '''
from schemas.base import Contract, column

class FctCommitsPerTicket(Contract):
    """One row per ticket with commits."""
    ticket: str = column(description="The ticket.")
    commits: int = column(gt=0, description="How many commits name it.")
    owner: str = column(nullable=True, description="Whose it is.")
    class Config:
        unique = ["ticket"]

class CommitTicket(Contract):
    """What is added to commits."""
    ticket: str = column(nullable=True, description="Ticket that the message names.")

class Tickets(Contract):
    """One row per ticket that somebody owns."""
    ticket: str = column(description="The ticket.")
    owner: str = column(description="Whose it is.")
    class Config:
        unique = ["ticket"]
''',
    "seeds/tickets.csv": "ticket,owner\nAA-1,ada\n",
}


def write(folder: Path) -> None:
    """Write the project into a folder."""
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def commit(message: str, number: int, execute=None) -> None:
    """Land a commit of Ada's in the raw table of the folder's database, or by a function of another one."""
    statement = (
        "INSERT INTO raw.git_commits (id, commit_hash, commit_message, author_name, author_email,"
        " commit_timestamp, files_changed, lines_added, lines_deleted, project_id, created_at) VALUES"
        f" ({number}, '{number:040x}', '{message}', 'Ada', 'ada@example.com',"
        " CURRENT_TIMESTAMP, 1, 2, 3, 'acme/engine', CURRENT_TIMESTAMP)"
    )
    if execute:
        execute(statement)
        return
    with duckdb.connect("agent_analytics.duckdb") as connection:
        connection.execute(statement)
