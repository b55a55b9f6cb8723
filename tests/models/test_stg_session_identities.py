"""Who a session belongs to."""

from tests.models.harness import Warehouse, at


def identities(events=(), points=()):
    warehouse = Warehouse(stg_log_events=list(events), stg_metric_activity=list(points))
    return warehouse.rows("stg_session_identities")


def event(clock="09:00", session="s1", **given):
    return {"recorded_at": at(clock), "session_id": session, **given}


def points(number, clock="09:00", session="s1", **given):
    return {"first_at": at(clock), "session_id": session, "points": number, **given}


def test_a_session_is_its_most_frequent_developers_and_agents():
    votes = [
        *(event(developer_id=name, agent_type="codex") for name in ("ann", "bob", "bob")),
        event("08:00", agent_type="claude_code"),
    ]
    assert identities(votes) == [
        {"session_id": "s1", "developer_id": "bob", "agent_type": "codex", "first_at": at("08:00")}
    ]


def test_ties_are_alphabetical():
    votes = [event(developer_id=name, agent_type=name) for name in ("bob", "ann")]
    (row,) = identities(votes)
    assert (row["developer_id"], row["agent_type"]) == ("ann", "ann")


def test_logs_and_metrics_vote_alike():
    (row,) = identities(
        [event(developer_id="ann"), event(developer_id="ann")], [points(3, "07:00", developer_id="bob")]
    )
    assert (row["developer_id"], row["first_at"]) == ("bob", at("07:00"))


def test_who_is_named_nowhere_is_unknown():
    (row,) = identities([event()])
    assert (row["developer_id"], row["agent_type"]) == ("unknown", "unknown")


def test_records_without_a_session_are_nobodys():
    assert identities([event(session=None)], [points(1, session=None)]) == []
