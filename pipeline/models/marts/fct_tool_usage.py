"""Which tools agents call, how often it fails, and how long it takes."""

import ibis
from ibis import _

from pipeline.models.expressions import UNKNOWN
from pipeline.models.people import by_best_name
from pipeline.models.tool_calls import GRAIN, MEASURES, counted_calls

# Agents call the tools of MCP servers mcp__SERVER__TOOL where they tell the server nowhere else.
MCP_TOOL = "^mcp__([A-Za-z0-9-]+(_[A-Za-z0-9-]+)*)__"


def fct_tool_usage(
    stg_log_events: ibis.Table,
    stg_session_threads: ibis.Table,
    stg_thread_events: ibis.Table,
    stg_agent_sessions: ibis.Table,
    stg_developer_aliases: ibis.Table,
) -> ibis.Table:
    """One row per date, developer, agent, tool, MCP server and skill with calls.

    Calls count on their own day, under their session's developer and agent.
    """
    counted = counted_calls(stg_log_events, stg_session_threads, stg_thread_events)
    calls = by_best_name(counted, stg_developer_aliases)
    session = stg_agent_sessions.select("session_id", _developer="developer_id", _agent="agent_type")
    named = calls.left_join(session, "session_id").mutate(
        developer_id=ibis.coalesce(_._developer, _.developer_id, UNKNOWN),
        agent_type=ibis.coalesce(_._agent, _.agent_type, UNKNOWN),
        tool_name=_.tool_name.fill_null(UNKNOWN),
        mcp_server=ibis.coalesce(_.mcp_server, _.tool_name.re_extract(MCP_TOOL, 1).nullif("")),
    )
    usage = named.group_by(*GRAIN).agg(**{name: named[name].sum() for name in MEASURES})
    return usage.select(
        date=_.day,
        **{name: usage[name] for name in GRAIN[1:]},
        calls=_.calls,
        failures=_.failures,
        seconds=_.microseconds.cast("float64") / 1_000_000,
        outcome_calls=_.outcome_calls,
        timed_calls=_.timed_calls,
    )
