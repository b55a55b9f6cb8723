"""The quick reader and the lenient one agree on every line that the quick one takes."""

import json
import tracemalloc

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ingest.content import ContentFilter
from pipeline.ingest.files import Piece
from pipeline.ingest.otlp.json import read_document
from pipeline.ingest.otlp.reader import read_piece
from pipeline.ingest.otlp.rows import Rows
from pipeline.ingest.otlp.strict import read_line
from tests.ingest.otlp.samples import TIME, any_value, lines, log, logs, metric, metrics, point, spans


def outcome(rows):
    """All that a reader gathered."""
    kept = (rows.logs, rows.metrics, rows.common, rows.bad, rows.empty, rows.documents)
    return *kept, rows.content.dropped


def strictly(text):
    """What the quick reader makes of a line; None if it leaves it to the other."""
    rows = Rows(ContentFilter())
    taken = read_line(text, 7, rows)
    assert taken or outcome(rows) == outcome(Rows(ContentFilter()))
    return outcome(rows) if taken else None


def leniently(text):
    rows = Rows(ContentFilter())
    read_document(orjson.loads(text), 7, rows)
    return outcome(rows)


numbers_as_text = [
    {"key": "int", "value": {"intValue": "3"}},
    {"key": "exponent", "value": {"intValue": "2e3"}},
    {"key": "double", "value": {"doubleValue": "0.1"}},
    {"key": "infinite", "value": {"doubleValue": "-Infinity"}},
    {"key": "no number", "value": {"doubleValue": "NaN"}},
    {"key": "true", "value": {"boolValue": "True"}},
    {"key": "one", "value": {"boolValue": 1}},
    {"key": "zero", "value": {"boolValue": "0"}},
]
ORDINARY = [
    logs(log({"event.name": "api_request", "n": 1, "cost": 0.5, "ok": True})),
    logs(
        log(
            {"prompt": "secret", "tool_parameters": '{"git_commit_id":"abcdef0"}', "output": 5}, body="prose"
        ),
        log({"list": [1, "a", [2.5]], "map": {"a": {"b": False}}}),
        log(observedTimeUnixNano=TIME, severityNumber="9", traceId="ab", spanId="") | {"body": {}},
        log(at=0),
        log(at=8 * 10**18, severityText="WARN"),
        log(newField=[1]),
    ),
    logs(log(), resource={}),
    logs(),
    metrics(metric(point(), point(2, start=TIME - 5), point(1.5, {"type": "input"}, flags=1))),
    metrics(metric({"timeUnixNano": TIME, "asInt": "7"}, kind="gauge", unit=None)),
    metrics(metric({"timeUnixNano": TIME}, kind="gauge"), {"name": "of the future", "cloud": {}}),
    metrics(metric({"timeUnixNano": TIME, "sum": 2, "count": "3"}, kind="histogram", temporality="2")),
    metrics(metric({"timeUnixNano": TIME, "count": 2**63 - 1}, kind="exponentialHistogram")),
    metrics(metric({"timeUnixNano": TIME, "asDouble": "NaN"}, {"timeUnixNano": TIME, "flags": "1"})),
    metrics(metric({"timeUnixNano": str(TIME), "asDouble": "2.5"}, {"timeUnixNano": TIME, "asInt": "7.0"})),
    logs(log() | {"attributes": numbers_as_text}),
    logs(log()) | metrics(metric(point())),
]


DEEP = b'{"arrayValue":{"values":[' * 2000 + b"]}}" * 2000


@pytest.mark.parametrize("document", ORDINARY)
def test_ordinary_exports_are_read_quickly_and_the_same(document):
    text = json.dumps(document).encode()
    assert strictly(text) == leniently(text)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"resourceLogs": []},
        {"resourceLogs": None},
        {"some": "thing"},
        spans(),
        logs(log()) | spans(),
        [logs(log())],
        logs(log() | {"attributes": {"plain": 1}}),
        logs(log() | {"attributes": [{"key": "k"}]}),
        logs(log() | {"attributes": [{"key": "k", "value": {"futureValue": 1}}]}),
        logs(log() | {"attributes": None}),
        logs(log() | {"body": None}),
        logs(log() | {"body": "null"}),
        logs(log(at="noon")),
        logs(log(at="null")),
        logs(log() | {"attributes": [{"key": "k", "value": {"intValue": 2**64}}]}),
        logs(log() | {"attributes": [{"key": "k", "value": {"intValue": 1.5}}]}),
        logs(log() | {"attributes": [{"key": "k", "value": {"boolValue": "yes"}}]}),
        logs(log() | {"attributes": [{"key": "k", "value": {"stringValue": 1}}]}),
        logs(log() | {"body": "plain"}),
        logs(None),
        metrics(metric(point(), name="")),
        metrics(metric({"timeUnixNano": TIME, "asDouble": "null"})),
        metrics(metric({"timeUnixNano": TIME, "sum": 2, "count": "x"}, kind="summary")),
    ],
)
def test_what_is_bent_is_left_to_the_lenient_reader(document):
    assert strictly(json.dumps(document).encode()) is None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xef\xbb\xbf" + lines(ORDINARY[0]).encode(),
        lines(ORDINARY[0]).encode().replace(b"api_request", b"\xff"),
        lines(ORDINARY[0]).encode().replace(b"api_request", b"\\ud800"),
        lines(ORDINARY[0]).encode().replace(b"0.5", b"1e999"),
        b'{"resourceLogs":' * 10_000,
        lines(logs(log(body="deep"))).encode().replace(b'{"stringValue": "deep"}', DEEP),
    ],
)
def test_what_is_no_json_is_left_to_the_lenient_reader(text):
    assert strictly(text) is None


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
numbers = ["1", "0", "-0", "1.0", "1.5", "2e3", "1e400", "+1", "007", str(2**63), "NaN", "inf"]
words = ["null", "true", "False", "TRUE", "yes", " 1", "1_0", ""]
scalars = st.one_of(
    texts,
    st.sampled_from(numbers + words),
    st.integers(-(2**65), 2**65),
    st.floats(),
    st.booleans(),
    st.none(),
)


