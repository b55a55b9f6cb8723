"""Events of threads that call themselves sessions, in the session that a person began."""

import ibis

from pipeline.models.expressions import looked_up, stack


def in_their_sessions(
    stg_log_events: ibis.Table, stg_session_threads: ibis.Table, stg_thread_events: ibis.Table
) -> ibis.Table:
    """The events of `stg_log_events`, those of threads as `stg_thread_events` has them."""
    is_thread = stg_log_events.session_id == stg_session_threads.thread_id
    return stack(stg_log_events.anti_join(stg_session_threads, is_thread), stg_thread_events)


def naming_sessions(commits: ibis.Table, stg_session_threads: ibis.Table) -> ibis.Table:
    """Commits whose `named_session_id` may be a thread's, with its session's there."""
    return looked_up(commits, "named_session_id", stg_session_threads, "thread_id", "session_id")
