"""One person per session, and their other names."""

import pytest

from tests.models.harness import Warehouse, log, point, request

pytestmark = pytest.mark.slow

HASH, OTHER = "a" * 64, "b" * 64
ACCOUNT = {"user__account_uuid": "acc-1"}
ADA, BOB = "ada@example.com", "bob@example.com"


def named(session, clock="09:00", **who):
    return request(clock, session, **who)


def people(*logs, metrics=(), identities=()):
    """Session → developer."""
    raw = {"raw_otel_logs": [*logs], "raw_otel_metrics": [*metrics], "identities": [*identities]}
    rows = Warehouse(**raw).rows("stg_agent_sessions", "session_id", "developer_id")
    return {row["session_id"]: row["developer_id"] for row in rows}


@pytest.mark.parametrize(
    ("names", "best"),
    [
        ([{"user__id": HASH}, {"user__id": HASH}, {"user__email": ADA}], ADA),
        ([{"user__id": HASH}, {"user__id": HASH}, {"user__account_uuid": "acc-1"}], "acc-1"),
        ([{"user__account_uuid": "acc-1"}, {"user__account_uuid": "acc-1"}, {"user__email": ADA}], ADA),
        ([{"user__email": BOB}, {"user__email": ADA}, {"user__email": ADA}], ADA),
        ([{"user__email": BOB}, {"user__email": ADA}], ADA),
        ([{"user__id": HASH}, {}], HASH),
        ([{}], "unknown"),
    ],
    ids=["address", "account", "address before account", "most frequent", "alphabetical", "hash", "nobody"],
)
def test_the_best_name_in_a_session_is_its_developer(names, best):
    logs = [named("s1", f"09:{minute:02}", **who) for minute, who in enumerate(names)]
    assert people(*logs) == {"s1": best}


def test_every_record_of_a_session_counts_under_its_one_developer():
    logs = [named("s1", "09:00", user__id=HASH), named("s1", "09:01", user__email=ADA)]
    usage = Warehouse(raw_otel_logs=logs).rows("stg_agent_token_usage", "developer_id", "request_count")
    assert usage == [{"developer_id": ADA, "request_count": 2}]


def test_a_hash_is_its_owners_alias_where_nothing_better_stands():
    logs = [
        named("s1", "09:00", user__id=HASH),
        named("s1", "09:01", user__email=ADA),
        named("s2", "10:00", user__id=HASH),
        named(None, "11:00", user__id=HASH),
    ]
    warehouse = Warehouse(raw_otel_logs=logs)
    usage = warehouse.rows("stg_agent_token_usage", "session_id", "developer_id")
    assert [(row["session_id"], row["developer_id"]) for row in usage] == [
        ("s1", ADA),
        ("s2", ADA),
        (None, ADA),
    ]
    assert warehouse.rows("identity_aliases") == [
        {"alias": HASH, "developer_id": ADA, "kind": "install", "sessions": 1}
    ]


def test_a_hash_beside_an_account_beside_an_address_is_the_addresss():
    logs = [
        named("s1", "09:00", user__id=HASH),
        named("s1", "09:01", user__account_uuid="acc-1"),
        named("s2", "10:00", user__account_uuid="acc-1"),
        named("s2", "10:01", user__email=ADA),
        named("s3", "11:00", user__id=HASH),
    ]
    assert people(*logs) == {"s1": ADA, "s2": ADA, "s3": ADA}


def test_a_machine_that_two_people_share_is_nobodys_alias():
    logs = [
        *(named("s1", f"09:0{n}", **who) for n, who in enumerate([{"user__id": HASH}, {"user__email": ADA}])),
        *(named("s2", f"10:0{n}", **who) for n, who in enumerate([{"user__id": HASH}, {"user__email": BOB}])),
        named("s3", "11:00", user__id=HASH),
    ]
    assert people(*logs) == {"s1": ADA, "s2": BOB, "s3": HASH}


def test_a_hash_beside_an_account_and_its_address_is_one_persons():
    logs = [
        *(named("s1", f"09:0{n}", **who) for n, who in enumerate([{"user__id": HASH}, ACCOUNT])),
        *(named("s2", f"10:0{n}", **who) for n, who in enumerate([{"user__id": HASH}, {"user__email": ADA}])),
        *(named("s3", f"11:0{n}", **who) for n, who in enumerate([ACCOUNT, {"user__email": ADA}])),
        named("s4", "12:00", user__id=HASH),
    ]
    assert people(*logs) == {"s1": ADA, "s2": ADA, "s3": ADA, "s4": ADA}


def test_an_address_is_nobodys_alias_though_the_map_names_another_in_the_session():
    identities = [{"alias": "acc-1", "developer_id": "grace"}]
    logs = [
        named("s1", "09:00", **ACCOUNT),
        named("s1", "09:01", user__email=BOB),
        named("s2", "10:00", user__email=BOB),
    ]
    assert people(*logs, identities=identities) == {"s1": "grace", "s2": BOB}


def test_the_identity_map_overrules_what_sessions_tell():
    identities = [{"alias": HASH, "developer_id": "grace"}]
    logs = [named("s1", "09:00", user__id=HASH), named("s1", "09:01", user__email=ADA)]
    assert people(*logs, identities=identities) == {"s1": "grace"}


def test_metrics_without_a_session_meet_the_transcripts_of_their_person():
    """Metrics name the install, transcripts the address: what tells both makes them one, and counts once."""
    tokens = [
        point(
            "09:30", "claude_code.token.usage", 1000, type="input", user__id=HASH, model="claude-sonnet-4-5"
        ),
        point(
            "09:30", "claude_code.token.usage", 100, type="output", user__id=HASH, model="claude-sonnet-4-5"
        ),
    ]
    transcript = named("s1", "09:00") | {"source": "transcript", "developer_id": ADA}
    start = log("08:59", "claude_code.user_prompt", session__id="s1", user__id=HASH)
    raw = {"raw_otel_logs": [transcript, start], "raw_otel_metrics": tokens}
    usage = Warehouse(**raw).rows("stg_agent_token_usage", "developer_id", "total_tokens")
    assert usage == [{"developer_id": ADA, "total_tokens": 1100}]
