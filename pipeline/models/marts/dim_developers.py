"""The people who appear in any fact."""

import ibis
from ibis import _

from pipeline.models.contacts import addresses, authors, latest
from pipeline.models.expressions import UNKNOWN, joined_text, stack


def seen(table: ibis.Table, first: str, last: str) -> ibis.Table:
    """One row per developer: when the table first and last tells of them."""
    return table.group_by("developer_id").agg(first_at=table[first].min(), last_at=table[last].max())


def dim_developers(
    fct_billed: ibis.Table,
    fct_daily_agent_usage: ibis.Table,
    fct_git_commits: ibis.Table,
    fct_seats: ibis.Table,
    fct_tool_usage: ibis.Table,
    stg_agent_sessions: ibis.Table,
    stg_agent_token_usage: ibis.Table,
    stg_copilot_metrics: ibis.Table,
    stg_pull_requests: ibis.Table,
    stg_log_events: ibis.Table,
    stg_metric_activity: ibis.Table,
    identities: ibis.Table,
    *,
    internal_domains: tuple[str, ...],
) -> ibis.Table:
    """One row per developer_id. The domain of the latest known e-mail says internal or external."""
    copilot = stg_copilot_metrics.mutate(at=_.date.cast("timestamp('UTC', 6)"))
    billed = fct_billed.filter(_.developer_id.notnull()).mutate(at=_.date.cast("timestamp('UTC', 6)"))
    everybody = stack(
        seen(stg_agent_sessions, "session_start", "session_end"),
        seen(stg_agent_token_usage, "first_used_at", "last_used_at"),
        seen(fct_git_commits, "commit_timestamp", "commit_timestamp"),
        seen(copilot, "at", "at"),
        seen(stg_pull_requests.filter(_.developer_id.notnull()), "opened_at", "opened_at"),
        seen(billed, "at", "at"),
    )
    # Who only has a seat, or only called tools in no session, is known by the day alone.
    by_day = stack(fct_seats.select("developer_id", "date"), fct_tool_usage.select("developer_id", "date"))
    others = by_day.anti_join(everybody, "developer_id").mutate(at=_.date.cast("timestamp('UTC', 6)"))
    everybody = stack(everybody, seen(others, "at", "at"))
    developers = everybody.group_by("developer_id").agg(
        first_seen_at=_.first_at.min(), last_seen_at=_.last_at.max()
    )
    named = authors(fct_git_commits)  # nothing else tells names
    contacts = stack(
        named,
        addresses(stg_log_events, "recorded_at"),
        addresses(stg_metric_activity, "last_at"),
    )
    used = fct_daily_agent_usage.select("developer_id", "agent_type").distinct()
    agents = used.group_by("developer_id").agg(agents_used=joined_text(used.agent_type))
    people = identities.group_by("developer_id").agg(
        given_name=_.developer_name.max(), given_email=_.developer_email.lower().max()
    )
    for part in (latest(named, "name"), latest(contacts, "email"), agents, people):
        developers = developers.left_join(part, "developer_id").drop("developer_id_right")
    # Without a contact, a developer_id that is an address is the address.
    own = ibis.ifelse(_.developer_id.contains("@"), _.developer_id, None)
    known = developers.mutate(developer_email=ibis.coalesce(_.given_email, _.email, own))
    domain = _.developer_email.re_extract("@([^@]+)$", 1)
    return known.select(
        "developer_id",
        developer_name=ibis.coalesce(_.given_name, _.name, _.developer_id),
        developer_email=_.developer_email,
        developer_type=ibis.cases(
            (_.developer_email.isnull(), UNKNOWN),
            (domain.isin([name.lower() for name in internal_domains]), "internal"),
            else_="external",
        ),
        first_seen_at=_.first_seen_at,
        last_seen_at=_.last_seen_at,
        agents_used=_.agents_used,
        is_known=_.developer_id != UNKNOWN,
    )
