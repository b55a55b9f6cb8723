"""Of attributes stays what is allowed, and what told two records apart still does."""

import pytest

from pipeline.models import log_records, telemetry
from pipeline.privacy import commits
from pipeline.privacy.attributes import HOLDS_COMMIT, IDS, PEOPLE, PROJECTS, WORDS, Attributes
from pipeline.privacy.pseudonyms import Pseudonyms

SESSION = "0b7d1f1e-3c5a-4c7e-9a51-000000000001"


@pytest.fixture
def attributes():
    return Attributes(Pseudonyms(b"a key of the tests", ("example.com",)))


def test_everything_that_models_read_is_known():
    """What is not known is hidden, and a model would read a hash."""
    read = {*log_records.TEXTS, *log_records.NUMBERS, *telemetry.PERSON}
    read |= {*telemetry.MEASURED, *telemetry.CONTEXT, "start_type"}
    read |= {*telemetry.PROJECT} - {telemetry.OWNER}  # who is a person
    ruled = {"event.name", "pull_request", "vcs.ref.head.name"}
    assert read - {*IDS, *PEOPLE, *WORDS, *HOLDS_COMMIT, *PROJECTS, *ruled} == set()
    assert PEOPLE == telemetry.PERSON


def test_a_project_is_called_as_that_of_commits(attributes):
    project = commits.project("ada/notes", attributes._for)
    assert attributes.attributes({"project_id": "ada/notes"}) == {"project_id": project}
    assert "ada" not in project


def test_every_name_of_a_project_becomes_that_of_its_commits():
    pseudonyms = Pseudonyms(b"a key of the tests", project_attributes=["repo"])
    names = ("vcs.repository.url.full", "copilot_chat.repo.remote_url", "project.name", "repo", "project_id")
    found = pseudonyms.rows.record(
        "otel_logs", {"attributes": dict.fromkeys(names, "git@github.com:ada/notes")}
    )
    assert {*found["attributes"].values()} == {commits.project("ada/notes", pseudonyms)}
    owned = {"vcs.owner.name": "ada", "vcs.repository.name": "notes"}
    owned = pseudonyms.rows.record("otel_logs", {"attributes": owned})["attributes"]
    assert "/".join(owned.values()) == commits.project("ada/notes", pseudonyms)


def test_a_session_s_branch_and_request_are_called_as_those_of_pull_requests(attributes):
    rows = attributes._for.rows
    row = rows.record(
        "pull_requests",
        {"project_id": "ada/notes", "number": 7, "head_branch": "ada/topic", "base_branch": "main"},
    )
    told = attributes.attributes({"vcs.ref.head.name": "ada/topic", "pull_request": "ada/notes#7"})
    assert told == {"vcs.ref.head.name": row["head_branch"], "pull_request": f"{row['project_id']}#7"}
    assert "ada" not in str((row, told))
    assert row["base_branch"] == "main"
    assert attributes.attributes(told) == told


def test_people_get_pseudonyms_ids_words_and_numbers_stay_and_other_texts_are_hidden(attributes):
    given = {
        "session.id": SESSION,
        "model": "claude-opus-4-8",
        "input_tokens": 5,
        "cost_usd": "0.25",
        "success": True,
        "nothing": None,
        "user.email": "ada@example.com",
        "user.id": 4711,
        "git.author.name": "Ada",
        "host.name": "ada-macbook",
        "cwd": "/home/ada",
        "workspace.host_paths": ["/home/ada"],
    }
    found = attributes.attributes(given)
    kept = ("session.id", "model", "input_tokens", "cost_usd", "success", "nothing")
    assert {name: found[name] for name in kept} == {name: given[name] for name in kept}
    shown = {name: value.partition("-")[0] for name, value in found.items() if name not in kept}
    assert shown == {
        **dict.fromkeys(["user.email", "user.id", "git.author.name"], "person"),
        **dict.fromkeys(["host.name", "cwd", "workspace.host_paths"], "hidden"),
    }
    assert attributes.attributes(found) == found


def test_two_machines_stay_two_series(attributes):
    """Left out, the counters of both would be one that jumps back and forth."""
    one, other = (attributes.attributes({"host.name": name}) for name in ("ada-macbook", "ada-desktop"))
    assert one != other


def test_a_name_of_an_attribute_may_be_a_persons(attributes):
    (name,) = attributes.attributes({"ada@example.com": 1})
    assert name.startswith("hidden-")


def test_of_a_tools_parameters_only_the_commit_stays(attributes):
    parameters = '{"bash_command": "mail ada", "git_commit_id": "9170fd3abc"}'
    found = attributes.attributes({"tool_parameters": parameters})
    assert found == {"tool_parameters": '{"git_commit_id":"9170fd3abc"}'}
    assert attributes.attributes({"git_commit_id": "9170fd3"}) == {"git_commit_id": "9170fd3"}


def test_a_text_stays_a_text_and_an_object_an_object(attributes):
    assert attributes.document('{"model":"gpt-5.4"}') == '{"model":"gpt-5.4"}'
    assert attributes.document({"model": "gpt-5.4"}) == {"model": "gpt-5.4"}
    assert attributes.document("Ada") == "{}"


@pytest.mark.parametrize(
    "name",
    [
        "claude_code.api_request",
        "api_request",
        "session_start",
        "codex.anything.new",
        "qwen-code.x",
        "acme.api_request",
    ],
)
def test_names_of_events_stay(attributes, name):
    assert attributes.event(name) == name


@pytest.mark.parametrize("body", ["Ada", "ada.lovelace", "Mend the login", "claude_code.ada was here"])
def test_a_body_that_is_no_event_is_hidden(attributes, body):
    assert attributes.event(body).startswith("hidden-")


def test_of_a_span_stays_what_models_read(attributes):
    assert attributes.span("chat gpt-5.4") == "chat"
    assert attributes.span("claude_code.llm_request") == "claude_code.llm_request"
    assert attributes.span("GET /home/ada").startswith("hidden-")
