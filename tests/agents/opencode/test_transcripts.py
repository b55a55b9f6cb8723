"""opencode's databases of both versions, and its older files: one event per response, whoever copied it."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from pipeline.agents.files import Sample
from pipeline.agents.opencode import transcripts
from tests.agents.recording import Recording, captures, counted, identities, named, read, served, told

TIME = 1_793_613_600_000  # 2026-11-02 10:00 UTC
MODEL = "claude-sonnet-5-5"
TOKENS = {"input": 10, "output": 40, "reasoning": 5, "cache": {"read": 900, "write": 80}}


def answer(name="msg_2", session="ses_1", after=5000, **changes):
    return {
        "id": name,
        "sessionID": session,
        "role": "assistant",
        "modelID": MODEL,
        "providerID": "anthropic",
        "time": {"created": TIME + after, "completed": TIME + after + 4000},
        "path": {"cwd": "/gone", "root": "/"},
        "cost": 0.0125,
        "tokens": TOKENS,
    } | changes


def prompt(name="msg_1", session="ses_1", after=0):
    return {"id": name, "sessionID": session, "role": "user", "time": {"created": TIME + after}}


def second(message):
    """The same message as version 2 has it."""
    rest = {k: v for k, v in message.items() if k not in ("modelID", "providerID", "role", "path")}
    model = {"id": message.get("modelID"), "providerID": message.get("providerID")}
    return rest | ({"model": model} if message["role"] == "assistant" else {}), message["role"]


def write_database(folder, *messages, sessions=(), parts=(), name="opencode.db", version=1, tables=(1,)):
    """A database of version 1 or 2; the tables of the other may stand beside it, empty."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA synchronous = OFF")
        for table in {version, *tables}:
            if table == 1:
                database.execute("CREATE TABLE message (id, session_id, time_created, data)")
            else:
                database.execute("CREATE TABLE session_message (id, session_id, type, seq, data)")
        database.execute("CREATE TABLE part (id, message_id, session_id, data)")
        database.execute(
            "CREATE TABLE session (id, parent_id, fork_session_id, time_created, directory, version)"
        )
        database.executemany("INSERT INTO session VALUES (?, ?, ?, ?, ?, ?)", sessions)
        for message, part in parts:
            database.execute("INSERT INTO part VALUES ('p', ?, 's', ?)", (message, json.dumps(part)))
        for number, message in enumerate(messages):
            if not isinstance(message, dict):
                row = ("msg_bad", "ses_1", message)
            elif version == 1:
                rest = {k: v for k, v in message.items() if k not in ("id", "sessionID")}
                row = (message["id"], message["sessionID"], json.dumps(rest))
            else:
                rest, kind = second(message)
                row = (message["id"], message["sessionID"], kind, number, json.dumps(rest))
            if version == 1:
                database.execute("INSERT INTO message VALUES (?, ?, 0, ?)", row)
            else:
                database.execute("INSERT INTO session_message VALUES (?, ?, ?, ?, ?)", row)
        database.commit()
    return file


def write_second(folder, *messages, **more):
    return write_database(folder, *messages, version=2, tables=(1, 2), **more)


def write_files(folder, *messages):
    for message in messages:
        file = folder / "storage" / "message" / message["sessionID"] / f"{message['id']}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(message, indent=2))
    return folder


def session(name, *, parent=None, fork_of=None, began=0, version="2.0.8"):
    return (name, parent, fork_of, TIME + began, "/gone", version)


def tokens(events):
    """Input, output, cache writes, cache reads and requests, by session."""
    return {name: values for (name, _), values in counted(events).items()}


ONE = (10, 45, 80, 900, 1)
OTHER = {"tokens": {"input": 1, "output": 2, "reasoning": 0, "cache": {"read": 3, "write": 4}}}
WRITERS = [write_database, write_files, write_second]


@pytest.mark.parametrize(("expected", "folder"), captures(__file__))
def test_a_capture_tells_what_was_served(expected, folder):
    journal = Recording()
    events = read("opencode", folder, journal=journal)

    assert counted(events) == served(expected)
    assert sum(values["cost_usd"] for values in named(events, "api_request")) == pytest.approx(
        sum(model["cost_usd"] for told in expected["sessions"].values() for model in told["models"].values()),
        abs=1e-9,
    )
    tools = named(events, "tool_result")
    assert [values["tool_name"] for values in tools] == [
        tool for told in expected["sessions"].values() for tool in told["tools_asked"]
    ]
    commits = [commit.partition("|")[0][:7] for commit in expected["git"][:-1]]
    assert [values["git_commit_id"] for values in tools if "git_commit_id" in values] == commits
    assert {values["app.version"] for values in named(events, "user_prompt")} == {"1.18.33"}
    assert journal == Recording()


