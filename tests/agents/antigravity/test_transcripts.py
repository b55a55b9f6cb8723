"""Antigravity's conversations: Protocol Buffers in a database, one row per response."""

import sqlite3
from contextlib import closing

import pytest

from pipeline.agents.antigravity.protobuf import earliest_time, fields
from pipeline.agents.events import BadRecord
from tests.agents.recording import Recording, identities, named, read, told

CASCADE = "11111111-1111-4111-8111-111111111111"
TEN = 1_793_613_600  # 2026-11-02 10:00 UTC


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def proto(**values):
    """A message: f1=5 is a number, f2=b"…" bytes, text or another message."""
    out = b""
    for name, value in values.items():
        number = int(name[1:])
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        elif value is not None:
            content = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(content)) + content
    return out


def stamp(seconds, nanoseconds=0):
    return proto(f1=seconds, f2=nanoseconds)


def usage(sent=1884, received=983, read=20316, response="abc", **more):
    return proto(f1=1132, f2=sent, f3=received, **({"f5": read} if read else {}), f11=response, **more)


def generation(told=None, at=TEN, model="gemini-3.6-flash", display="Gemini 3.6 Flash (High)", steps=(7,)):
    begun = proto(f4=stamp(at, 5 * 10**8)) if at else None
    chat = proto(f4=usage() if told is None else told, f9=begun, f19=model, f21=display)
    return proto(f1=chat, f2=b"".join(map(varint, steps)))


def step(index, kind, at=None):
    payload = proto(f1=kind, f5=proto(f1=stamp(at)) if at else None, f19=proto(f2="SECRET"))
    return (index, kind, payload)


METADATA = proto(f1=proto(f1="file:///gone/my%20app"), f2=stamp(TEN - 60))


def write(
    folder, *generations, steps=(), executors=(), metadata=METADATA, name=CASCADE, where="conversations"
):
    file = folder / where / f"{name}.db"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as database:
        database.execute(
            "CREATE TABLE gen_metadata (idx integer, data blob, size integer, PRIMARY KEY (idx))"
        )
        database.execute("CREATE TABLE steps (idx integer, step_type integer, step_payload blob)")
        database.execute("CREATE TABLE executor_metadata (idx integer, data blob)")
        database.execute("CREATE TABLE trajectory_metadata_blob (id text, data blob)")
        for index, data in enumerate(generations):
            database.execute("INSERT INTO gen_metadata VALUES (?, ?, 1)", [index, data])
        for row in steps:
            database.execute("INSERT INTO steps VALUES (?, ?, ?)", row)
        for index, data in enumerate(executors):
            database.execute("INSERT INTO executor_metadata VALUES (?, ?)", [index, data])
        if metadata is not None:
            database.execute("INSERT INTO trajectory_metadata_blob VALUES ('x', ?)", [metadata])
        database.commit()
    return file


def counts(events):
    kinds = ("input_tokens", "output_tokens", "cache_read_tokens")
    return [tuple(call[kind] for kind in kinds) for call in named(events, "api_request")]


def test_responses_and_prompts_are_told_without_what_was_written(tmp_path):
    journal = Recording()
    file = write(tmp_path, generation(), steps=[step(6, 14, TEN - 5), step(7, 15, TEN)])

    events = read("antigravity", file, journal=journal)

    session = {"session.id": CASCADE}
    assert told(events) == [
        ("antigravity.session_start", session),
        ("antigravity.user_prompt", session | {"message.uuid": f"{CASCADE}:6"}),
        (
            "antigravity.api_request",
            session
            | {
                "input_tokens": 1884,
                "output_tokens": 983,
                "cache_read_tokens": 20316,
                "cache_creation_tokens": 0,
                "model": "gemini-3.6-flash",
                "request_id": "abc",
            },
        ),
    ]
    assert [event.at.isoformat() for event in events] == [
        "2026-11-02T09:59:00+00:00",
        "2026-11-02T09:59:55+00:00",
        "2026-11-02T10:00:00.500000+00:00",
    ]
    assert {event.cwd for event in events} == {"/gone/my app"}
    assert journal == Recording()


def test_the_number_of_the_model_is_no_input(tmp_path):
    file = write(tmp_path, generation(usage(5, 3, 0)))

    assert counts(read("antigravity", file)) == [(5, 3, 0)]


def test_response_and_thinking_are_parts_of_the_output(tmp_path):
    file = write(
        tmp_path,
        generation(usage(5, 30, 0, "a", f9=10, f10=20)),
        generation(usage(5, 0, 0, "b", f9=10, f10=20)),
    )

    assert counts(read("antigravity", file)) == [(5, 30, 0), (5, 30, 0)]


@pytest.mark.parametrize(
    ("model", "others", "executors", "expected"),
    [
        ("gemini-3-flash-a", [], [], "gemini-3-flash-a"),
        (None, [("gemini-3.6-flash", "Shown")], [], "gemini-3.6-flash"),
        ("gemini-default", [("gemini-3.6-flash", "Shown")], [], "gemini-3.6-flash"),
        (None, [("a", "Shown"), ("b", "Shown")], [], "Shown"),
        (None, [], [(3, "early"), (9, "asked"), (20, "late")], "asked"),
        (None, [], [], "Shown"),
    ],
)
def test_the_model_is_what_responded_else_what_was_asked_for(tmp_path, model, others, executors, expected):
    more = [
        generation(usage(1, 1, 0, name), model=name, display=display, at=TEN + 60) for name, display in others
    ]
    asked = [proto(f3=last, f10=proto(f1=proto(f28=name))) for last, name in executors]
    file = write(tmp_path, generation(model=model, display="Shown"), *more, executors=asked)

    assert named(read("antigravity", file), "api_request")[0]["model"] == expected


