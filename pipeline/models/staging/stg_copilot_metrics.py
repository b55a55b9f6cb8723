"""What GitHub reports of Copilot, per day and developer."""

import ibis
from ibis import _

from pipeline.models.expressions import UNKNOWN, count_or_0, local_date, with_developer

COUNTS = ("total_suggestions", "total_acceptances", "total_lines_suggested", "total_lines_accepted")
# What only the reports of 2026 tell; NULL where they do not.
TOLD = (
    *("ai_credits_used", "interactions", "cli_sessions", "cli_requests", "cli_prompts"),
    *("cli_prompt_tokens", "cli_output_tokens"),
)
# Whose rows count on a day: users' own, else their organisations', else the enterprise's.
SCOPES = {"user": 1, "organization": 2, "enterprise": 3}


def of_enterprise_or_organisations(reports: ibis.Table) -> ibis.Table:
    """Reports of developers' days without those of organisations where the enterprise's tells of the day."""
    is_enterprise = reports.organization.startswith("enterprise:").fill_null(False)
    marked = reports.mutate(is_enterprise=ibis.ifelse(is_enterprise, 1, 0))
    day = ["date", "scope", marked.developer_id.lower()]
    covered = marked.mutate(covered=marked.is_enterprise.max().over(group_by=day))
    return covered.filter(_.is_enterprise == _.covered).drop("is_enterprise", "covered")


def stg_copilot_metrics(
    raw_copilot_metrics: ibis.Table,
    identities: ibis.Table,
    *,
    as_of: ibis.Value,
    window: ibis.Value,
    timezone: str,
) -> ibis.Table:
    """One row per day and developer, not more than the window before the day of the run.

    The latest report per day, developer and organisation wins; several organisations add up (active
    users: the maximum). A developer's day in the enterprise's report covers all organisations. Rows of a
    whole organisation count only on days without users', as `unknown`.
    """
    since = local_date(as_of, timezone) - window
    given = raw_copilot_metrics.developer_id.strip().nullif("")
    recent = raw_copilot_metrics.filter(_.date.notnull(), _.date >= since).mutate(
        developer_id=given,
        scope=ibis.coalesce(_.report_scope, ibis.ifelse(given.isnull(), "organization", "user")).cases(
            *SCOPES.items(), else_=1
        ),
    )
    # GitHub's logins are the same in upper and in lower case.
    report = ["date", "scope", recent.developer_id.lower(), "organization"]
    # Numbers tell which came last; clocks may differ, and go back.
    latest = recent.mutate(
        rank=ibis.row_number().over(
            group_by=report,
            order_by=[_.created_at.isnull(), _.id.desc(), _.created_at.desc(nulls_first=False)],
        )
    ).filter(_.rank == 0)
    latest = of_enterprise_or_organisations(latest)
    scopes = latest.group_by("date").agg(day_scope=_.scope.min())
    counting = latest.inner_join(scopes, "date").filter(_.scope == _.day_scope)
    known = with_developer(counting.drop("day_scope"), identities)
    days = (
        known.mutate(developer_id=_.developer_id.fill_null(UNKNOWN))
        .group_by("date", "developer_id")
        .agg(
            **{name: count_or_0(known[name]).sum() for name in COUNTS},
            total_active_users=count_or_0(known.total_active_users).max(),
            **{name: known[name].sum() for name in TOLD},
            used_code_review=known.used_code_review.any(),
        )
    )
    return days.select(
        *("date", "developer_id", *COUNTS, "total_active_users"),
        acceptance_rate_pct=100.0 * days.total_acceptances / days.total_suggestions.nullif(0),
        **{name: days[name] for name in (*TOLD, "used_code_review")},
    )
