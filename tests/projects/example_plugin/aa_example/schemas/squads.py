"""Contracts of the example plugin."""

from schemas.base import Contract, column, count


class Squads(Contract):
    """One row per developer of a team."""

    developer_id: str = column(description="Who.")
    team: str = column(description="The team.")

    class Config:
        unique = ["developer_id"]


class FctCommitsPerTeam(Contract):
    """One row per team with commits."""

    team: str = column(description="The team; none for those who are of none.")
    commits: int = column(gt=0, description="How many commits it made.")
    words: int = count(description="Words in their messages.")

    class Config:
        unique = ["team"]


class CommitWords(Contract):
    """What is added to commits."""

    message_words: int = column(nullable=True, ge=1, description="Words of the message.")
