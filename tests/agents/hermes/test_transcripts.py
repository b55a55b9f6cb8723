"""Hermes' sums: rows by model and task, and what a session's own sums exceed them by."""

import json
import sqlite3
from contextlib import closing

import pytest

from tests.agents.recording import Recording, identities, named, read, told

START = 1_793_613_600.0  # 2026-11-02 10:00 UTC
ROOT, NEXT, CHILD = "20261102_100000_aaaaaa", "20261102_110000_bbbbbb", "20261102_120000_cccccc"


def sums(sent=0, received=0, read=0, written=0, cost=0.0, status="estimated"):
    return {
        "input_tokens": sent,
        "output_tokens": received,
        "cache_read_tokens": read,
        "cache_write_tokens": written,
        "reasoning_tokens": received // 2,
        "estimated_cost_usd": cost,
        "actual_cost_usd": 0.0,
        "cost_status": status,
        "cost_source": "official_docs_snapshot",
    }


def session(name=ROOT, config=None, **changes):
    return {
        "id": name,
        "source": "cli",
        "model": "claude-sonnet-5",
        "model_config": json.dumps(config or {}),
        "billing_provider": "anthropic",
        "parent_session_id": None,
        "started_at": START,
        "ended_at": None,
        "last_activity_at": START + 900,
        "end_reason": None,
        "cwd": "/gone",
        "git_branch": "main",
        "title": "SECRET",
        **sums(),
    } | changes


def usage(name=ROOT, task="", model="claude-sonnet-5", **changes):
    return {
        "session_id": name,
        "model": model,
        "billing_provider": "anthropic",
        "billing_base_url": "https://user:SECRET@example.com",
        "billing_mode": "official_docs_snapshot",
        "task": task,
        "api_call_count": 12,
        "first_seen": START + 1,
        "last_seen": START + 600.5,
        **sums(),
    } | changes


def message(number, role, name=ROOT, at=0.0, content="SECRET", **changes):
    return {
        "id": number,
        "session_id": name,
        "role": role,
        "content": content,
        "tool_call_id": None,
        "tool_name": None,
        "timestamp": START + at,
        "display_kind": None,
        "_compressed_summary": 0,
        "active": 1,
        "compacted": 0,
        "token_count": 99,
    } | changes


def write(folder, sessions=(), usages=(), messages=(), **others):
    folder.mkdir(exist_ok=True)
    file = folder / "state.db"
    file.unlink(missing_ok=True)
    tables = {
        "sessions": sessions or [session()],
        "session_model_usage": usages,
        "messages": messages or [message(1, "system")],
        "schema_version": [{"version": 30}],
    }
    with closing(sqlite3.connect(file)) as database:
        for table, rows in (tables | others).items():
            names = list(rows[0]) if rows else list(usage())
            database.execute(f"CREATE TABLE {table} ({', '.join(names)})")
            for row in rows:
                values = list(row.values())
                database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})", values)
        database.commit()
    return file


def counts(events):
    kinds = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens")
    return sorted(
        (call["session.id"], call.get("model"), *(call[kind] for kind in kinds))
        for call in named(events, "api_request")
    )


