"""The people who appear in any fact."""

import datetime as dt

from tests.models.harness import at, rows


def developers(columns=(), internal_domains=("example.com",), **tables):
    return rows("dim_developers", tables, *columns, internal_domains=internal_domains)


def developer(*columns, **tables):
    (only,) = developers(columns, **tables)
    return only[columns[0]] if len(columns) == 1 else only


def commit(clock="09:00", developer="ann", **given):
    return {"commit_hash": clock, "developer_id": developer, "commit_timestamp": at(clock), **given}


def session(start, end, developer="ann"):
    return {
        "session_id": start,
        "developer_id": developer,
        "session_start": at(start),
        "session_end": at(end),
    }


def test_a_developer_whole():
    found = developers(
        stg_agent_sessions=[session("09:00", "09:30")],
        fct_git_commits=[commit("10:00", author_name="Ann Lee", author_email="ann@example.com")],
        fct_daily_agent_usage=[
            {"developer_id": "ann", "agent_type": agent, "model_name": model}
            for agent, model in (("codex", "m"), ("claude_code", "m"), ("codex", "n"))
        ],
    )
    assert found == [
        {
            "developer_id": "ann",
            "developer_name": "Ann Lee",
            "developer_email": "ann@example.com",
            "developer_type": "internal",
            "first_seen_at": at("09:00"),
            "last_seen_at": at("10:00"),
            "agents_used": "claude_code, codex",
            "is_known": True,
        }
    ]


def test_each_fact_alone_makes_a_developer_and_says_when():
    seen = {
        "stg_agent_sessions": [session("09:00", "09:30")],
        "stg_agent_token_usage": [
            {"developer_id": "ann", "first_used_at": at("09:00"), "last_used_at": at("09:30")}
        ],
        "fct_git_commits": [commit("09:00"), commit("09:30")],
    }
    for table, facts in seen.items():
        row = developer("developer_id", "first_seen_at", "last_seen_at", **{table: facts})
        assert tuple(row.values()) == ("ann", at("09:00"), at("09:30"))
    copilot = [{"developer_id": "ann", "date": dt.date(2026, 3, 10)}]
    row = developer("first_seen_at", "last_seen_at", stg_copilot_metrics=copilot)
    assert set(row.values()) == {at("00:00")}


def test_whom_nothing_names_is_unknown():
    row = developer(
        "developer_name", "developer_type", "is_known", fct_git_commits=[commit(developer="unknown")]
    )
    assert tuple(row.values()) == ("unknown", "unknown", False)


def test_the_latest_known_address_counts_and_githubs_own_last():
    commits = [
        commit("09:00", author_email="ann@old.org"),
        commit("10:00", author_email="ann@example.com"),
        commit("11:00", author_email="7+ann@users.noreply.github.com"),
        commit("12:00", author_email=None),
    ]
    assert developer("developer_email", fct_git_commits=commits) == "ann@example.com"


def test_telemetry_tells_an_address_too():
    tables = {
        "stg_agent_sessions": [session("09:00", "09:30")],
        "stg_log_events": [
            {"developer_id": "ann", "developer_email": "ann@logs.org", "recorded_at": at("09:00")}
        ],
        "stg_metric_activity": [
            {"developer_id": "ann", "developer_email": "ann@metrics.org", "last_at": at("09:10")}
        ],
    }
    assert developer("developer_email", **tables) == "ann@metrics.org"


def test_the_identity_map_comes_first():
    people = [
        {"alias": "a", "developer_id": "ann", "developer_name": "Ann Lee", "developer_email": "Ann@Lee.org"},
        {"alias": "b", "developer_id": "ann"},
    ]
    row = developer(
        *("developer_name", "developer_email"),
        fct_git_commits=[commit(author_name="al", author_email="x@y.z")],
        identities=people,
    )
    assert tuple(row.values()) == ("Ann Lee", "ann@lee.org")


def test_a_developer_whose_name_is_an_address_has_that_address():
    row = developer(
        *("developer_name", "developer_email", "developer_type"),
        stg_agent_sessions=[session("09:00", "09:30", "ann@example.com")],
    )
    assert tuple(row.values()) == ("ann@example.com", "ann@example.com", "internal")


def test_the_domain_of_the_address_says_who_is_internal():
    addresses = {
        "a": ("a@example.com", "internal"),
        "b": ("b@EXAMPLE.com", "internal"),
        "c": ("c@sub.example.com", "external"),
        "d": ("d@notexample.com", "external"),
        "e": (None, "unknown"),
    }
    commits = [
        commit(f"09:0{number}", name, author_email=address and address.lower())
        for number, (name, (address, _)) in enumerate(addresses.items())
    ]
    found = developers(["developer_id", "developer_type"], ("Example.com",), fct_git_commits=commits)
    assert [row["developer_type"] for row in found] == [kind for _, kind in addresses.values()]


def test_without_configured_domains_nobody_is_internal():
    commits = [commit(author_email="a@example.com")]
    assert developers(["developer_type"], (), fct_git_commits=commits) == [{"developer_type": "external"}]


def test_who_used_no_agent_has_none():
    assert developer("agents_used", fct_git_commits=[commit()]) is None
