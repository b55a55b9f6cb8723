"""Which commits a pull request is made of, however it was merged: real commits in, whole rows out."""

import datetime as dt
import json
import os
from pathlib import Path

import pytest

from pipeline.ingest.git.ingest import ingest_git
from pipeline.ingest.git.repository import Repository
from pipeline.ingest.github.ingest import ingest_github
from tests.ingest.git.test_git import NOON, commit, git, repository
from tests.models.harness import Warehouse

HOUR = 3600
LINES = [f"line {n}\n" for n in range(40)]


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def changed(*lines):
    """A file with some lines changed: far apart, so that each change is one of its own."""
    return "a", "".join("changed\n" if n in lines else line for n, line in enumerate(LINES))


def on(branch, message, *lines, hour, **more):
    return commit(message, changed(*lines), at=NOON + hour * HOUR, branch=branch, **more)


START = "refs/heads/main"
TOPICS = {1: ("r1", "r2"), 2: ("s1", "s2"), 3: ("l1", "l2"), 4: ("j1",), 5: ("f1",)}
MERGED = {1: 3, 2: 4, 3: 5, 4: 6, 5: 8}  # request → hour


@pytest.fixture
def merged(tmp_path):
    """A repository with a request merged in every way, and what its commits are called by their hash."""
    path = repository(
        tmp_path / "app",
        on("main", "base", hour=0),
        on("release", "cut", hour=0, onto=START),
        *(on("rebased", "r1", 1, hour=1, onto=START), on("rebased", "r2", 1, 5, hour=1)),
        *(on("squashed", "s1", 9, hour=1, onto=START), on("squashed", "s2", 9, 13, hour=1)),
        *(on("lost", "l1", 17, hour=1, onto=START), on("lost", "l2", 17, 21, hour=1)),
        *(on("joined", "j1", 25, hour=1, onto=START), on("fixed", "f1", 29, hour=1, onto=START)),
        *(on("main", "r1 again", 1, hour=3), on("main", "r2 again", 1, 5, hour=3)),
        on("main", "all of it (#2)", 1, 5, 9, 13, hour=4),
        on("main", "no number", 1, 5, 9, 13, 17, 21, hour=5),
        on("main", "merge", 1, 5, 9, 13, 17, 21, 25, hour=6, merge="refs/heads/joined"),
        on("main", "of nobody", 1, 5, 9, 13, 17, 21, 25, 33, hour=7),
        on("main", "fixed it (#5)", 1, 5, 9, 13, 17, 21, 25, 29, 33, hour=8),
        on("release", "r1 picked", 1, hour=9),
        on("release", "f1 picked (#5)", 1, 29, hour=10),
    )
    return path, named(path)


def named(path):
    """The repository is that of the requests; what its commits are called by their hash."""
    git(path, "remote", "add", "origin", "https://github.com/octo/app.git")
    told = git(path, "log", "--all", "--format=%H %s").splitlines()
    return {name: message for name, _, message in (line.partition(" ") for line in told)}


def requests(folder, hashes, topics=TOPICS, merged=MERGED, **given):
    """A file of requests, as GitHub tells them; `given` are their merge commits."""

    def instant(hour):
        return dt.datetime.fromtimestamp(NOON + hour * HOUR, dt.UTC).isoformat()

    by_message = {message: name for name, message in hashes.items()}
    told = [
        {
            "id": f"PR_{number}",
            "number": number,
            "url": f"https://github.com/octo/app/pull/{number}",
            "state": "MERGED",
            "createdAt": instant(2),
            "updatedAt": instant(merged[number]),
            "mergedAt": instant(merged[number]),
            "commits": [{"oid": by_message[message]} for message in messages],
            "mergeCommit": {"oid": by_message[given[f"of_{number}"]]} if f"of_{number}" in given else None,
        }
        for number, messages in topics.items()
    ]
    path = folder / "pulls.json"
    path.write_text(json.dumps(told))
    return str(path)


