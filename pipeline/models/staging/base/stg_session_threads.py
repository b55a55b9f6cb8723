"""Which session the threads belong to that agents spawn."""

import ibis
from ibis import _

# Each look skips as many levels as those before have found: four reach sixteen levels down.
LOOKS = 4


def stg_session_threads(stg_log_events: ibis.Table) -> ibis.Table:
    """One row per thread_id: the session that it is part of.

    Telemetry of some agents bears the thread's own id as its session's. What spawned it, or its transcript,
    names both. A thread of a thread, however deep, is part of the first one's session; threads that name each
    other in a circle are part of nothing.
    """
    # On spans `thread.id` is a thread of the operating system (OpenTelemetry's general attributes).
    told = stg_log_events.filter(
        _.source != "span", _.thread_id.notnull(), _.session_id.notnull(), _.thread_id != _.session_id
    )
    threads = told.group_by("thread_id").agg(session_id=_.session_id.min())
    for _look in range(LOOKS):
        above = threads.view().select(_thread="thread_id", _above="session_id")
        found = threads.left_join(above, [("session_id", "_thread")]).select(
            "thread_id", "session_id", "_above"
        )
        threads = found.mutate(session_id=ibis.coalesce(_._above, _.session_id)).drop("_above")
    circle = threads.view().select(_thread="thread_id")
    return threads.anti_join(circle, [("session_id", "_thread")])