def test_usage_prompts_and_tools_are_told_without_what_was_written(tmp_path):
    made = json.dumps({"output": "[main 9170fd3] Greet\n 1 file changed", "exit_code": 0, "error": None})
    failed = json.dumps({"error": "SECRET"})
    file = write(
        tmp_path,
        [session(**sums(5200, 2100, 81000, 3000, 0.11))],
        [usage(**sums(5200, 2100, 81000, 3000, 0.11))],
        [
            message(1, "user", at=1),
            message(2, "tool", at=2, content=made, tool_name="terminal", tool_call_id="c1"),
            message(3, "tool", at=3, content=failed, tool_name="patch", tool_call_id="c2"),
            message(4, "user", at=4, display_kind="hidden"),
            message(5, "user", at=5, _compressed_summary=1),
            message(6, "user", at=6, active=0),
            message(7, "user", at=7, active=0, compacted=1),
        ],
    )
    journal = Recording()

    events = read("hermes", file, journal=journal)

    own = {"session.id": ROOT}
    assert [name for name, _ in told(events)] == [
        "hermes.session_start",
        "hermes.user_prompt",
        "hermes.tool_result",
        "hermes.tool_result",
        "hermes.user_prompt",
        "hermes.api_request",
    ]
    (call,) = named(events, "api_request")
    assert call == own | {
        "model": "claude-sonnet-5",
        "provider": "anthropic",
        "input_tokens": 5200,
        "output_tokens": 2100,
        "cache_read_tokens": 81000,
        "cache_creation_tokens": 3000,
        "cost_usd": 0.11,
        "request_id": call["request_id"],
    }
    assert named(events, "session_start") == [own | {"vcs.ref.head.name": "main"}]
    assert named(events, "user_prompt") == [own | {"message.uuid": f"{ROOT}:{n}"} for n in (1, 7)]
    assert named(events, "tool_result") == [
        own | {"tool_name": "terminal", "tool_use_id": "c1", "success": "true", "git_commit_id": "9170fd3"},
        own | {"tool_name": "patch", "tool_use_id": "c2", "success": "false"},
    ]
    assert events[-1].at.isoformat() == "2026-11-02T10:10:00.500000+00:00"
    assert "SECRET" not in str(events)
    assert journal == Recording()


@pytest.mark.parametrize("source", ["acp", "cli"])
def test_an_edit_is_accepted_only_where_somebody_was_asked(tmp_path, source):
    diff = "--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n a\n-b\n+c\n+d\n"
    results = [
        ("patch", {"success": True, "diff": diff}),
        ("write_file", {"bytes_written": 7}),
        ("write_file", {"error": "Edit approval denied by ACP client; file was not modified."}),
        ("patch", {"error": "Edit approval denied: could not prepare diff (SECRET)"}),
        ("terminal", {"output": "", "exit_code": 0, "error": None}),
    ]
    messages = [
        message(number, "tool", content=json.dumps(result), tool_name=tool, tool_call_id=f"c{number}")
        for number, (tool, result) in enumerate(results)
    ]

    events = read("hermes", write(tmp_path, [session(source=source)], messages=messages))

    decided = [(one["tool_use_id"], one["decision"]) for one in named(events, "tool_decision")]
    accepted = [("c0", "accept"), ("c1", "accept")] if source == "acp" else []
    assert sorted(decided) == [*accepted, ("c2", "reject")]
    lines = {
        one["tool_use_id"]: (one.get("lines_added"), one.get("lines_removed"))
        for one in named(events, "tool_result")
    }
    assert lines == {"c0": (2, 1)} | dict.fromkeys(("c1", "c2", "c3", "c4"), (None, None))
    assert "SECRET" not in str(events)


def test_rows_count_and_of_a_sessions_sums_what_exceeds_them(tmp_path):
    file = write(
        tmp_path,
        [session(**sums(1000, 100, 50, 5, 1.0))],
        [
            usage(**sums(600, 60, 50, 5, 0.5)),
            usage(task="voice_chat", model="gpt-5", **sums(100, 10, cost=0.1)),
            usage(task="compression", model="gemini-3-flash", **sums(70, 7, cost=0.07)),
        ],
    )

    events = read("hermes", file)

    assert counts(events) == [
        (ROOT, "claude-sonnet-5", 300, 30, 0, 0),
        (ROOT, "claude-sonnet-5", 600, 60, 5, 50),
        (ROOT, "gemini-3-flash", 70, 7, 0, 0),
        (ROOT, "gpt-5", 100, 10, 0, 0),
    ]
    costs = sorted(call["cost_usd"] for call in named(events, "api_request"))
    assert costs == pytest.approx([0.07, 0.1, 0.4, 0.5])


def test_a_gateways_session_counts_by_its_sums_though_it_has_rows_of_other_tasks(tmp_path):
    file = write(tmp_path, [session(**sums(1000, 100))], [usage(task="vision", model="gpt-5", **sums(70, 7))])

    assert counts(read("hermes", file)) == [
        (ROOT, "claude-sonnet-5", 1000, 100, 0, 0),
        (ROOT, "gpt-5", 70, 7, 0, 0),
    ]


