"""Commits with the agent that helped, how that is known, and their share of its session."""

import datetime as dt

import pytest

from tests.models.harness import at, rows

SHA = "abcdef1234567890abcdef1234567890abcdef12"
CLAUDE = "Mend it\n\nCo-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>"


def context(*commits, sessions=(), events=(), marks=(), columns=(), **settings):
    signed = {"commit_marks": list(marks), "stg_git_commits": list(commits)}
    tables = {
        "stg_git_commits": list(commits),
        "stg_commit_marks": rows("stg_commit_marks", signed),
        "int_sessions_with_costs": list(sessions),
        "stg_log_events": list(events),
    }
    return rows("int_commits_with_agent_context", tables, *columns, **settings)


def one(commit, *columns, **given):
    (only,) = context(commit, columns=columns, **given)
    return only


def commit(clock="09:30", name=SHA, **given):
    return {
        "commit_hash": name,
        "commit_timestamp": at(clock),
        "developer_id": "ann",
        "author_email": "ann@example.com",
        "commit_message": "Mend it",
        **given,
    }


def session(name="s1", start="09:00", end="09:20", cost=1.0, tokens=900, **given):
    bounds = at(start), at(end)
    return {
        "session_id": name,
        "developer_id": "ann",
        "agent_type": "claude_code",
        "model_name": "m",
        "session_start": bounds[0],
        "session_end": bounds[1],
        "duration_seconds": (bounds[1] - bounds[0]).total_seconds(),
        "session_cost_usd": cost,
        "total_tokens": tokens,
        **given,
    }


def agents(commits, marks=()):
    """Method and agent of each of many commits, in their order."""
    named = [one | {"commit_hash": f"{number:040}"} for number, one in enumerate(commits)]
    return [
        (row["attribution_method"], row["agent_type"])
        for row in context(*named, marks=marks, columns=["commit_hash", "attribution_method", "agent_type"])
    ]


def attribution(commit, **given):
    row = one(commit, "attribution_method", "agent_session_id", "agent_type", **given)
    return tuple(row.values())


def test_a_commit_during_a_session_whole():
    row = one(commit("09:10", lines_added=90, lines_deleted=20, project_id="p"), sessions=[session()])
    assert row == {
        "commit_hash": SHA,
        "developer_id": "ann",
        "project_id": "p",
        "commit_timestamp": at("09:10"),
        "commit_date": dt.date(2026, 3, 10),
        "lines_added": 90,
        "lines_deleted": 20,
        "is_agent_assisted": True,
        "attribution_method": "time_window",
        "agent_session_id": "s1",
        "agent_type": "claude_code",
        "model_name": "m",
        "seconds_after_session": 0.0,
        "commit_size": "medium",
        "session_tokens": 900,
        "session_cost_usd": 1.0,
        "session_duration_seconds": 1200.0,
        "session_commits": 1,
        "allocated_cost_usd": 1.0,
        "allocated_tokens": 900.0,
    }


def test_a_commit_of_nobodys_agent_has_no_agent_and_no_cost():
    row = one(commit())
    assert (row["is_agent_assisted"], row["attribution_method"]) == (False, "none")
    rest = [
        *("agent_session_id", "agent_type", "model_name", "seconds_after_session", "session_tokens"),
        *("session_cost_usd", "session_commits", "allocated_cost_usd", "allocated_tokens"),
    ]
    assert {row[name] for name in rest} == {None}


# Shares


def test_a_session_of_one_dollar_with_three_commits_gives_a_third_to_each():
    commits = [commit("09:10", str(number)) for number in range(3)]
    shares = context(
        *commits, sessions=[session()], columns=["session_commits", "allocated_cost_usd", "allocated_tokens"]
    )
    assert shares == [{"session_commits": 3, "allocated_cost_usd": 1 / 3, "allocated_tokens": 300.0}] * 3


def test_a_session_without_a_cost_has_none_to_share():
    row = one(commit("09:10"), sessions=[session(cost=None)])
    assert (row["allocated_cost_usd"], row["allocated_tokens"]) == (None, 900.0)


# The method: first that applies


def test_the_collectors_flag_or_session_is_explicit():
    assert attribution(commit(agent_assisted=True)) == ("explicit", None, "unknown")
    assert attribution(commit(agent_session_id="gone")) == ("explicit", "gone", "unknown")
    named = commit("23:00", agent_session_id="s1")
    assert attribution(named, sessions=[session()]) == ("explicit", "s1", "claude_code")


