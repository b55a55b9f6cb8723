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
from pipeline.ingest.transcripts.ingest import ingest_transcripts
from tests.agents.amp import test_transcripts as amp
from tests.agents.claude_code import test_transcripts as claude_code
from tests.agents.cline import test_transcripts as cline
from tests.agents.codex import test_transcripts as codex
from tests.agents.crush import test_transcripts as crush
from tests.agents.cursor import test_transcripts as cursor
from tests.agents.droid import test_transcripts as droid
from tests.agents.gemini_cli import test_transcripts as gemini_cli
from tests.agents.github_copilot import test_transcripts as github_copilot
from tests.agents.goose import test_transcripts as goose
from tests.agents.grok import test_transcripts as grok
from tests.agents.kimi_cli import test_transcripts as kimi_cli
from tests.agents.opencode import test_transcripts as opencode
from tests.agents.pi import test_transcripts as pi
from tests.agents.qwen_code import test_transcripts as qwen_code

pytestmark = pytest.mark.slow

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
A_FEW = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
CELLS = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.binary(max_size=8)
    | st.sampled_from(["", "\x00", "{}", "[[", "1e9", "2026-11-02T10:00:00Z", "0001-01-01", "²"])
)
FILES = {
    "claude.jsonl": [claude_code.prompt(), claude_code.response(5)],
    "codex.jsonl": [
        codex.meta("b", "12:00:00", **codex.SPAWNED),
        codex.model("gpt-6-sol"),
        codex.prompt("12:00:00"),
        codex.FIRST,
        codex.SECOND,
    ],
    "gemini.jsonl": [
        gemini_cli.META,
        gemini_cli.prompt(),
        {"$set": {"messages": [gemini_cli.answer()]}},
    ],
    "pi.jsonl": [pi.header(), pi.PROMPT, pi.answer("b2", "10:00:05", 5, 5, 5, 5, 0.5), pi.TOOL],
    "updates.jsonl": [grok.prompt(), grok.turn(9)],
    "cursor.json": [{"usageEvents": [cursor.EVENT]}],
    "events.jsonl": [
        github_copilot.start(),
        github_copilot.prompt(),
        github_copilot.call("12:10:00", "c1", 500, 50),
        github_copilot.sums("12:20:00", "e1", 600, 60),
    ],
    "T-1.json": [
        {"id": amp.THREAD, "v": 9, "created": amp.START, "messages": [amp.prompt(), amp.answer()]}
        | {"usageLedger": {"events": [amp.ENTRY]}}
    ],
    "1.messages.json": [{"version": 1, "agent": "lead", "sessionId": "1", "messages": cline.MESSAGES}],
    "1.jsonl": [{"type": "session_start", "id": "1", "version": 2, "cwd": "/gone"}, *droid.MESSAGES],
    "1.settings.json": [droid.SETTINGS],
    "wire.jsonl": [kimi_cli.HEADER, kimi_cli.wire("TurnBegin", user_input="x"), kimi_cli.status()],
    "qwen.jsonl": [qwen_code.prompt(), qwen_code.CALL, qwen_code.ANSWER],
    "opencode.db": [opencode.prompt(), opencode.answer()],
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


@st.composite
def broken_row(draw, row):
    """A row of a database in which some values are others; JSON in it may be broken."""
    whole, row = row, dict(row)
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from([*row]))
        value = whole[name]
        if isinstance(value, str) and value.startswith(("[", "{")):
            row[name] = draw(broken(json.loads(value) or [None]))
        else:
            row[name] = draw(CELLS)
    return row


@pytest.fixture(scope="module")
def database():
    with connect(":memory:") as engine:
        yield engine


@pytest.mark.parametrize("name", FILES)
@A_FEW
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


@pytest.mark.parametrize("agent", [goose, crush], ids=["goose", "crush"])
@A_FEW
@given(data=st.data())
def test_any_values_of_a_database_are_landed_or_put_aside(database, home, tmp_path, agent, data):
    def rows(*whole):
        return [data.draw(broken_row(row)) for row in whole]

    if agent is goose:
        said = goose.message(1, "user", goose.said())
        goose.write(tmp_path, rows(goose.session()), rows(goose.call(), goose.call(8)), rows(said))
    else:
        crush.write(tmp_path, *rows(crush.session()), messages=rows(*crush.MESSAGES))
    try:
        result = ingest_transcripts(database, [tmp_path])
    except IngestError:
        return
    assert result.rows_in == result.landed + result.duplicates + result.quarantined
