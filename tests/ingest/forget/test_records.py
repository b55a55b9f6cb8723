"""Rows in, and what is left of them: of a forgotten person's, of others', of nobody's."""

import json

import pytest

from pipeline.engines.forgotten import HOME, HOST, ID, NAME, SESSION, Forgotten, StandIn
from pipeline.ingest.forget.records import Records
from pipeline.privacy.pseudonyms import Pseudonyms

KEY = b"0123456789abcdef"
WHO = StandIn("forgotten-1@example.com", is_dropped=False)
NAMES = [
    *((ID, name) for name in ("ada@example.com", "ada-l", "account-1", "a" * 64)),
    *((NAME, "ada lovelace"), (HOST, "adas-mac"), (HOME, "ada"), (SESSION, "s1")),
]


def tombstones(stand_in=WHO):
    return Forgotten(KEY).with_names(NAMES, stand_in)


def hashed(known):
    """The identity of a record of theirs, the same whether or not there are pseudonyms."""
    mark, colon, digits = Pseudonyms(KEY).record_hash(known).rpartition(":")
    return mark + colon + tombstones().hash("record", digits)


@pytest.fixture
def records():
    return Records(tombstones())


def cleaned(records, table, **record):
    """What is left, its JSON read."""
    left = records.clean(table, record)
    return {name: json.loads(value) if name.endswith("attributes") else value for name, value in left.items()}


def test_a_log_record_keeps_what_is_counted(records):
    attributes = {
        "user.id": "a" * 64,
        "user.email": "Ada@Example.com",
        "user.account_uuid": "account-1",
        "session.id": "s1",
        "model": "claude-opus-4-5",
        "input_tokens": 5,
        "cost_usd": 0.25,
        "request_id": "report 2026-11-01 ada-l",
        "cwd": "/home/ada/app",
        "prompt": "Write to Ada",
        "tool_parameters": '{"bash_command": "git commit -m Ada", "git_commit_id": "abcdef1"}',
        "settings": "/home/ada/.claude.json",
    }
    left = cleaned(
        records,
        "otel_logs",
        developer_id=None,
        body="claude_code.api_request",
        event_name="api_request",
        service_name="claude-code",
        source="transcript",
        attributes=json.dumps(attributes),
        resource_attributes='{"service.name": "claude-code", "host.name": "adas-mac", "os.type": "darwin"}',
        record_hash="t2:abc",
    )
    mark = left["attributes"].pop("forgotten")
    assert len(mark) == 32
    assert left.pop("record_hash") == hashed("t2:abc")
    assert left == {
        "developer_id": "forgotten-1@example.com",
        "body": "claude_code.api_request",
        "event_name": "api_request",
        "service_name": "claude-code",
        "source": "transcript",
        "attributes": {
            "session.id": "s1",
            "model": "claude-opus-4-5",
            "input_tokens": 5,
            "cost_usd": 0.25,
            "request_id": "report 2026-11-01 forgotten-1",
            "git_commit_id": "abcdef1",
            "settings": "/home/forgotten-1/.claude.json",
        },
        "resource_attributes": {"service.name": "claude-code", "os.type": "darwin"},
    }


def test_a_body_that_is_content_goes(records):
    left = cleaned(records, "otel_logs", developer_id="ada-l", body="fix it", event_name="x", attributes="{}")
    assert left["body"] is None


def test_a_record_that_was_cleaned_stays_as_it_is(records):
    record = {"developer_id": "ada-l", "attributes": '{"session.id": "s1"}', "record_hash": "h"}
    once = records.clean("otel_logs", record)
    assert records.clean("otel_logs", once) is once


def test_a_record_without_a_name_goes_with_its_session(records):
    record = {
        "developer_id": None,
        "attributes": '{"session.id": "s1", "host.name": "x"}',
        "record_hash": "h",
    }
    left = cleaned(records, "otel_logs", **record)
    assert left["developer_id"] == WHO.id
    assert left["attributes"].keys() == {"session.id", "forgotten"}