def test_without_a_time_of_its_own_a_response_has_its_steps_or_its_conversations(tmp_path):
    file = write(
        tmp_path,
        generation(usage(response="a"), at=None, steps=(7, 8)),
        generation(usage(response="b"), at=None, steps=()),
        steps=[step(7, 15, TEN + 7), step(8, 15, TEN + 8)],
    )

    times = {event.attributes.get("request_id"): event.at.isoformat() for event in read("antigravity", file)}
    assert times["a"] == "2026-11-02T10:00:07+00:00"
    assert times["b"] == "2026-11-02T09:59:00+00:00"


def test_copies_count_once_and_under_the_conversation(tmp_path):
    write(tmp_path, generation(), where="implicit")
    write(tmp_path, generation())
    journal = Recording()

    calls = named(read("antigravity", tmp_path, journal=journal), "api_request")

    assert [call["session.id"] for call in calls] == [CASCADE]
    assert journal.repeats == 1


def test_one_id_on_responses_that_differ_is_two_responses(tmp_path):
    file = write(tmp_path, generation(usage(5, 3, 0)), generation(usage(6, 3, 0)))

    assert len(counts(read("antigravity", file))) == 2


def test_twice_the_same_and_a_conversation_that_has_grown_give_the_same_events(tmp_path):
    rows = [generation(usage(response=None)), generation(usage(response="b"))]
    before = read("antigravity", write(tmp_path, *rows))
    after = read("antigravity", write(tmp_path, *rows, generation(usage(response="c"))))

    assert identities(before) < identities(after)
    assert len(after) == len(before) + 1


def test_requests_that_failed_are_no_responses(tmp_path):
    journal = Recording()
    file = write(tmp_path, generation(b""), generation())

    assert counts(read("antigravity", file, journal=journal)) == [(1884, 983, 20316)]
    assert (journal.skipped, journal.unknown) == (1, [])


def test_a_format_that_has_changed_is_told(tmp_path):
    journal = Recording()
    moved = proto(f1=proto(f44=usage()))
    read("antigravity", write(tmp_path, moved), journal=journal)

    assert journal.unknown == [("antigravity", "gen_metadata", "chat_model.usage")]


def test_a_table_of_another_name_is_told(tmp_path):
    journal = Recording()
    file = write(tmp_path, generation(), steps=[step(6, 14, TEN)])
    with closing(sqlite3.connect(file)) as database:
        database.execute("ALTER TABLE gen_metadata RENAME TO generations")
        database.execute("CREATE TABLE totals AS SELECT 5 AS output_tokens")
        database.commit()
    read("antigravity", file, journal=journal)

    assert journal.warnings == [f"{file} has prompts, and no table or row that tells usage."]
    assert journal.unknown == [("antigravity", "row of totals", "output_tokens")]


def test_encrypted_conversations_are_named(tmp_path):
    journal = Recording()
    folder = write(tmp_path, generation()).parent
    for name in (CASCADE, "old", "older"):
        (folder / f"{name}.pb").write_bytes(b"\x93\x01 encrypted")

    assert len(counts(read("antigravity", tmp_path, journal=journal))) == 1
    assert journal.warnings == [
        f"{folder} holds conversations that Antigravity has encrypted, which are not read:"
        " 2 files ending in .pb."
    ]


@pytest.mark.parametrize(
    "bad",
    [
        generation(usage(2_000_001)),
        generation(usage(f4=1, read=2**63)),
        generation(proto(f2=b"text", f3=5)),
        proto(f1=5),
        b"\xff" * 30,
        b"\x0a\xff\x01",
        "text",
        None,
        12,
    ],
)
def test_a_bad_row_is_put_aside_and_the_rest_is_read(tmp_path, bad):
    journal = Recording()
    file = write(tmp_path, bad, generation(usage(5, 3, 0)))

    assert counts(read("antigravity", file, journal=journal)) == [(5, 3, 0)]
    assert len(journal.quarantined) == 1


def test_a_response_without_any_time_is_put_aside(tmp_path):
    journal = Recording()
    file = write(tmp_path, generation(at=None), metadata=None)

    assert read("antigravity", file, journal=journal) == []
    assert journal.quarantined == ["generation 0: its time is missing or unreadable"]


@pytest.mark.parametrize("value", [None, 5, "x", b"\xff\x00", proto(f1=7, f2=7, f3=7, f10=7)])
def test_values_of_other_types_do_no_harm(tmp_path, value):
    steps = [(6, 14, value), (7, value, step(7, 15, TEN)[2])]
    file = write(tmp_path, generation(), steps=steps, executors=[value], metadata=value)

    assert counts(read("antigravity", file)) == [(1884, 983, 20316)]


@pytest.mark.parametrize("data", [b"\x80", b"\x08", b"\x0a\x05ab", b"\x03", b"\x00\x01", b"\x80" * 11])
def test_what_is_no_message_is_refused(data):
    with pytest.raises(BadRecord):
        fields(data)


def test_the_earliest_instant_is_found_within_other_fields():
    assert earliest_time(proto(f1=14, f5=proto(f1=stamp(TEN), f2=stamp(TEN - 9)))).timestamp() == TEN - 9
    assert earliest_time(proto(f1=14, f2=proto(f1=99))) is None