def test_sums_that_are_lower_than_their_rows_take_nothing_away(tmp_path):
    file = write(tmp_path, [session(**sums(10, 1, cost=0.1))], [usage(**sums(600, 60, cost=0.5))])

    assert counts(read("hermes", file)) == [(ROOT, "claude-sonnet-5", 600, 60, 0, 0)]


@pytest.mark.parametrize(
    ("changes", "cost"),
    [
        ({"actual_cost_usd": 0.2}, 0.2),
        ({"cost_status": "included"}, None),
        ({"cost_status": "unknown"}, None),
        ({"estimated_cost_usd": 0.0}, None),
    ],
)
def test_what_a_subscription_includes_and_what_nobody_knows_is_no_cost(tmp_path, changes, cost):
    file = write(tmp_path, usages=[usage(**(sums(600, 60, cost=0.5) | changes))])

    (call,) = named(read("hermes", file), "api_request")
    assert call.get("cost_usd") == cost


def test_a_cost_of_the_whole_session_is_not_added_to_rows_that_are_priced_by_their_tokens(tmp_path):
    file = write(
        tmp_path,
        [session(**sums(600, 60, cost=0.5))],
        [usage(**sums(600, 60, status="unknown"))],
    )

    assert [call.get("cost_usd") for call in named(read("hermes", file), "api_request")] == [None]


def test_what_follows_a_compression_and_what_an_agent_delegates_is_part_of_the_session(tmp_path):
    file = write(
        tmp_path,
        [
            session(CHILD, {"_delegate_from": NEXT}, parent_session_id=NEXT, source="subagent", **sums(3, 3)),
            session(NEXT, parent_session_id=ROOT, **sums(2, 2)),
            session(ROOT, end_reason="compression", **sums(1, 1)),
        ],
        messages=[message(1, "user"), message(2, "user", NEXT), message(3, "user", CHILD)],
    )

    events = read("hermes", file)

    assert {event.session for event in events} == {ROOT}
    threads = {call.get("thread.id"): call["input_tokens"] for call in named(events, "api_request")}
    assert threads == {None: 1, NEXT: 2, CHILD: 3}
    prompts = {prompt["message.uuid"] for prompt in named(events, "user_prompt")}
    assert prompts == {f"{ROOT}:1", f"{NEXT}:2"}
    assert len(named(events, "session_start")) == 1


@pytest.mark.parametrize("swapped", [False, True])
def test_a_branch_is_a_session_of_its_own_without_the_messages_that_it_copies(tmp_path, swapped):
    sessions = [
        session(ROOT, **sums(1, 1)),
        session(NEXT, {"_branched_from": ROOT}, parent_session_id=ROOT, **sums(2, 2)),
    ]
    messages = [
        message(1, "user", content="a"),
        message(2, "tool", tool_call_id="c1", tool_name="patch"),
        message(3, "user", content="b"),
        message(11, "user", NEXT, content="a"),
        message(12, "tool", NEXT, tool_call_id="c1", tool_name="patch"),
        message(13, "user", NEXT, content="c"),
        message(14, "user", NEXT, content="a"),
    ]
    journal = Recording()
    order = reversed if swapped else list
    file = write(tmp_path, list(order(sessions)), messages=list(order(messages)))

    events = read("hermes", file, journal=journal)

    assert counts(events) == [(ROOT, "claude-sonnet-5", 1, 1, 0, 0), (NEXT, "claude-sonnet-5", 2, 2, 0, 0)]
    assert sorted(prompt["message.uuid"] for prompt in named(events, "user_prompt")) == [
        f"{ROOT}:1",
        f"{ROOT}:3",
        f"{NEXT}:13",
        f"{NEXT}:14",
    ]
    assert len(named(events, "tool_result")) == 1
    assert journal.repeats == 2


def test_sums_that_have_grown_keep_their_request_ids(tmp_path):
    messages = [message(1, "user")]
    first = write(tmp_path, usages=[usage(**sums(600, 60))], messages=messages)
    before, again = read("hermes", first), read("hermes", first)
    grown = [usage(**sums(700, 70), last_seen=START + 90_000)]
    after = read("hermes", write(tmp_path, usages=grown, messages=messages))

    assert identities(before) == identities(again)
    assert len(identities(before) - identities(after)) == 1
    assert len({call["request_id"] for call in named(before + after, "api_request")}) == 1