def test_what_told_two_series_apart_still_does(records):
    def series(**attributes):
        return records.clean(
            "otel_metrics",
            {"developer_id": "ada-l", "metric_name": "m", "attributes": json.dumps(attributes)},
        )

    one, other = {"host.name": "a", "type": "input"}, {"host.name": "b", "type": "input"}
    assert series(**one) == series(**one)
    assert series(**one) != series(**other)


def test_a_span_keeps_its_name_and_its_ids(records):
    left = cleaned(
        records,
        "otel_spans",
        name="chat claude-opus-4-5",
        trace_id="t",
        span_id="s",
        developer_id="account-1",
        attributes='{"gen_ai.usage.input_tokens": 3, "gen_ai.input.messages": "hello"}',
        record_hash="h",
    )
    del left["attributes"]["forgotten"], left["record_hash"]
    assert left == {
        "name": "chat claude-opus-4-5",
        "trace_id": "t",
        "span_id": "s",
        "developer_id": WHO.id,
        "attributes": {"gen_ai.usage.input_tokens": 3},
    }


def test_a_day_of_copilot_keeps_its_counts_and_languages(records):
    record = {"developer_id": "Ada-L", "total_suggestions": 3, "language_breakdown": '[{"language": "ada"}]'}
    left = records.clean("copilot_metrics", record | {"record_hash": "h"})
    assert left == record | {
        "developer_id": WHO.id,
        "record_hash": hashed("h"),  # else the row would tell which of all logins it was
    }


COMMIT = {
    "commit_hash": "c1",
    "commit_message": "Ada's work\n\nFor Bob.\n\nCo-authored-by: Claude <noreply@anthropic.com>\n"
    "Signed-off-by: Ada Lovelace <ada@example.com>",
    "author_name": "Ada Lovelace (aider)",
    "author_email": "ada@example.com",
    "committer_name": "Ada Lovelace",
    "committer_email": "ada@example.com",
    "project_id": "ada-l/app",
    "lines_added": 3,
    "notes": 'a.py\n  s1 1\n---\n{"prompts":{"s1":{"agent_id":{"id":"s1","tool":"claude"},'
    '"human_author":"Ada <ada@example.com>"}}}',
}


def test_a_commit_keeps_its_lines_and_the_marks_of_agents(records):
    assert records.clean("git_commits", COMMIT) == {
        "commit_hash": "c1",
        "commit_message": "Co-authored-by: Claude <noreply@anthropic.com>",
        "author_name": "forgotten-1 (aider)",
        "author_email": "forgotten-1@example.com",
        "committer_name": "forgotten-1",
        "committer_email": "forgotten-1@example.com",
        "project_id": "forgotten-1/app",
        "lines_added": 3,
        "notes": 'a.py\n  s1 1\n---\n{"prompts":{"s1":{"agent_id":{"id":"s1","tool":"claude"}}}}',
        "developer_id": "forgotten-1@example.com",
    }


def test_counts_of_lines_stay_under_the_project_of_a_stand_in(records):
    counts = {"commit_hash": "c1", "project_id": "ada-l/app", "age": "today", "lines_alive": 3}
    cleaned = records.clean("git_survival", counts)
    assert cleaned == counts | {"project_id": "forgotten-1/app"}


def test_requests_of_others_stay_in_the_repository_of_a_stand_in(records):
    """Their sessions and commits, which are cleaned as well, still meet them."""
    request = {"project_id": "ada-l/app", "developer_id": "bob", "head_branch": "ada-l/topic", "number": 7}
    cleaned = records.clean("pull_requests", request)
    assert cleaned == request | {"project_id": "forgotten-1/app", "head_branch": "forgotten-1/topic"}

    told = {
        "session.id": "s-bob",
        "user.email": "bob@example.com",
        "project_id": "ada-l/app",
        "pull_request": "ada-l/app#7",
        "vcs.ref.head.name": "ada-l/topic",
    }
    log = records.clean("otel_logs", {"attributes": json.dumps(told)})
    assert json.loads(log["attributes"]) == told | {
        "project_id": "forgotten-1/app",
        "pull_request": "forgotten-1/app#7",
        "vcs.ref.head.name": "forgotten-1/topic",
    }