def made_of(engine, hashes):
    """Of each request its commits: message, how it was found, whether it is counted."""
    tables = ("pull_requests", "pull_request_commits", "git_commits")
    raw = {f"raw_{table}": engine.fetch_dicts(f"SELECT * FROM raw.{table}") for table in tables}
    as_of = dt.datetime.fromtimestamp(NOON + 86_400, dt.UTC)
    warehouse = Warehouse(**raw, settings={"as_of": as_of})
    found = {}
    for row in warehouse.rows("stg_pull_request_commits"):
        told = hashes[row["commit_hash"]], row["found_by"], row["is_counted"]
        found.setdefault(row["number"], set()).add(told)
    return found


def lists(number, *, counted, topics=TOPICS):
    return {(message, "listed", counted) for message in topics[number]}


def test_a_request_finds_its_commits_however_it_was_merged(engine, tmp_path, merged):
    path, hashes = merged
    ingest_github(engine, [requests(tmp_path, hashes, of_1="r2 again", of_4="merge")])
    result = ingest_git(engine, [path])

    assert result.landed_by_table == {"git_commits": 9, "pull_request_commits": 5}
    assert made_of(engine, hashes) == {
        1: lists(1, counted=False) | {("r1 again", "patch", True), ("r2 again", "merge", True)},
        2: lists(2, counted=False) | {("all of it (#2)", "subject", True)},
        3: lists(3, counted=False) | {("no number", "patch", True)},
        4: lists(4, counted=True) | {("merge", "merge", False)},
        5: lists(5, counted=False) | {("fixed it (#5)", "subject", True)},
    }
    again = ingest_git(engine, [path])
    assert (again.landed, again.rows_in) == (0, 14)


def test_what_is_picked_to_another_branch_is_no_commit_of_the_request(engine, tmp_path, merged):
    path, hashes = merged
    ingest_github(engine, [requests(tmp_path, hashes)])
    ingest_git(engine, [path], all_branches=True)

    found = made_of(engine, hashes)
    assert not {message for told in found.values() for message, *_ in told} & {"r1 picked", "f1 picked (#5)"}
    assert found[1] == lists(1, counted=True) | {("r1 again", "patch", False), ("r2 again", "patch", False)}


def test_a_change_made_anew_after_its_revert_is_of_the_later_request(engine, tmp_path):
    path = repository(
        tmp_path / "app",
        on("main", "base", hour=0),
        *(on("first", "one", 1, hour=1, onto=START), on("second", "two", 1, hour=2, onto=START)),
        *(on("main", "in", 1, hour=3), on("main", "out", hour=4), on("main", "in again", 1, hour=5)),
    )
    hashes = named(path)
    topics = {1: ("one",), 2: ("two",)}
    ingest_github(engine, [requests(tmp_path, hashes, topics, {1: 3, 2: 5})])
    ingest_git(engine, [path])

    assert made_of(engine, hashes) == {
        1: lists(1, counted=False, topics=topics) | {("in", "patch", True)},
        2: lists(2, counted=False, topics=topics) | {("in again", "patch", True)},
    }


def test_a_version_that_was_read_twice_is_one(engine, tmp_path, merged):
    path, hashes = merged
    file = requests(tmp_path, hashes, {1: TOPICS[1]}, of_1="r2 again")
    ingest_github(engine, [file])
    later = [
        request | {"statusCheckRollup": [{"state": "SUCCESS"}]}
        for request in json.loads(Path(file).read_text())
    ]
    Path(file).write_text(json.dumps(later))
    assert ingest_github(engine, [file]).landed_by_table == {"pull_requests": 1}

    assert ingest_git(engine, [path]).landed_by_table["pull_request_commits"] == 2
    assert ingest_git(engine, [path]).rows_in == 9 + 2


def test_no_patch_is_read_where_nothing_is_missing(engine, tmp_path, merged, monkeypatch):
    path, hashes = merged
    monkeypatch.setattr(Repository, "patch_ids", None)
    ingest_git(engine, [path])
    ingest_github(engine, [requests(tmp_path, hashes, {4: ("j1",)})])
    assert ingest_git(engine, [path]).landed == 0
