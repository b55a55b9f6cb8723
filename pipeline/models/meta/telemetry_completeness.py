"""How complete the telemetry of each release of an agent is."""

import ibis
from ibis import _

from pipeline.models.expressions import UNKNOWN


def telemetry_completeness(stg_log_events: ibis.Table) -> ibis.Table:
    """One row per agent, client version and week with requests.

    A release that silently drops a field shows as a share that falls. A share says how many requests
    name the thing themselves; that a session lends its developer to its records is not asked.
    Transcripts and exports are not telemetry.
    """
    requests = stg_log_events.filter(_.source == "otlp", _.input_tokens.notnull() | _.output_tokens.notnull())

    def share(condition: ibis.Value) -> ibis.Value:
        return ibis.ifelse(condition, 1, 0).sum() / requests.count()

    return requests.group_by(
        agent_type=_.agent_type.fill_null(UNKNOWN),
        client_version=_.client_version.fill_null(UNKNOWN),
        week=_.day.truncate("week"),
    ).agg(
        requests=requests.count(),
        share_with_cost=share(_.reported_nano_usd.notnull()),
        share_with_session=share(_.session_id.notnull()),
        share_with_developer=share(_.developer_id.notnull()),
        share_with_model=share(_.model_name.notnull()),
    )
