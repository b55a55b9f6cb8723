"""Rows as collectors leave them that number nothing, or whose numbers are also somebody else's."""

import datetime as dt
import json

from pipeline.ingest.forget.forget import forget

ADA, BOB = "ada@example.com", "bob@example.com"
NOON = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
COLUMNS = ["id", "timestamp", "body", "attributes"]
ROWS = [(None, ADA), (None, BOB), (7, ADA), (7, BOB), (8, BOB), (0, ADA), (-3, ADA)]


def collect(engine):
    """Rows of Ada and Bob, some without an id, some with one id."""
    rows = [(number, NOON, "x", json.dumps({"user.email": who})) for number, who in ROWS]
    engine.append("raw", "otel_logs", COLUMNS, rows)


def whose(engine):
    """Whose each row is, by id: a stand-in's as `nobody`."""
    rows = engine.fetch("SELECT id, developer_id, attributes FROM raw.otel_logs")
    return sorted(
        (str(number), "nobody" if developer else _email(attributes)) for number, developer, attributes in rows
    )


def _email(attributes):
    return (json.loads(attributes) if isinstance(attributes, str) else attributes)["user.email"]


def check(engine):
    """Ada goes, and Bob's rows stay as they are: under a stand-in first, then without a trace."""
    collect(engine)
    told = forget(engine, ADA)
    assert told.rows["raw", "otel_logs"] == 4
    bobs = [("7", BOB), ("8", BOB), ("None", BOB)]
    assert whose(engine) == sorted(
        [("-3", "nobody"), ("0", "nobody"), ("7", "nobody"), ("None", "nobody"), *bobs]
    )
    forget(engine, ADA, drop=True)
    assert whose(engine) == bobs
