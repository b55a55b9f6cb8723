"""Calls of tools, each once, however many sources tell of it."""

import ibis
from ibis import _

from pipeline.models import telemetry
from pipeline.models.expressions import stack
from pipeline.models.threads import in_their_sessions

GRAIN = ["day", "developer_id", "agent_type", "tool_name", "mcp_server", "skill"]
MEASURES = ("calls", "failures", "outcome_calls", "microseconds", "timed_calls")


def counted_calls(
    stg_log_events: ibis.Table, stg_session_threads: ibis.Table, stg_thread_events: ibis.Table
) -> ibis.Table:
    """One row per session, source and `GRAIN`: calls, those that failed, and how long they took.

    Of the sources that tell of one session the one with most calls counts, as in its `tool_calls`, then the
    one that tells most outcomes. Calls of no session all count.
    """
    is_call = _.event.isin(telemetry.TOOLS)
    told = stg_log_events.filter(is_call), stg_session_threads, stg_thread_events.filter(is_call)
    calls = in_their_sessions(*told).group_by("session_id", "source", *GRAIN)
    calls = calls.agg(
        calls=_.count(),
        failures=_.tool_failed.sum(),
        outcome_calls=_.tool_failed.count(),
        microseconds=_.tool_microseconds.sum(),
        timed_calls=_.tool_microseconds.count(),
    )
    sources = calls.filter(_.session_id.notnull()).group_by("session_id", "source")
    sources = sources.agg(calls=_.calls.sum(), outcomes=_.outcome_calls.sum())
    order = [_.calls.desc(), _.outcomes.desc(), _.source]
    ranked = sources.mutate(rank=ibis.row_number().over(group_by="session_id", order_by=order))
    best = calls.semi_join(ranked.filter(_.rank == 0), ["session_id", "source"])
    return stack(best, calls.filter(_.session_id.isnull()))
