"""`ingest otlp`: files in every wrapping, once each, and nothing good lost to something bad."""

import base64
import contextlib
import copy
import gzip
import io
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import zstandard
from google.protobuf.json_format import ParseDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from pipeline.engines import connect
from pipeline.engines.raw_tables import make_raw_table
from pipeline.errors import IngestError
from pipeline.ingest.otlp.ingest import ingest_otlp
from tests.ingest.otlp.samples import TIME, framed, lines, log, logs, metric, metrics, point, span, spans
from tests.ingest.otlp.test_json import SDK_LOG, SDK_METRICS

pytestmark = pytest.mark.slow

ONE = logs(log({"n": 1}))
TWO = logs(log({"n": 2}), log({"n": 3}))
POINTS = metrics(metric(point(1.0), point(2.0)))


def content(engine):
    """What is in raw, whatever the order it came in."""
    found = engine.fetch(
        "SELECT 'log', epoch_us(timestamp), attributes, record_hash FROM raw.otel_logs UNION ALL"
        " SELECT 'point', epoch_us(timestamp), attributes, record_hash FROM raw.otel_metrics"
    )
    return sorted(found)


def numbers(engine):
    """The attribute n of each log record."""
    return sorted(json.loads(row[0])["n"] for row in engine.fetch("SELECT attributes FROM raw.otel_logs"))


def quarantine(engine):
    return engine.fetch("SELECT file, line, reason FROM meta.quarantine ORDER BY line")


def holds(result):
    assert result.rows_in == result.landed + result.duplicates + result.quarantined
    return result


def proto(document, request=ExportLogsServiceRequest):
    return ParseDict(document, request()).SerializeToString()


def wrapped():
    """The same three log records in every wrapping."""
    text = lines(ONE, TWO).encode()
    zstd = zstandard.ZstdCompressor().compress
    pretty = "\n".join(json.dumps(document, indent=2) for document in (ONE, TWO)) + "\n"
    return {
        "lines.json": text,
        "unterminated.jsonl": text.rstrip(b"\n"),
        "windows.jsonl": b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"),
        "blank-lines.jsonl": b"\n\n" + text.replace(b"\n", b"\n \n"),
        "data-2022-09-14T05-02-14.173.json": text,
        "rotated.jsonl.1": text,
        "lines.jsonl.gz": gzip.compress(text),
        "lines.jsonl.zst": zstd(text),
        "two-members.json.gz": gzip.compress(lines(ONE).encode()) + gzip.compress(lines(TWO).encode()),
        "two-frames.json.zst": zstd(lines(ONE).encode()) + zstd(lines(TWO).encode()),
        "pretty.json": pretty.encode(),
        "tabs.json": json.dumps([ONE, TWO], indent="\t").encode(),
        "list.json": json.dumps([ONE, TWO]).encode(),
        "framed.json": framed(*(json.dumps(one).encode() for one in (ONE, TWO))),
        "framed-zstd.json": framed(*(zstd(json.dumps(one).encode()) for one in (ONE, TWO))),
        "framed.pb": framed(proto(ONE), proto(TWO)),
        "framed-zstd.pb": framed(zstd(proto(ONE)), zstd(proto(TWO))),
        "framed.pb.gz": gzip.compress(framed(proto(ONE), proto(TWO))),
        "body.pb": proto({"resourceLogs": ONE["resourceLogs"] + TWO["resourceLogs"]}),
    }


@pytest.mark.parametrize("name", wrapped())
def test_every_wrapping_lands_the_same(engine, tmp_path, name):
    plain, other = tmp_path / "plain.json", tmp_path / name
    plain.write_text(lines(ONE, TWO))
    other.write_bytes(wrapped()[name])

    first = holds(ingest_otlp(engine, [other]))
    assert (first.landed, first.quarantined, first.warnings) == (3, 0, ())
    assert numbers(engine) == [1, 2, 3]
    if name != "lines.json":
        second = holds(ingest_otlp(engine, [plain]))
        assert (second.landed, second.duplicates) == (0, 3)


def test_protobuf_metrics_are_told_from_logs(engine, tmp_path):
    (tmp_path / "m.pb").write_bytes(proto(POINTS, ExportMetricsServiceRequest))
    (tmp_path / "m.json").write_text(lines(POINTS))
    result = holds(ingest_otlp(engine, [tmp_path]))
    assert (result.landed_by_table, result.duplicates) == ({"otel_metrics": 2}, 2)


