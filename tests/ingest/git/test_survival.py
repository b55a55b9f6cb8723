"""What became of lines, beside what `git blame` says of them."""

import datetime as dt
import os
import random
import re
from collections import Counter

import pytest

from pipeline.ingest.git.changes import path_hash, read_changes
from pipeline.ingest.git.ingest import ingest_git
from pipeline.ingest.git.lines import Lines
from pipeline.ingest.git.repository import Repository
from pipeline.ingest.git.survival import steady
from tests.ingest.git.test_git import NOON, append, commit, git, repository

pytestmark = pytest.mark.slow

DAY = 86_400
TODAY = dt.datetime.fromtimestamp(NOON + 200 * DAY, dt.UTC)
TEN = "".join(f"line {n} of ten\n" for n in range(10))


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def survival(engine, path, now=TODAY):
    """Message and age → lines added, alive, reworked, by the last reading."""
    result = ingest_git(engine, [path], survival=True, now=now)
    rows = engine.fetch(
        "SELECT commit_message, age, s.lines_added, lines_alive, lines_reworked FROM raw.git_survival AS s"
        " JOIN raw.git_commits AS c USING (commit_hash)"
        " QUALIFY row_number() OVER (PARTITION BY commit_hash, age ORDER BY reading DESC) = 1"
    )
    return {(message, age): tuple(counts) for message, age, *counts in rows if counts[0] is not None}, result


def today(engine, path):
    return {
        message: counts[:2] for (message, age), counts in survival(engine, path)[0].items() if age == "today"
    }


def test_lines_are_counted_at_every_age(engine, tmp_path):
    path = repository(
        tmp_path / "r",
        commit("ten", ("a", TEN)),
        commit("one goes", ("a", TEN[len("line 0 of ten\n") :]), at=NOON + 6 * DAY),
        commit("rewritten", ("a", "new\n"), at=NOON + 25 * DAY),
    )
    found, _ = survival(engine, path)
    assert [found["ten", age] for age in ("7_days", "30_days", "90_days", "today")] == [
        (10, 9, 1),
        (10, 0, 1),
        (10, 0, 1),
        (10, 0, 1),
    ]


def test_a_commit_too_young_for_30_days_has_no_row_of_them(engine, tmp_path):
    path = repository(tmp_path / "r", commit("young", ("a", TEN)))
    found, _ = survival(engine, path, dt.datetime.fromtimestamp(NOON + 10 * DAY, dt.UTC))
    assert found == {("young", "7_days"): (10, 10, None), ("young", "today"): (10, 10, None)}


def test_a_moved_file_keeps_its_lines(engine, tmp_path):
    path = repository(tmp_path / "r", commit("ten", ("a", TEN)), commit("move", "R a b/c", at=NOON + DAY))
    assert today(engine, path) == {"ten": (10, 10)}


def test_a_reformatting_commit_kills_lines(engine, tmp_path):
    indented = re.sub("(?m)^(?=.)", "    ", TEN)
    path = repository(tmp_path / "r", commit("ten", ("a", TEN)), commit("reformat", ("a", indented)))
    assert today(engine, path) == {"ten": (10, 0), "reformat": (10, 10)}


def test_lines_that_a_revert_brings_back_are_those_of_the_revert(engine, tmp_path):
    path = repository(
        tmp_path / "r", commit("ten", ("a", TEN)), commit("empty", ("a", "")), commit("revert", ("a", TEN))
    )
    assert today(engine, path) == {"ten": (10, 0), "revert": (10, 10)}


def test_what_a_merge_brings_is_counted_once_under_who_wrote_it(engine, tmp_path):
    path = repository(
        tmp_path / "r",
        commit("root", ("a", TEN)),
        commit("side", ("b", "1\n2\n"), branch="side", onto="refs/heads/main"),
        commit("left", ("c", "3\n")),
        commit("merge", ("b", "1\n2\nof the merge\n"), merge="refs/heads/side", at=NOON + 3 * DAY),
    )
    assert today(engine, path) == {"root": (10, 10), "side": (2, 2), "left": (1, 1), "merge": (1, 1)}


