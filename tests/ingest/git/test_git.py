"""Commits of real repositories: rows out of what git itself wrote."""

import datetime as dt
import os
import subprocess

import pytest

from pipeline.errors import IngestError
from pipeline.ingest.git.ingest import count_changes, ingest_git, without_content
from pipeline.ingest.projects import project_of

pytestmark = pytest.mark.slow

NOON = 1_750_000_000
JANE = "Jane Doe <jane@example.com>"


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def git(path, *arguments, given=b""):
    command = ["git", "-C", str(path), "-c", "user.name=T", "-c", "user.email=t@x", *arguments]
    return subprocess.run(command, input=given, check=True, capture_output=True).stdout.decode().strip()


def repository(path, *commits, bare=False):
    """A repository of these commits, each as `git fast-import` takes it."""
    path.mkdir(parents=True, exist_ok=True)
    git(path, "init", "--quiet", "--initial-branch=main", *(["--bare"] if bare else []))
    append(path, *commits)
    return path


def append(path, *commits):
    git(path, "fast-import", "--quiet", "--force", "--date-format=raw-permissive", given=b"".join(commits))


def commit(
    message="work",
    *changes,
    author=JANE,
    committer=None,
    at=NOON,
    committed_at=None,
    branch="main",
    onto=None,
    merge=None,
    encoding=None,
):
    """One commit: `changes` are lines of fast-import, or (path, content)."""
    text = message if isinstance(message, bytes) else message.encode()
    lines = [
        f"commit refs/heads/{branch}".encode(),
        f"author {author} {at} +0200".encode(),
        f"committer {committer or author} {committed_at or at} +0000".encode(),
    ]
    if encoding:
        lines.append(f"encoding {encoding}".encode())
    lines.append(b"data %d\n%s" % (len(text), text))
    if onto:
        lines.append(f"from {onto}".encode())
    if merge:
        lines.append(f"merge {merge}".encode())
    for change in changes:
        if isinstance(change, tuple):
            path, content = change
            content = content if isinstance(content, bytes) else content.encode()
            change = b"M 100644 inline %s\ndata %d\n%s" % (path.encode(), len(content), content)
        lines.append(change if isinstance(change, bytes) else change.encode())
    return b"\n".join(lines) + b"\n\n"


def raw_commit(path, text, branch="main"):
    """A commit object as it stands, however wrong."""
    tree = git(path, "mktree")
    content = text.replace(b"TREE", tree.encode())
    made = git(path, "hash-object", "-t", "commit", "-w", "--stdin", "--literally", given=content)
    git(path, "update-ref", f"refs/heads/{branch}", made)
    return made


def rows(engine, *columns):
    """Commits, the oldest first; of one ingest the newest lands first."""
    names = ", ".join(columns)
    order = "ORDER BY created_at NULLS FIRST, id DESC"
    return engine.fetch(f"SELECT {names} FROM raw.git_commits {order}")


def messages(engine):
    return [row[0] for row in rows(engine, "commit_message")]


def test_a_commit_becomes_a_row(engine, tmp_path):
    path = repository(
        tmp_path / "shop",
        commit(
            "Add a page\n\nCo-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>\n",
            ("page.html", "one\ntwo\n"),
            committer="Bot <bot@example.com>",
            committed_at=NOON + 60,
        ),
    )
    result = ingest_git(engine, [path])
    (row,) = engine.fetch_dicts("SELECT * FROM raw.git_commits")
    assert row.pop("created_at") is not None
    assert row == {
        "id": 1,
        "commit_hash": git(path, "rev-parse", "main"),
        "commit_message": "Add a page\n\nCo-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>",
        "author_name": "Jane Doe",
        "author_email": "jane@example.com",
        "commit_timestamp": dt.datetime.fromtimestamp(NOON, dt.UTC),
        "files_changed": 1,
        "lines_added": 2,
        "lines_deleted": 0,
        "agent_assisted": False,
        "agent_session_id": None,
        "agent_type": None,
        "developer_id": None,
        "project_id": "shop",
        "committer_name": "Bot",
        "committer_email": "bot@example.com",
        "committed_at": dt.datetime.fromtimestamp(NOON + 60, dt.UTC),
        "parent_count": 0,
        "notes": None,
    }
    assert (result.rows_in, result.landed, result.duplicates, result.quarantined) == (1, 1, 0, 0)


