"""Zed's threads: one row each, of whose two counters the larger counts."""

import json
import sqlite3
from contextlib import closing

import pytest
import zstandard

from tests.agents.recording import Recording, identities, named, read, told

THREAD, CHILD = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
CREATED, UPDATED = "2026-11-02T10:00:00Z", "2026-11-02T11:00:00Z"
USED = {
    "input_tokens": 400,
    "output_tokens": 60,
    "cache_creation_input_tokens": 5,
    "cache_read_input_tokens": 30000,
}
MESSAGES = [
    {"User": {"id": "u1", "content": [{"Text": "SECRET"}]}},
    {
        "Agent": {
            "content": [{"ToolUse": {"id": "t1", "name": "edit_file", "input": {"path": "SECRET"}}}],
            "tool_results": {
                "t1": {
                    "tool_use_id": "t1",
                    "tool_name": "edit_file",
                    "is_error": False,
                    "content": ["SECRET"],
                },
                "t2": {"tool_use_id": "t2", "tool_name": "terminal", "is_error": True},
            },
        }
    },
    "Resume",
]


def thread(**changes):
    content = {
        "version": "0.3.0",
        "title": "SECRET",
        "updated_at": UPDATED,
        "model": {"provider": "anthropic", "model": "claude-sonnet-5"},
        "imported": False,
        "request_token_usage": {"u1": {"input_tokens": 50, "output_tokens": 7}},
        "cumulative_token_usage": USED,
        "messages": MESSAGES,
    }
    return content | changes


def row(content=None, name=THREAD, **changes):
    data = content if isinstance(content, bytes | str) else json.dumps(content or thread()).encode()
    columns = {
        "id": name,
        "summary": "SECRET",
        "updated_at": UPDATED,
        "data_type": "zstd",
        "data": zstandard.compress(data) if isinstance(data, bytes) else data,
        "parent_id": None,
        "folder_paths": "/a\n/gone",
        "folder_paths_order": "1,0",
        "created_at": CREATED,
    }
    return columns | changes


def write(folder, *rows):
    file = folder / "threads" / "threads.db"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as database:
        names = list(rows[0])
        database.execute(f"CREATE TABLE threads ({', '.join(names)})")
        for values in rows:
            database.execute(
                f"INSERT INTO threads VALUES ({', '.join('?' * len(names))})", list(values.values())
            )
        database.commit()
    return file


def counts(events):
    kinds = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens")
    return [tuple(call[kind] for kind in kinds) for call in named(events, "api_request")]


def test_usage_prompts_and_tools_are_told_without_what_was_written(tmp_path):
    journal = Recording()

    events = read("zed", write(tmp_path, row()), journal=journal)

    session = {"session.id": THREAD}
    assert told(events) == [
        ("zed.session_start", session),
        (
            "zed.tool_decision",
            session | {"tool_name": "edit_file", "tool_use_id": "t1", "decision": "accept"},
        ),
        (
            "zed.tool_result",
            session | {"tool_name": "edit_file", "tool_use_id": "t1", "success": "true"},
        ),
        (
            "zed.tool_result",
            session | {"tool_name": "terminal", "tool_use_id": "t2", "success": "false"},
        ),
        ("zed.user_prompt", session | {"message.uuid": "u1"}),
        (
            "zed.api_request",
            session
            | {
                "input_tokens": 400,
                "output_tokens": 60,
                "cache_creation_tokens": 5,
                "cache_read_tokens": 30000,
                "model": "claude-sonnet-5",
                "provider": "anthropic",
                "request_id": THREAD,
            },
        ),
    ]
    assert {event.cwd for event in events} == {"/gone"}
    assert journal == Recording()


def edit(call, tool="edit_file", is_error=False, **more):
    result = {"tool_use_id": call, "tool_name": tool, "is_error": is_error} | more
    return {"Agent": {"content": [], "tool_results": {call: result}}}


def test_an_edit_that_was_made_is_accepted_and_only_what_a_person_denied_is_rejected(tmp_path):
    denied = "Permission to run tool denied by user"
    output = {
        "input_path": "SECRET",
        "old_text": "b",
        "new_text": "c",
        "diff": "@@ -1,2 +1,3 @@\n a\n-b\n+c\n+d\n",
    }
    messages = [
        edit("t1", output=output),
        edit("t2", "write_file", True, content=[{"Text": denied}], output={"error": denied, "diff": ""}),
        edit("t3", is_error=True, content=denied),
        edit("t4", is_error=True, content=["Could not find matching text"]),
        edit("t5", "terminal", True, content=[denied]),
    ]

    events = read("zed", write(tmp_path, row(thread(messages=messages))))

    decided = [
        (one["tool_use_id"], one["tool_name"], one["decision"]) for one in named(events, "tool_decision")
    ]
    assert decided == [
        ("t1", "edit_file", "accept"),
        ("t2", "write_file", "reject"),
        ("t3", "edit_file", "reject"),
    ]
    lines = [(one.get("lines_added"), one.get("lines_removed")) for one in named(events, "tool_result")]
    assert lines == [(2, 1), (None, None), (None, None), (None, None), (None, None)]
    assert "SECRET" not in str(events)


