"""Tombstones: by which a name is known again, and which name nobody."""

import datetime as dt

import pytest

from pipeline.engines import connect, meta
from pipeline.engines.forgotten import HOST, ID, NAME, Forgotten, StandIn
from pipeline.errors import ConfigError
from pipeline.system.pseudonyms import KEY_VARIABLE

KEY = b"0123456789abcdef"
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
WHO = StandIn("forgotten-1", is_dropped=False)
DROPPED = StandIn("forgotten-1", is_dropped=True)


@pytest.fixture
def engine():
    with connect(":memory:") as engine:
        yield engine


@pytest.fixture
def saved(engine):
    meta.ensure(engine)
    Forgotten(KEY).with_names([(ID, "Ada@example.com"), (ID, "ada-l"), (NAME, "ada lovelace")], WHO).save(
        engine, NOW
    )
    return engine


def rows(engine):
    return engine.fetch("SELECT stand_in, treatment, count(*) FROM meta.forgotten GROUP BY ALL ORDER BY ALL")


def test_without_tombstones_no_key_is_asked_for(engine, monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    assert not Forgotten.of(engine)
    meta.ensure(engine)
    assert not Forgotten.of(engine)


def test_a_name_is_known_again_however_it_is_written(saved, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, KEY.decode())
    found = Forgotten.of(saved)
    for name in ("ada@example.com", " ADA@Example.com", "ada-l", "12+Ada-L@users.noreply.github.com"):
        assert found.who(ID, name) == WHO
    assert found.who(HOST, "ada-l") is None
    assert [found.who(ID, name) for name in ("bob", "", None, 7)] == [None] * 4
    assert found.of_people(
        [("ADA-L", "x"), ("b", "developer:ada-l"), ("Ada Lovelace", None), ("all", 7)]
    ) == [("all", 7)]


def test_a_project_whose_owner_was_forgotten_keeps_its_names_and_has_no_owner(saved, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, KEY.decode())
    projects = [
        ("old", "octo/app", "ADA-L", "CC1"),
        ("x", "octo/x", "bob", None),
        ("ada-l", "notes", None, None),
    ]
    found = Forgotten.of(saved).of_people(projects, owner=2)
    assert found == [("old", "octo/app", None, "CC1"), ("x", "octo/x", "bob", None)]


def test_no_name_stands_in_the_table(saved):
    assert rows(saved) == [("forgotten-1", "anonymous", 3), (None, None, 1)]
    text = str(saved.fetch("SELECT * FROM meta.forgotten")).lower()
    assert [name for name in ("example", "ada-l", "lovelace") if name in text] == []


@pytest.mark.parametrize(
    ("key", "said"),
    [(None, "is not set"), ("tiny-one", "is too short"), ("another-key-of-16", "under another key")],
)
def test_without_their_key_nothing_goes_on(saved, monkeypatch, key, said):
    if key:
        monkeypatch.setenv(KEY_VARIABLE, key)
    else:
        monkeypatch.delenv(KEY_VARIABLE, raising=False)
    with pytest.raises(ConfigError, match=said) as error:
        Forgotten.of(saved)
    assert "nobody of them may come back" in str(error.value)
    assert str(error.value).endswith("Nothing was written.")
    assert key is None or key not in str(error.value)


def test_who_is_dropped_is_dropped_under_every_name(saved, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, KEY.decode())
    found = Forgotten.of(saved)
    found.save(saved, NOW)  # changes nothing
    found.with_names([(ID, "forgotten-1")], DROPPED).save(saved, NOW)
    assert rows(saved) == [("forgotten-1", "dropped", 4), (None, None, 1)]
    assert Forgotten.of(saved).who(ID, "ada-l") == DROPPED