@pytest.mark.parametrize("write", WRITERS)
def test_responses_and_prompts_are_told(tmp_path, write):
    events = read("opencode", write(tmp_path, prompt(), answer()))

    (request,) = named(events, "api_request")
    assert len(request.pop("request_id")) == 32
    assert told(events) == [
        ("opencode.user_prompt", {"session.id": "ses_1"}),
        (
            "opencode.api_request",
            {
                "session.id": "ses_1",
                "model": MODEL,
                "provider": "anthropic",
                "input_tokens": 10,
                "output_tokens": 45,
                "cache_read_tokens": 900,
                "cache_creation_tokens": 80,
                "cost_usd": 0.0125,
            },
        ),
    ]


def test_what_is_in_older_files_and_in_both_tables_is_one(tmp_path):
    journal = Recording()
    write_files(tmp_path, prompt(), answer())
    write_database(tmp_path, prompt(), answer())
    write_second(tmp_path, prompt("x"), answer("y"), name="opencode-next.db")

    events = read("opencode", tmp_path, journal=journal)

    assert tokens(events) == {"ses_1": ONE}
    assert len(events) == 2
    assert journal == Recording(repeats=4)


@pytest.mark.parametrize("tables", [(1,), (1, 2), (2,)])
@pytest.mark.parametrize("version", [1, 2])
def test_an_empty_table_may_stand_beside_a_full_one(tmp_path, version, tables):
    file = write_database(tmp_path, answer(), version=version, tables=tables)

    assert tokens(read("opencode", file)) == {"ses_1": ONE}


def test_a_response_of_the_same_instant_with_other_counts_is_another_one(tmp_path):
    file = write_database(tmp_path, answer(), answer("msg_3", "ses_2", **OTHER))

    assert tokens(read("opencode", file)) == {"ses_1": ONE, "ses_2": (1, 2, 4, 3, 1)}


FORKED = [
    prompt("msg_1", "ses_b"),
    answer("msg_2", "ses_b"),
    prompt("msg_8", "ses_a"),
    answer("msg_9", "ses_a"),
    prompt("msg_c", "ses_c"),
    answer("msg_d", "ses_c"),
    answer("msg_e", "ses_c", after=90_000, **OTHER),
]


@pytest.mark.parametrize("order", [list, lambda found: list(reversed(found))])
@pytest.mark.parametrize("write", WRITERS)
def test_what_forks_copy_under_new_ids_counts_once_in_the_first_session(tmp_path, write, order):
    events = read("opencode", write(tmp_path, *order(FORKED)))

    assert tokens(events) == {"ses_b": ONE, "ses_c": (1, 2, 4, 3, 1)}
    assert len(named(events, "user_prompt")) == 1


def test_the_older_session_has_what_forks_copied_whatever_ids_say(tmp_path):
    began = [session("ses_b", began=60_000), session("ses_a"), session("ses_c", began=70_000)]

    events = read("opencode", write_database(tmp_path, *FORKED, sessions=began))

    assert tokens(events) == {"ses_a": ONE, "ses_c": (1, 2, 4, 3, 1)}


def test_a_fork_of_version_2_tells_its_parents_events_where_the_parent_is_gone(tmp_path):
    copied = [prompt("x1", "ses_f"), answer("x2", "ses_f"), answer("x3", "ses_f", after=90_000, **OTHER)]
    fork = session("ses_f", fork_of="ses_1", began=60_000)
    # Without a time: when a session began only its own row tells.
    row = ("ses_1", None, None, None, "/gone", "2.0.8")
    parent = write_second(tmp_path / "parent", prompt(), answer(), sessions=[row])
    alone = write_second(tmp_path / "fork", *copied, sessions=[fork])

    first = identities(read("opencode", alone))

    assert tokens(read("opencode", alone)) == {"ses_1": ONE, "ses_f": (1, 2, 4, 3, 1)}
    assert identities(read("opencode", parent)) < first
    assert first == identities(read("opencode", alone, parent))


def test_a_copy_has_the_same_request_id_as_its_original(tmp_path):
    files = [
        write_database(tmp_path / "a", answer("msg_1", "ses_1")),
        write_second(tmp_path / "b", answer("msg_7", "ses_2")),
    ]

    ids = {values["request_id"] for file in files for values in named(read("opencode", file), "api_request")}
    assert len(ids) == 1


