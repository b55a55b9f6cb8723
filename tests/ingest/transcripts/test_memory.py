"""Only files that are new, or have changed, are read, and those that tell of the same."""

import json
import os
import pickle
import shutil
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import agents
from pipeline.agents import files
from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.ingest.transcripts.files import homes
from pipeline.ingest.transcripts.helper import SERVE, Helper
from pipeline.ingest.transcripts.ingest import NoTranscriptsError, ingest_transcripts
from pipeline.ingest.transcripts.memory import is_unchanged
from pipeline.ingest.transcripts.serve import ToRead
from pipeline.system.processes import start_process
from tests.agents.claude_code import test_transcripts as claude_code
from tests.agents.claude_code.test_transcripts import FORK, SESSION, prompt, response
from tests.agents.codex import test_transcripts as codex
from tests.agents.gemini_cli import test_transcripts as gemini_cli
from tests.ingest.transcripts.conftest import write_lines


def called(call, name="Edit", **changes):
    """A response that asks for a tool."""
    line = response(9, message=f"msg_{call}", request=f"req_{call}", at="10:00:20")
    block = {"type": "tool_use", "id": call, "name": name, "input": {"command": "git commit"}}
    return line | {"message": line["message"] | {"content": [block]}} | changes


def result(call, said="[main 9170fd3] SECRET", **changes):
    """What the tool gave back."""
    block = {"type": "tool_result", "tool_use_id": call, "content": said}
    return prompt(f"result-{call}", "10:00:21", content=[block], **changes)


OF_FORK = {"sessionId": FORK}
OF_THREAD = {"isSidechain": True, "agentId": "a1"}
UNKNOWN = {"type": "turn", "sessionId": SESSION, "uuid": "x", "stats": {"inputTokens": 5}}
# Lines that tell of the same in files of one session, its sub-agent and its forks; in any of them any line.
CLAUDE = [
    prompt(),
    prompt(**OF_FORK),
    prompt("u2", "11:00:00", **OF_FORK),
    response(5),
    response(500, at="10:00:02"),
    response(500, **OF_FORK),
    response(80, message="msg_2", request="req_2", at="11:00:01", **OF_FORK),
    response(80, message="msg_2", request="req_2", at="11:00:01", sessionKind="bg", sessionId="third"),
    response(500, request="req_copy", **OF_THREAD),
    response(7, message="msg_3", request="req_3", at="10:00:05", **OF_THREAD),
    response(7, message="msg_4", request=None, at="10:00:06"),
    response(8, message="msg_4", request=None, at="10:00:07", **OF_FORK),
    {"type": "queue-operation", "sessionId": FORK, "timestamp": "2026-11-02T10:59:59Z"},
    called("t1"),
    called("t1", **OF_FORK),
    called("t2", name="Bash", **OF_THREAD),
    result("t1"),
    result("t1", **OF_FORK),
    result("t2", **OF_THREAD),
    UNKNOWN,
    response(500, message="msg_5", timestamp="no time"),
]
CODEX = [
    codex.meta("a"),
    codex.meta("b", "12:00:00", **codex.FORKED),
    codex.meta("c", "12:00:00", **codex.SPAWNED),
    codex.meta("d", "12:30:00", source={"subagent": {"thread_spawn": {"parent_thread_id": "c"}}}),
    codex.model(),
    codex.prompt("10:00:01"),
    codex.prompt("12:00:01"),
    codex.FIRST,
    codex.SECOND,
    codex.count("12:00:05", total=(2500, 2000, 130, 50), last=(1500, 1200, 30, 10)),
    codex.count("12:01:00", total=(3500, 2000, 230, 50), last=(1000, 0, 100, 0)),
    codex.record("12:01:00", "resp_1", 1000, 0, 100, 0),
]
GEMINI = [gemini_cli.META, gemini_cli.prompt(), gemini_cli.answer(), gemini_cli.answer("m2", "10:00:09")]
NAMES = {
    "Claude Code": (
        CLAUDE,
        *(f".claude/projects/-gone/{name}.jsonl" for name in (SESSION, FORK, "third")),
        f".claude/projects/-gone/{SESSION}/subagents/agent-a1.jsonl",
    ),
    "Codex": (
        CODEX,
        *(f".codex/sessions/2026/11/02/rollout-{name}.jsonl" for name in ("a", "b", "c")),
        ".codex/archived_sessions/rollout-a.jsonl",
    ),
    "Gemini": (GEMINI, ".gemini/tmp/x/chats/session-1.json", ".gemini/tmp/x/chats/session-2.jsonl"),
}
EDITS = ("append", "append", "write", "delete", "rename", "cut", "same size")


