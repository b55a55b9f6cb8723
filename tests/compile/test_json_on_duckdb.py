"""Whatever a text holds, DuckDB reads its keys in one go as it reads them one by one."""

import duckdb
import ibis
import pytest

from pipeline.compile import dialects
from pipeline.models.operations import json_columns

KEYS = ("a", "b.c", 'q"uote', "ä")
DOCUMENTS = [
    *(
        None,
        "",
        " ",
        "null",
        "true",
        "17",
        '"a"',
        "[1]",
        "{",
        '{"a":1',
        '{"a":1}x',
        "{'a':1}",
        '{"a":1}{"a":2}',
    ),
    *('\ufeff{"a":1}', '{"a":1,}', '{"a":1 /* */}', '{"a":"\t"}', '{"a":+1}', '{"a":01}', '{"a":NaN}'),
    *('{"a":1,"a":2}', '{"A":1,"a":2}', '{"A":1}', '{"b":{"c":1}}', '{"b.c":1}', '{"q\\"uote":1}', '{"ä":1}'),
    *('{"\\u0061":1}', '{"a\\u0000":1}', '{"a":"x\\u0000y"}', '{"a":"\\ud800"}', '{"a":"\\ud83d\\ude00"}'),
    *(
        '{"a":null}',
        '{"a":false}',
        '{"a":""}',
        '{"a":{"x" : [1, null]}}',
        '{"a":[]}',
        '{"a":"\\/\\n\\"\\\\"}',
    ),
    *('{"a":-0}', '{"a":1.0}', '{"a":0.1}', '{"a":1e5}', '{"a":1e309}', '{"a":5e-324}', '{"a":1e-400}'),
    *('{"a":9223372036854775808}', '{"a":18446744073709551616}', '{"a":-9223372036854775809}'),
    *('{"a":{"x":1e22}}', '{"a":[0.0000001]}', '{"a":' * 5000 + "1" + "}" * 5000, "[" * 100_000),
    '{"a":"' + "x" * 1_000_000 + '","b.c":1}',
]


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (number INT, x VARCHAR)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [*enumerate(DOCUMENTS)])
        yield connection


def test_keys_have_the_texts_that_each_has_alone_and_no_document_is_an_error(connection):
    table, values = json_columns(ibis.table({"number": "int64", "x": "string"}, name="t"), {"x": KEYS})
    together = dialects.text(
        dialects.query(table.select("number", *values["x"].values()).order_by("number"), "duckdb"), "duckdb"
    )
    paths = ['$."' + key.replace('"', '\\"') + '"' for key in KEYS]
    one_by_one = connection.execute(
        f"SELECT number, {', '.join(['TRY(json_extract_string(x, ?))'] * len(KEYS))} FROM t ORDER BY number",
        paths,
    )
    expected = one_by_one.fetchall()
    assert connection.execute(together).fetchall() == expected
    assert sum(any(texts) for _, *texts in expected) == 28