def test_explicit_comes_before_link_before_trailer_before_time_window():
    link = {"git_commit_id": SHA, "session_id": "linked", "recorded_at": at("09:00")}
    sessions = [session("linked", "07:00", "07:10"), session("near")]
    whole = commit(commit_message=CLAUDE)
    assert attribution(whole | {"agent_assisted": True}, sessions=sessions, events=[link])[0] == "explicit"
    assert attribution(whole, sessions=sessions, events=[link])[:2] == ("commit_link", "linked")
    assert attribution(whole, sessions=[session(end="09:26")])[:2] == ("trailer", "s1")
    assert attribution(commit(), sessions=[session(end="09:26")])[:2] == ("time_window", "s1")


@pytest.mark.parametrize("sha", [SHA, SHA[:7], SHA[:12]])
def test_a_tool_result_may_name_a_commit_by_a_short_hash(sha):
    link = {"git_commit_id": sha, "session_id": "s1", "recorded_at": at("09:00")}
    assert attribution(commit("23:00"), sessions=[session()], events=[link])[0] == "commit_link"


@pytest.mark.parametrize("sha", [SHA[:6], "abcdef9", SHA[:20] + "ff", None])
def test_another_hash_is_no_link(sha):
    link = {"git_commit_id": sha, "session_id": "s1", "recorded_at": at("09:00")}
    assert attribution(commit("23:00"), sessions=[session()], events=[link])[0] == "none"


def test_of_several_links_the_earliest_counts():
    links = [
        {"git_commit_id": SHA, "session_id": name, "recorded_at": at(clock)}
        for name, clock in (("s1", "09:05"), ("s2", "09:01"), ("s3", "09:05"))
    ]
    assert attribution(commit(), events=links)[1] == "s2"


def test_a_git_ai_note_links_a_commit_to_its_conversation():
    note = 'src/a.py\n  s_1 1-3\n---\n{"sessions": {"s_1": {"agent_id": {"tool": "claude", "id": "s1"}}}}'
    assert attribution(commit("23:00", notes=note), sessions=[session()]) == (
        "commit_link",
        "s1",
        "claude_code",
    )


# Trailers

NOREPLY = "users.noreply.github.com"


def test_agents_sign_by_address_or_by_a_line_of_their_own():
    signed = [
        ({"commit_message": CLAUDE}, "claude_code"),
        ({"commit_message": "x\n\nco-authored-by: claude <NOREPLY@ANTHROPIC.COM>"}, "claude_code"),
        (
            {"commit_message": "x\n\n\U0001f916 Generated with [Claude Code](https://claude.com)"},
            "claude_code",
        ),
        ({"commit_message": "x\n\nGenerated with [Claude Code](https://claude.ai/code)\n"}, "claude_code"),
        ({"author_email": "noreply@anthropic.com"}, "claude_code"),
        ({"commit_message": f"x\n\nCo-authored-by: C <223556219+Copilot@{NOREPLY}>"}, "github_copilot"),
        ({"author_email": f"198982749+Copilot@{NOREPLY}"}, "github_copilot"),
        ({"commit_message": "x\n\nCo-authored-by: Codex <noreply@openai.com>"}, "codex"),
        ({"commit_message": "x\n\nMade-with: Cursor"}, "cursor"),
        ({"commit_message": "x\n\nAmp-Thread-ID: https://ampcode.com/threads/T-1"}, "amp"),
        ({"author_email": f"161369871+google-labs-jules[bot]@{NOREPLY}"}, "jules"),
        ({"commit_message": "x\n\nCo-authored-by: aider (gpt) <aider@aider.chat>"}, "aider"),
    ]
    assert agents(commit(**given) for given, _ in signed) == [("trailer", agent) for _, agent in signed]


def test_people_reviews_and_release_robots_are_no_agents():
    unsigned = [
        {"author_name": "Claude Monet", "author_email": "claude@monet.fr"},
        {"commit_message": "Thanks to Claude and Codex"},
        {"commit_message": "Mention noreply@anthropic.com in the docs"},
        {"commit_message": "Say that it was generated with [claude code]"},
        {"commit_message": "x\n\nCo-authored-by: A <anoreply@anthropic.com>"},
        {"commit_message": "x\n\nCo-authored-by: A <noreply@anthropic.com.evil.org>"},
        {"commit_message": f"x\n\nCo-authored-by: Copilot <175728472+Copilot@{NOREPLY}>"},
        {"author_email": f"176961590+gemini-code-assist[bot]@{NOREPLY}"},
        {"author_email": "49699333+dependabot[bot]@users.noreply.github.com"},
        {"commit_message": None, "author_email": None},
    ]
    assert agents(commit(**given) for given in unsigned) == [("none", None)] * len(unsigned)