@st.composite
def histories(draw):
    """How files begin, and what is done to them between one ingest and the next."""
    lines, *names = NAMES[draw(st.sampled_from([*NAMES, "Claude Code", "Codex"]))]
    name, some = st.sampled_from(names), st.lists(st.sampled_from(lines), min_size=2, max_size=8)
    begun = draw(st.lists(st.tuples(st.just("write"), name, some, name), max_size=4))
    edit = st.tuples(st.sampled_from(EDITS), name, some, name)
    return [begun, *draw(st.lists(st.lists(edit, min_size=1, max_size=2), min_size=1, max_size=3))]


def apply(home, what, name, lines, other):
    file = home / name
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    if what == "append":
        with file.open("a") as opened:
            opened.write(text)
    elif what == "write":
        file.unlink(missing_ok=True)
        file.write_text(text)
    elif file.exists() and what == "delete":
        file.unlink()
    elif file.exists() and what == "rename":
        (home / other).parent.mkdir(parents=True, exist_ok=True)
        file.rename(home / other)
    elif file.exists() and what == "cut":
        file.write_text(file.read_text()[: len(text)])
    elif file.exists() and what == "same size":
        before = file.stat()
        file.write_text(file.read_text().replace("50", "61").replace("req_2", "req_8"))
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns - 1))


def rows(engine):
    """Everything that was told and put aside, whenever and by whichever ingest."""
    columns = "timestamp, event_name, attributes, service_name, source, developer_id, record_hash"
    logs = engine.fetch(f"SELECT {columns} FROM raw.otel_logs ORDER BY ALL")
    return logs, engine.fetch("SELECT file, line, reason, kind, records FROM meta.quarantine ORDER BY ALL")


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=histories())
@pytest.mark.slow
def test_whatever_is_done_to_files_tells_what_reading_all_of_them_each_time_tells(home, steps):
    for folder in (".claude", ".codex", ".gemini"):
        shutil.rmtree(home / folder, ignore_errors=True)
    with connect(":memory:") as remembering, connect(":memory:") as forgetful:
        make_missing_raw_tables(remembering)
        make_missing_raw_tables(forgetful)
        for step in steps:
            for edit in step:
                apply(home, *edit)
            for engine in (remembering, forgetful):
                if engine is forgetful and "transcript_files" in engine.shapes("meta"):
                    engine.execute("DELETE FROM meta.transcript_files")
                with suppress(NoTranscriptsError):
                    ingest_transcripts(engine)
            assert rows(remembering) == rows(forgetful)


@pytest.fixture
def project(home):
    return home / ".claude" / "projects" / "-gone"


@pytest.fixture
def files_read(monkeypatch):
    """Names of the files of Claude Code that were read since this was asked."""
    reader, read = agents.readers()["claude_code"], []
    reads = reader.read

    def record(file, journal):
        read.append(file.stem)
        return reads(file, journal)

    def asked():
        names = sorted(read)
        read.clear()
        return names

    monkeypatch.setattr(reader, "read", record)
    return asked


def session(name, **changes):
    """A session of its own."""
    own = {"sessionId": name} | changes
    return [prompt(f"u-{name}", **own), response(5, message=f"msg_{name}", request=f"req_{name}", **own)]


def test_what_has_not_changed_is_not_files_read(project, ingest, files_read):
    for name in ("s1", "s2", "s3"):
        write_lines(project / f"{name}.jsonl", *session(name))
    ingest()
    assert files_read() == ["s1", "s2", "s3"]
    write_lines(project / "s2.jsonl", *session("s2"), prompt("u2", "12:00:00", sessionId="s2"))
    result = ingest()
    assert files_read() == ["s2"]
    assert (result.rows_in, result.landed, result.empty) == (3, 1, 2)


def test_with_a_fork_its_parent_is_read_though_it_has_not_changed(project, ingest, files_read, landed):
    claude_code.parent(project)
    write_lines(project / "other.jsonl", *session("other"))
    ingest()
    files_read()
    claude_code.forked(project, first="10:59:59")
    ingest()
    assert files_read() == sorted([SESSION, FORK])
    assert [values["session.id"] for name, values in landed() if values.get("request_id") == "req_1"] == [
        SESSION
    ]


def test_what_a_fork_repeats_is_its_own_once_its_parent_is_gone(project, ingest, files_read, landed):
    first = claude_code.parent(project)
    claude_code.forked(project, first="10:59:59")
    write_lines(project / "other.jsonl", *session("other"))
    ingest()
    files_read()
    first.unlink()
    ingest()
    assert files_read() == [FORK]
    assert FORK in [values["session.id"] for name, values in landed() if values.get("request_id") == "req_1"]


