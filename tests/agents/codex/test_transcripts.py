"""Codex's rollouts: what a thread's total grew by, without what it copied."""

import copy
import gzip
import json
import random

import pytest
import zstandard

from tests.agents.recording import Recording, captures, counted, identities, named, read, served, told
from tests.ingest.transcripts.conftest import write_lines

DAY = "2026-11-02"
NOTHING = (0, 0, 0, 0)
MODEL = "gpt-6.1-sol"


def meta(session, at="10:00:00", **payload):
    described = {"id": session, "cwd": "/gone", "cli_version": "0.140.0", **payload}
    return line("session_meta", at, described)


def line(kind, at, payload):
    return {"timestamp": f"{DAY}T{at}Z", "type": kind, "payload": payload}


def event(what, at, **payload):
    return line("event_msg", at, {"type": what, **payload})


def prompt(at, said="SECRET"):
    return event("user_message", at, message=said)


def model(name=MODEL, at="10:00:00", **payload):
    return line("turn_context", at, {"model": name, **payload})


def count(at, *, total, last=NOTHING):
    info = {"total_token_usage": usage(*total), "last_token_usage": usage(*last)}
    return event("token_count", at, info=info)


def record(at, response, *counts):
    return line("token_usage_record", at, {"response_id": response, "usage": usage(*counts)})


def usage(sent, cached, received, reasoning):
    return {
        "input_tokens": sent,
        "cached_input_tokens": cached,
        "output_tokens": received,
        "reasoning_output_tokens": reasoning,
        "total_tokens": sent + received,
    }


def turn(at, milliseconds=None):
    """A turn begins; its id holds the time of that."""
    minted = 1793613600000 + milliseconds  # 2026-11-02T10:00:00
    return event(
        "task_started", at, turn_id=f"{minted:012x}"[:8] + f"-{minted:012x}"[9:] + "-7000-8000-000000000000"
    )


FIRST = count("10:00:05", total=(1000, 800, 100, 40), last=(1000, 800, 100, 40))
SECOND = count("10:01:00", total=(2500, 2000, 130, 50), last=(1500, 1200, 30, 10))
FORKED = {"forked_from_id": "a"}
SPAWNED = {"source": {"subagent": {"thread_spawn": {"parent_thread_id": "a"}}}}


def rollout(folder, session, *lines):
    name = f"rollout-{DAY}T10-00-00-{session}.jsonl"
    return write_lines(folder / "sessions" / "2026" / "11" / "02" / name, *lines)


def responses(events):
    names = ("input_token_count", "cached_token_count", "output_token_count")
    return [
        (values["session.id"], *(values[name] for name in names)) for values in named(events, "sse_event")
    ]


@pytest.mark.parametrize(("expected", "folder"), captures(__file__))
def test_a_capture_tells_what_was_served(expected, folder):
    journal = Recording()
    events = read("codex", folder, journal=journal)

    assert counted(events) == served(expected)
    assert {event.session for event in events} == set(expected["sessions"])
    tools = named(events, "tool_result")
    asked = [tool for session in expected["sessions"].values() for tool in session["tools_asked"]]
    assert sorted(values["tool_name"] for values in tools) == sorted(asked)
    commits = [commit.partition("|")[0][:7] for commit in expected["git"][:-1]]
    assert [values["git_commit_id"] for values in tools if "git_commit_id" in values] == commits
    assert len(named(events, "user_prompt")) == (
        2 if folder.name.split("-")[2][:4] in ("fork", "resu") else 1
    )
    assert (journal.unknown, journal.quarantined, journal.warnings) == ([], [], [])


def test_edits_of_a_capture_have_lines_and_are_accepted():
    folder = next(
        folder for _, folder in (case.values for case in captures(__file__)) if "tools" in folder.name
    )
    events = read("codex", folder)

    (edit,) = (values for values in named(events, "tool_result") if values["tool_name"] == "apply_patch")
    assert (edit["lines_added"], edit["lines_removed"], edit["success"]) == (2, 1, "true")
    (decision,) = named(events, "tool_decision")
    assert (decision["tool_name"], decision["decision"]) == ("apply_patch", "accept")


