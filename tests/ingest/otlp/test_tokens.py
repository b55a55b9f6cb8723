"""Tokens of teams: hashed in a file, and changed while the listener runs."""

import os
import subprocess
import sys
from pathlib import Path

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


def test_the_file_is_for_its_owner_alone_unless_somebody_opened_it(file):
    add(file, "web")
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o640)
    add(file, "web")
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(getattr(os, "geteuid", int)() != 0, reason="needs root")
def test_the_file_stays_that_of_the_listener_when_root_changes_it(file):
    add(file, "web")
    os.chown(file, 12345, 12346)
    add(file, "data")
    assert (file.stat().st_uid, file.stat().st_gid) == (12345, 12346)


def test_a_link_to_the_file_stays_one(file, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(file)
    token = add(link, "web")
    assert link.is_symlink()
    assert Tokens(file).team_of(token) == "web"


def test_tokens_that_are_made_at_once_are_all_kept(file):
    program = "import sys; from pathlib import Path; from pipeline.ingest.otlp.tokens import add, remove"
    program += "; [add(Path(sys.argv[1]), f'{sys.argv[2]}-{n}') for n in range(20)]"
    words = [sys.executable, "-c", program, file]
    processes = [subprocess.Popen([*words, f"team{n}"], cwd=Path(__file__).parents[3]) for n in range(3)]
    assert [process.wait() for process in processes] == [0] * 3
    assert len([*read(file)]) == 60


def test_a_pipe_is_no_file_of_tokens(file):
    os.mkfifo(file)
    with pytest.raises(SetupError, match="it is a pipe"):
        Tokens(file)


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
