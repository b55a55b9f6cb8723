"""Kilo Code's database, which is opencode's, and the tasks of its older extension."""

from tests.agents.cline.task_folders import counts as task_counts
from tests.agents.cline.task_folders import request, say, write
from tests.agents.opencode.test_transcripts import answer, prompt, session, write_database, write_files
from tests.agents.recording import Recording, counted, identities, named, read

ONE = (10, 45, 80, 900, 1)
MODEL = "claude-sonnet-5-5"


def kilo(folder):
    folder = folder / "kilo"
    folder.mkdir(exist_ok=True)
    return folder


def test_a_database_is_read_as_opencode_s_under_another_name(tmp_path):
    for name in ("kilo.db", "opencode-next.db"):
        folder = kilo(tmp_path)
        write_database(folder, prompt(), answer(), name=name)

        events = read("kilo_code", folder / name)

        assert [event.name for event in events] == ["kilo_code.user_prompt", "kilo_code.api_request"]
        assert {event.agent for event in events} == {"kilo_code"}
        assert counted(events) == {("ses_1", MODEL): ONE}
        assert read("opencode", folder / name) == []


def test_older_messages_in_kilo_s_folder_are_kilo_s(tmp_path):
    write_files(kilo(tmp_path), answer())

    assert counted(read("kilo_code", tmp_path)) == {("ses_1", MODEL): ONE}
    assert read("opencode", tmp_path) == []


def test_a_fork_s_copy_without_its_cost_is_the_same_response(tmp_path):
    write_database(
        kilo(tmp_path),
        answer("msg_2", "ses_1"),
        answer("msg_0", "ses_0", cost=0),
        answer("msg_9", "ses_0", after=90000),
        sessions=[session("ses_1"), session("ses_0", began=50000)],
        name="kilo.db",
    )

    events = read("kilo_code", tmp_path)

    assert counted(events) == {("ses_1", MODEL): ONE, ("ses_0", MODEL): ONE}
    assert [call["cost_usd"] for call in named(events, "api_request")] == [0.0125, 0.0125]
    assert identities(read("kilo_code", tmp_path)) == identities(events)


def test_usage_of_an_unknown_kind_is_told_as_kilo_s(tmp_path):
    journal = Recording()
    write_database(kilo(tmp_path), answer(role="helper"), name="kilo.db")

    assert read("kilo_code", tmp_path, journal=journal) == []
    assert [(agent, kind) for agent, kind, _ in journal.unknown] == [("kilo_code", "helper")]


def test_tasks_of_the_older_extension_have_the_cache_in_the_input(tmp_path):
    unknown = say("api_req_started", 2000, {"tokensIn": 0, "tokensOut": 0, "usageMissing": True})
    folder = write(tmp_path, "kilo_code", say("text", 0, "x"), request(1000, sent=6500), unknown)

    events = read("kilo_code", folder)

    assert [event.name for event in events] == ["kilo_code.user_prompt", "kilo_code.api_request"]
    assert task_counts(events) == [(1200, 80, 300, 5000, 0.0123)]