def test_what_happened_is_told_as_telemetry_would(tmp_path):
    git = {"branch": "main", "repository_url": "https://github.com/o/r.git"}
    lines = [meta("a", git=git), model(), prompt("10:00:01"), FIRST, SECOND]
    events = read("codex", rollout(tmp_path, "a", *lines))

    session = {"session.id": "a", "app.version": "0.140.0"}
    response = session | {"event.kind": "response.completed", "model": MODEL}
    assert told(events) == [
        (
            "codex.session_start",
            session | {"vcs.ref.head.name": "main", "vcs.repository.url.full": "https://github.com/o/r.git"},
        ),
        ("codex.user_prompt", session),
        (
            "codex.sse_event",
            response
            | {
                "event.sequence": 1,
                "input_token_count": 1000,
                "cached_token_count": 800,
                "output_token_count": 100,
                "reasoning_token_count": 40,
            },
        ),
        (
            "codex.sse_event",
            response
            | {
                "event.sequence": 2,
                "input_token_count": 1500,
                "cached_token_count": 1200,
                "output_token_count": 30,
                "reasoning_token_count": 10,
            },
        ),
    ]
    assert {(event.cwd, event.version) for event in events} == {("/gone", "0.140.0")}
    assert "SECRET" not in str(events)


def test_a_total_that_is_said_again_is_no_response(tmp_path):
    again = count("10:00:06", total=(1000, 800, 100, 40), last=(1000, 800, 100, 40))
    empty = event("token_count", "10:00:07", info=None)
    journal = Recording()
    events = read("codex", rollout(tmp_path, "a", meta("a"), FIRST, again, empty, SECOND), journal=journal)

    assert responses(events) == [("a", 1000, 800, 100), ("a", 1500, 1200, 30)]
    assert journal.repeats == 1


@pytest.mark.parametrize("anew", [(300, 0, 20, 0), (5000, 0, 500, 0)])
def test_a_total_that_begins_anew_counts_its_last_response_even_where_it_stands_higher(tmp_path, anew):
    lines = [meta("a"), FIRST, count("10:02:00", total=anew, last=anew)]

    assert responses(read("codex", rollout(tmp_path, "a", *lines))) == [
        ("a", 1000, 800, 100),
        ("a", *anew[:3]),
    ]


def test_a_count_that_is_missing_is_in_the_next_one(tmp_path):
    later = count("10:02:00", total=(5000, 800, 300, 40), last=(500, 0, 50, 0))

    assert responses(read("codex", rollout(tmp_path, "a", meta("a"), FIRST, later)))[1:] == [
        ("a", 4000, 0, 200)
    ]


def test_without_totals_each_response_counts(tmp_path):
    lasts = [count(f"10:00:0{n}", total=NOTHING, last=(100, 0, 10, 0)) for n in (1, 2)]

    assert responses(read("codex", rollout(tmp_path, "a", meta("a"), *lasts))) == [("a", 100, 0, 10)] * 2


def test_the_model_is_the_one_of_the_turn(tmp_path):
    lines = [meta("a"), model("gpt-6-sol"), FIRST, model("gpt-6-luna"), SECOND]
    events = read("codex", rollout(tmp_path, "a", *lines))

    assert [values["model"] for values in named(events, "sse_event")] == ["gpt-6-sol", "gpt-6-luna"]


def test_a_service_tier_holds_until_the_next_settings(tmp_path):
    def settings(at, **told):
        return event("thread_settings_applied", at, thread_settings={"model": MODEL, **told})

    third = count("10:02:00", total=(2600, 2000, 140, 50), last=(100, 0, 10, 0))
    fourth = count("10:03:00", total=(2700, 2000, 150, 50), last=(100, 0, 10, 0))
    lines = [
        *(meta("a"), settings("10:00:01", service_tier="priority"), FIRST),
        *(settings("10:00:30", service_tier="default"), SECOND),
        *(settings("10:01:30", service_tier="flex"), third, settings("10:02:30"), fourth),
    ]
    events = read("codex", rollout(tmp_path, "a", *lines))

    tiers = [values.get("service_tier") for values in named(events, "sse_event")]
    assert tiers == ["priority", None, "flex", None]
    assert {values["model"] for values in named(events, "sse_event")} == {MODEL}


