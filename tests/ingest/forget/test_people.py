"""By which names a person is known: those that stand beside them alone."""

import datetime as dt
import json

import pytest

from pipeline.engines import connect
from pipeline.engines.forgotten import HOME, HOST, ID, NAME, SESSION
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.errors import SetupError
from pipeline.ingest.forget.people import People

NOON = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
ADA, BOB = "ada@example.com", "bob@example.com"


@pytest.fixture
def engine():
    with connect(":memory:") as engine:
        make_missing_raw_tables(engine)
        yield engine


def logs(engine, *rows):
    for nth, (developer, attributes) in enumerate(rows):
        values = [(nth, NOON, developer, json.dumps(attributes))]
        engine.append("raw", "otel_logs", ["id", "timestamp", "developer_id", "attributes"], values)


def commits(engine, *authors):
    for nth, (name, email) in enumerate(authors):
        columns = ["id", "commit_hash", "commit_timestamp", "author_name", "author_email"]
        engine.append("raw", "git_commits", columns, [(nth, str(nth), NOON, name, email)])


def test_accounts_and_installs_of_one_person_are_theirs(engine):
    logs(
        engine,
        (None, {"user.email": "Ada@example.com", "user.account_uuid": "acc-a", "user.id": "inst-a"}),
        (None, {"user.id": "inst-b", "session.id": "s1"}),
        (None, {"user.email": ADA, "session.id": "s1"}),
        (None, {"user.id": "inst-c"}),  # of nobody knows whom
        (None, {"user.email": BOB, "user.id": "inst-d"}),
    )
    people = People(engine, [])
    whole = {ADA, "acc-a", "inst-a", "inst-b"}
    assert people.ids("Ada@Example.com") == whole
    assert people.ids("inst-b") == whole
    assert people.ids("inst-c") == {"inst-c"}


def test_an_install_of_several_people_is_nobodys(engine):
    logs(
        engine,
        (None, {"user.email": ADA, "user.id": "shared"}),
        (None, {"user.email": BOB, "user.id": "shared"}),
    )
    people = People(engine, [])
    assert people.ids(ADA) == {ADA}
    assert people.ids("shared") == {"shared"}


def test_a_shared_account_is_nobodys_address(engine):
    logs(engine, ("ada", {"user.email": "team@example.com"}), ("bob", {"user.email": "team@example.com"}))
    assert People(engine, []).ids("ada") == {"ada"}


def test_the_list_of_identities_and_noreply_addresses_join_names(engine):
    commits(engine, ("Ada Lovelace", "7+ada-l@users.noreply.github.com"), ("Ada Lovelace", ADA))
    people = People(engine, [("ada-l", ADA, "Ada Lovelace", ADA), ("other", BOB, "Bob", BOB)])
    assert people.ids("Ada Lovelace") == {ADA, "ada-l", "7+ada-l@users.noreply.github.com"}


def test_names_are_also_machines_folders_and_sessions_of_theirs_alone(engine):
    logs(
        engine,
        (ADA, {"host.name": "Adas-Mac", "cwd": "/home/ada/x", "session.id": "s1"}),
        (ADA, {"host.name": "build", "cwd": "/home/runner/x", "session.id": "s2"}),
        (BOB, {"host.name": "build", "session.id": "s2"}),
    )
    commits(engine, ("Ada Lovelace", ADA), ("ada", ADA), ("Sam Doe", ADA), ("Sam Doe", BOB))
    people = People(engine, [])
    assert people.names({ADA}) == {
        *((ID, ADA), (NAME, "ada lovelace"), (HOST, "adas-mac"), (HOME, "ada"), (SESSION, "s1")),
    }
    assert people.namesakes({ADA}) == {"sam doe": {BOB}}


def test_who_is_not_there(engine):
    commits(engine, ("Ada Lovelace", ADA))
    with pytest.raises(SetupError, match=r"Nobody is called aba@example.com. Did you mean ada@example.com\?"):
        People(engine, []).ids("aba@example.com")