def test_a_copy_of_the_database_adds_nothing(tmp_path):
    journal = Recording()
    files = [write(tmp_path / name, usages=[usage(**sums(6, 6))]) for name in ("one", "two")]

    assert counts(read("hermes", *files, journal=journal)) == [(ROOT, "claude-sonnet-5", 6, 6, 0, 0)]
    assert journal.repeats == 2


def test_usage_of_a_session_that_was_deleted_counts(tmp_path):
    file = write(tmp_path, [session(NEXT)], [usage(**sums(6, 6))])

    assert counts(read("hermes", file)) == [(ROOT, "claude-sonnet-5", 6, 6, 0, 0)]


def test_an_old_database_without_rows_by_model_is_read(tmp_path):
    old = {
        "id": ROOT,
        "source": "cli",
        "started_at": START,
        "end_reason": None,
        "input_tokens": 5,
        "output_tokens": 2,
    }

    assert counts(read("hermes", write(tmp_path, [old]))) == [(ROOT, None, 5, 2, 0, 0)]


def test_days_tell_the_same_sums_again_and_are_not_added(tmp_path):
    journal = Recording()
    day = {"session_id": ROOT, "day": "2026-11-02", "api_call_count": 1, **sums(600, 60)}
    file = write(tmp_path, [session(**sums(600, 60))], session_daily_usage=[day])

    assert counts(read("hermes", file, journal=journal)) == [(ROOT, "claude-sonnet-5", 600, 60, 0, 0)]
    assert journal == Recording()


def test_usage_that_is_not_understood_is_told(tmp_path):
    journal = Recording()
    file = write(
        tmp_path,
        [session(audio_tokens=4)],
        usages=[usage(audio_tokens=0)],
        model_usage=[usage(**sums(6, 6))],
    )
    read("hermes", file, journal=journal)

    assert journal.unknown == [
        ("hermes", "row of model_usage", "input_tokens"),
        ("hermes", "row of sessions", "audio_tokens"),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        {"input_tokens": "many"},
        {"output_tokens": -1},
        {"cache_read_tokens": 2**60},
        {"last_seen": "never"},
        {"last_seen": 1e300},
        {"last_seen": float("inf")},
    ],
)
def test_a_bad_row_is_put_aside_and_the_rest_is_read(tmp_path, bad):
    journal = Recording()
    file = write(
        tmp_path, usages=[usage(**(sums(600, 60) | bad)), usage(NEXT, **sums(6, 6))], sessions=[session()]
    )

    events = read("hermes", file, journal=journal)

    assert counts(events) == [(NEXT, "claude-sonnet-5", 6, 6, 0, 0)]
    assert len(journal.quarantined) == 1


@pytest.mark.parametrize(
    "value", [None, 5, "x", b"\xff\x00", "[]", -1.5, float("inf"), "\ud800".encode("utf-8", "surrogatepass")]
)
@pytest.mark.parametrize("table", ["sessions", "usages", "messages"])
def test_values_of_other_types_do_no_harm(tmp_path, table, value):
    rows = {
        "sessions": session(**sums(6, 6)),
        "usages": usage(**sums(6, 6)),
        "messages": message(1, "tool", content="{}", tool_name="terminal"),
    }
    broken = [rows[table] | {place: value} for place in rows[table]]
    read("hermes", write(tmp_path, **({name: [row] for name, row in rows.items()} | {table: broken})))


def test_parents_that_go_round_in_a_circle_do_no_harm(tmp_path):
    file = write(tmp_path, [session(parent_session_id=NEXT), session(NEXT, parent_session_id=ROOT)])

    assert read("hermes", file) == []


def test_a_database_that_is_damaged_is_put_aside(tmp_path):
    file = write(tmp_path, [session(f"s{n}", **sums(1, 1)) for n in range(500)])
    content = bytearray(file.read_bytes())
    content[4096 * 4 : -4096] = b"\xff" * (len(content) - 4096 * 5)
    file.write_bytes(content)
    journal = Recording()

    read("hermes", file, journal=journal)

    assert any("could not be read" in reason for reason in journal.quarantined)
