"""Whether a database has pseudonyms, and rows that came into it without."""

import datetime as dt
import re

import pytest

from pipeline.engines import connect, meta
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.errors import ModelError, SetupError
from pipeline.ingest.landing.landing import Landing
from pipeline.privacy import database as privacy
from pipeline.privacy.pseudonyms import Pseudonyms
from pipeline.run import build, run

PSEUDONYMS = Pseudonyms(b"a key of the tests", ("example.com",))
ROWS = PSEUDONYMS.rows
OTHER = Pseudonyms(b"another key of the tests", ("example.com",))
ADA = PSEUDONYMS.person("ada@example.com")
NOON = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
AS_OF = NOON + dt.timedelta(days=1)


def request(person="ada@example.com", number=1):
    return {
        "timestamp": NOON + dt.timedelta(minutes=number),
        "body": "claude_code.api_request",
        "event_name": "api_request",
        "attributes": {
            "event.name": "api_request",
            "session.id": f"0b7d1f1e-3c5a-4c7e-9a51-{number:012}",
            "request_id": f"1b7d1f1e-3c5a-4c7e-9a51-{number:012}",
            "model": "claude-opus-4-8",
            "input_tokens": 1000,
            "output_tokens": 10,
        },
        "service_name": "claude-code",
        "developer_id": person,
    }


def land(engine, *records, pseudonyms=None):
    with Landing(engine, "otlp", ["/home/ada/logs.jsonl"], pseudonyms) as landing:
        landing.land("otel_logs", records)
    return landing.result


def collect(engine, *people):
    """What a collector of somebody else writes, beside us."""
    ((last,),) = engine.fetch("SELECT coalesce(max(id), 0) FROM raw.otel_logs")
    records = [{"id": number, **request(person, number)} for number, person in enumerate(people, last + 1)]
    engine.append("raw", "otel_logs", [*records[0]], [tuple(record.values()) for record in records])


def people(engine):
    return [row[0] for row in engine.fetch("SELECT developer_id FROM raw.otel_logs ORDER BY id")]


def test_rows_land_with_pseudonyms_once(database):
    assert land(database, request(), pseudonyms=PSEUDONYMS).landed == 1
    assert land(database, request(), request("Ada@Example.com "), pseudonyms=PSEUDONYMS).duplicates == 1
    assert people(database) == [ADA, ADA]


def test_what_landed_in_plain_is_changed_before_the_next_row_lands(database):
    """Else the same record would land again, under another hash."""
    land(database, request())
    assert land(database, request(), request("bob@example.com"), pseudonyms=PSEUDONYMS).duplicates == 1
    assert people(database) == [ADA, PSEUDONYMS.person("bob@example.com")]


def test_rows_of_whatever_id_are_changed(database):
    """A collector may count from 0, give two rows one id, or give none."""
    land(database, pseudonyms=PSEUDONYMS)
    columns = ["id", *request()]
    rows = [(number, *request().values()) for number in (None, -1, 0, 7, 7)]
    database.append("raw", "otel_logs", columns, rows)
    land(database, pseudonyms=PSEUDONYMS)
    assert people(database) == [ADA] * 5


def test_an_ingest_that_fails_changes_nothing(database):
    land(database, request())

    def broken():
        yield request("bob@example.com")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk"), Landing(database, "otlp", [], PSEUDONYMS) as landing:
        landing.land("otel_logs", broken())
    assert people(database) == ["ada@example.com"]
    land(database, request("bob@example.com"))
    assert people(database) == ["ada@example.com", "bob@example.com"]


@pytest.mark.parametrize(
    ("pseudonyms", "said"), [(None, r"\[privacy\] pseudonyms is not on"), (OTHER, "another key")]
)
def test_no_names_and_no_other_keys_pseudonyms_stand_beside_pseudonyms(database, compiled, pseudonyms, said):
    land(database, request(), pseudonyms=PSEUDONYMS)
    with pytest.raises(SetupError, match=said):
        land(database, request("bob@example.com"), pseudonyms=pseudonyms)
    for builds in (build, run):
        with pytest.raises(SetupError, match=said):
            builds(database, compiled(), as_of=AS_OF, pseudonyms=pseudonyms)
    assert people(database) == [ADA]


def test_rows_of_another_collector_are_changed_by_the_next_build(database, compiled):
    land(database, request(), pseudonyms=PSEUDONYMS)
    build(database, compiled(), as_of=AS_OF, pseudonyms=PSEUDONYMS)
    collect(database, "bob@example.com", "bob@example.com")
    result = build(database, compiled(), as_of=AS_OF, pseudonyms=PSEUDONYMS)
    bob = PSEUDONYMS.person("bob@example.com")
    assert people(database) == [ADA, bob, bob]
    assert result.status == "success"
    developers = database.fetch("SELECT developer_id FROM mart.dim_developers ORDER BY 1")
    assert developers == [(name,) for name in sorted([ADA, bob])]