def test_a_tool_that_another_file_asked_for_is_known(project, ingest, landed):
    write_lines(project / "a.jsonl", called("t1"))
    ingest()
    write_lines(project / "b.jsonl", result("t1"))
    ingest()
    (told,) = [values for name, values in landed() if name.endswith("tool_result")]
    assert (told["tool_name"], told["git_commit_id"]) == ("Edit", "9170fd3")


def test_what_is_not_understood_stays_put_aside_as_long_as_the_file_is_there(project, ingest, engine):
    write_lines(project / "s1.jsonl", UNKNOWN)
    write_lines(project / "s2.jsonl", *session("s2"))
    ingest()
    told = engine.fetch("SELECT file, line, reason FROM meta.quarantine")
    assert len(told) == 1
    ingest()
    assert engine.fetch("SELECT file, line, reason FROM meta.quarantine") == told


def test_other_readers_read_everything_again(project, ingest, files_read, monkeypatch):
    write_lines(project / "s1.jsonl", *session("s1"))
    ingest()
    files_read()
    monkeypatch.setattr("pipeline.ingest.transcripts.memory.MARK", "another")
    assert ingest().duplicates == 2
    assert files_read() == ["s1"]


def test_without_rows_to_show_for_it_everything_is_files_read(project, ingest, engine):
    write_lines(project / "s1.jsonl", *session("s1"))
    ingest()
    engine.execute("DELETE FROM raw.otel_logs")
    assert ingest().landed == 2


def test_files_that_were_named_alone_are_files_read_among_the_others(project, ingest, files_read):
    file = write_lines(project / "s1.jsonl", *session("s1"))
    ingest(file)
    assert files_read() == ["s1"]
    ingest()
    assert files_read() == ["s1"]
    assert ingest(file).empty == 1
    assert files_read() == []


def test_a_file_that_could_not_be_read_is_read_as_soon_as_it_can_be(project, ingest, monkeypatch):
    write_lines(project / "s1.jsonl", *session("s1"))
    broken = write_lines(project / "s2.jsonl", *session("s2"))
    opens = files.open_text

    def refuse(file):
        if file == broken:
            raise OSError(5, "Input/output error")
        return opens(file)

    with monkeypatch.context() as context:
        context.setattr(files, "open_text", refuse)
        assert ingest().warnings == (f"{broken} is not read: it cannot be read: Input/output error.",)
    assert ingest().landed == 2


def test_what_is_not_read_is_said_each_time(project, ingest):
    write_lines(project / "s1.jsonl", *session("s1"))
    (project / "x.json").write_text("{}")
    said = ingest().warnings
    assert said == (f"{project / 'x.json'} is not read: no reader knows what it holds.",)
    assert ingest().warnings == said


class TestIsUnchanged:
    """What `usage` asks before it reads anything."""

    @pytest.fixture
    def file(self, project, ingest):
        file = write_lines(project / "s1.jsonl", *session("s1"))
        ingest()
        return file

    def test_files_as_they_were_read_are_unchanged(self, engine, file):
        assert is_unchanged(engine, homes())

    def test_nothing_was_read_yet(self, engine, project):
        write_lines(project / "s1.jsonl", *session("s1"))
        assert not is_unchanged(engine, homes())

    def test_other_places_are_not(self, engine, file):
        assert not is_unchanged(engine, [file.parent])

    def test_a_file_that_grew_has_changed(self, engine, file):
        file.write_text(file.read_text() + "\n")
        assert not is_unchanged(engine, homes())

    def test_a_file_of_the_same_size_and_an_older_time_has_changed(self, engine, file):
        file.write_text(file.read_text().replace("SECRET", "secret"))
        os.utime(file, (1, 1))
        assert not is_unchanged(engine, homes())

    def test_a_file_that_took_its_place_has_changed(self, engine, file):
        before = file.stat()
        shutil.copy(file, file.with_name("copy"))
        file.with_name("copy").rename(file)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert not is_unchanged(engine, homes())

    def test_a_file_that_is_gone_has_changed(self, engine, file):
        file.unlink()
        assert not is_unchanged(engine, homes())

    def test_a_new_file_behind_a_link_has_changed(self, engine, file, tmp_path):
        write_lines(tmp_path / "elsewhere" / "s2.jsonl", *session("s2"))
        (file.parent / "link").symlink_to(tmp_path / "elsewhere")
        assert not is_unchanged(engine, homes())

    def test_a_place_that_is_a_file_may_name_others(self, engine, file, ingest):
        ingest(file)
        assert not is_unchanged(engine, [file])

    def test_a_folder_that_cannot_be_read_is_told_each_time(self, engine, file, monkeypatch):
        scandir = os.scandir

        def refuse(folder):
            if folder == str(file.parent):
                raise PermissionError(13, "Permission denied", folder)
            return scandir(folder)

        monkeypatch.setattr(os, "scandir", refuse)
        assert not is_unchanged(engine, homes())