# A project's own marks

OWN = [
    {"agent_type": agent, "kind": kind, "mark": mark}
    for agent, kind, mark in [
        ("acme_coder", "email", "Bot+1@acme.example"),
        ("acme_coder", "author_name", "(Acme)"),
        ("acme_coder", "line", "Acme-Run: "),
        ("acme_coder", "footer", "Acme Coder"),
        ("codex", "email", "second.bot@openai.example"),
        ("zed", "line", "acme-run: zed"),
        ("acme_coder", "line", "%_.*[a\\b]"),
        ("acme_coder", "line", "MARK"),
    ]
]


def test_a_projects_own_marks_stand_where_those_of_the_package_do_in_any_case():
    signed = [
        {"author_email": "bot+1@ACME.example"},
        {"commit_message": "x\n\nCo-authored-by: Bot <BOT+1@acme.example>"},
        {"commit_message": "x\n\n assisted-by: Acme <bot+1@acme.example>\nSigned-off-by: A <a@example.com>"},
        {"author_name": "Ann Lee (ACME)"},
        {"commit_message": "x\n\n  ACME-run: 12"},
        {"commit_message": "acme-run: 12"},
        {"commit_message": "x\n\n🤖 Generated with [Acme Coder](https://acme.example)"},
        {"commit_message": "x\n\nGenerated by Acme coder (m-1)\n"},
        {"commit_message": "x\n\n%_.*[A\\B]"},
        {"commit_message": "x\n\nMark this"},
    ]
    assert agents((commit(**given) for given in signed), OWN) == [("trailer", "acme_coder")] * len(signed)


def test_a_projects_own_marks_are_no_words_within_a_text_and_no_expressions():
    unsigned = [
        {"author_email": "robot+1@acme.example"},
        {"author_email": "bot1@acme.example"},
        {"author_email": "bot+1@acmexexample"},
        {"author_email": "bot+1@acme.example.evil.org"},
        {"commit_message": "Mention <bot+1@acme.example> in the docs"},
        {"commit_message": "x\n\nReviewed-by: B <bot+1@acme.example>"},
        {"commit_message": "x\n\nCo-authored-by: A <a.bot+1@acme.example>"},
        {"author_name": "(Acme) Ann"},
        {"commit_message": "x\n\nSee acme-run: 12"},
        {"commit_message": "x\n\nGenerated with Acme Coders"},
        {"commit_message": "It was generated with Acme Coder"},
        {"commit_message": "x\n\nanything [a"},
        {"commit_message": None, "author_email": None},
    ]
    assert agents((commit(**given) for given in unsigned), OWN) == [("none", None)] * len(unsigned)


def test_a_projects_own_mark_comes_before_the_packages_and_of_several_the_first_by_name():
    second = "x\n\nCo-authored-by: Codex <second.bot@openai.example>"
    signed = [
        {"commit_message": CLAUDE + "\nAcme-Run: 1"},
        {"commit_message": "x\n\nAcme-Run: zed"},
        {"commit_message": second},
        {"commit_message": CLAUDE},
        {"commit_message": CLAUDE, "agent_type": "cursor"},
    ]
    assert agents((commit(**given) for given in signed), OWN) == [
        ("trailer", agent) for agent in ("acme_coder", "acme_coder", "codex", "claude_code", "cursor")
    ]


def test_a_commit_with_a_projects_own_mark_whole():
    given = commit(commit_message="x\n\nAcme-Run: 1\nGenerated with Acme Coder (m-1)")
    row = one(given, marks=OWN, sessions=[session(agent_type="acme_coder")])
    assert row | {"commit_hash": SHA} == row
    assert (row["attribution_method"], row["agent_session_id"]) == ("trailer", None)
    near = one(given, marks=OWN, sessions=[session(end="09:26", agent_type="acme_coder")])
    assert {name: near[name] for name in row if near[name] != row[name]} == {
        "agent_session_id": "s1",
        "model_name": "m",
        "seconds_after_session": 240.0,
        "session_tokens": 900,
        "session_cost_usd": 1.0,
        "session_duration_seconds": 1560.0,
        "session_commits": 1,
        "allocated_cost_usd": 1.0,
        "allocated_tokens": 900.0,
    }


# The session of a commit


@pytest.mark.slow
def test_the_window_is_300_seconds_after_the_end():
    sessions = [session(end="09:25")]
    assert attribution(commit("09:30"), sessions=sessions)[0] == "time_window"
    late = commit() | {"commit_timestamp": at("09:30") + dt.timedelta(microseconds=1)}
    assert attribution(late, sessions=sessions)[0] == "none"
    assert attribution(late, sessions=sessions, time_window_seconds=301)[0] == "time_window"