def requests(events):
    return [(values.get("request_id"), values["output_token_count"]) for values in named(events, "sse_event")]


def test_a_response_that_a_record_and_a_count_tell_is_one_and_has_the_record_s_id(tmp_path):
    lines = [meta("a"), record("10:00:04", "r1", 1000, 800, 100, 40), FIRST, SECOND]

    assert requests(read("codex", rollout(tmp_path, "a", *lines))) == [("r1", 100), (None, 30)]


def test_what_only_a_record_tells_counts_such_as_a_compaction_by_the_server(tmp_path):
    compaction = record("10:00:30", "c1", 90000, 0, 3000, 0)
    lines = [meta("a"), FIRST, compaction, line("compacted", "10:00:31", {"message": "SECRET"}), SECOND]

    assert requests(read("codex", rollout(tmp_path, "a", *lines))) == [(None, 100), ("c1", 3000), (None, 30)]


def test_one_count_for_several_records_is_as_many_responses(tmp_path):
    lines = [
        *(meta("a"), record("10:00:03", "r1", 400, 300, 60, 40), record("10:00:04", "r2", 600, 500, 40, 0)),
        FIRST,
    ]

    assert requests(read("codex", rollout(tmp_path, "a", *lines))) == [("r1", 60), ("r2", 40)]


def test_a_record_whose_count_is_not_written_yet_counts_once_under_its_id(tmp_path):
    lines = [meta("a"), record("10:00:04", "r1", 1000, 800, 100, 40), FIRST]

    assert requests(read("codex", rollout(tmp_path, "a", *lines[:2]))) == [("r1", 100)]
    assert requests(read("codex", rollout(tmp_path, "a", *lines))) == [("r1", 100)]


# A fork that copies FIRST and SECOND, and then does something of its own.
OWN = count("12:01:00", total=(4000, 3000, 150, 50), last=(1500, 1000, 20, 0))
PARENT = ("a", meta("a"), prompt("10:00:01"), FIRST, SECOND)


def again(line, at):
    return {**line, "timestamp": f"{DAY}T{at}Z"}


def fork(folder, source=FORKED, times=("12:00:00.1", "12:00:00.2", "12:00:00.2"), marks=(), **payload):
    asked = again(prompt("12:00:00"), times[0])
    copies = [again(original, at) for original, at in zip((FIRST, SECOND), times[1:], strict=True)]
    first = marks[:1] and [again(marks[0], times[0])]
    return rollout(
        folder,
        "b",
        *(meta("b", "12:00:00", **source, **payload), meta("a", "12:00:00"), *first, asked, *copies),
        *(*marks[1:], prompt("12:00:30", "OTHER"), OWN),
    )


COPIES = {
    "at once": ("12:00:00.1", "12:00:00.2", "12:00:00.2"),
    "slowly": ("12:00:00.9", "12:00:01.4", "12:00:02.3"),
    "under the old times": ("10:00:01", "10:00:05", "10:01:00"),
}