def test_request_of_somebody_forgotten_has_neither_their_name_nor_their_branch(records):
    request = {"project_id": "Ada-L/app", "developer_id": "ada-l", "head_branch": "ada-l/topic", "number": 7}
    cleaned = records.clean("pull_requests", request)
    assert cleaned["number"] == 7
    assert "ada-l" not in str(cleaned).lower()
    assert (cleaned["project_id"], cleaned["head_branch"]) == ("forgotten-1/app", "forgotten-1/topic")


def test_a_commit_of_another_loses_the_mention_alone(records):
    message = (
        "Greet, as @ada-l and Ada Lovelace asked; Canada and adas stay\n\nSee /home/ada/x, mail"
        " <ada@example.com>\n\nCo-authored-by: Ada L. <ada@example.com>\nReviewed-by: Eve <eve@example.com>"
    )
    record = {
        **{"commit_message": message, "author_name": "Bob", "author_email": "bob@example.com"},
        **{"committer_name": "Ada Lovelace", "committer_email": "ada@example.com", "developer_id": None},
    }
    assert records.clean("git_commits", record) == {
        "commit_message": "Greet, as forgotten-1 and forgotten-1 asked; Canada and adas stay\n\n"
        "See /home/forgotten-1/x, forgotten-1\n\nCo-authored-by: forgotten-1\n"
        "Reviewed-by: Eve <eve@example.com>",
        **{"author_name": "Bob", "author_email": "bob@example.com"},
        **{
            "committer_name": "forgotten-1",
            "committer_email": "forgotten-1@example.com",
            "developer_id": None,
        },
    }


@pytest.mark.parametrize(
    ("table", "record"),
    [
        ("otel_logs", {"developer_id": "bob@example.com", "attributes": '{"user.id": "x", "n": 1.0}'}),
        ("otel_logs", {"developer_id": "bob@example.com", "attributes": '{"cwd": "/home/bob/x"}'}),
        ("git_commits", {"author_email": "bob@example.com", "commit_message": "fix a@b.c / Eve Adams"}),
        ("otel_metrics", {"developer_id": None, "attributes": '{"a": "b"}', "resource_attributes": None}),
        ("otel_logs", {"developer_id": None, "attributes": "not JSON"}),
        ("otel_logs", {"developer_id": 7, "attributes": '[1, "ada"]'}),
        ("otel_logs", {}),
    ],
)
def test_what_names_nobody_forgotten_is_the_same_object(records, table, record):
    assert records.clean(table, record) is record


def test_a_record_of_another_that_names_the_account_loses_the_account(records):
    attributes = '{"user.account_uuid": "account-1", "host.name": "adas-mac", "model": "m"}'
    left = cleaned(records, "otel_logs", developer_id="bob@example.com", attributes=attributes)
    assert left == {"developer_id": "bob@example.com", "attributes": {"model": "m"}}


@pytest.mark.parametrize(
    ("table", "record"),
    [
        ("otel_logs", {"developer_id": "ada-l", "attributes": "{}"}),
        ("otel_spans", {"developer_id": None, "attributes": '{"session.id": "s1"}'}),
        ("git_commits", COMMIT),
        ("git_commits", {"author_email": "1+ada-l@users.noreply.github.com"}),
        ("copilot_metrics", {"developer_id": "ada-l"}),
        ("otel_metrics", {"developer_id": "forgotten-1@example.com", "attributes": "{}"}),
    ],
)
def test_nothing_is_left_of_who_is_dropped(table, record):
    dropped = tombstones().with_names([(ID, WHO.id)], StandIn(WHO.id, is_dropped=True))
    assert Records(dropped).clean(table, record) is None


def test_what_a_project_cost_stays_with_it(records):
    told = {
        "user.email": "ada@example.com",
        "vcs.repository.url.full": "https://github.com/ada-l/app",
        "vcs.owner.name": "ada-l",
        "vcs.repository.name": "app",
        "vcs.ref.head.name": "ada-l/topic",
    }
    attributes = cleaned(records, "otel_logs", attributes=told)["attributes"]
    assert attributes.pop("forgotten")
    assert attributes == {
        "vcs.repository.url.full": "https://github.com/forgotten-1/app",
        "vcs.owner.name": "forgotten-1",
        "vcs.repository.name": "app",
    }
