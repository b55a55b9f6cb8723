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
        named=_.request_id.count(),
        records=_.count(),
        first=_.source.min(),
        last=_.source.max(),
        has_ledger=(_.source == "ledger").any(),
    )
    # Nearly all sessions have one source, and all ids or none.
    unsure = forms.filter(_.named > 0, (_.first != _.last) | (_.named < _.records))
    some = _named_twins(records.semi_join(unsure, OF_FORM))
    # What two sources know by one id is settled, unless a ledger may tell it, too, which has ids of its own.
    ids = some.filter(_.request_id.notnull()).group_by(*OF_FORM, "request_id")
    common = ids.agg(first=_.source.min(), last=_.source.max()).filter(_.first != _.last)
    settled = common.anti_join(unsure.filter(_.has_ledger), OF_FORM)
    loose = some.anti_join(settled, [*OF_FORM, "request_id"])
    named = loose.mutate(kept_by=ibis.ifelse(_.source == "ledger", "ledger", "log"))
    for alike in (COUNTS, SENT):
        named = _named_alike(named, [*alike, "kept_by"], side="source")
    named = _named_alike(named, COUNTS, side="kept_by")
    return stack(
        records.anti_join(unsure, OF_FORM),
        some.semi_join(settled, [*OF_FORM, "request_id"]).select(*records.columns),
        named.select(*records.columns),
    )


def _named_twins(records: ibis.Table) -> ibis.Table:
    same = ibis.window(group_by=[*COUNTS, "source", "first_at"])
    return records.mutate(request_id=ibis.coalesce(_.request_id, _.request_id.min().over(same)))


def _named_alike(records: ibis.Table, alike: list[str], side: str) -> ibis.Table:
    """Of responses that only one side knows by their id, those that are alike on both sides as one.

    A response may have several records on one side, while it grew: the one with most output stands for all.
    """
    of_id = ibis.window(group_by=[*OF_FORM, "request_id"])
    on_side = [*OF_FORM, "request_id", side]
    fullest = ibis.row_number().over(group_by=on_side, order_by=[_.output_tokens.desc(), _.first_at])
    ranked = records.mutate(
        first_side=_[side].min().over(of_id), last_side=_[side].max().over(of_id), rank=fullest
    )
    is_alone = (ranked.first_side == ranked.last_side) & (ranked.rank == 0)
    is_open = ranked.request_id.isnull() | is_alone
    # Two tables of one: in a single chain of tables statements would be deeper than BigQuery's parsers go.
    known = ranked.filter(~is_open).select(*records.columns, common_id=ibis.null("string"))
    order = [_.first_at, _.output_tokens, _.request_id]
    placed = ranked.filter(is_open).mutate(
        place=ibis.row_number().over(group_by=[*alike, side], order_by=order)
    )
    common = placed.mutate(common_id=_.request_id.min().over(group_by=[*alike, "place"]))
    both = stack(known, common.select(*known.columns))
    common_id = ibis.ifelse(_.request_id.isnull(), _.common_id, _.common_id.min().over(group_by=on_side))
    return both.select(
        *(name for name in records.columns if name != "request_id"),
        request_id=ibis.coalesce(common_id, _.request_id),
    )
