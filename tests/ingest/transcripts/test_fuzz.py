"""Whatever a file holds, nothing crashes, and every record is accounted for."""

import copy
import json
import sqlite3
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.engines import connect
from pipeline.errors import IngestError
from pipeline.ingest.transcripts import ingest_transcripts
from tests.ingest.transcripts import (
    test_claude_code,
    test_codex,
    test_cursor,
    test_gemini_cli,
    test_opencode,
)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["\x00", "\ud800", "-1", "1e9", "2026-11-02T10:00:00Z", "0001-01-01", "²"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)
FILES = {
    "claude.jsonl": [test_claude_code.prompt(), test_claude_code.response(5)],
    "codex.jsonl": [
        test_codex.meta("b", "12:00:00", **test_codex.SPAWNED),
        test_codex.model("gpt-6-sol"),
        test_codex.prompt("12:00:00"),
        test_codex.FIRST,
        test_codex.SECOND,
    ],
    "gemini.jsonl": [
        test_gemini_cli.META,
        test_gemini_cli.prompt(),
        {"$set": {"messages": [test_gemini_cli.answer()]}},
    ],
    "cursor.json": [{"usageEvents": [test_cursor.EVENT]}],
    "opencode.db": [test_opencode.prompt(), test_opencode.answer()],
}


def paths(value, path=()):
    """The places in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from paths(inner, (*path, key))


@st.composite
def broken(draw, line):
    """A line in which some places hold something else, or nothing."""
    line = copy.deepcopy(line)
    for _ in range(draw(st.integers(0, 2))):
        *folder, last = draw(st.sampled_from(list(paths(line)) or [("x",)]))
        place = line
        try:
            for key in folder:
                place = place[key]
            place[last] = draw(VALUES)
        except (KeyError, IndexError, TypeError):
            pass
    return json.dumps(line)


@pytest.fixture(scope="module")
def database():
    with connect(":memory:") as engine:
        yield engine


@pytest.mark.parametrize("name", FILES)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_values_are_landed_or_put_aside(database, home, tmp_path, name, data):
    lines = [data.draw(broken(line)) for line in FILES[name] * 3]
    file = tmp_path / name
    if name.endswith(".db"):
        file.unlink(missing_ok=True)
        with closing(sqlite3.connect(file)) as written:
            written.execute("CREATE TABLE message (id, session_id, data)")
            written.executemany("INSERT INTO message VALUES ('m', 's', ?)", [(t,) for t in lines])
            written.commit()
    else:
        file.write_text("\n".join(lines[: 1 if name.endswith(".json") else None]) + "\n")

    try:
        result = ingest_transcripts(database, [file])
    except IngestError:  # so broken that nobody can tell what it is
        return
    assert result.rows_in == result.landed + result.duplicates + result.quarantined
