"""Which session the threads belong to that agents spawn."""

import ibis
from ibis import _


def stg_session_threads(stg_log_events: ibis.Table) -> ibis.Table:
    """One row per thread_id: the session that it is part of.

    Telemetry of some agents bears the thread's own id as its session's. What spawned it, or its transcript,
    names both. A thread of a thread is part of the first one's session.
    """
    # On spans `thread.id` is a thread of the operating system (OpenTelemetry's general attributes).
    told = stg_log_events.filter(
        _.source != "span", _.thread_id.notnull(), _.session_id.notnull(), _.thread_id != _.session_id
    )
    threads = told.group_by("thread_id").agg(session_id=_.session_id.min())
    above = threads.view().select(_thread="thread_id", _session="session_id")
    nested = threads.left_join(above, threads.session_id == above._thread)
    # Two that name each other are part of nothing.
    is_nested = nested._session.notnull() & (nested._session != nested.thread_id)
    return nested.select("thread_id", session_id=ibis.ifelse(is_nested, nested._session, nested.session_id))