def test_changes_are_counted_as_git_counts_them(engine, tmp_path):
    text = "".join(f"line {n}\n" for n in range(20))
    path = repository(
        tmp_path / "r",
        commit("root", ("a.txt", text), ("logo.png", b"\0\1\2")),
        commit("rename and edit", "R a.txt b.txt", ("b.txt", text + "more\n")),
        commit("only renamed", "R b.txt c.txt"),
        commit("binary", ("logo.png", b"\0\3")),
        commit("delete", "D c.txt"),
        commit("nothing"),
        commit("odd names", ('"tab\\tquote\\"newline\\n\u00e9"', "x\n"), ("-", "y\n")),
    )
    ingest_git(engine, [path])
    found = rows(engine, "commit_message", "files_changed", "lines_added", "lines_deleted")
    assert found == [
        ("root", 2, 20, 0),
        ("rename and edit", 1, 1, 0),
        ("only renamed", 1, 0, 0),
        ("binary", 1, 0, 0),
        ("delete", 1, 0, 21),
        ("nothing", 0, 0, 0),
        ("odd names", 2, 2, 0),
    ]


def test_a_merge_counts_without_lines(engine, tmp_path):
    path = repository(
        tmp_path / "r",
        commit("root", ("a", "1\n")),
        commit("side", ("b", "2\n"), branch="side", onto="refs/heads/main"),
        commit("left", ("c", "3\n"), at=NOON + 1),
        commit("merge", ("b", "2\n"), merge="refs/heads/side", at=NOON + 2),
    )
    git(path, "config", "log.diffMerges", "first-parent")
    ingest_git(engine, [path])
    assert rows(engine, "commit_message", "parent_count", "lines_added")[-1] == ("merge", 2, 0)


def test_the_same_repository_twice_lands_once(engine, tmp_path):
    path = repository(tmp_path / "r", commit("one"), commit("two"))
    ingest_git(engine, [path])
    before = rows(engine, "*")
    result = ingest_git(engine, [path, path])
    assert rows(engine, "*") == before
    assert (result.rows_in, result.landed, result.duplicates) == (4, 0, 4)


def test_only_what_is_new_is_read_even_after_history_was_rewritten(engine, tmp_path):
    path = repository(tmp_path / "r", commit("root"), commit("draft"))
    ingest_git(engine, [path])
    root = git(path, "rev-parse", "main~1")
    append(path, commit("final", onto=root), commit("next"))
    result = ingest_git(engine, [path])
    assert messages(engine) == ["root", "draft", "final", "next"]
    assert (result.landed, result.duplicates) == (2, 1)


def test_parents_of_a_commit_that_another_collector_has_landed_are_read(engine, tmp_path):
    path = repository(tmp_path / "r", commit("root"), commit("tip"))
    engine.create_schema("raw")
    engine.execute("CREATE TABLE raw.git_commits (id BIGINT, commit_hash VARCHAR)")
    engine.execute("INSERT INTO raw.git_commits VALUES (7, ?)", [git(path, "rev-parse", "main")])
    ingest_git(engine, [path])
    assert rows(engine, "id", "commit_message") == [(7, None), (8, "root")]


def test_more_commits_than_one_call_of_git_reads(engine, tmp_path):
    many = [commit(f"c{n}", ("f", f"{n}\n"), at=NOON + n) for n in range(5_200)]
    ingest_git(engine, [repository(tmp_path / "r", *many)])
    assert messages(engine) == [f"c{n}" for n in range(5_200)]


def test_a_commit_of_two_repositories_lands_once(engine, tmp_path):
    path = repository(tmp_path / "r", commit("one"))
    git(tmp_path, "clone", "--quiet", str(path), "copy")
    result = ingest_git(engine, [path, tmp_path / "copy"])
    assert (result.landed, result.duplicates) == (1, 1)


# which commits


def test_the_default_branch_is_read_and_no_other(engine, tmp_path):
    path = repository(tmp_path / "r", commit("on main"), commit("on feature", branch="feature"))
    git(path, "symbolic-ref", "HEAD", "refs/heads/feature")
    ingest_git(engine, [path])
    assert messages(engine) == ["on main"]


