"""Agents' transcripts are tested as they are ingested."""

from tests.ingest.transcripts.conftest import engine, home, ingest, landed, read_again

__all__ = ["engine", "home", "ingest", "landed", "read_again"]
