"""Teams of GitHub as rows of the teams seed."""

import datetime as dt
import json

import pytest

from pipeline.errors import ConfigError
from pipeline.seeds import csv_files
from pipeline.seeds.github_teams import SINCE_EVER, read_github_teams


def answer(name, *logins, parent=None, goes_on=False):
    """A page of an answer about a team."""
    members = {"pageInfo": {"hasNextPage": goes_on}, "nodes": [{"login": login} for login in logins]}
    team = {"name": name, "parentTeam": parent and {"name": parent}, "members": members}
    return json.dumps({"data": {"organization": {"team": team}}})


def teams(text):
    return {row.developer_id: (row.team, row.parent_team) for row in read_github_teams(text)}


def test_pages_and_teams_follow_each_other():
    text = (
        answer("Web", "ada", goes_on=True) + answer("Web", "bob") + "\n" + answer("Core", "eve", parent="All")
    )
    assert teams(text) == {"ada": ("Web", None), "bob": ("Web", None), "eve": ("Core", "All")}


def test_who_is_in_several_teams_is_in_the_first_by_name():
    assert teams(answer("Web", "ada") + answer("Core", "Ada")) == {"Ada": ("Core", None)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (answer("Web", "ada", goes_on=True), "the members of Web go on on a page that is not here"),
        (json.dumps({"message": "Not Found", "status": "404"}), "no answer of GitHub about a team"),
        (json.dumps({"data": {"organization": {"team": None}}}), "no answer of GitHub about a team"),
        ("[" * 100_000, "no answer of GitHub"),
        ("gh: Not Found", "Expecting value"),
    ],
)
def test_what_is_no_whole_answer_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        read_github_teams(text)


@pytest.fixture
def seed(compiled):
    return compiled().tables["teams"]


def test_of_whom_teams_csv_speaks_github_tells_nothing(seed, tmp_path):
    folder = tmp_path / "seeds"
    folder.mkdir()
    (folder / "github_teams.json").write_text(answer("Web", "ada", "bob"))
    (folder / "teams.csv").write_text("developer_id,team,valid_from\nAda,Core,2026-03-01\n")
    assert sorted(csv_files.rows(seed, tmp_path)) == [
        ("Ada", "Core", None, None, dt.date(2026, 3, 1), None),
        ("bob", "Web", None, None, SINCE_EVER, None),
    ]


def test_a_wrong_file_is_named(seed, tmp_path):
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds/github_teams.json").write_text("{}")
    with pytest.raises(ConfigError, match="cannot be read: it is no answer of GitHub"):
        csv_files.rows(seed, tmp_path)