def test_kinds_may_be_mixed_in_one_file(engine, tmp_path):
    path = tmp_path / "all.jsonl"
    path.write_text(lines(ONE, POINTS, spans(), SDK_LOG, SDK_METRICS))
    result = holds(ingest_otlp(engine, [path]))
    assert result.landed_by_table == {"otel_logs": 2, "otel_metrics": 4, "otel_spans": 2}
    assert (result.quarantined, result.empty) == (0, 0)


def test_spans_land_once(engine, tmp_path):
    (tmp_path / "json.jsonl").write_text(lines(spans(span({"gen_ai.operation.name": "chat"}))))
    # Ids are hex in OTLP's JSON, and base64 in protobuf's own.
    ids = {name: base64.b64encode(bytes.fromhex(span()[name])).decode() for name in ("traceId", "spanId")}
    message = proto(spans(span({"gen_ai.operation.name": "chat"}, **ids)), ExportTraceServiceRequest)
    (tmp_path / "protobuf.pb").write_bytes(framed(message))
    result = holds(ingest_otlp(engine, [tmp_path]))
    assert (result.landed, result.duplicates) == (1, 1)
    assert holds(ingest_otlp(engine, [tmp_path])).landed == 0
    found = "id, trace_id, span_id, name, epoch_ns(start_timestamp), epoch_ns(end_timestamp)"
    rows = engine.fetch(f"SELECT {found} FROM raw.otel_spans")
    assert rows == [(1, span()["traceId"], span()["spanId"], "chat gpt-5.4", TIME, TIME + 10**9)]


def test_gemini_outfile_of_pretty_printed_objects(engine, tmp_path):
    path = tmp_path / "telemetry.log"
    path.write_text("".join(json.dumps(one, indent=2) + "\n" for one in (SDK_LOG, SDK_METRICS)))
    result = holds(ingest_otlp(engine, [path]))
    assert result.landed_by_table == {"otel_logs": 1, "otel_metrics": 2}


def test_standard_input(engine, monkeypatch):
    text = io.TextIOWrapper(io.BufferedReader(io.BytesIO(lines(ONE, TWO).encode())))
    monkeypatch.setattr(sys, "stdin", text)
    assert holds(ingest_otlp(engine, ["-"])).landed == 3


def test_folders_globs_and_files_that_overlap_are_read_once(engine, tmp_path):
    inner = tmp_path / "host" / "day"
    inner.mkdir(parents=True)
    (inner / "a.jsonl").write_text(lines(ONE))
    (inner / "b.jsonl.gz").write_bytes(gzip.compress(lines(TWO).encode()))
    (inner / ".hidden.json").write_text("x")
    paths = [tmp_path, tmp_path / "**" / "*.jsonl", inner / "a.jsonl", inner / "a.jsonl"]
    result = holds(ingest_otlp(engine, paths))
    assert (result.rows_in, result.landed, result.warnings) == (3, 3, ())


def test_other_files_in_a_folder_are_left_out_with_one_warning(engine, tmp_path):
    (tmp_path / "a.jsonl").write_text(lines(ONE))
    (tmp_path / "README.txt").write_text("hello")
    (tmp_path / "image.png").write_bytes(b"\x89PNG")
    result = holds(ingest_otlp(engine, [tmp_path]))
    assert (result.landed, result.quarantined) == (1, 0)
    assert [warning.split(",")[0] for warning in result.warnings] == [
        f"2 file(s) in {tmp_path} were left out"
    ]


def test_a_file_that_grows_is_read_on(engine, tmp_path):
    path = tmp_path / "live.jsonl"
    one, two, three = (lines(logs(log({"n": n}))) for n in (1, 2, 3))
    path.write_text(one + two[:40])
    first = holds(ingest_otlp(engine, [path]))
    assert (first.landed, first.quarantined) == (1, 0)
    assert first.warnings == (f"{path} ends in an incomplete record, which is left for the next ingest.",)

    path.write_text(one + two + three)
    second = holds(ingest_otlp(engine, [path]))
    assert (second.rows_in, second.landed, second.warnings) == (2, 2, ())

    third = holds(ingest_otlp(engine, [path]))
    assert (third.rows_in, third.empty) == (0, 1)