@pytest.mark.parametrize("write", [write_database, write_second])
def test_a_sub_agents_session_is_part_of_the_one_that_spawned_it(tmp_path, write):
    file = write(
        tmp_path,
        prompt(),
        answer(),
        prompt("msg_3", "ses_2", after=6000),
        answer("msg_4", "ses_2", after=7000, **OTHER),
        sessions=[session("ses_1"), session("ses_2", parent="ses_1")],
    )
    events = read("opencode", file)

    assert tokens(events) == {"ses_1": (11, 47, 84, 903, 2)}
    assert len(named(events, "user_prompt")) == 1
    assert [values.get("thread.id") for values in named(events, "api_request")] == [None, "ses_2"]


def test_older_files_say_which_session_spawned_another(tmp_path):
    described = tmp_path / "storage" / "session" / "project" / "ses_2.json"
    described.parent.mkdir(parents=True)
    described.write_text(json.dumps({"id": "ses_2", "parentID": "ses_1", "version": "0.9"}))
    write_files(tmp_path, prompt("msg_3", "ses_2"), answer("msg_4", "ses_2"))

    events = read("opencode", tmp_path)

    assert tokens(events) == {"ses_1": ONE}
    assert named(events, "user_prompt") == []


def test_sessions_that_spawn_each_other_in_a_circle_do_no_harm(tmp_path):
    circle = [session("ses_1", parent="ses_2"), session("ses_2", parent="ses_1")]

    assert (
        sum(
            v[-1]
            for v in tokens(read("opencode", write_database(tmp_path, answer(), sessions=circle))).values()
        )
        == 1
    )


def test_a_compaction_is_a_request(tmp_path):
    file = write_second(tmp_path, answer())
    with closing(sqlite3.connect(file)) as database:
        database.execute("UPDATE session_message SET type = 'compaction'")
        database.commit()

    assert tokens(read("opencode", file)) == {"ses_1": ONE}


def tool(name, status="completed", **state):
    time = {"start": TIME + 6000, "end": TIME + 6250}
    return {
        "type": "tool",
        "tool": name,
        "callID": "call_1",
        "state": {"status": status, "time": time} | state,
    }


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (
            tool("edit", metadata={"filediff": {"additions": 2, "deletions": 1, "patch": "SECRET"}}),
            {"success": "true", "lines_added": 2, "lines_removed": 1},
        ),
        (tool("bash", output="[main 832663e] SECRET\n"), {"success": "true", "git_commit_id": "832663e"}),
        (tool("read", output="[main 832663e] SECRET\n"), {"success": "true"}),
        (tool("edit", "error", metadata={"filediff": {"additions": 2}}), {"success": "false"}),
    ],
)
def test_tools_are_told(tmp_path, part, expected):
    events = read("opencode", write_database(tmp_path, answer(), parts=[("msg_2", part)]))

    same = {"session.id": "ses_1", "tool_name": part["tool"], "tool_use_id": "call_1", "duration_ms": 250}
    assert named(events, "tool_result") == [same | expected]


@pytest.mark.parametrize(
    ("part", "decision"),
    [
        (tool("edit"), "accept"),
        (tool("write"), "accept"),
        (
            tool("edit", "error", error="The user rejected permission to use this specific tool call."),
            "reject",
        ),
        (tool("edit", "error", error="The user has specified a rule which prevents you …"), None),
        (tool("edit", "error", error="Could not find oldString in the file."), None),
        (tool("edit", "running"), None),
        (tool("bash", "error", error="The user rejected permission to use this specific tool call."), None),
    ],
)
def test_what_a_person_decided_of_an_edit_is_told_and_rules_decide_nothing(tmp_path, part, decision):
    events = read("opencode", write_database(tmp_path, answer(), parts=[("msg_2", part)]))

    same = {"session.id": "ses_1", "tool_name": part["tool"], "tool_use_id": "call_1"}
    assert named(events, "tool_decision") == ([same | {"decision": decision}] if decision else [])


@pytest.mark.parametrize("write", [write_database, write_second])
def test_a_session_began_when_its_row_says_unless_that_is_later_than_what_happened(tmp_path, write):
    rows = [
        session("ses_1", began=-2000),
        session("ses_2", parent="ses_1", began=5500),
        session("ses_3", began=90_000),
        session("ses_4"),
    ]
    messages = [prompt(), answer("msg_4", "ses_2", after=6000), answer("msg_5", "ses_3", after=7000, **OTHER)]

    events = read("opencode", write(tmp_path, *messages, sessions=rows))

    starts = [event for event in events if event.name == "opencode.session_start"]
    assert told(starts) == [
        ("opencode.session_start", {"session.id": "ses_1", "app.version": "2.0.8"}),
    ]
    assert [(event.at.isoformat(), event.cwd, event.version) for event in starts] == [
        ("2026-11-02T09:59:58+00:00", "/gone", "2.0.8")
    ]


