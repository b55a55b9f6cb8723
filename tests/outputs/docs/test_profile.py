"""What the pages of tables say of their rows and columns."""

import datetime as dt

import pytest

from pipeline.engines import connect
from pipeline.outputs.docs import profile as profile_module
from pipeline.outputs.docs.profile import ColumnProfile, TableProfile, profile
from pipeline.plan import PlanColumn, PlanTable

TYPES = {
    "id": "int64",
    "developer_id": "string",
    "author_email": "string",
    "commit_message": "string",
    "day": "date",
    "seen_at": "timestamp('UTC')",
    "cost": "float64",
    "attributes": "json",
}
COLUMNS = "id BIGINT, developer_id VARCHAR, author_email VARCHAR, commit_message VARCHAR, day DATE"
COLUMNS += ", seen_at TIMESTAMPTZ, cost DOUBLE PRECISION, attributes JSON"
ROWS = [
    (2, "anna", "anna@example.com", "fix it", "2026-01-11", "2026-01-01 00:00Z", 0.0, '{"a": 1}'),
    (1, "anna", None, None, "2026-01-01", "2026-01-01 10:00Z", 1.5, None),
    (3, "bob", "bob@example.com", "no", "2026-01-11", None, 10.0, None),
]


def commits(types=TYPES):
    columns = [PlanColumn(name, type_, type_, True, "") for name, type_ in types.items()]
    relation = '"mart"."commits" AS t0'
    return PlanTable("commits", "marts", "mart", "model", "", columns, ["id"], relation=relation)


def fill(engine, rows=ROWS):
    engine.create_schema("mart")
    engine.execute(f"CREATE TABLE mart.commits ({COLUMNS})")
    for row in rows:
        engine.execute(
            "INSERT INTO mart.commits"
            " VALUES (?, ?, ?, ?, CAST(? AS DATE), CAST(? AS TIMESTAMPTZ), ?, CAST(? AS JSON))",
            row,
        )


@pytest.fixture
def engine():
    with connect(":memory:") as engine:
        fill(engine)
        yield engine


def at(text):
    return dt.datetime.fromisoformat(text)


EXPECTED = TableProfile(
    looked_at=3,
    is_part=False,
    columns={
        "id": ColumnProfile(0, 3, 1, 3, (1, 0, 0, 0, 0, 1, 0, 0, 0, 1)),
        "developer_id": ColumnProfile(0, 2),
        "author_email": ColumnProfile(1, 2),
        "commit_message": ColumnProfile(1, 2),
        "day": ColumnProfile(0, 2, dt.date(2026, 1, 1), dt.date(2026, 1, 11), (1, 0, 0, 0, 0, 0, 0, 0, 0, 2)),
        "seen_at": ColumnProfile(
            1, 2, at("2026-01-01T00:00Z"), at("2026-01-01T10:00Z"), (1, 0, 0, 0, 0, 0, 0, 0, 0, 1)
        ),
        "cost": ColumnProfile(0, 3, 0.0, 10.0, (1, 1, 0, 0, 0, 0, 0, 0, 0, 1)),
        "attributes": ColumnProfile(2),
    },
    rows=[
        [1, "a***", None, None, dt.date(2026, 1, 1), at("2026-01-01T10:00Z"), 1.5, None],
        [
            *(2, "a***", "a***@example.com", "*** (6 characters)", dt.date(2026, 1, 11)),
            *(at("2026-01-01T00:00Z"), 0.0, "*** (8 characters)"),
        ],
        [3, "b***", "b***@example.com", "*** (2 characters)", dt.date(2026, 1, 11), None, 10.0, None],
    ],
)


def test_a_profile_counts_and_measures_columns_and_masks_people(engine):
    assert profile(engine, commits()) == EXPECTED


def test_an_empty_table_has_no_range(engine):
    engine.execute("DELETE FROM mart.commits")
    found = profile(engine, commits())
    assert found == TableProfile(
        0, False, {name: ColumnProfile(0, None if name == "attributes" else 0) for name in TYPES}, []
    )


@pytest.mark.parametrize("cost", ["'inf'", "'-inf'", "'nan'"])
def test_what_has_no_distance_has_no_bars(engine, cost):
    engine.execute(f"UPDATE mart.commits SET cost = {cost}::DOUBLE WHERE id = 1")
    assert profile(engine, commits()).columns["cost"].bars == ()


def test_of_a_large_table_a_part_is_looked_at_and_that_is_said(engine, monkeypatch):
    monkeypatch.setattr(profile_module, "MOST_ROWS", 2)
    found = profile(engine, commits())
    assert (found.looked_at, found.is_part, len(found.rows)) == (2, True, 2)
    monkeypatch.setattr(profile_module, "MOST_ROWS", 3)
    assert not profile(engine, commits()).is_part


def test_the_alias_of_an_agent_is_no_name_of_a_person(engine):
    engine.execute("CREATE TABLE mart.known AS SELECT 'cc' AS alias, 'claude_code' AS agent_type")
    columns = [PlanColumn(name, "string", "VARCHAR", True, "") for name in ("alias", "agent_type")]
    table = PlanTable("known", "marts", "mart", "model", "", columns, [], relation="mart.known AS t0")
    assert profile(engine, table).rows == [["cc", "claude_code"]]
