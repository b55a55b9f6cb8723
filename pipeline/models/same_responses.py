"""One response that stands with its id in one record and without it, or with another one, in another."""

import ibis
from ibis import _

from pipeline.agents.declaration import GEN_AI_EVENTS
from pipeline.models.expressions import stack

OF_FORM = ["session_id", "form"]
SENT = [*OF_FORM, "model_name", "input_tokens", "cache_creation_tokens", "cache_read_tokens"]
COUNTS = [*SENT, "output_tokens"]


def with_common_ids(records: ibis.Table) -> ibis.Table:
    """Records in which all that tell of one response have one `request_id`, if any of them has one.

    Sources name a response differently: telemetry by the request, a transcript by the message, a gateway not
    at all. In one session the first response of a model and of certain counts is the same in every source, so
    is the second; then those that differ in the output alone, which grows. And what stands twice in one
    source, at the same time and with the same counts, with its id and without, is one record.
    """
    events = records.filter(_.session_id.notnull(), _.form <= GEN_AI_EVENTS)
    forms = events.group_by(*OF_FORM).agg(
        named=_.request_id.count(), records=_.count(), first=_.source.min(), last=_.source.max()
    )
    # Nearly all sessions have one source, and all ids or none.
    unsure = forms.filter(_.named > 0, (_.first != _.last) | (_.named < _.records))
    named = _named_alike(_named_alike(_named_twins(records.semi_join(unsure, OF_FORM)), COUNTS), SENT)
    return stack(records.anti_join(unsure, OF_FORM), named.select(*records.columns))


def _named_twins(records: ibis.Table) -> ibis.Table:
    same = ibis.window(group_by=[*COUNTS, "source", "first_at"])
    return records.mutate(request_id=ibis.coalesce(_.request_id, _.request_id.min().over(same)))


def _named_alike(records: ibis.Table, alike: list[str]) -> ibis.Table:
    """Of records that no other source knows by their id, those that are alike in several sources as one."""
    of_id = ibis.window(group_by=[*OF_FORM, "request_id"])
    known = records.mutate(
        is_known=_.request_id.notnull() & (_.source.min().over(of_id) != _.source.max().over(of_id))
    )
    order = [_.first_at, _.output_tokens, _.request_id]
    counted = known.mutate(
        place=ibis.row_number().over(group_by=[*alike, "is_known", "source"], order_by=order)
    )
    same = ibis.window(group_by=[*alike, "is_known", "place"])
    common = ibis.ifelse(_.is_known, _.request_id, ibis.coalesce(_.common_id, _.request_id))
    return counted.mutate(common_id=_.request_id.min().over(same)).mutate(request_id=common)
