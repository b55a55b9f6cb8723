"""Agents' transcripts are tested as they are ingested."""

from tests.ingest.transcripts.conftest import engine, home, ingest, landed

__all__ = ["engine", "home", "ingest", "landed"]
