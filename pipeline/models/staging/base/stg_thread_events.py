"""Events that bear a thread's id as their session's."""

import ibis

from pipeline.models import telemetry

OF_THREAD = "thread_prompt"


def stg_thread_events(stg_log_events: ibis.Table, stg_session_threads: ibis.Table) -> ibis.Table:
    """One row per event of a thread that calls itself a session, with the session that it is part of.

    Its prompts are what an agent sent to it, and not a person.
    """
    threads = stg_session_threads.select(_thread="thread_id", _session="session_id")
    events = stg_log_events.inner_join(threads, stg_log_events.session_id == threads._thread)
    told = events.mutate(
        event=ibis.ifelse(events.event.isin(telemetry.PROMPTS), OF_THREAD, events.event),
        session_id=events._session,
        thread_id=events._thread,
    )
    return told.select(*stg_log_events.columns)