def test_lines_are_counted_from_the_beginning_of_a_file_that_grows(engine, tmp_path):
    path = tmp_path / "live.jsonl"
    path.write_text(lines(ONE, TWO))
    ingest_otlp(engine, [path])
    with path.open("a") as file:
        file.write("nonsense\n")
    assert ingest_otlp(engine, [path]).quarantined == 1
    assert [(file, line) for file, line, _ in quarantine(engine)] == [(str(path), 3)]


def test_a_pretty_printed_file_that_grows_is_read_on(engine, tmp_path):
    path = tmp_path / "outfile.json"
    one, two = (json.dumps(document, indent=2) + "\n" for document in (ONE, TWO))
    cut = two.index("\n", 60) + 1
    path.write_text(one + two[:cut])
    first = holds(ingest_otlp(engine, [path]))
    assert (first.landed, first.quarantined) == (1, 0)
    path.write_text(one + two)
    assert holds(ingest_otlp(engine, [path])).landed == 2


def test_a_framed_file_that_grows_is_read_on(engine, tmp_path):
    path = tmp_path / "live.pb"
    both = framed(proto(ONE), proto(TWO))
    path.write_bytes(both[:-5])
    first = holds(ingest_otlp(engine, [path]))
    assert (first.landed, first.quarantined) == (1, 0)
    path.write_bytes(both)
    second = holds(ingest_otlp(engine, [path]))
    assert (second.rows_in, second.landed) == (2, 2)


@pytest.mark.parametrize("how", ["rotated", "truncated", "rewritten"])
def test_rotation_and_truncation_are_noticed(engine, tmp_path, how):
    path = tmp_path / "live.jsonl"
    path.write_text(lines(ONE, TWO))
    ingest_otlp(engine, [path])
    new = lines(*(logs(log({"n": n})) for n in range(10, 12 if how == "truncated" else 20)))
    if how == "rotated":
        path.rename(tmp_path / "live-2026.jsonl")
    path.write_text(new)

    ingest_otlp(engine, [path])
    assert numbers(engine) == [1, 2, 3, *range(10, 12 if how == "truncated" else 20)]