@pytest.mark.parametrize("times", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("with_parent", [True, False])
def test_a_fork_counts_what_its_parent_did_not_however_it_was_copied(tmp_path, times, with_parent):
    files = [fork(tmp_path, times=times)] + [rollout(tmp_path, *PARENT)] * with_parent
    journal = Recording()
    events = read("codex", *files, journal=journal)

    own = [told for told in responses(events) if told[0] == "b"]
    assert own == [("b", 1500, 1000, 20)]
    assert len(responses(events)) == (3 if with_parent else 1)
    prompts = [values["session.id"] for values in named(events, "user_prompt")]
    assert prompts == ["a", "b"] if with_parent else ["b"]
    assert journal.repeats == 3


@pytest.mark.parametrize("with_parent", [True, False])
@pytest.mark.parametrize("times", [*COPIES.values(), ("12:00:10", "12:00:20", "12:00:25")])
def test_turns_tell_what_is_copied_by_the_time_in_their_ids(tmp_path, times, with_parent):
    marks = (turn("10:00:00", 1000), turn("12:00:29", 2 * 3600_000 + 29_000))
    files = [fork(tmp_path, times=times, marks=marks)] + [rollout(tmp_path, *PARENT)] * with_parent

    assert [told for told in responses(read("codex", *files)) if told[0] == "b"] == [("b", 1500, 1000, 20)]


def test_a_fork_that_answers_at_once_loses_nothing(tmp_path):
    own = turn("12:00:00.3", 2 * 3600_000 + 300)
    quick = [again(prompt("12:00:00", "OTHER"), "12:00:00.3"), again(OWN, "12:00:00.4")]
    copies = [again(original, "12:00:00.2") for original in (turn("10:00:00", 1000), FIRST, SECOND)]
    file = rollout(
        tmp_path, "b", meta("b", "12:00:00", **FORKED), meta("a", "12:00:00"), *copies, own, *quick
    )
    events = read("codex", file)

    assert responses(events) == [("b", 1500, 1000, 20)]
    assert len(named(events, "user_prompt")) == 1


def test_a_fork_in_which_nothing_was_done_yet_counts_nothing(tmp_path):
    copies = [again(original, "12:00:00.2") for original in (turn("10:00:00", 1000), prompt("x"), FIRST)]
    events = read("codex", rollout(tmp_path, "b", meta("b", "12:00:00", **FORKED), *copies))

    assert [event.name for event in events] == ["codex.session_start"]


def test_a_copy_with_other_times_is_known_by_its_parent(tmp_path):
    child = rollout(
        tmp_path,
        *("b", meta("b", "12:00:00", **FORKED)),
        *(again(FIRST, "12:00:10"), again(SECOND, "12:00:20"), OWN),
    )

    assert responses(read("codex", rollout(tmp_path, *PARENT), child))[2:] == [("b", 1500, 1000, 20)]


@pytest.mark.parametrize("with_parent", [True, False])
@pytest.mark.parametrize("payload", [{}, {"history_base": {"thread_id": "a"}, "history_mode": "paginated"}])
def test_a_fork_s_counter_may_go_on_from_its_parent_s_without_a_copy(tmp_path, payload, with_parent):
    child = rollout(tmp_path, "b", meta("b", "12:00:00", **FORKED, **payload), model(), OWN)
    files = [child] + [rollout(tmp_path, *PARENT)] * with_parent

    assert responses(read("codex", *files))[-1] == ("b", 1500, 1000, 20)
    assert len(responses(read("codex", *files))) == (3 if with_parent else 1)


def test_a_fork_whose_counter_goes_on_without_telling_the_last_response_is_measured_by_its_parent(tmp_path):
    own = count("12:01:00", total=(4000, 3000, 150, 50))
    child = rollout(tmp_path, "b", meta("b", "12:00:00", **FORKED), own)

    assert responses(read("codex", rollout(tmp_path, *PARENT), child))[2:] == [("b", 1500, 1000, 20)]


def test_two_forks_that_use_as_much_as_their_parent_does_next_are_three_responses(tmp_path):
    after = [record("12:00:59", "p", 1500, 1000, 20, 0), OWN]
    files = [rollout(tmp_path, *PARENT, *after)]
    for name in ("b", "c"):
        own = [record("12:00:59", name, 1500, 1000, 20, 0), OWN]
        files.append(rollout(tmp_path, name, meta(name, "12:00:00", history_base={"x": 1}, **FORKED), *own))

    assert requests(read("codex", *files))[2:] == [("p", 20), ("b", 20), ("c", 20)]


def test_a_fork_of_a_fork_counts_its_own(tmp_path):
    last = count("13:01:00", total=(4100, 3000, 160, 50), last=(100, 0, 10, 0))
    copies = [again(original, "13:00:00.1") for original in (FIRST, SECOND, OWN)]
    files = [
        rollout(
            tmp_path, "c", meta("c", "13:00:00", forked_from_id="b"), meta("b", "13:00:00"), *copies, last
        ),
        fork(tmp_path),
        rollout(tmp_path, *PARENT),
    ]
    for some in (files, files[:1], files[:2], files[::2]):
        own = [told for told in responses(read("codex", *some)) if told[0] == "c"]
        assert own == [("c", 100, 0, 10)]


def test_forks_tell_the_same_in_any_order_and_any_number_of_ingests(tmp_path):
    files = [rollout(tmp_path, *PARENT), fork(tmp_path)]
    together = identities(read("codex", *files))

    assert identities([*read("codex", files[1]), *read("codex", files[0])]) == together


def test_spawned_threads_are_part_of_their_session_and_what_is_sent_to_them_is_no_prompt(tmp_path):
    main = rollout(tmp_path, "a", meta("a"), prompt("10:00:01"), FIRST)
    spawned = [
        rollout(
            tmp_path, "b", meta("b", "10:00:10", **SPAWNED), prompt("10:00:11"), again(FIRST, "10:00:20")
        ),
        rollout(
            tmp_path,
            "c",
            meta("c", source={"subagent": {"thread_spawn": {"parent_thread_id": "b"}}}),
            prompt("10:00:21"),
            again(FIRST, "10:00:30"),
        ),
    ]
    events = read("codex", main, *spawned)

    assert {event.session for event in events} == {"a"}
    assert responses(events) == [("a", 1000, 800, 100)] * 3
    threads = [values.get("thread.id") for values in named(events, "sse_event")]
    assert threads == [None, "b", "c"]
    assert len(named(events, "user_prompt")) == len(named(events, "session_start")) == 1
    assert {event.session for event in read("codex", spawned[0])} == {"a"}  # without its spawner


def test_a_spawned_thread_names_its_session_where_its_spawner_is_itself_spawned(tmp_path):
    source = {"subagent": {"thread_spawn": {"parent_thread_id": "b"}}}
    events = read(
        "codex", rollout(tmp_path, "c", meta("c", source=source, session_id="a"), again(FIRST, "10:01:00"))
    )

    assert responses(events) == [("a", 1000, 800, 100)]


def test_threads_that_spawn_each_other_end(tmp_path):
    def spawned_by(name):
        return {"source": {"subagent": {"thread_spawn": {"parent_thread_id": name}}}}

    files = [
        rollout(tmp_path, name, meta(name, **spawned_by(other)), again(FIRST, "10:01:00"))
        for name, other in (("a", "b"), ("b", "a"), ("c", "c"))
    ]

    assert len(responses(read("codex", *files))) == 3


@pytest.mark.parametrize("compress", [zstandard.ZstdCompressor().compress, gzip.compress])
def test_a_compressed_rollout_is_read_and_one_beside_its_plain_file_counts_once(tmp_path, compress):
    file = rollout(tmp_path, "a", meta("a"), prompt("10:00:01"), FIRST, SECOND)
    ending = ".zst" if "zst" in repr(compress) or "Zstd" in repr(compress) else ".gz"
    compressed = file.with_name(file.name + ending)
    compressed.write_bytes(compress(file.read_bytes()))
    expected = read("codex", file)

    assert read("codex", file, compressed) == expected
    # The plain file goes on.
    write_lines(
        file, meta("a"), prompt("10:00:01"), FIRST, SECOND, count("10:05:00", total=(2600, 2000, 140, 50))
    )
    assert len(read("codex", file, compressed)) == len(expected) + 1
    file.unlink()
    assert read("codex", compressed) == expected


def test_a_session_that_was_archived_in_between_is_the_same(tmp_path):
    file = rollout(tmp_path, "a", meta("a"), FIRST, SECOND)
    before = identities(read("codex", file))
    archived = tmp_path / "archived_sessions" / file.name
    archived.parent.mkdir()

    assert identities(read("codex", file.rename(archived))) == before


def item(at, kind, name, **more):
    return event("item_completed", at, item={"type": kind, "id": name, **more})


def test_a_prompt_that_two_kinds_of_records_tell_is_one(tmp_path):
    typed = [
        item(at, "UserMessage", name, content=[{"type": "text", "text": said}])
        for at, name, said in (("10:00:01.1", "i1", "SECRET"), ("10:00:03", "i2", "again"))
    ]
    lines = [meta("a"), prompt("10:00:01"), *typed, prompt("10:00:03.5", "again"), prompt("10:09:00")]
    events = read("codex", rollout(tmp_path, "a", *lines))

    assert [values.get("message.uuid") for values in named(events, "user_prompt")] == [None, "i2", None]


@pytest.mark.parametrize(
    "told",
    [
        prompt("10:00:01", "<environment_context>…</environment_context>"),
        prompt("10:00:01", "<subagent_notification>…"),
        event("user_message", "10:00:01", message="x", kind="user_instructions"),
    ],
)
def test_what_nobody_typed_is_no_prompt(tmp_path, told):
    assert not named(read("codex", rollout(tmp_path, "a", meta("a"), told)), "user_prompt")


def call(name, asked, call_id="c1", at="10:00:10", kind="function_call"):
    key = "input" if kind == "custom_tool_call" else "arguments"
    return line("response_item", at, {"type": kind, "name": name, "call_id": call_id, key: asked})


def output(told, call_id="c1", at="10:00:12", kind="function_call_output"):
    return line("response_item", at, {"type": kind, "call_id": call_id, "output": told})


COMMITTED = "[main 1a2b3c4] SECRET\n 1 file changed"
PATCH = "*** Begin Patch\n*** Update File: SECRET.py\n@@\n-old\n+new\n+newer\n*** End Patch"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            [
                call("exec_command", '{"cmd": "git commit"}'),
                output(f"Process exited with code 0\nOutput:\n{COMMITTED}"),
            ],
            {"tool_name": "exec_command", "success": "true", "git_commit_id": "1a2b3c4"},
        ),
        (
            [
                call("exec_command", '{"cmd": "gh pr create --fill"}'),
                output("Process exited with code 0\nOutput:\nhttps://github.com/octo/app/pull/7\n"),
            ],
            {"tool_name": "exec_command", "success": "true", "pull_request": "octo/app#7"},
        ),
        (
            [
                call("shell", '["ls"]'),
                output(json.dumps({"output": COMMITTED, "metadata": {"exit_code": 1}})),
            ],
            {"tool_name": "shell", "success": "false"},
        ),
        (
            [
                call("shell", '["git", "commit"]'),
                output('{"output":"[main 1a2b3c4] SECRET\\n","metadata":{"exit_code":0}}'),
            ],
            {"tool_name": "shell", "success": "true", "git_commit_id": "1a2b3c4"},
        ),
        (
            [
                call("exec_command", "git commit"),
                event("exec_command_end", "10:00:11", call_id="c1", exit_code=0, aggregated_output=COMMITTED)
                | {},
                output("cut"),
            ],
            {"tool_name": "exec_command", "success": "true", "git_commit_id": "1a2b3c4"},
        ),
        (
            [
                call("exec_command", "ls"),
                item(
                    "10:00:11",
                    "CommandExecution",
                    "c1",
                    exit_code=2,
                    duration={"secs": 1, "nanos": 5_000_000},
                ),
                output("?"),
            ],
            {"tool_name": "exec_command", "success": "false", "duration_ms": 1005},
        ),
        ([call("update_plan", "{}"), output("Plan updated")], {"tool_name": "update_plan"}),
        (
            [call("view", "{}"), output({"content": "x", "success": False})],
            {"tool_name": "view", "success": "false"},
        ),
    ],
)
def test_tools_are_told_without_what_they_said(tmp_path, lines, expected):
    events = read("codex", rollout(tmp_path, "a", meta("a"), *lines))

    session = {"session.id": "a", "app.version": "0.140.0", "tool_use_id": "c1"}
    assert named(events, "tool_result") == [session | expected]
    assert "SECRET" not in str(events)