def test_a_collector_may_give_rows_one_id_or_none(database):
    columns = ["id", "timestamp", "developer_id", "attributes"]
    rows = [(number, NOON, f"bob{n}@example.com", "{}") for n, number in enumerate([7, 7, None, 10**15])]
    database.append("raw", "otel_logs", columns, rows)
    land(database, request(), pseudonyms=PSEUDONYMS)
    assert [name for name in people(database) if "bob" in name] == []
    assert len(people(database)) == 5


def test_pages_of_rows_lose_none(database, monkeypatch):
    monkeypatch.setattr("pipeline.engines.raw_pages.PAGE", 3)
    land(database, *(request(f"{number}@example.com", number) for number in range(10)))
    land(database, pseudonyms=PSEUDONYMS)
    assert people(database) == [PSEUDONYMS.person(f"{number}@example.com") for number in range(10)]
    assert database.fetch("SELECT id FROM raw.otel_logs ORDER BY id") == [(n,) for n in range(1, 11)]


def test_what_a_column_says_that_no_contract_knows_is_left_out(database):
    database.execute("ALTER TABLE raw.otel_logs ADD COLUMN note VARCHAR")
    database.execute("ALTER TABLE raw.otel_logs ADD COLUMN number BIGINT")
    columns = ["id", "timestamp", "developer_id", "attributes", "note", "number"]
    database.append("raw", "otel_logs", columns, [(1, NOON, "bob", "{}", "Bob was here", 5)])
    land(database, pseudonyms=PSEUDONYMS)
    ((note, number),) = database.fetch("SELECT note, number FROM raw.otel_logs")
    assert (note, number) == (None, 5)


def test_a_view_of_names_stops_everything(database, compiled):
    database.execute("ALTER TABLE raw.otel_logs RENAME TO somewhere")
    database.execute("CREATE VIEW raw.otel_logs AS FROM raw.somewhere")
    database.append("raw", "somewhere", ["id", "timestamp", "attributes"], [(1, NOON, "{}")])
    with pytest.raises(SetupError, match=r"raw\.otel_logs .* it is a view"):
        build(database, compiled(), as_of=AS_OF, pseudonyms=PSEUDONYMS)


def test_part_of_what_is_published_in_plain_cannot_be_built_alone(database, compiled):
    """The rest would go on naming people."""
    land(database, request())
    build(database, compiled(), as_of=AS_OF)
    with pytest.raises(ModelError, match="Build everything once"):
        build(database, compiled(), selected=["dim_agents"], as_of=AS_OF, pseudonyms=PSEUDONYMS)
    assert build(database, compiled(), as_of=AS_OF, pseudonyms=PSEUDONYMS).status == "success"
    again = build(database, compiled(), selected=["dim_agents"], as_of=AS_OF, pseudonyms=PSEUDONYMS)
    assert {table.action for table in again.tables} <= {"read", "skipped"}
    assert database.fetch("SELECT developer_id FROM mart.dim_developers") == [(ADA,)]


def test_nothing_is_built_twice_with_pseudonyms(database, compiled):
    land(database, request(), pseudonyms=PSEUDONYMS)
    build(database, compiled(), as_of=AS_OF, pseudonyms=PSEUDONYMS)
    again = build(database, compiled(), as_of=AS_OF, pseudonyms=PSEUDONYMS)
    assert {table.action for table in again.tables} <= {"read", "skipped"}


def test_what_earlier_ingests_and_runs_said_goes(database, compiled):
    with Landing(database, "otlp", ["/home/ada/logs.jsonl"]) as landing:
        landing.land("otel_logs", [request()])
        landing.quarantine("/home/ada/logs.jsonl", 3, "its keys are ada, lovelace", "Ada Lovelace")
        landing.not_understood("/home/ada/logs.jsonl", 4, "codex", "Ada's", "usage.tokens")
    build(database, compiled(), as_of=AS_OF, store_failures=True)
    database.execute("UPDATE meta.runs SET target = 'duckdb:////home/ada/aa.duckdb'")
    database.execute("CREATE SCHEMA IF NOT EXISTS audit; CREATE TABLE audit.rows AS SELECT 'ada' AS name")
    land(database, pseudonyms=PSEUDONYMS)
    file, kind = PSEUDONYMS.file("/home/ada/logs.jsonl"), PSEUDONYMS.hidden("Ada's")
    assert database.fetch("SELECT file, line, reason, excerpt FROM meta.quarantine ORDER BY line") == [
        (file, 3, "its keys are …", None),
        (
            file,
            4,
            f"a record of codex of kind {kind} carries usage (usage.tokens) that no reader understands",
            None,
        ),
    ]
    assert database.fetch("SELECT DISTINCT inputs FROM meta.ingests") == [(file,)]
    assert database.fetch("SELECT DISTINCT target FROM meta.runs") == [("duckdb:///~/aa.duckdb",)]
    assert database.fetch("SELECT count(*) FROM meta.audit_failures") == [(0,)]
    assert [key for key in database.kinds() if key[0] == "audit"] == []