def test_a_file_is_read_again_when_its_rows_are_gone(engine, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(lines(ONE, TWO))
    ingest_otlp(engine, [path])
    engine.execute("DELETE FROM raw.otel_logs")
    assert holds(ingest_otlp(engine, [path])).landed == 3


def test_a_bad_line_is_put_aside_with_file_line_and_reason(engine, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(lines(ONE) + "nonsense\n" + '{"resourceLogs": [{\n' + lines(TWO, {"a": 1}))
    result = holds(ingest_otlp(engine, [path]))
    assert (result.landed, result.quarantined) == (3, 3)
    found = [(file, line, reason.split(":")[0]) for file, line, reason in quarantine(engine)]
    assert found == [
        (str(path), 2, "no JSON"),
        (str(path), 3, "no JSON"),
        (str(path), 5, "not an export of logs, metrics or traces"),
    ]


def test_an_unterminated_last_line_after_nothing_good_is_put_aside(engine, tmp_path):
    (tmp_path / "good.jsonl").write_text(lines(ONE))
    (tmp_path / "bad.jsonl").write_text(lines(ONE)[:50])
    result = holds(ingest_otlp(engine, [tmp_path]))
    assert (result.landed, result.quarantined) == (1, 1)


DEEP = '{"a":' * 5000 + "1" + "}" * 5000
BAD = {
    "text": b"hello\n",
    "binary": bytes(random.Random(1).randbytes(5000)),
    "nul": b"\0" * 5000 + b"\n",
    "png": b"\x89PNG\r\n\x1a\n" + b"\0" * 100 + b"\n",
    "deep": DEEP.encode() + b"\n",
    "deep-list": b"[" * 100_000 + b"\n",
    "cut-gzip": gzip.compress(random.Random(2).randbytes(5000), mtime=0)[:2000],
    "no-gzip": b"\x1f\x8b nonsense",
    "no-zstd": b"\x28\xb5\x2f\xfd nonsense",
    "huge-frame": b"\x0f\xff\xff\xff{",
    "cut-frame": framed(proto(ONE))[:-3],
    "half-protobuf": proto(ONE)[:-3],
    "wrong-json": b'{"hello": "world"}\n',
    "html": b"<html>\n</html>\n",
    "number": b"5\n",
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_and_the_good_one_beside_it_lands(engine, tmp_path, name):
    bad, good = tmp_path / "bad.json", tmp_path / "good.json"
    bad.write_bytes(BAD[name])
    with pytest.raises(IngestError, match=r"bad\.json"):
        ingest_otlp(engine, [bad])
    assert {file for file, _, reason in quarantine(engine) if reason} == {str(bad)}

    good.write_text(lines(ONE))
    result = holds(ingest_otlp(engine, [bad, good]))
    assert result.landed == 1
    assert result.quarantined >= 1
    assert any("bad.json" in warning for warning in result.warnings)


@pytest.mark.parametrize("name", [name for name, data in BAD.items() if data.endswith(b"\n")])
def test_good_lines_around_a_bad_one_land(engine, tmp_path, name):
    path = tmp_path / "mixed.json"
    path.write_bytes(lines(ONE).encode() + BAD[name] + lines(TWO).encode())
    result = holds(ingest_otlp(engine, [path]))
    assert result.landed == 3
    assert result.quarantined >= 1


@pytest.mark.parametrize(
    "text",
    [
        '{"k":NaN,"resourceLogs":',
        '{"k":Infinity,"resourceLogs":',
        '{"k":"\\ud83d","resourceLogs":',
        '{"k":"\x01","resourceLogs":',
        '{"k":123456789012345678901234567890,"resourceLogs":',
        '\0\0\0{"resourceLogs":',
    ],
)
def test_what_strict_readers_refuse_is_read(engine, tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(lines(ONE).replace('{"resourceLogs":', text, 1))
    assert holds(ingest_otlp(engine, [path])).landed == 1


def test_text_that_databases_refuse_is_made_harmless(engine, tmp_path):
    path = tmp_path / "a.json"
    found = logs(log({"user.a": "x\x00y", "user.b": "x\ud83dy", "c\x00": 2**70}))
    path.write_bytes(lines(found).encode().replace(b'"user.a"', b'"user.a\xff"'))
    assert holds(ingest_otlp(engine, [path])).landed == 1
    (row,) = engine.fetch("SELECT attributes FROM raw.otel_logs")
    assert json.loads(row[0]) == {"user.a�": "x�y", "user.b": "x?y", "c�": str(2**70)}


def test_a_very_long_line_is_read(engine, tmp_path):
    path = tmp_path / "a.json"
    path.write_text(lines(ONE, logs(log({"n": 2, "prompt": "x" * 20_000_000})), TWO))
    assert holds(ingest_otlp(engine, [path])).landed == 4


def test_a_line_beyond_the_limit_is_put_aside_without_being_kept(engine, tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.ingest.files.PIECE", 1 << 10)
    monkeypatch.setattr("pipeline.ingest.files.LONGEST", 4 << 10)
    path = tmp_path / "a.json"
    path.write_text(lines(ONE) + "{" + "x" * 20_000 + "\n" + lines(TWO))
    result = holds(ingest_otlp(engine, [path]))
    assert (result.landed, result.quarantined) == (3, 1)
    assert [line for _, line, _ in quarantine(engine)] == [2]


def test_garbage_without_end_does_not_fill_the_memory(engine, tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.ingest.otlp.rows.MOST_BAD", 10)
    path = tmp_path / "a.json"
    path.write_text(lines(ONE) + "x\n" * 1000)
    result = holds(ingest_otlp(engine, [path]))
    assert (result.landed, result.quarantined) == (1, 1000)
    assert len(quarantine(engine)) == 11


def test_missing_and_unreadable_paths_are_named(engine, tmp_path):
    good = tmp_path / "good.json"
    good.write_text(lines(ONE))
    missing, nowhere = tmp_path / "missing.json", tmp_path / "link.json"
    nowhere.symlink_to(tmp_path / "gone")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "empty").mkdir()
    (tmp_path / "zero.json").touch()
    paths = [missing, nowhere, tmp_path / "loop", tmp_path / "empty", tmp_path / "*.xyz"]
    paths += [tmp_path / "zero.json", "bad\0name"]
    with pytest.raises(IngestError) as raised:
        ingest_otlp(engine, paths)
    for word in ("missing.json", "link.json", "loop", "empty", "*.xyz", "zero.json", "name"):
        assert word in str(raised.value)
    assert "\n" not in str(raised.value)

    result = holds(ingest_otlp(engine, [*paths, good]))
    assert result.landed == 1
    assert len(result.warnings) == len(paths)


def test_links_in_a_folder_get_a_warning_and_the_rest_lands(engine, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.json").write_text(lines(ONE))
    (folder / "link.json").symlink_to(folder / "a.json")
    (folder / "up").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.json")
    result = holds(ingest_otlp(engine, [folder]))
    assert (result.landed, result.duplicates) == (1, 0)
    assert len(result.warnings) == 3


@pytest.fixture
def folder_of_an_ordinary_user():
    """A folder, used by somebody for whom permissions count; root becomes nobody for a while."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        os.seteuid(os.getuid())
        (folder / "folder").chmod(0o700)


def test_folders_and_files_without_permission_get_a_warning(engine, folder_of_an_ordinary_user):
    folder = folder_of_an_ordinary_user
    (folder / "a.json").write_text(lines(ONE))
    (folder / "closed.json").write_text(lines(TWO))
    (folder / "closed.json").chmod(0)
    (folder / "folder").mkdir(mode=0)
    if os.getuid() == 0:
        os.seteuid(65534)
    result = holds(ingest_otlp(engine, [folder]))
    assert result.landed == 1
    assert len(result.warnings) == 2


def test_a_file_that_vanishes_gets_a_warning(engine, tmp_path, monkeypatch):
    import pipeline.ingest.otlp.ingest as otlp

    (tmp_path / "a.json").write_text(lines(ONE))
    (tmp_path / "b.json").write_text(lines(TWO))

    def find_and_lose(paths, warn):
        found = real(paths, warn)
        (tmp_path / "a.json").unlink()
        return found

    real = otlp.find_files
    monkeypatch.setattr(otlp, "find_files", find_and_lose)
    result = holds(ingest_otlp(engine, [tmp_path]))
    assert result.landed == 2
    assert [warning.split(" cannot")[0] for warning in result.warnings] == [str(tmp_path / "a.json")]


def test_what_was_left_out_is_said(engine, tmp_path):
    (tmp_path / "a.json").write_text(lines(logs(log({"prompt": "x"}, body="some prose"))))
    assert ingest_otlp(engine, [tmp_path]).dropped == ("body", "prompt")


def test_several_processes_read_the_same(engine, tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.ingest.otlp.helpers.WORTH_HELPERS", 0)
    monkeypatch.setattr("pipeline.ingest.otlp.helpers.processors", lambda: 2)
    monkeypatch.setattr("pipeline.ingest.files.PIECE", 20_000)
    documents = [logs(log({"n": n}), log({"prompt": "x"}, at=TIME + n)) for n in range(300)]
    path = tmp_path / "a.jsonl"
    path.write_text(lines(*documents[:200]) + "nonsense\n" + lines(*documents[200:]))
    result = holds(ingest_otlp(engine, [path]))
    assert (result.landed, result.quarantined, result.dropped) == (600, 1, ("prompt",))
    assert quarantine(engine)[0][:2] == (str(path), 201)
    ids = engine.fetch("SELECT attributes FROM raw.otel_logs ORDER BY id LIMIT 3")
    assert [row[0] for row in ids] == ['{"n":0}', "{}", '{"n":1}']


KILLED = """
import os, signal, sys
from pipeline.engines import connect
from pipeline.ingest.otlp import helpers
from pipeline.ingest.otlp.ingest import ingest_otlp

helpers.WORTH_HELPERS, helpers.processors = 0, lambda: 2
helpers._collect = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # once a helper has been asked
with connect(":memory:") as engine:
    ingest_otlp(engine, sys.argv[1:])
"""


def test_what_a_killed_ingest_left_among_temporary_files_goes_with_the_next(engine, tmp_path, monkeypatch):
    (tmp_path / "a.jsonl").write_text(lines(ONE))
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr(tempfile, "tempdir", None)
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a.jsonl")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len([*place.iterdir()]) == 1
    ingest_otlp(engine, [tmp_path / "a.jsonl"])
    assert [*place.iterdir()] == []


documents = st.lists(
    st.builds(
        lambda n, kind, many: (
            logs(*(log({"n": n + i}) for i in range(many)))
            if kind
            else metrics(metric(*(point(float(n + i)) for i in range(many))))
        ),
        st.integers(0, 5),
        st.booleans(),
        st.integers(0, 3),
    ),
    max_size=6,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents=documents, cuts=st.lists(st.integers(0, 6), max_size=3), data=st.data())
def test_order_repetition_and_splitting_change_nothing(tmp_path, documents, cuts, data):
    """Any file twice, overlapping files, any order, any split: the same raw content."""

    def landed(*files):
        with connect(":memory:") as engine:
            engine.create_schema("raw")
            for table in ("otel_logs", "otel_metrics"):
                make_raw_table(engine, table)
            total = 0
            for number, file in enumerate(files):
                path = tmp_path / f"{number}.jsonl"
                path.write_text(lines(*file))
                if file:
                    total += holds(ingest_otlp(engine, [path])).landed
            found = content(engine)
            assert total == len(found)
            return found

    edges = sorted({0, *cuts, len(documents)})
    parts = [documents[a:b] for a, b in itertools.pairwise(edges)]
    overlapping = [*parts, copy.deepcopy(documents[: len(documents) // 2 + 1]), documents]
    mixed = data.draw(st.permutations(overlapping))

    assert landed(*mixed) == landed(documents) if documents else True


good_or_bad = st.one_of(
    st.integers(0, 50).map(lambda n: lines(logs(log({"n": n}))).encode()),
    st.binary(max_size=40).map(lambda data: data.replace(b"\n", b"") + b"\n"),
    st.text(max_size=40).map(lambda text: text.replace("\n", "").encode() + b"\n"),
    st.sampled_from([b"{\n", b"[\n", b" }\n", b"\0\n", b'{"resourceLogs":\n', b"null\n", b"[{}]\n"]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(good_or_bad, min_size=1, max_size=8))
def test_good_records_survive_any_neighbours(engine, tmp_path, parts):
    engine.execute("DELETE FROM raw.otel_logs")
    path = tmp_path / "fuzz.jsonl"
    first = lines(logs(log({"n": 99}))).encode()  # so that the file is one of lines
    path.write_bytes(first + b"".join(parts))
    holds(ingest_otlp(engine, [path]))
    wanted = {99}
    for part in parts:
        if part.startswith(b'{"resourceLogs": [{"resource"'):
            wanted.add(
                json.loads(part)["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["attributes"][0][
                    "value"
                ]["intValue"]
            )
    assert set(numbers(engine)) == {int(n) for n in wanted}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=300),
    start=st.sampled_from([b"", b"\x00\x00\x00\x10", b"\n", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"{"]),
)
def test_any_bytes_end_in_an_account_or_one_clear_error(engine, tmp_path, data, start):
    path = tmp_path / "fuzz.bin"
    path.write_bytes(start + data)
    with contextlib.suppress(IngestError):
        holds(ingest_otlp(engine, [path]))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "stringValue",
                    "intValue",
                    "doubleValue",
                    "arrayValue",
                    "kvlistValue",
                    "values",
                    "key",
                    "value",
                    "x",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    field=st.sampled_from(
        ["timeUnixNano", "body", "attributes", "severityNumber", "eventName", "traceId", "severityText"]
    ),
    value=json_values,
)
def test_any_value_in_any_field_lands_or_is_put_aside(engine, tmp_path, field, value):
    engine.execute("DELETE FROM raw.otel_logs")
    path = tmp_path / "fuzz.json"
    path.write_text(lines(ONE, logs(log() | {field: value}), TWO))
    result = holds(ingest_otlp(engine, [path]))
    assert result.rows_in == 4
    assert {1, 2, 3} <= {
        json.loads(row[0]).get("n")
        for row in engine.fetch("SELECT attributes FROM raw.otel_logs")
        if row[0].startswith("{")
    }


def test_a_database_of_another_backend_takes_telemetry(tmp_path):
    """Naive timestamps, text for JSON, small ids, and none of our own columns."""
    path = tmp_path / "a.json"
    path.write_text(lines(TWO, POINTS))
    with connect(":memory:") as engine:
        engine.create_schema("raw")
        engine.execute(
            "CREATE TABLE raw.otel_logs (id INTEGER, timestamp TIMESTAMP, developer_id VARCHAR,"
            " severity VARCHAR, body VARCHAR, attributes VARCHAR, created_at TIMESTAMP)"
        )
        engine.execute("INSERT INTO raw.otel_logs (id, timestamp) VALUES (41, '2026-01-02 12:00')")
        first = holds(ingest_otlp(engine, [path]))
        engine.execute("DELETE FROM meta.ingest_files")
        second = holds(ingest_otlp(engine, [path]))
        assert (first.landed, second.duplicates) == (4, 4)
        assert engine.fetch(
            "SELECT id, CAST(timestamp AS VARCHAR), attributes, service_name, source"
            " FROM raw.otel_logs ORDER BY id"
        ) == [
            (41, "2026-01-02 12:00:00", None, None, None),
            (42, "2026-01-02 12:00:00", '{"n":2}', "claude-code", "otlp"),
            (43, "2026-01-02 12:00:00", '{"n":3}', "claude-code", "otlp"),
        ]


def many(path):
    """A file of many pieces: good lines and bad ones, of every width, and one over several lines."""
    documents = [logs(log({"n": n}), log({"prompt": "x" * n, "n": -n}, at=TIME + n)) for n in range(1, 300)]
    points = metrics(*(metric(point(float(n), {"n": n})) for n in range(50)))
    pretty = json.dumps(logs(log({"n": 1000})), indent=2) + "\n"
    text = lines(*documents[:150]) + "nonsense\n" + pretty + lines(points, *documents[150:], {"a": 1})
    path.write_text(text)
    return path


def everything(engine):
    tables = ("otel_logs", "otel_metrics")
    rows = (engine.fetch(f"SELECT * EXCLUDE (created_at) FROM raw.{table} ORDER BY id") for table in tables)
    return [*rows, quarantine(engine)]


@pytest.fixture
def two_processes(monkeypatch):
    monkeypatch.setattr("pipeline.ingest.otlp.helpers.WORTH_HELPERS", 0)
    monkeypatch.setattr("pipeline.ingest.otlp.helpers.processors", lambda: 2)
    monkeypatch.setattr("pipeline.ingest.files.PIECE", 10_000)


def test_one_process_and_several_give_the_same_rows(engine, tmp_path, request):
    path = many(tmp_path / "a.jsonl")
    alone = holds(ingest_otlp(engine, [path]))
    request.getfixturevalue("two_processes")
    with connect(":memory:") as other:
        together = holds(ingest_otlp(other, [path]))
        assert together == alone
        assert everything(other) == everything(engine)


@pytest.mark.usefixtures("two_processes")
@pytest.mark.parametrize(
    "helper",
    [
        "raise SystemExit",
        "import sys; sys.stdout.buffer.write(b'\\x80\\x05half an answer')",
        "print('what somebody has every Python process print')",
    ],
    ids=["before its first piece", "amid an answer", "with something else"],
)
def test_what_a_helper_that_ends_early_had_before_it_is_read_all_the_same(
    engine, tmp_path, monkeypatch, helper
):
    monkeypatch.setattr("pipeline.ingest.otlp.helpers.SERVE", helper)
    result = holds(ingest_otlp(engine, [many(tmp_path / "a.jsonl")]))
    assert result.landed_by_table == {"otel_logs": 599, "otel_metrics": 50}


@pytest.mark.usefixtures("two_processes")
def test_a_file_that_is_renamed_meanwhile_is_read_to_its_end(engine, tmp_path, monkeypatch):
    import pipeline.ingest.otlp.ingest as otlp

    def rename_and_cut(*arguments):
        path.rename(tmp_path / "a.jsonl.1")
        path.write_text(lines(logs(log({"n": "other"}))) * 1000)
        return real(*arguments)

    real = otlp.places
    monkeypatch.setattr(otlp, "places", rename_and_cut)
    path = many(tmp_path / "a.jsonl")
    result = holds(ingest_otlp(engine, [path]))
    assert result.landed_by_table == {"otel_logs": 599, "otel_metrics": 50}
    assert [line for _, line, _ in quarantine(engine)][:1] == [151]