def test_origin_says_what_the_default_branch_is(engine, tmp_path):
    origin = repository(tmp_path / "o", commit("trunk", branch="trunk"), commit("on main"))
    git(origin, "symbolic-ref", "HEAD", "refs/heads/trunk")
    git(tmp_path, "clone", "--quiet", str(origin), "r")
    append(tmp_path / "r", commit("not pushed", branch="trunk", onto="refs/heads/trunk^0"))
    append(origin, commit("pushed by another", branch="trunk", onto="refs/heads/trunk^0"))
    git(tmp_path / "r", "fetch", "--quiet")
    ingest_git(engine, [tmp_path / "r"])
    assert sorted(messages(engine)) == ["not pushed", "pushed by another", "trunk"]


def test_without_a_usual_name_what_is_checked_out_is_the_default(engine, tmp_path):
    path = repository(tmp_path / "r", commit("a", branch="develop"), commit("b", branch="other"))
    git(path, "symbolic-ref", "HEAD", "refs/heads/develop")
    ingest_git(engine, [path])
    assert messages(engine) == ["a"]


def test_a_bare_repository_is_read_by_its_head(engine, tmp_path):
    path = repository(tmp_path / "r.git", commit("a", branch="trunk"), commit("b"), bare=True)
    git(path, "symbolic-ref", "HEAD", "refs/heads/trunk")
    ingest_git(engine, [path])
    assert rows(engine, "commit_message", "project_id") == [("a", "r")]


def test_a_linked_work_tree_belongs_to_its_repository(engine, tmp_path):
    path = repository(tmp_path / "shop", commit("one", ("a", "1\n")))
    git(path, "worktree", "add", "--quiet", "-b", "feature", str(tmp_path / "feature"), "main")
    (tmp_path / "feature" / "folder").mkdir()
    git(path, "config", "diff.relative", "true")
    ingest_git(engine, [tmp_path / "feature" / "folder", tmp_path / "feature"])
    assert rows(engine, "commit_message", "project_id", "lines_added") == [("one", "shop", 1)]


def test_a_branch_can_be_named(engine, tmp_path):
    path = repository(tmp_path / "r", commit("on main"), commit("on feature", branch="feature"))
    ingest_git(engine, [path], branch="feature")
    assert messages(engine) == ["on feature"]


@pytest.mark.parametrize("name", ["featur", "--output=hacked", "--all", "feature..main", "^main"])
def test_an_unknown_branch_is_refused(engine, tmp_path, name):
    path = repository(tmp_path / "r", commit("on main"), commit("on feature", branch="feature"))
    with pytest.raises(IngestError, match="has no branch") as failure:
        ingest_git(engine, [path], branch=name)
    assert ("Did you mean feature?" in str(failure.value)) == name.startswith("featur")
    assert not (path / "hacked").exists()


def test_all_branches_are_heads_and_remotes_but_neither_notes_nor_stash(engine, tmp_path):
    origin = repository(tmp_path / "o", commit("shared", ("a", "1\n")), commit("theirs", branch="x"))
    git(tmp_path, "clone", "--quiet", str(origin), "r")
    path = tmp_path / "r"
    append(path, commit("mine", branch="y"))
    git(path, "notes", "--ref=ai", "add", "-m", "{}", "main")
    (path / "a").write_text("changed\n")
    git(path, "stash")
    ingest_git(engine, [path], all_branches=True)
    assert sorted(messages(engine)) == ["mine", "shared", "theirs"]


# people and text


def test_the_mailmap_is_applied(engine, tmp_path):
    mailmap = "Jane Doe <jane@example.com> <jane@laptop>\n"
    path = repository(tmp_path / "r", commit("one", (".mailmap", mailmap), author="jd <jane@laptop>"))
    git(path, "reset", "--quiet", "--hard")
    ingest_git(engine, [path])
    assert rows(engine, "author_name", "author_email", "committer_email") == [
        ("Jane Doe", "jane@example.com", "jane@example.com")
    ]


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        ("Jane <>", ("Jane", None)),
        (" <jane@x>", (None, "jane@x")),
        ('Łukasz O\'Neil \U0001f600; "x" <l@x>', ('Łukasz O\'Neil \U0001f600; "x"', "l@x")),
        (
            "copilot-swe-agent[bot] <198982749+Copilot@users.noreply.github.com>",
            ("copilot-swe-agent[bot]", "198982749+Copilot@users.noreply.github.com"),
        ),
    ],
)
def test_authors_are_kept_as_they_are(engine, tmp_path, author, expected):
    ingest_git(engine, [repository(tmp_path / "r", commit(author=author))])
    assert rows(engine, "author_name", "author_email") == [expected]


