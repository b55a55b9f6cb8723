"""Tokens of teams: hashed in a file, and changed while the listener runs."""

import pytest

from pipeline.errors import SetupError
from pipeline.ingest.otlp.tokens import NO_TEAM, Tokens, add, read, remove


@pytest.fixture
def file(tmp_path):
    return tmp_path / "tokens"


def test_a_token_is_that_of_its_team(file):
    web, data = add(file, "web"), add(file, "data")
    tokens = Tokens(file, "a-long-enough-token")
    assert tokens.needed
    assert [tokens.team_of(shown) for shown in (web, data, "a-long-enough-token")] == ["web", "data", NO_TEAM]
    assert [tokens.team_of(shown) for shown in ("", "web", web[:-1], "wr\xf6ng", "\udcff")] == [None] * 5


def test_the_file_holds_no_token(file):
    token = add(file, "web")
    assert len(token) == 43
    assert token not in file.read_text()
    assert [name for name, _ in read(file)] == ["web"]


def test_a_new_token_leaves_time_to_change_over(file):
    first, second = add(file, "web"), add(file, "web")
    tokens = Tokens(file)
    assert [tokens.team_of(shown) for shown in (first, second)] == ["web", "web"]
    third = add(file, "web")
    assert [tokens.team_of(shown) for shown in (first, second, third)] == [None, "web", "web"]


def test_a_team_without_tokens_is_refused_at_once(file):
    web, data = add(file, "web"), add(file, "data")
    tokens = Tokens(file)
    remove(file, "web")
    assert [tokens.team_of(shown) for shown in (web, data)] == [None, "data"]


def test_a_team_that_has_none_is_named_with_what_was_meant(file):
    add(file, "web")
    with pytest.raises(SetupError, match=r"has no token of 'wbe'.*web"):
        remove(file, "wbe")


@pytest.mark.parametrize("name", ["", "a b", "-web", "web\n", 'a"b', "ü", "x" * 65])
def test_names_that_are_none(file, name):
    with pytest.raises(SetupError, match="cannot be the name of a team"):
        add(file, name)
    assert not file.exists()


def test_a_file_that_is_missing_is_told(file):
    with pytest.raises(SetupError, match="aa-pipeline listener-token add NAME"):
        Tokens(file)


def test_a_file_that_is_damaged_lets_nobody_in_until_it_is_mended(file):
    web = add(file, "web")
    tokens = Tokens(file)
    good = file.read_text()
    file.write_text(f"{good}web {web}\n")
    for _ in range(2):
        with pytest.raises(SetupError, match="line 3: it is not") as caught:
            tokens.team_of(web)
        assert web not in str(caught.value)
    file.write_text(good)
    assert tokens.team_of(web) == "web"


def test_without_file_and_secret_none_is_needed():
    assert not Tokens().needed
