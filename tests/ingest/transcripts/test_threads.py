"""Threads that were spawned by threads, in whatever order their files come."""

from itertools import permutations

import pytest

from pipeline.engines import connect
from pipeline.ingest.transcripts.ingest import ingest_transcripts
from tests.ingest.transcripts.conftest import write_lines


def rollout(folder, name, spawner, tokens):
    """A thread of Codex as versions wrote it that gave responses no id."""
    source = {"source": {"subagent": {"thread_spawn": {"parent_thread_id": spawner}}}} if spawner else {}
    usage = {"input_tokens": tokens, "output_tokens": 1, "total_tokens": tokens + 1}
    info = {"total_token_usage": usage, "last_token_usage": usage}
    return write_lines(
        folder / f"rollout-{name}.jsonl",
        {"timestamp": "2026-03-10T09:00:00Z", "type": "session_meta", "payload": {"id": name, **source}},
        {"timestamp": "2026-03-10T09:00:01Z", "type": "turn_context", "payload": {"model": "gpt-5.4"}},
        {
            "timestamp": "2026-03-10T09:01:00Z",
            "type": "event_msg",
            "payload": {"type": "token_count", "info": info},
        },
    )


THREADS = {"root": (None, 100), "child": ("root", 20), "grandchild": ("child", 3)}


@pytest.mark.parametrize("order", [*permutations(THREADS)], ids="-".join)
def test_a_thread_whose_session_is_known_only_later_counts_once(home, tmp_path, order):
    with connect(":memory:") as engine:
        for name in order:
            rollout(tmp_path / "in", name, *THREADS[name])
            ingest_transcripts(engine, [tmp_path / "in"], developer="ada")
        sent = "CAST(attributes ->> '$.input_token_count' AS INTEGER)"
        responses = "event_name = 'codex.sse_event'"
        found = engine.fetch(f"SELECT {sent} FROM raw.otel_logs WHERE {responses} ORDER BY 1")
    assert found == [(3,), (20,), (100,)]