def test_the_file_holds_no_byte_of_what_was_there(tmp_path, compiled):
    """DuckDB leaves old bytes in the free blocks of its file."""
    file = tmp_path / "aa.duckdb"
    names = [f"lovelace{number}@example.com" for number in range(2_000)]
    with connect(str(file)) as engine:
        make_missing_raw_tables(engine)
        land(engine, *(request(name, number) for number, name in enumerate(names)))
        build(engine, compiled(), as_of=AS_OF)
    assert b"lovelace" in file.read_bytes()
    with connect(str(file)) as engine:
        result = build(engine, compiled(), as_of=AS_OF, pseudonyms=PSEUDONYMS)
    assert result.warnings == []
    assert re.findall(b"lovelace", file.read_bytes()) == []
    with connect(str(file)) as engine:
        collect(engine, *names)
        build(engine, compiled(), as_of=AS_OF, pseudonyms=PSEUDONYMS)
    with connect(str(file), read_only=True) as engine:
        assert engine.fetch("SELECT count(DISTINCT developer_id) FROM mart.dim_developers") == [(2_000,)]
    assert [path.name for path in tmp_path.iterdir()] == ["aa.duckdb"]
    assert re.findall(b"lovelace", file.read_bytes()) == []


def test_seeds_meet_the_records_they_are_of():
    identities = ROWS.seed(
        ["alias", "developer_id", "developer_name", "developer_email"],
        [
            ("123+Ada@users.noreply.github.com", "ada@example.com", "Ada", "ada@example.com"),
            ("9+ada@users.noreply.github.com", "ada@example.com", None, None),
        ],
        ["alias"],
    )
    noreply = PSEUDONYMS.person("5+ada@users.noreply.github.com")
    assert identities == [(noreply, ADA, None, None)]
    budgets = ROWS.seed(
        ["scope", "month", "budget_usd"],
        [
            *(("developer:ADA@example.com", 1, 5.0), ("agent:codex", 1, 5.0), ("all", 1, 5.0)),
            *(("team:Web", 1, 5.0), ("project:ada/app", 1, 5.0)),
        ],
        ["scope", "month"],
    )
    project = ROWS.record("git_commits", {"project_id": "ada/app"})["project_id"]
    scopes = [f"developer:{ADA}", "agent:codex", "all", "team:Web", f"project:{project}"]
    assert [row[0] for row in budgets] == scopes
    columns = ["alias", "project_id", "owner", "cost_centre"]
    projects = [("ada/app", "ada/app", "ada@example.com", "CC1"), ("app", "ada/app", None, None)]
    hidden = ROWS.seed(columns, projects, ["alias"])
    assert hidden == [(project, project, ADA, "CC1"), ("app", project, None, None)]
    columns = ["developer_id", "team", "parent_team", "cost_centre", "valid_from", "valid_to"]
    members = [("Ada@example.com", "Web", None, "CC1", 1, 2)]
    assert ROWS.seed(columns, members, ["developer_id", "valid_from"]) == [(ADA, *members[0][1:])]
    aliases = [("claude", "claude_code")]
    assert ROWS.seed(["alias", "agent_type"], aliases, ["alias"]) == aliases
    bot = "Bot@Acme.example"
    marks = [("codex", "email", bot), ("codex", "line", "acme-run:")]
    hidden = ROWS.seed(["agent_type", "kind", "mark"], marks, ["kind", "mark"])
    (commit,) = [ROWS.record("git_commits", {"author_email": bot.lower()})]
    assert hidden == [("codex", "email", commit["author_email"]), marks[1]]


def test_a_database_knows_its_key_and_does_not_hold_it(database):
    land(database, request(), pseudonyms=PSEUDONYMS)
    found = database.fetch(f"SELECT * FROM {meta.SCHEMA}.pseudonyms")
    assert {row[1] for row in found} == {PSEUDONYMS.check}
    assert "a key of the tests" not in str(found)


def test_rows_of_another_collector_do_not_have_everything_built_anew(database, compiled):
    """What is published names nobody: only the file has to be cleaned."""
    land(database, request(), pseudonyms=PSEUDONYMS)
    build(database, compiled(), as_of=AS_OF, pseudonyms=PSEUDONYMS)
    collect(database, "bob@example.com")
    result = build(database, compiled(), selected=["dim_agents"], as_of=AS_OF, pseudonyms=PSEUDONYMS)
    assert "full refresh" not in {table.reason for table in result.tables}
    assert not privacy.is_clean(database)
    build(database, compiled(), as_of=AS_OF, pseudonyms=PSEUDONYMS)
    assert privacy.is_clean(database)
