"""Log records that were sent twice, each once."""

import ibis
import ibis.selectors as s
from ibis import _

from pipeline.models.expressions import json_columns, stack, tokens
from pipeline.models.log_records import logs_and_spans

# What makes an event; a record that was sent twice differs in nothing that counts.
KEY = ["source", "namespace", "event", "session_id", "sequence", "recorded_at", "request_id"]
NUMBER = "event.sequence"


def apart(raw_otel_logs: ibis.Table, raw_otel_spans: ibis.Table) -> tuple[ibis.Table, ibis.Table]:
    """Logs and spans of which none can be the same as another, which are nearly all; and the others."""
    logs = logs_and_spans(raw_otel_logs, raw_otel_spans)
    instants = stack(
        raw_otel_logs.select("timestamp"), raw_otel_spans.select(timestamp=raw_otel_spans.end_timestamp)
    )
    shared = instants.group_by("timestamp").agg(records=_.count()).filter(_.records > 1)
    # What is the same has one instant, and one number or one length. To find this out is cheap.
    near, values = json_columns(logs.semi_join(shared, "timestamp"), {"attributes": [NUMBER]}, [NUMBER])
    length = ibis.coalesce(near.attributes, "").length() + ibis.coalesce(near.body, "").length()
    mark = ibis.coalesce(tokens(values["attributes"][NUMBER]), length)
    alike = near.group_by("timestamp", mark=mark).agg(records=_.count()).filter(_.records > 1)
    return logs.anti_join(alike, "timestamp"), logs.semi_join(alike.select("timestamp"), "timestamp")


def once_each(records: ibis.Table) -> ibis.Table:
    """Records, of those that are the same one: by event, session, number and time, else by all they say."""
    unnumbered = records.session_id.isnull() | records.sequence.isnull()
    same = records.mutate(identity=ibis.ifelse(unnumbered, records.text, "")).group_by(*KEY, "identity")
    return same.agg(s.across(~s.cols(*KEY, "text", "identity"), _.max())).drop("identity")