@pytest.mark.parametrize(
    ("cumulative", "requests", "expected"),
    [
        (USED, {"u1": {"input_tokens": 50}}, (400, 60, 5, 30000)),
        ({}, {"u1": {"input_tokens": 50, "output_tokens": 7}, "u2": {"input_tokens": 1}}, (51, 7, 0, 0)),
        # Counted from the middle of the thread on.
        ({"input_tokens": 10}, {"u1": {"input_tokens": 50}}, (50, 0, 0, 0)),
        (None, [{"input_tokens": 5}, {"output_tokens": 2}], (5, 2, 0, 0)),
    ],
)
def test_the_larger_counter_counts_and_never_both(tmp_path, cumulative, requests, expected):
    content = thread(cumulative_token_usage=cumulative, request_token_usage=requests)

    assert counts(read("zed", write(tmp_path, row(content)))) == [expected]


def test_plain_json_and_databases_of_before_are_read(tmp_path):
    old = {
        "id": THREAD,
        "summary": "s",
        "updated_at": UPDATED,
        "data_type": "json",
        "data": json.dumps(thread()),
    }

    events = read("zed", write(tmp_path, old))

    assert counts(events) == [(400, 60, 5, 30000)]
    assert [event.name for event in events] == ["zed.api_request"]  # nothing tells when it was created


def test_a_subagent_counts_under_the_thread_that_started_it(tmp_path):
    child = thread(cumulative_token_usage={"input_tokens": 9}, request_token_usage={})
    grandchild = thread(
        cumulative_token_usage={"input_tokens": 2},
        request_token_usage={},
        subagent_context={"parent_thread_id": CHILD},
    )
    file = write(tmp_path, row(grandchild, "g"), row(child, CHILD, parent_id=THREAD), row())

    events = read("zed", file)

    calls = {call.get("thread.id"): call["input_tokens"] for call in named(events, "api_request")}
    assert calls == {None: 400, CHILD: 9, "g": 2}
    assert {event.session for event in events} == {THREAD}
    assert len(named(events, "user_prompt")) == 1


def test_imported_threads_tell_nothing(tmp_path):
    journal = Recording()

    assert read("zed", write(tmp_path, row(thread(imported=True))), journal=journal) == []
    assert journal.skipped == 1


def test_a_thread_that_has_grown_differs_only_in_its_usage(tmp_path):
    before = read("zed", write(tmp_path, row()))
    same = read("zed", write(tmp_path, row()))
    grown = thread(cumulative_token_usage=USED | {"output_tokens": 99})
    after = read("zed", write(tmp_path, row(grown, updated_at="2026-11-03T09:00:00Z")))

    assert identities(before) == identities(same)
    assert len(identities(before) - identities(after)) == 1
    assert {call["request_id"] for call in named(before + after, "api_request")} == {THREAD}


def test_a_copy_of_the_database_adds_nothing(tmp_path):
    journal = Recording()
    files = [write(tmp_path / name, row()) for name in ("one", "two")]

    assert counts(read("zed", *files, journal=journal)) == [(400, 60, 5, 30000)]
    assert journal.repeats == 6


@pytest.mark.parametrize(
    ("values", "told_as"),
    [
        (
            row(thread(cumulative_token_usage={}, request_token_usage={}, usage={"input_tokens": 4})),
            ("zed", "thread", "usage.input_tokens"),
        ),
        (
            row(thread(cumulative_token_usage={"prompt_tokens": 4}, request_token_usage={})),
            ("zed", "thread", "cumulative_token_usage.prompt_tokens"),
        ),
        (row() | {"total_cost_usd": 2.5}, ("zed", "row of threads", "total_cost_usd")),
    ],
)
def test_usage_that_is_not_understood_is_told(tmp_path, values, told_as):
    journal = Recording()
    read("zed", write(tmp_path, values), journal=journal)

    assert journal.unknown == [told_as]


@pytest.mark.parametrize(
    "bad",
    [
        row(b"no JSON"),
        row(b"[]"),
        row(data=b"no zstd"),
        row(data=None),
        row(data=5),
        row(data_type="json", data="{"),
        row(name=None),
        row(updated_at="never") | {"created_at": None},
        row(thread(cumulative_token_usage={"input_tokens": "many"})),
        row(thread(cumulative_token_usage={"input_tokens": 10**17})),
        row(thread(request_token_usage={"u": {"output_tokens": -1}})),
    ],
)
def test_a_bad_thread_is_put_aside_and_the_rest_is_read(tmp_path, bad):
    journal = Recording()

    events = read("zed", write(tmp_path, bad, row(name=CHILD)), journal=journal)

    assert counts(events) == [(400, 60, 5, 30000)]
    assert len(journal.quarantined) == 1


@pytest.mark.parametrize("value", [None, 5, [], {}, "x", [[]], {"a": {}}])
@pytest.mark.parametrize("place", [*thread(), "subagent_context"])
def test_values_of_other_types_do_no_harm(tmp_path, place, value):
    read("zed", write(tmp_path, row(thread() | {place: value}), row(name=CHILD, parent_id=CHILD)))


def test_the_database_stays_as_it_is(tmp_path):
    file = write(tmp_path, row())
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode=WAL")
    before = file.read_bytes()

    assert counts(read("zed", file)) == [(400, 60, 5, 30000)]
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_what_zed_has_just_written_is_read(tmp_path):
    file = write(tmp_path, row())
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        grown = json.dumps(thread(cumulative_token_usage=USED | {"output_tokens": 99})).encode()
        database.execute("UPDATE threads SET data = ?", [zstandard.compress(grown)])
        database.commit()

        assert counts(read("zed", file)) == [(400, 99, 5, 30000)]