@pytest.mark.parametrize(
    ("details", "lines", "decision"),
    [
        ([], (2, 1), "accept"),
        ([event("patch_apply_end", "10:00:11", call_id="c1", success=False)], (None, None), "accept"),
        ([item("10:00:11", "FileChange", "c1", status="declined", changes={})], (None, None), "reject"),
        (
            [
                item(
                    "10:00:11",
                    "FileChange",
                    "c1",
                    status="completed",
                    changes={
                        "SECRET": {"type": "add", "content": "1\n2\n3\n"},
                        "x": {"type": "delete", "content": "1\n"},
                        "y": {"update": {"unified_diff": "--- a\n+++ b\n@@ -1 +1 @@\n-1\n+2\n"}},
                    },
                )
            ],
            (4, 2),
            "accept",
        ),
    ],
)
def test_edits_have_lines_and_a_decision(tmp_path, details, lines, decision):
    asked = call("apply_patch", PATCH, kind="custom_tool_call")
    answered = output("Done", kind="custom_tool_call_output")
    events = read("codex", rollout(tmp_path, "a", meta("a"), asked, *details, answered))

    (edit,) = named(events, "tool_result")
    assert (edit.get("lines_added"), edit.get("lines_removed")) == lines
    assert [values["decision"] for values in named(events, "tool_decision")] == [decision]
    assert "SECRET" not in str(events)