def mostly(ordinary):
    """What the letter of OTLP wants, and now and then anything."""
    return st.integers(0, 19).flatmap(lambda chance: ordinary if chance else scalars)


names = st.sampled_from(["n", "event.name", "prompt", "tool_input", "gen_ai.prompt.0.x", "ü", ""])
values = st.recursive(
    st.one_of(texts, st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.booleans()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=4,
)
kinds = ["stringValue", "intValue", "doubleValue", "boolValue", "bytesValue", "arrayValue", "kvlistValue"]
any_values = mostly(
    st.builds(any_value, values, numbers_as_text=st.booleans())
    | st.dictionaries(st.sampled_from([*kinds, "other"]), scalars, max_size=2)
)
attributes = mostly(st.lists(st.builds(lambda key, value: {"key": key, "value": value}, names, any_values)))
times = mostly(
    st.sampled_from(
        [TIME, TIME, str(TIME), str(TIME), 0, 1, "0", "", " 5 ", "1.5e18", "null", "noon", 8 * 10**18]
    )
)
counts = mostly(st.integers(0, 2**64) | st.integers(0, 9).map(str) | st.sampled_from(["-0", -0.0, "-0.0"]))
severities = [9, "9", "9.0", "9e0", "-1", 0, 99, "SEVERITY_NUMBER_INFO2", "²"]
records = st.fixed_dictionaries(
    {"timeUnixNano": times},
    optional={
        "observedTimeUnixNano": times,
        "severityText": mostly(texts),
        "severityNumber": mostly(
            st.sampled_from([9, "9", "9.0", "9e0", "-1", 0, 99, "SEVERITY_NUMBER_INFO2", "²"])
        ),
        "body": any_values,
        "attributes": attributes,
        "eventName": mostly(texts),
        "traceId": mostly(texts),
        "spanId": mostly(texts),
        "droppedAttributesCount": scalars,
    },
)
points = st.fixed_dictionaries(
    {"timeUnixNano": times},
    optional={
        "startTimeUnixNano": times,
        "asInt": counts,
        "asDouble": mostly(st.floats(allow_nan=False, allow_infinity=False) | st.just("-0")),
        "sum": mostly(st.floats(allow_nan=False, allow_infinity=False)),
        "count": counts,
        "flags": mostly(st.sampled_from([0, 1, 2, 3])),
        "attributes": attributes,
        "exemplars": scalars,
    },
)
data = st.fixed_dictionaries(
    {"dataPoints": mostly(st.lists(points, max_size=3))},
    optional={"aggregationTemporality": mostly(st.sampled_from([0, 1, 2, "1", "1.0", "1e-0", "other"]))},
)
found_metrics = st.builds(
    lambda name, unit, data: {"name": name, "unit": unit} | data,
    mostly(st.just("m")),
    mostly(texts),
    st.dictionaries(
        st.sampled_from(["sum", "gauge", "histogram", "exponentialHistogram", "summary", "new"]),
        mostly(data),
        max_size=2,
    ),
)
holders = st.fixed_dictionaries({}, optional={"attributes": attributes})
scopes = st.fixed_dictionaries({}, optional={"name": mostly(texts), "version": mostly(texts)})
exports = st.builds(
    lambda resource, scope, records, found: {
        "resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": records}]}],
        "resourceMetrics": [{"resource": resource, "scopeMetrics": [{"scope": scope, "metrics": found}]}],
    },
    mostly(holders),
    mostly(scopes),
    st.lists(records, max_size=3),
    st.lists(found_metrics, max_size=2),
)


@pytest.mark.slow
@settings(max_examples=300)
@given(exports)
def test_both_readers_agree_on_whatever_comes(document):
    text = json.dumps(document).encode()
    try:
        expected = leniently(text)
    except orjson.JSONDecodeError:  # NaN and infinity
        expected = None
    quick = strictly(text)
    assert quick is None or same(quick, expected)


def same(quick, expected):
    return repr(quick) == repr(expected)  # tells 1 from 1.0 and from True


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_are_read_to_the_last_bit(numbers):
    text = lines(logs(*(log({"n": number}) for number in numbers))).encode()
    assert strictly(text) == leniently(text)
    landed = [json.loads(row[4])["n"] for row in strictly(text)[0]]
    assert repr(landed) == repr([number + 0.0 for number in numbers])  # -0 is 0


def test_nul_in_a_piece_changes_nothing_of_the_other_lines():
    """Pieces with NUL go to the lenient reader as a whole."""
    without, nul = lines(*ORDINARY).encode(), lines(logs(log({"n": "\0"}))).encode()
    alone = read_piece(Piece(1, 0, text=without), frozenset())
    together = read_piece(Piece(1, 0, text=without + nul), frozenset())
    hashes = alone.tables["otel_logs"].column("record_hash").to_pylist()
    assert together.tables["otel_logs"].column("record_hash").to_pylist()[:-1] == hashes


def test_a_row_keeps_no_more_memory_than_it_needs():
    text = json.dumps(logs(*[log({"n": n}, at=TIME + n) for n in range(5000)])).encode()
    rows = Rows(ContentFilter())
    tracemalloc.start()
    try:
        assert read_line(text, 1, rows)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(rows.logs) == 5000
    assert size / 5000 < 1000
