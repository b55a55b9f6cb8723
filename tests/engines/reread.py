"""A session that an earlier version has read, and that is read again."""

from pathlib import Path

from pipeline.engines.base import Engine
from pipeline.ingest.transcripts.ingest import ingest_transcripts
from tests.agents.claude_code.test_transcripts import prompt, response
from tests.ingest.transcripts.conftest import write_lines


def what_an_earlier_version_read_gives_way(engine: Engine, folder: Path, attributes: str) -> None:
    """Hold that what is read again stands once; `attributes` is that column as text, as the engine has it."""
    file = folder / "s1.jsonl"
    write_lines(file, prompt(), response(50))
    ingest_transcripts(engine, [file], developer="ada")
    sql = f"SELECT event_name, {attributes} FROM raw.otel_logs ORDER BY 1"
    told = engine.fetch(sql)
    engine.execute("UPDATE raw.otel_logs SET record_hash = 'earlier' WHERE id > 0")
    engine.execute("UPDATE meta.transcript_files SET readers = 'earlier' WHERE path IS NOT NULL")
    assert ingest_transcripts(engine, [file], developer="ada").landed == 2
    assert engine.fetch(sql) == told
