"""An export that was cut holds what it held whole, and what is too much is known before it is built."""

import json

import pytest
from google.protobuf.json_format import ParseDict

from pipeline.ingest.content import ContentFilter
from pipeline.ingest.otlp.json import read_document
from pipeline.ingest.otlp.limits import Limits, Memory, Refusal
from pipeline.ingest.otlp.parts import PART, count_json, count_protobuf, parts_of_json, parts_of_protobuf
from pipeline.ingest.otlp.protobuf import REQUESTS, decode
from pipeline.ingest.otlp.rows import Rows
from tests.ingest.otlp.samples import TIME, log, logs, metric, metrics, point, span, spans

LIMITS = Limits()
MILLION = 1_000_000


def rows_of(*documents):
    rows = Rows(ContentFilter())
    for document in documents:
        read_document(document, 1, rows)
    common = {number: shared for shared, number in rows.common.items()}
    kinds = (rows.logs, rows.metrics, rows.spans)
    return [[(*row[:-1], common[row[-1]]) for row in kind] for kind in kinds], rows.bad


def attributes(number):
    return {f"attribute_{n}": f"value {n} {number}, with marks {{[:," for n in range(10)}


MANY = [log(attributes(n), at=TIME + n) for n in range(1000)]
EXPORTS = {
    "one resource": ("logs", logs(*MANY, {"body": {"stringValue": "no time"}})),
    "many resources": (
        "logs",
        {
            "resourceLogs": [
                logs(record, resource={"service.name": f"s{n}"})["resourceLogs"][0]
                for n, record in enumerate(MANY)
            ]
        },
    ),
    "a large resource": ("logs", logs(*MANY, resource={"service.name": "s", "text": "x" * PART})),
    "a large record": ("logs", logs(MANY[0], log({"n": 1}, body="x" * 2 * PART), MANY[1])),
    "metrics": ("metrics", metrics(*[metric(*[point(n, attributes(n))] * 2) for n in range(500)])),
    "one metric": ("metrics", metrics(metric(*[point(n, attributes(n)) for n in range(1000)]))),
    "spans": (
        "traces",
        spans(*[span(attributes(n), traceId="ab" * 16, spanId="cd" * 8) for n in range(1000)]),
    ),
    "small": ("logs", logs(log({"n": 1}))),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_parts_hold_what_the_whole_holds(name):
    signal, export = EXPORTS[name]
    text = json.dumps(export).encode()
    with Memory(LIMITS).share() as share:
        in_json = [bytes(part.text) for part in parts_of_json(text, signal, LIMITS, share)]
    assert rows_of(*map(json.loads, in_json)) == rows_of(export)
    wire = ParseDict(export, REQUESTS[signal]()).SerializeToString()
    in_protobuf = [bytes(part.text) for part in parts_of_protobuf(wire, signal, LIMITS)]
    assert rows_of(*[decode(part, signal) for part in in_protobuf]) == rows_of(decode(wire, signal))
    if name in ("one metric", "small"):
        assert (len(in_json), len(in_protobuf)) == (1, 1)
    else:
        assert len(in_json) > 1
        assert len(in_protobuf) > 1


@pytest.mark.parametrize("text", [b"nonsense", b"[]", b'{"a":' * 5000, b'{"resourceLogs": 7}', b"{}", b""])
def test_what_is_no_export_is_a_part_as_it_is(text):
    text = text.ljust(PART + 1)
    with Memory(LIMITS).share() as share:
        (part,) = parts_of_json(text, "logs", LIMITS, share)
    assert part.text == text


@pytest.mark.parametrize("wire", [b"\xff" * 20, b"\x0a\xff", b"\x0a\x05a", b"\x0f", b"\x09a"])
def test_what_is_no_message_is_an_error(wire):
    with pytest.raises(ValueError, match="not a protobuf message"):
        list(parts_of_protobuf(wire + b"\x0a\xff\xff\xff\x7f" * PART, "logs", LIMITS))


def test_values_are_counted_exactly_where_it_matters():
    text = b'[1, "a,b,c\\",d", {"k": [2, 3]}, "\\\\"]'
    assert count_json(text, 11, LIMITS) == 11  # with the three marks in a text
    assert count_json(text, 8, LIMITS) == 8
    with pytest.raises(Refusal):
        count_json(text, 7, LIMITS)


@pytest.mark.parametrize("text", [b'"' * MILLION, b'"' + b'\\"' * MILLION, b" " * MILLION, b'x""' * MILLION])
def test_counting_takes_one_look_at_the_text(text):
    assert count_json(b'[",",' + text, 2, LIMITS) == 2


def test_values_of_a_message_are_counted_with_those_that_stand_together():
    export = metrics(metric(point(count=3, bucketCounts=[1, 2, 3], explicitBounds=[1, 2]), kind="histogram"))
    del export["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["histogram"]["dataPoints"][0][
        "asDouble"
    ]
    wire = ParseDict(export, REQUESTS["metrics"]()).SerializeToString()
    assert 8 * (3 + 2) < count_protobuf(wire, "metrics", LIMITS) < 100
    with pytest.raises(Refusal):
        count_protobuf(wire, "metrics", Limits(values_at_once=30))