def test_a_line_in_two_places_after_a_merge_is_one_line(engine, tmp_path):
    path = repository(
        tmp_path / "r",
        commit("ten", ("a", TEN)),
        commit("moved", "R a b", branch="side", onto="refs/heads/main"),
        commit("stays", ("c", "c\n")),
        commit("both", ("b", TEN), merge="refs/heads/side"),
    )
    assert today(engine, path)["ten"] == (10, 10)


def test_what_is_no_text_has_no_lines(engine, tmp_path):
    path = repository(
        tmp_path / "r",
        commit("text", ("a", TEN), ("turns", b"\0\n\n")),
        commit(
            "link", b"M 120000 inline l\ndata 1\na", b"M 160000 " + b"1" * 40 + b" sub", ("logo", b"\0\1")
        ),
        commit("binary becomes text", ("turns", "1\n2\n")),
        commit("text becomes a link", b"M 120000 inline a\ndata 1\nb"),
    )
    assert today(engine, path) == {"text": (10, 0), "binary becomes text": (2, 2)}


def test_names_and_line_ends_of_any_kind(engine, tmp_path):
    odd = b'M 100644 inline "new\\nline\\tand \\377"\ndata 8\na\rb\r\nc\r\n'
    path = repository(tmp_path / "r", commit("odd", odd), commit("more", ("-x", "1\n2")))
    assert today(engine, path) == {"odd": (2, 2), "more": (2, 2)}


def test_what_was_rewritten_leaves_the_branch(engine, tmp_path):
    path = repository(tmp_path / "r", commit("root", ("a", TEN)), commit("draft", ("b", TEN)))
    assert today(engine, path) == {"root": (10, 10), "draft": (10, 10)}
    append(path, commit("final", ("b", TEN), onto=git(path, "rev-parse", "main~1")))
    assert today(engine, path) == {"root": (10, 10), "final": (10, 10)}


def test_another_repository_of_the_same_name_takes_nothing_away(engine, tmp_path):
    one = repository(tmp_path / "1" / "api", commit("one", ("a", TEN)))
    two = repository(tmp_path / "2" / "api", commit("two", ("a", TEN)))
    today(engine, one)
    assert today(engine, two) == {"one": (10, 10), "two": (10, 10)}


def test_of_the_end_of_a_shallow_clone_nothing_is_said(engine, tmp_path):
    path = repository(tmp_path / "r", commit("old", ("a", TEN)), commit("new", ("b", "1\n")))
    git(tmp_path, "clone", "--quiet", "--depth=2", f"file://{path}", "s")
    append(path, commit("newest", ("c", "1\n")))
    git(tmp_path / "s", "fetch", "--quiet", "--depth=2")
    assert today(engine, tmp_path / "s") == {"newest": (1, 1)}


def test_the_second_time_nothing_lands_and_git_compares_what_is_new(engine, tmp_path, monkeypatch):
    path = repository(tmp_path / "r", commit("ten", ("a", TEN)))
    survival(engine, path)
    append(path, commit("one", ("b", "1\n"), onto="refs/heads/main^0"))
    asked = []

    def spied(repository, commits):
        asked.extend(commits)
        return read_changes(repository, commits)

    monkeypatch.setattr("pipeline.ingest.git.survival.read_changes", spied)
    survival(engine, path)
    assert [commit for commit, _ in asked] == [git(path, "rev-parse", "main")]
    _, result = survival(engine, path)
    assert (result.landed, len(asked)) == (0, 1)


def test_dates_of_the_future_or_going_back_stop_no_clock():
    assert steady([10, 5, 99, 12], 20) == [10, 10, 10, 12]
    assert steady([99], 20) == [20]