def test_what_many_files_tell_waits_on_disk_and_is_told_all_the_same(
    project, home, engine, ingest, read_again, monkeypatch
):
    claude_code.parent(project)
    claude_code.forked(project, first="10:59:59")
    codex.rollout(home / ".codex", "a", codex.meta("a"), codex.model(), codex.FIRST, codex.SECOND)
    ingest()
    before = rows(engine)
    engine.execute("DELETE FROM raw.otel_logs")
    monkeypatch.setattr("pipeline.ingest.transcripts.parts.MOST_KEPT", 0)
    monkeypatch.setattr("pipeline.ingest.transcripts.records.BATCH", 1)
    read_again()
    assert rows(engine) == before


def test_where_many_files_have_changed_the_others_are_still_known(project, ingest, files_read, monkeypatch):
    monkeypatch.setattr("pipeline.ingest.transcripts.memory.MANY", 1)
    for name in ("s1", "s2", "s3"):
        write_lines(project / f"{name}.jsonl", *session(name))
    ingest()
    for name in ("s1", "s2"):
        write_lines(project / f"{name}.jsonl", *session(name), prompt(f"u-{name}-2", "12:00:00"))
    ingest()
    files_read()
    assert ingest().empty == 3
    assert files_read() == []


# What a helper does that tells one family, and then ends.
ENDS_TELLING = """
from pipeline.ingest.transcripts.records import Records
from pipeline.ingest.transcripts.serve import serve
whole = Records.of_families
def some(records, reader, families, *rest):
    yield from whole(records, reader, families[:1], *rest)
    raise SystemExit
Records.of_families = some
serve()
"""
BROKEN = {"ends at once": "", "says nonsense": "print('x')", "ends while it tells": ENDS_TELLING}


@pytest.mark.parametrize("share", [0, 3, 12, 100], ids=["nothing", "little", "half", "all"])
@pytest.mark.parametrize("what", ["helps", "cannot be started", *BROKEN])
def test_a_helper_changes_nothing(project, home, engine, ingest, read_again, monkeypatch, what, share):
    """Not even the order in which rows land, whatever share of the files it reads."""
    claude_code.parent(project, UNKNOWN, response(500, message="msg_5", timestamp="no time"))
    claude_code.forked(project, first="10:59:59")
    for number in range(20):
        write_lines(project / f"s{number}.jsonl", *session(f"s{number}"))
    codex.rollout(home / ".codex", "a", codex.meta("a"), codex.model(), codex.FIRST, codex.SECOND)
    (home / ".codex" / "sessions" / "2026" / "11" / "02" / "rollout-x.jsonl").write_text('{"payload": {')
    first = ingest()
    before = as_landed(engine)
    engine.execute("DELETE FROM raw.otel_logs")
    monkeypatch.setattr("pipeline.ingest.transcripts.helper.WORTH_HELPER", 0)
    monkeypatch.setattr("pipeline.ingest.transcripts.helper.processors", lambda: 2)
    monkeypatch.setattr("pipeline.ingest.transcripts.records.BATCH", 1)
    if what in BROKEN:
        monkeypatch.setattr("pipeline.ingest.transcripts.helper.SERVE", BROKEN[what])
    if what == "cannot be started":
        monkeypatch.setattr("sys.executable", str(home / "nothing"))
    has_read = Helper.has_read

    def waited_for(helper, count):
        while count <= share and helper._process.poll() is None and not has_read(helper, count):
            pass
        return count <= share and has_read(helper, count)

    monkeypatch.setattr(Helper, "has_read", waited_for)
    again = read_again()
    assert as_landed(engine) == before
    assert (again.rows_in, again.landed, again.warnings) == (first.rows_in, first.landed, first.warnings)


@pytest.mark.parametrize("files", [0, 1])
def test_a_helper_ends_with_whoever_asked_it(project, tmp_path, files):
    write_lines(project / "s1.jsonl", *session("s1"))
    helper = start_process(SERVE)
    asked = ToRead("claude_code", [*project.glob("*.jsonl")][:files], tmp_path, b"", None, ())
    helper.communicate(pickle.dumps(asked), timeout=60)  # and nothing more: it was killed
    assert helper.returncode == 0


def as_landed(engine):
    """All rows in the order in which they landed, and what was put aside."""
    columns = "* EXCLUDE (created_at)"
    aside = "SELECT file, line, reason, records FROM meta.quarantine ORDER BY ALL"
    return engine.fetch(f"SELECT {columns} FROM raw.otel_logs ORDER BY id"), engine.fetch(aside)