def test_messages_are_recoded_from_the_encoding_that_the_commit_names(engine, tmp_path):
    path = repository(
        tmp_path / "r",
        commit("Größe".encode("latin-1"), encoding="ISO-8859-1"),
        commit("Größe"),
        commit(b"caf\xe9 \xff\xfe"),
        commit(b"x\xe9", encoding="no-such-encoding"),
    )
    git(path, "config", "i18n.logOutputEncoding", "UTF-16")
    ingest_git(engine, [path])
    assert messages(engine) == ["Größe", "Größe", "caf\ufffd \ufffd\ufffd", "x\ufffd"]


def test_an_empty_message_and_one_that_looks_like_our_own_output_are_messages(engine, tmp_path):
    tricky = "1\t1\tfile\n\n-\t-\tx\n%x00%H\n---\n"
    ingest_git(engine, [repository(tmp_path / "r", commit(""), commit(tricky, ("a", "1\n")))])
    assert rows(engine, "commit_message", "lines_added") == [("", 0), (tricky.strip("\n"), 1)]


@pytest.mark.parametrize("at", ["9999999999", "7258118400"])
def test_a_commit_with_an_absurd_date_is_put_aside_by_its_hash(engine, tmp_path, at):
    path = repository(tmp_path / "r", commit("good"), commit("absurd", at=at, committed_at=NOON))
    result = ingest_git(engine, [path])
    assert messages(engine) == ["good"]
    assert (result.rows_in, result.landed, result.quarantined) == (2, 1, 1)
    ((file, reason),) = engine.fetch("SELECT file, reason FROM meta.quarantine")
    assert file == str(path)
    assert git(path, "rev-parse", "main") in reason


@pytest.mark.parametrize(
    "author",
    [
        b"author Jane <jane@x> -100 +0000",
        b"author Jane <jane@x> 99999999999999999999 +0000",
        b"author Jane <jane@x>",
        b"author",
        b"author Jane jane@x 1750000000 +0000",
    ],
)
def test_a_damaged_author_is_put_aside_too(engine, tmp_path, author):
    path = repository(tmp_path / "r")
    raw_commit(path, b"tree TREE\n" + author + b"\ncommitter C <c@x> 1750000000 +0000\n\nx\n")
    result = ingest_git(engine, [path])
    assert (result.rows_in, result.landed, result.quarantined) == (1, 0, 1)


def test_an_absurd_date_of_the_committer_is_unknown(engine, tmp_path):
    ingest_git(engine, [repository(tmp_path / "r", commit("x", committed_at="9999999999"))])
    assert rows(engine, "commit_message", "committed_at") == [("x", None)]


def test_nul_in_a_commit_ends_its_message(engine, tmp_path):
    path = repository(tmp_path / "r")
    people = b"author J <j@x> 1750000000 +0000\ncommitter C <c@x> 1750000000 +0000\n"
    raw_commit(path, b"tree TREE\n" + people + b"\nbefore\0after\n")
    ingest_git(engine, [path])
    assert messages(engine) == ["before"]


@pytest.mark.parametrize(
    ("address", "project"),
    [
        ("https://github.com/octo/app.git", "octo/app"),
        ("https://me:ghp_secret@github.com/octo/app", "octo/app"),
        ("https://github.com/octo/app.git?access_token=secret#x", "octo/app"),
        ("git@github.com:octo/app.git", "octo/app"),
        ("github.com:octo/app", "octo/app"),
        ("ssh://git@example.com:2222/octo/app.git/", "octo/app"),
        ("git@gitlab.com:group/sub/app.git", "group/sub/app"),
        ("/srv/git/app.git", "app"),
        ("../app/.git", "app"),
        ("file:///srv/git/app.git", "app"),
        ("C:\\code\\app", "app"),
    ],
)
def test_the_project_is_read_from_origin_without_credentials(address, project):
    assert project_of(address) == project


def test_the_project_of_a_commit_is_that_of_origin(engine, tmp_path):
    path = repository(tmp_path / "r", commit())
    git(path, "remote", "add", "origin", "https://me:ghp_secret@github.com/octo/app.git")
    ingest_git(engine, [path])
    assert rows(engine, "project_id") == [("octo/app",)]


# notes


