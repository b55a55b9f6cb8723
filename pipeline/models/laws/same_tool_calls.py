"""Calls of tools, on the way to the mart."""

import ibis
from ibis import _

from pipeline.models.conservation import side_by_side, total, unequal
from pipeline.models.tool_calls import counted_calls


def same_tool_calls(
    stg_agent_sessions: ibis.Table,
    stg_log_events: ibis.Table,
    stg_session_threads: ibis.Table,
    stg_thread_events: ibis.Table,
    fct_tool_usage: ibis.Table,
) -> ibis.Table:
    """The mart has the calls of all sessions, and those of no session, with how they ended and their time."""
    counted = counted_calls(stg_log_events, stg_session_threads, stg_thread_events)
    names = ("calls", "failures", "outcome_calls", "timed_calls")
    measures = {name: _[name].sum() for name in names}
    before = side_by_side(
        total(counted, **measures, seconds=_.microseconds.sum() / 1_000_000),
        total(stg_agent_sessions, tool_calls=_.tool_calls.sum()),
    )
    after = side_by_side(
        total(fct_tool_usage, **measures, seconds=_.seconds.sum()),
        total(counted, loose=_.calls.sum(where=_.session_id.isnull())),
    )
    return unequal(before, after.select(*names, "seconds", tool_calls=_.calls - _.loose))
