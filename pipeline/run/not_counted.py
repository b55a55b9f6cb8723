"""Usage that ingests found and that no reader or model understands: it is missing in every number."""

from collections.abc import Mapping

from pipeline.engines.base import Engine

MOST = 5  # kinds that are named


def not_counted(engine: Engine, meta: Mapping[str, Mapping[str, str]]) -> list[str]:
    """A sentence per agent and kind of records, the most frequent first.

    Args:
        engine: an open engine.
        meta: the shapes of its schema `meta`; older releases left less of it.
    """
    columns = meta.get("quarantine", {}).keys()
    if "agent" not in columns:
        return []
    number = "coalesce(records, 1)" if "records" in columns else "1"
    kinds = engine.fetch(
        f"SELECT agent, kind, sum(records), min(file) FROM (SELECT DISTINCT file, line, reason, agent, kind,"
        f" {number} AS records FROM {engine.name('meta', 'quarantine')} WHERE agent IS NOT NULL) AS told"
        " GROUP BY agent, kind ORDER BY 3 DESC, 1, 2"
    )
    said = [
        f"Usage of {agent} in {kind} is not counted, since it is not understood: {int(number):,} so far, such"
        f" as in {file}."
        for agent, kind, number, file in kinds[:MOST]
    ]
    if len(kinds) > MOST:
        said.append(f"{len(kinds) - MOST:,} more kinds of usage are not counted: see meta.quarantine.")
    return said