def test_a_git_ai_note_stands_beside_its_commit(engine, tmp_path):
    path = repository(tmp_path / "r", commit("plain"), commit("noted", ("a", "1\n")))
    note = 'a.py\n  s_1 1-4\n---\n{"schema_version": "authorship/3.0.0"}'
    git(path, "notes", "--ref=ai", "add", "-m", note, "main")
    git(path, "notes", "--ref=commits", "add", "-m", "something else", "main~1")
    ingest_git(engine, [path])
    found = rows(engine, "commit_message", "notes", "lines_added")
    assert found == [("plain", None, 0), ("noted", note, 1)]


def test_conversations_in_a_note_do_not_land():
    note = (
        'a.py\n  0123456789abcdef 1-4\n---\n{"schema_version": "authorship/2.0.0", "prompts": '
        '{"0123456789abcdef": {"agent_id": {"tool": "cursor", "id": "c1", "model": "m"}, '
        '"messages": [{"type": "user", "text": "secret"}], "accepted_lines": 4}}, "x": ["secret"]}'
    )
    assert without_content(note) == (
        'a.py\n  0123456789abcdef 1-4\n---\n{"schema_version": "authorship/2.0.0", "prompts": '
        '{"0123456789abcdef": {"agent_id": {"tool": "cursor", "id": "c1", "model": "m"}, '
        '"accepted_lines": 4}}}'
    )
    assert without_content("a.py\n  s_1 1\n---\n{secret") == "a.py\n  s_1 1"
    assert without_content("secret") is None


# repositories that are not simply fine


def test_an_empty_repository_is_validly_empty(engine, tmp_path):
    path = repository(tmp_path / "r")
    result = ingest_git(engine, [path])
    assert (result.rows_in, result.warnings) == (0, (f"{path} has no commits yet.",))


@pytest.mark.parametrize("kind", ["missing", "file", "folder"])
def test_what_is_no_repository_is_named(engine, tmp_path, kind):
    path = tmp_path / "x"
    if kind == "file":
        path.write_text("x")
    if kind == "folder":
        path.mkdir()
    with pytest.raises(IngestError, match=str(path)):
        ingest_git(engine, [path])


def test_a_bad_repository_does_not_keep_the_others_from_landing(engine, tmp_path):
    path = repository(tmp_path / "r", commit("one"))
    result = ingest_git(engine, [tmp_path / "nowhere", path])
    assert messages(engine) == ["one"]
    assert result.warnings == (
        f"There is nothing at {tmp_path / 'nowhere'}. Name the folder of a git repository.",
    )


def test_a_damaged_repository_is_named(engine, tmp_path):
    path = repository(tmp_path / "r", commit("one", ("a", "1\n")))
    git(path, "repack", "-q", "-a", "-d")
    for pack in (path / ".git/objects/pack").glob("*.pack"):
        pack.chmod(0o644)
        pack.write_bytes(pack.read_bytes()[:40])
    with pytest.raises(IngestError, match=f"git cannot read {path}"):
        ingest_git(engine, [path])