def test_a_name_of_several_people_is_refused(engine):
    commits(engine, ("Sam Doe", "sam@a.example"), ("Sam Doe", "sam@b.example"))
    with pytest.raises(SetupError, match=r"several people: sam@a\.example, sam@b\.example"):
        People(engine, []).ids("Sam Doe")


def test_rows_that_share_an_id_are_all_looked_at(engine, monkeypatch):
    monkeypatch.setattr("pipeline.engines.raw_pages.PAGE", 2)
    columns = ["id", "timestamp", "developer_id", "attributes"]
    names = [f"p{nth}" for nth in range(7)]
    engine.append(
        "raw", "otel_logs", columns, [(nth // 3, NOON, name, "{}") for nth, name in enumerate(names)]
    )
    assert People(engine, []).known == {*names}


SHA, SECOND, OTHER = "a" * 40, "b" * 40, "c" * 40


def made(engine, *given):
    """Commits of Ada, each with what is told of it."""
    for nth, told in enumerate(given):
        row = {"id": nth, "commit_hash": SHA, "commit_timestamp": NOON, "author_email": ADA} | told
        engine.append("raw", "git_commits", [*row], [(*row.values(),)])


def test_an_install_is_of_the_author_of_its_sessions_commits(engine):
    logs(
        engine,
        (None, {"user.id": "inst-a", "session.id": "s1"}),
        (None, {"git_commit_id": SHA[:9], "session.id": "s1"}),
        (None, {"user.id": "inst-b", "session.id": "s2"}),
        (None, {"user.id": "inst-c", "session.id": "s3"}),
    )
    made(engine, {"commit_hash": SHA.upper()}, {"commit_hash": SECOND, "agent_session_id": "s2"})
    people = People(engine, [])
    assert people.ids(ADA) == people.ids("inst-a") == {ADA, "inst-a", "inst-b"}
    assert people.ids("inst-c") == {"inst-c"}
    assert {(SESSION, "s1"), (SESSION, "s2")} <= people.names(people.ids(ADA))


@pytest.mark.parametrize(
    "told",
    [
        {"parent_count": 2},
        {"committer_email": BOB},
        {"author_email": "noreply@anthropic.com"},
        {"author_email": "1+renovate[bot]@users.noreply.github.com"},
        {"author_name": "renovate[bot]"},
        {"author_email": None},
    ],
)
def test_commits_that_do_not_tell_who_was_there_make_an_install_nobodys(engine, told):
    logs(engine, (None, {"user.id": "inst-a", "session.id": "s1", "git_commit_id": SHA}))
    made(engine, told, {"commit_hash": OTHER})
    assert People(engine, []).ids("inst-a") == {"inst-a"}


def test_two_authors_an_address_or_the_map_say_more_than_commits(engine):
    logs(
        engine,
        (None, {"user.id": "inst-a", "session.id": "s1"}),
        (None, {"user.id": "inst-b", "session.id": "s2"}),
        (None, {"user.email": BOB, "session.id": "s2"}),
        (None, {"user.id": "inst-c", "session.id": "s3"}),
        (None, {"user.id": "inst-d", "session.id": "s4", "git_commit_id": OTHER}),
        (None, {"user.id": "inst-d", "session.id": "s5", "git_commit_id": OTHER}),
    )
    made(
        engine,
        {"agent_session_id": "s1"},
        {"agent_session_id": "s1", "commit_hash": SECOND, "author_email": BOB},
        {"agent_session_id": "s2", "commit_hash": "d" * 40},
        {"agent_session_id": "s3", "commit_hash": "e" * 40},
        {"commit_hash": OTHER},
    )
    people = People(engine, [("inst-c", "grace@example.com", None, None)])
    assert people.ids(ADA) == {ADA}
    assert people.ids("inst-a") == {"inst-a"}
    assert people.ids("inst-c") == {"inst-c", "grace@example.com"}
    assert people.ids("inst-d") == {"inst-d"}