def test_tools_of_version_2_are_told_once(tmp_path):
    state = {"status": "completed", "content": [{"type": "text", "text": "[main 832663e] SECRET"}]}
    called = {"type": "tool", "id": "c1", "name": "shell", "state": state, "time": {"created": TIME + 6000}}
    waiting = {"type": "tool", "id": "c2", "name": "shell", "state": {"status": "running"}}
    content = {"content": [{"type": "text", "text": "SECRET"}, called, waiting]}

    events = read("opencode", write_second(tmp_path, answer(**content), answer("msg_7", "ses_2", **content)))

    assert named(events, "tool_result") == [
        {
            "session.id": "ses_1",
            "tool_name": "shell",
            "tool_use_id": "c1",
            "success": "true",
            "git_commit_id": "832663e",
        }
    ]


def test_failed_requests_are_told_and_stopped_ones_are_none(tmp_path):
    nothing = {"tokens": {"input": 0, "output": 0}}
    failed = {"error": {"name": "APIError", "data": {"statusCode": 529, "message": "SECRET"}}}
    stopped = {"error": {"name": "MessageAbortedError", "data": {"message": "SECRET"}}}

    events = read(
        "opencode",
        write_database(tmp_path, answer(**nothing, **failed), answer("msg_3", **nothing, **stopped)),
    )

    assert told(events) == [
        ("opencode.api_error", {"session.id": "ses_1", "status_code": 529, "error_type": "APIError"})
    ]


def test_a_cost_of_nothing_is_no_cost(tmp_path):
    (request,) = named(read("opencode", write_database(tmp_path, answer(cost=0))), "api_request")

    assert "cost_usd" not in request


def test_a_message_without_tokens_is_no_response(tmp_path):
    nothing = {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}}

    assert len(read("opencode", write_database(tmp_path, answer(tokens=nothing), answer("msg_3")))) == 1


@pytest.mark.parametrize(
    "bad", ["{", "[]", None, answer("msg_9", time={}), answer("msg_9", tokens={"input": -1})]
)
def test_a_bad_message_is_put_aside(tmp_path, bad):
    journal = Recording()

    events = read("opencode", write_database(tmp_path, bad, answer()), journal=journal)

    assert tokens(events) == {"ses_1": ONE}
    assert len(journal.quarantined) == 1


BAD = [None, [], "x", -1, 2**80, {}, True]


@pytest.mark.parametrize("write", [write_database, write_second])
@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_bad_values_do_no_harm(tmp_path, bad, write):
    broken = [
        answer(f"msg_{key}", **{key: bad}) for key in answer() if key not in ("id", "role", "sessionID")
    ]
    broken += [answer("msg_t", content=[bad, {"type": "tool", "state": bad}]), answer("msg_e", error=bad)]
    parts = [("msg_2", bad), ("msg_2", tool("edit", metadata={"filediff": {"additions": bad}}))]
    parts += [("msg_2", tool(bad, time={"start": bad, "end": bad}))]
    sessions = [("ses_1", bad if isinstance(bad, str) else None, None, "x", -1, None)]

    events = read("opencode", write(tmp_path, answer(after=1), *broken, parts=parts, sessions=sessions))

    assert counted(events)


@pytest.mark.parametrize(("write", "kind"), [(write_database, "reply"), (write_second, "reply")])
def test_usage_of_an_unknown_kind_is_told(tmp_path, write, kind):
    journal = Recording()

    read("opencode", write(tmp_path, answer(role=kind)), journal=journal)

    assert [(agent, name) for agent, name, _ in journal.unknown] == [("opencode", kind)]


def test_a_database_of_another_shape_is_put_aside(tmp_path):
    journal = Recording()
    with closing(sqlite3.connect(tmp_path / "opencode.db")) as database:
        database.execute("CREATE TABLE other (id TEXT)")

    assert read("opencode", tmp_path, journal=journal) == []
    assert journal.quarantined == ["it has no table message or session_message"]


def test_a_database_that_is_none_is_put_aside(tmp_path):
    journal = Recording()
    (tmp_path / "opencode.db").write_bytes(b"SQLite format 3\0nonsense")

    assert read("opencode", tmp_path, journal=journal) == []
    assert len(journal.quarantined) == 1


def test_the_database_stays_as_it_is(tmp_path):
    file = write_database(tmp_path, answer())
    before = file.read_bytes()

    read("opencode", file)

    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["opencode.db"]


def test_databases_of_other_channels_are_known_and_other_databases_are_not(tmp_path):
    file = write_database(tmp_path, answer(), name="opencode-dev.db")
    other = shutil.copy(file, tmp_path / "other.db")

    assert transcripts.is_file(Sample.of(file))
    assert not transcripts.is_file(Sample.of(other))