def test_a_repository_names_no_program_that_runs(engine, tmp_path):
    path = repository(tmp_path / "r", commit("a", ("a.x", TEN), (".gitattributes", "*.x diff=evil\n")))
    git(path, "checkout", "-q", "-f", "main")
    for name in ("diff.evil.command", "diff.evil.textconv", "diff.external", "core.fsmonitor"):
        git(path, "config", name, f"touch {tmp_path / 'ran'};")
    append(path, commit("b", ("a.x", TEN + "more\n"), onto="refs/heads/main^0"))
    assert today(engine, path) == {"a": (11, 11), "b": (1, 1)}
    assert not (tmp_path / "ran").exists()


# beside blame


def history(rng, commits):
    """Random commits on two branches: edits, new files, deletions, renames, merges."""
    # Each file has words of its own, so that one that is gone is like no two new ones.
    files = {"main": {}, "side": {}}
    made, number = [], 0
    for at in range(commits):
        branch = rng.choice(["main", "side"]) if at > 2 else "main"
        tree = files[branch]
        changes, merge = [], None
        if at == 2:
            files["side"] = {name: [*lines] for name, lines in tree.items()}
        elif branch == "main" and at > 5 and rng.random() < 0.25:
            merge = "refs/heads/side"
            for name, lines in files["side"].items():
                mine = tree.get(name)
                tree[name] = (
                    [*lines]
                    if mine is None or rng.random() < 0.5
                    else mine + rng.sample(lines, len(lines) // 3)
                )
                changes.append((name, "".join(tree[name])))
        else:
            for name in rng.sample(sorted(tree), min(len(tree), 2)):
                choice = rng.random()
                if choice < 0.1:
                    del tree[name]
                    changes.append(f"D {name}")
                elif choice < 0.25:
                    number += 1
                    tree[f"f{number}"] = tree.pop(name)
                    changes.append(f"R {name} f{number}")
                else:
                    lines = tree[name]
                    for _ in range(rng.randint(1, 3)):
                        place = rng.randrange(len(lines) + 1)
                        lines[place : place + rng.randint(0, 3)] = [
                            f"{rng.randrange(10**6)}\n" for _ in range(rng.randint(0, 3))
                        ]
                    changes.append((name, "".join(lines)))
            if rng.random() < 0.4 or not tree:
                number += 1
                tree[f"f{number}"] = [f"{rng.randrange(10**6)}\n" for _ in range(rng.randint(1, 12))]
                changes.append((f"f{number}", "".join(tree[f"f{number}"])))
        onto = "refs/heads/main" if at == 2 else None
        if at == 2:
            branch = "side"
        made.append(commit(f"c{at}", *changes, at=NOON + at * DAY, branch=branch, onto=onto, merge=merge))
    return made


@pytest.mark.parametrize("seed", range(12))
def test_every_line_is_of_the_commit_that_blame_names(tmp_path, seed):
    path = repository(tmp_path / "r", *history(random.Random(seed), 25))
    found = Repository(path)
    head = found.head()
    commits = [(name, parents) for name, _, parents in found.history(head)]
    changes = dict(read_changes(found, commits))
    lines = Lines(commits, found.main_line(head))
    for name, tree in lines.follow(changes[name] for name, _ in commits):
        ours = {
            file: [commits[lines.owner[line]][0] for line in numbers]
            for file, numbers in tree.items()
            if numbers
        }
        theirs = {}
        for file in git(path, "ls-tree", "-r", "--name-only", name).split():
            told = git(path, "blame", "-s", "-l", "--root", name, "--", file).splitlines()
            if told:
                theirs[path_hash(file.encode())] = [line.split()[0] for line in told]
        assert ours == theirs
    alive = Counter(owner for (owner, gone), count in lines.fates().items() if not gone for _ in range(count))
    distinct = {line for numbers in tree.values() for line in numbers}
    assert alive == Counter(lines.owner[line] for line in distinct)