def test_what_is_read_of_a_history_with_a_gap_lands_and_the_gap_is_named(engine, tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.ingest.git.ingest.BATCH", 1)
    path = repository(tmp_path / "r")
    parent = "1" * 40
    for number in range(20):
        who = f"A <a@example.com> {NOON + number} +0000"
        text = f"tree TREE\nparent {parent}\nauthor {who}\ncommitter {who}\n\nc{number}\n"
        parent = raw_commit(path, text.encode())
    result = ingest_git(engine, [path])
    assert 0 < result.landed < 20
    assert messages(engine) == [f"c{number}" for number in range(20)][-result.landed :]
    assert len(result.warnings) == 1
    assert result.warnings[0].startswith(f"git cannot read {path}: ")


def test_at_the_edge_of_a_shallow_clone_changes_are_unknown(engine, tmp_path):
    commits = [commit(f"c{n}", (f"f{n}", "1\n"), at=NOON + n) for n in range(4)]
    origin = repository(tmp_path / "o", *commits)
    git(tmp_path, "clone", "--quiet", "--depth=2", f"file://{origin}", "r")
    result = ingest_git(engine, [tmp_path / "r"])
    found = rows(engine, "commit_message", "lines_added", "files_changed", "parent_count")
    assert found == [("c2", None, None, None), ("c3", 1, 1, 1)]
    assert "git fetch --unshallow" in result.warnings[0]


def test_a_partial_clone_is_not_completed_behind_the_users_back(engine, tmp_path):
    origin = repository(tmp_path / "o", commit("a", ("f", "1\n")), commit("b", ("f", "2\n")))
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", "--no-checkout", "--filter=blob:none", f"file://{origin}", "r")
    with pytest.raises(IngestError, match="partial clone"):
        ingest_git(engine, [tmp_path / "r"])


def test_a_submodule_is_one_changed_file(engine, tmp_path):
    pin = "M 160000 " + "1" * 40 + " lib"
    path = repository(tmp_path / "r", commit("pin", pin))
    git(path, "config", "diff.ignoreSubmodules", "all")
    ingest_git(engine, [path])
    assert rows(engine, "files_changed", "lines_added") == [(1, 1)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_repository_of_another_user_is_not_read(engine, tmp_path):
    path = repository(tmp_path / "r", commit("one"))
    os.chown(path, 65534, 65534)
    os.chown(path / ".git", 65534, 65534)
    with pytest.raises(IngestError, match=r"safe\.directory"):
        ingest_git(engine, [path])


def test_a_repository_cannot_run_programs(engine, tmp_path):
    path = repository(
        tmp_path / "r",
        commit("a", ("f.txt", "1\n"), (".gitattributes", "*.txt diff=evil filter=evil\n")),
        commit("b", ("f.txt", "2\n")),
    )
    people = b"author J <j@x> 1750000000 +0000\ncommitter C <c@x> 1750000000 +0000\n"
    signature = b"gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n"
    parent = b"parent " + git(path, "rev-parse", "main").encode() + b"\n"
    raw_commit(path, b"tree TREE\n" + parent + people + signature + b"\nsigned\n")
    git(path, "reset", "--quiet", "--hard", "main~1")
    git(path, "update-ref", "refs/heads/main", "main@{1}")
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    for key, value in {
        "log.showSignature": "true",
        "gpg.program": trap,
        "core.fsmonitor": trap,
        "core.pager": trap,
        "core.sshCommand": trap,
        "core.alternateRefsCommand": trap,
        "diff.external": trap,
        "diff.evil.command": trap,
        "diff.evil.textconv": trap,
        "filter.evil.clean": trap,
        "filter.evil.smudge": trap,
        "pager.log": trap,
        "alias.log": f"!{trap}",
        "diff.orderFile": tmp_path / "nowhere",
        "diff.relative": "true",
        "remote.origin.url": f"ext::{trap}",
        "color.ui": "always",
        "format.pretty": "oneline",
        "log.showNotes": "true",
    }.items():
        git(path, "config", key, str(value))
    ingest_git(engine, [path])
    assert messages(engine) == ["a", "b", "signed"]
    assert not (tmp_path / "sprung").exists()


def test_a_missing_object_is_not_fetched_by_a_command_of_the_repository(engine, tmp_path):
    path = repository(tmp_path / "r", commit("a", ("f", "1\n")))
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    tree = git(path, "mktree", "--missing", given=b"100644 blob %s\tf\n" % (b"1" * 40))
    git(path, "update-ref", "refs/heads/main", git(path, "commit-tree", "-p", "main", "-m", "b", tree))
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": f"ext::{trap}",
        "remote.origin.uploadpack": str(trap),
        "protocol.ext.allow": "always",
    }.items():
        git(path, "config", key, value)
    with pytest.raises(IngestError, match="partial clone"):
        ingest_git(engine, [path])
    assert not (tmp_path / "sprung").exists()


def test_replacements_do_not_change_what_a_hash_stands_for(engine, tmp_path):
    path = repository(tmp_path / "r", commit("real"), commit("fake", branch="fake"))
    git(path, "replace", "main", "fake")
    ingest_git(engine, [path])
    assert messages(engine) == ["real"]


def test_a_hook_that_calls_us_does_not_lead_us_elsewhere(engine, tmp_path, monkeypatch):
    path = repository(tmp_path / "r", commit("mine"))
    other = repository(tmp_path / "other", commit("other"))
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    ingest_git(engine, [path])
    assert messages(engine) == ["mine"]


def test_git_must_be_installed(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(IngestError, match="not installed"):
        ingest_git(engine, [tmp_path])


def test_numstat_is_added_up():
    assert count_changes("") == (0, 0, 0)
    assert count_changes("\n3\t1\ta\0-\t-\tb\0" + "2\t0\t\0old\0new\0" + "1\t1\tc\0") == (4, 6, 2)