def test_requests_that_failed_are_errors_once(tmp_path):
    failed = {"codex_error_info": {"http_connection_failed": {"http_status_code": 503}}, "message": "SECRET"}
    lines = [
        *(meta("a"), event("error", "10:00:01", **failed), event("task_complete", "10:00:02", error=failed)),
        event("task_complete", "10:00:04", error={"codex_error_info": "other"}),
        event("task_complete", "10:00:05", error=None),
        event("error", "10:00:06", codex_error_info="sandbox_error"),
    ]
    events = read("codex", rollout(tmp_path, "a", *lines))

    session = {"session.id": "a", "app.version": "0.140.0"}
    assert named(events, "api_error") == [
        session | {"status_code": 503, "error_type": "http_connection_failed"},
        session | {"error_type": "other"},
    ]


@pytest.mark.parametrize(
    ("usage_bearing", "kind"),
    [
        (line("background_usage_v9", "10:00:09", {"usage": usage(7, 0, 2, 0)}), "background_usage_v9"),
        (event("token_count_v2", "10:00:09", info=FIRST["payload"]["info"]), "event_msg.token_count_v2"),
        (event("token_count", "10:00:09", info={"sum": usage(7, 0, 2, 0)}), "event_msg.token_count"),
        (line("token_usage_record", "10:00:09", {"turn": usage(7, 0, 2, 0)}), "token_usage_record"),
        (item("10:00:09", "Guardian", "g", tokens={"input": 3}), "event_msg.item_completed.Guardian"),
    ],
)
def test_usage_of_unknown_kinds_is_told(tmp_path, usage_bearing, kind):
    journal = Recording()
    read("codex", rollout(tmp_path, "a", meta("a"), usage_bearing, SECOND), journal=journal)

    assert [(agent, what) for agent, what, _ in journal.unknown] == [("codex", kind)]


