"""What GitHub reports of Copilot, per day and developer."""

import datetime as dt

from tests.models.harness import at, rows

DAY = dt.date(2026, 3, 10)


def metrics(*raw, columns=(), **given):
    settings = {key: given.pop(key) for key in ("as_of", "timezone", "window_days") if key in given}
    return rows("stg_copilot_metrics", {"raw_copilot_metrics": list(raw), **given}, *columns, **settings)


def report(developer="ann", scope="user", suggestions=10, acceptances=4, organization="acme", **given):
    return {
        "date": DAY,
        "developer_id": developer,
        "report_scope": scope,
        "organization": organization,
        "total_suggestions": suggestions,
        "total_acceptances": acceptances,
        "total_lines_suggested": 20,
        "total_lines_accepted": 8,
        "total_active_users": 1,
        "created_at": at("12:00"),
        **given,
    }


def suggestions(*raw, **given):
    found = metrics(*raw, columns=["developer_id", "total_suggestions"], **given)
    return {row["developer_id"]: row["total_suggestions"] for row in found}


ONLY_REPORTED = (
    *("ai_credits_used", "interactions", "cli_sessions", "cli_requests", "cli_prompts"),
    *("cli_prompt_tokens", "cli_output_tokens", "used_code_review"),
)


def test_a_day_in_the_enterprises_report_covers_its_organisations():
    reports = [
        report(organization="1"),
        report(organization="2"),
        report(organization="enterprise:9", ai_credits_used=12.5, cli_requests=2),
    ]
    (day,) = metrics(*reports, columns=("total_suggestions", "ai_credits_used", "cli_requests"))
    assert day == {"total_suggestions": 10, "ai_credits_used": 12.5, "cli_requests": 2}
    (day,) = metrics(*reports[:2], columns=("total_suggestions",))
    assert day == {"total_suggestions": 20}


def test_a_day_of_a_developer_whole():
    assert metrics(report()) == [
        {
            "date": DAY,
            "developer_id": "ann",
            "total_suggestions": 10,
            "total_acceptances": 4,
            "total_lines_suggested": 20,
            "total_lines_accepted": 8,
            "total_active_users": 1,
            "acceptance_rate_pct": 40.0,
            **dict.fromkeys(ONLY_REPORTED),
        }
    ]


def test_the_rate_is_null_and_not_0_when_nothing_was_suggested():
    assert metrics(report(suggestions=0, acceptances=0), columns=["acceptance_rate_pct"]) == [
        {"acceptance_rate_pct": None}
    ]


def test_the_window_is_90_days_of_the_calendar_and_has_no_end():
    # 2025-12-31 is 90 days before the day of the run, 2026-03-31.
    dates = [dt.date(2025, 12, 30), dt.date(2025, 12, 31), dt.date(2026, 12, 31)]
    found = metrics(*(report(date=date) for date in dates), columns=["date"])
    assert found == [{"date": date} for date in dates[1:]]


def test_the_day_of_the_run_is_one_of_the_configured_time_zone():
    # In Tokyo the run is on 2026-04-01 already.
    late = {"as_of": at("2026-03-31 16:00"), "timezone": "Asia/Tokyo"}
    assert metrics(report(date=dt.date(2025, 12, 31)), **late) == []
    assert len(metrics(report(date=dt.date(2026, 1, 1)), **late)) == 1


def test_the_latest_report_per_day_developer_and_organisation_wins():
    raw = [
        report(suggestions=5, created_at=at("12:00"), id=1),
        report(suggestions=7, created_at=at("13:00"), id=2),
        report(suggestions=6, created_at=None, id=3),
    ]
    assert suggestions(*raw) == suggestions(*reversed(raw)) == {"ann": 7}


def test_the_report_that_landed_last_wins_whatever_the_clock_said():
    raw = [report(suggestions=5, created_at=at("13:00"), id=1), report(suggestions=7, id=2)]
    assert suggestions(*raw) == suggestions(*reversed(raw)) == {"ann": 7}


def test_of_reports_of_one_moment_the_last_landed_wins():
    assert suggestions(report(suggestions=5, id=1), report(suggestions=7, id=2)) == {"ann": 7}


def test_several_organisations_add_up_but_not_their_active_users():
    raw = [
        report(None, "organization", organization=name, total_active_users=users)
        for name, users in (("acme", 3), ("umbrella", 5))
    ]
    (row,) = metrics(*raw)
    assert (row["developer_id"], row["total_suggestions"], row["total_active_users"]) == ("unknown", 20, 5)


def test_organisation_rows_count_only_on_days_without_user_rows():
    tomorrow = dt.date(2026, 3, 11)
    raw = [report(), report(None, "organization", 99), report(None, "organization", 99, date=tomorrow)]
    assert metrics(*raw, columns=["date", "developer_id", "total_suggestions"]) == [
        {"date": DAY, "developer_id": "ann", "total_suggestions": 10},
        {"date": tomorrow, "developer_id": "unknown", "total_suggestions": 99},
    ]


def test_enterprise_rows_count_only_on_days_without_any_others():
    enterprise = report(None, "enterprise", 99)
    assert suggestions(enterprise, report(None, "organization", 50)) == {"unknown": 50}
    assert suggestions(enterprise) == {"unknown": 99}


def test_rows_of_other_collectors_are_users_if_they_name_one():
    assert suggestions(report("ann", None), report(None, None, 99), report("", None, 99)) == {"ann": 10}
    assert suggestions(report(None, None, 99)) == {"unknown": 99}


def test_logins_resolve_through_the_identity_map_and_then_add_up():
    people = [{"alias": "octocat", "developer_id": "ann"}]
    assert suggestions(report("ann"), report("octocat"), identities=people) == {"ann": 20}


def test_the_case_of_a_login_does_not_matter():
    raw = [report("OctoCat", suggestions=5, id=1), report("octocat", suggestions=7, id=2)]
    assert list(suggestions(*raw).values()) == [7]


def test_counts_that_cannot_be_are_0():
    raw = report(suggestions=-5, acceptances=None, total_lines_suggested=2**63 - 1)
    (row,) = metrics(raw)
    assert (row["total_suggestions"], row["total_acceptances"], row["total_lines_suggested"]) == (0, 0, 0)


def test_a_report_without_a_day_is_none():
    assert metrics(report(date=None)) == []
