"""What the project of a session's folder is called."""

import subprocess

import pytest

from pipeline.ingest.projects import project_at, project_of


def git(folder, *words):
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    """A folder of a repository with one folder in it."""
    folder = tmp_path / "work" / "app"
    git(folder, "init", "-q")
    (folder / "docs").mkdir()
    return folder


def test_a_folder_of_a_repository_is_called_as_its_origin(repository):
    git(repository, "remote", "add", "origin", "https://me:secret@github.com/octo/site.git")
    assert project_at(str(repository / "docs")) == "octo/site"


def test_without_an_origin_it_is_called_as_the_repositorys_folder(repository):
    assert project_at(str(repository / "docs")) == "app"


def test_a_linked_work_tree_is_called_as_the_repository(repository, tmp_path):
    author = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    git(repository, *author, "commit", "-q", "--allow-empty", "-m", "first")
    git(repository, "worktree", "add", "-q", str(tmp_path / "feature"))
    assert project_at(str(tmp_path / "feature")) == "app"


def test_a_home_that_is_a_repository_gives_no_name(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    git(tmp_path, "init", "-q")
    (tmp_path / "notes").mkdir()
    assert project_at(str(tmp_path / "notes")) == "notes"


def test_a_folder_without_a_repository_has_its_own_name(tmp_path):
    assert project_at(str(tmp_path)) == tmp_path.name


@pytest.mark.parametrize(
    ("cwd", "project"),
    [
        ("/gone/work/app", "app"),
        ("C:\\work\\app", "app"),
        ("app", "app"),
        ("/gone/\0/app", "app"),
        ("/", None),
        (None, None),
        ("", None),
        # the name of a person
        ("/home/ada", None),
        ("/Users/ada/", None),
        ("C:\\Users\\ada", None),
        ("/root", None),
    ],
)
def test_a_folder_of_another_computer_has_its_name_unless_it_is_somebodys_home(cwd, project):
    assert project_at(cwd) == project


@pytest.mark.parametrize(
    ("cwd", "project"),
    [
        ("/srv/work/shop/src/api", "shop"),
        ("/srv/work/shop", "shop"),
        ("/srv/work", "work"),
        ("/srv/workshop/tools", "tools"),
        ("/srv/work/clients/acme/site", "acme"),
        ("C:\\Work\\shop\\src", "shop"),
    ],
)
def test_below_a_root_the_folder_that_it_holds_names_the_project(cwd, project):
    assert project_at(cwd, ["/srv/work", "/srv/work/clients", "c:\\work"]) == project


def test_a_repository_below_a_root_is_called_as_its_commits_are(repository):
    assert project_at(str(repository), [str(repository.parent.parent)]) == repository.name


def test_the_home_of_this_user_is_no_project(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert project_at(str(tmp_path)) is None


def test_an_address_that_is_none_is_unknown():
    assert project_of("https://[octo/app.git") == "unknown"


@pytest.mark.parametrize(
    ("address", "project"),
    [
        ("git::https://me:secret@github.com/octo/app.git", "octo/app"),
        ("hg::git::ssh://me:secret@example.com/octo/app", "octo/app"),
        ("https://me:sec/ret@github.com/octo/app.git", "github.com/octo/app"),
        ("me:secret@github.com/octo/app", "github.com/octo/app"),
        ("https:/me:secret@github.com/octo/app", "github.com/octo/app"),
        ("git@github.com:octo/app.git?token=secret", "octo/app"),
        ("FILE:///home/ada/app", "app"),
    ],
)
def test_no_form_of_an_address_gives_away_who_asks_or_their_password(address, project):
    assert project_of(address) == project