def test_a_bad_count_is_put_aside(tmp_path):
    journal = Recording()
    file = rollout(tmp_path, "a", meta("a"), FIRST, {**SECOND, "timestamp": "later"})

    assert len(responses(read("codex", file, journal=journal))) == 1
    assert journal.quarantined == ["its time is missing or unreadable"]


@pytest.mark.slow
def test_hostile_values_are_put_aside_or_left_out(tmp_path):
    random_one = random.Random(7)
    values = [None, [], {}, "x", -1, 10**30, 1e400, True, "\x00", "\ud800", [{}], {"a": []}]
    lines = [
        *(meta("b", "12:00:00", **SPAWNED, git={"branch": "x"}), model(turn_id="t"), turn("12:00:01", 5)),
        *(prompt("12:00:01"), FIRST, record("12:00:02", "r", 1, 1, 1, 1), call("apply_patch", PATCH)),
        item(
            "12:00:03",
            "FileChange",
            "c1",
            changes={"p": {"type": "add", "content": "1"}},
            duration={"secs": 1},
        ),
        *(output("Exit code: 1"), event("task_complete", "12:00:04", error={"codex_error_info": {"x": {}}})),
    ]

    def places(value, path=()):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*path, key)
            if isinstance(inner, dict | list):
                yield from places(inner, (*path, key))

    for _ in range(300):
        broken = copy.deepcopy(lines)
        *folder, last = random_one.choice(list(places(broken)))
        place = broken
        for key in folder:
            place = place[key]
        place[last] = random_one.choice(values)
        text = "".join(json.dumps(one) + "\n" for one in broken)
        file = tmp_path / "rollout-x.jsonl"
        file.write_text(text)
        read("codex", file)


def test_the_home_moves(tmp_path, monkeypatch, ingest):
    write_lines(tmp_path / "elsewhere" / "sessions" / "rollout-x-a.jsonl", meta("a"), FIRST)
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "elsewhere"))

    assert ingest().landed == 2