@pytest.mark.parametrize(
    ("end", "commit_at", "method"),
    [
        ("2026-03-11 00:10", "2026-03-11 00:05", "time_window"),  # over midnight
        ("2026-03-10 23:58", "2026-03-11 00:02", "time_window"),  # ended before it, the commit is after
        ("2026-03-11 08:55", "2026-03-11 09:00", "time_window"),  # with the window exactly a day
        ("2026-03-11 08:56", "2026-03-11 09:01", "time_window"),  # a minute more
        ("2026-03-14 12:00", "2026-03-12 03:00", "time_window"),  # days
        ("2026-03-14 12:00", "2026-03-14 12:05", "time_window"),
        ("2026-03-14 12:00", "2026-03-14 12:06", "none"),
    ],
)
def test_sessions_reach_over_midnight_and_over_days(end, commit_at, method):
    assert attribution(commit(commit_at), sessions=[session(end=end)])[0] == method


@pytest.mark.slow
def test_a_window_of_more_than_a_day_finds_sessions_of_days_ago():
    late = commit("2026-03-13 09:00")
    assert attribution(late, sessions=[session()], time_window_seconds=3 * 86_400)[0] == "time_window"


def test_a_session_that_begins_after_the_commit_is_not_its_session():
    assert attribution(commit("08:59"), sessions=[session()])[0] == "none"


def test_seconds_after_a_session_are_counted_from_its_end_and_are_never_negative():
    assert one(commit("09:22"), sessions=[session()])["seconds_after_session"] == 120
    early = commit("08:00", agent_session_id="s1")
    assert one(early, sessions=[session()])["seconds_after_session"] == 0
    assert one(commit(agent_session_id="gone"))["seconds_after_session"] is None


def test_a_session_that_was_active_is_nearer_than_one_that_has_ended():
    sessions = [session("ended", end="09:29"), session("active", "08:00", "09:31")]
    assert attribution(commit(), sessions=sessions)[1] == "active"


def test_the_session_that_ended_last_is_nearest():
    sessions = [session("a", end="09:28"), session("b", end="09:29"), session("c", end="09:27")]
    assert attribution(commit(), sessions=sessions)[1] == "b"


def test_ties_go_to_the_latest_start_then_to_the_session_id():
    active = [session("a", "09:00", "09:40"), session("b", "09:05", "09:50")]
    assert attribution(commit(), sessions=active)[1] == "b"
    alike = [session("b", end="09:29"), session("a", end="09:29")]
    assert attribution(commit(), sessions=alike)[1] == "a"


def test_only_sessions_of_the_same_developer_match():
    assert attribution(commit(developer_id="bob"), sessions=[session(end="09:40")])[0] == "none"


def test_unknown_is_nobody_and_never_matches():
    nobody = {"developer_id": "unknown"}
    assert attribution(commit(**nobody), sessions=[session(end="09:40", **nobody)])[0] == "none"


def test_where_the_agent_is_known_only_its_sessions_match():
    sessions = [session("other", end="09:40", agent_type="codex"), session("right", end="09:29")]
    assert attribution(commit(commit_message=CLAUDE), sessions=sessions) == (
        "trailer",
        "right",
        "claude_code",
    )
    assert attribution(commit(commit_message=CLAUDE), sessions=sessions[:1]) == (
        "trailer",
        None,
        "claude_code",
    )


def test_a_named_session_needs_no_window_and_no_developer():
    far = session("far", "01:00", "01:10", developer_id="bob")
    row = one(commit(agent_session_id="far"), sessions=[far, session(end="09:40")])
    assert (row["agent_session_id"], row["allocated_cost_usd"]) == ("far", 1.0)
    assert row["seconds_after_session"] == 8 * 3600 + 20 * 60


def test_each_commit_stands_once_however_many_sessions_match():
    sessions = [session(str(number), end="09:40") for number in range(5)]
    assert len(context(commit(), sessions=sessions)) == 1


def test_the_size_of_a_commit():
    sizes = [(0, 0, "small"), (60, 40, "small"), (61, 40, "medium"), (500, 0, "medium"), (500, 1, "large")]
    commits = [
        commit(name=str(number), lines_added=added, lines_deleted=deleted)
        for number, (added, deleted, _) in enumerate(sizes)
    ]
    found = context(*commits, columns=["commit_hash", "commit_size"])
    assert [row["commit_size"] for row in found] == [size for *_, size in sizes]
