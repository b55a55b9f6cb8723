"""Real agents' sessions have the tokens, requests and cost that the model API served, however told.

Here one session of each agent, with tools; in CI, or with AA_CAPTURES=all, all of them.
"""

import datetime as dt
import json
import os
import tarfile
from pathlib import Path

import pytest

from pipeline import run
from pipeline.ingest.otlp.ingest import ingest_otlp
from pipeline.ingest.transcripts.ingest import ingest_transcripts
from pipeline.plan.selection import ancestors
from tests.shared import make_once

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
SERVED = json.loads((HERE / "served.json").read_text(encoding="utf-8"))
AS_OF = dt.datetime(2026, 11, 29, tzinfo=dt.UTC)
KINDS = ("input", "output", "cache_creation", "cache_read", "requests")
DEVELOPER = "dev@example.com"
ASKED = {"int_usage_costs", "fct_daily_agent_usage"}

# What no record tells.
METRICS_ALONE = "metricsonly"  # points add up requests and do not count them
NAMELESS = "codex-0.171.0-metricsonly"  # points of Codex name neither session nor person
FAILED = "-fail"  # nothing was served: a session that has no record has no id
# opencode's spans tell of the calls for titles, and of the others only those that end while it runs on.
TITLE = ("claude-haiku-4-5", (310, 12, 0, 0, 1), 0.00037)
TITLES_ALONE = ("opencode-1.18.33-simple", "opencode-1.18.33-retry", "opencode-1.18.33-resume")


def ways(name):
    told = [f"{name}.{part}" for part in SERVED[name]["parts"] if part != "transcripts"]
    written = [f"{name}.transcripts"] if "transcripts" in SERVED[name]["parts"] else []
    possible = {"telemetry": (told, []), "transcripts": ([], written), "both": (told, written)}
    return [way for way, parts in possible.items() if all(parts) or (way != "both" and any(parts))]


ALL = "CI" in os.environ or os.environ.get("AA_CAPTURES") == "all"
WAYS = [(name, way) for name in SERVED if ALL or name.endswith("-tools") for way in ways(name)]


@pytest.fixture(scope="session")
def captures(shared):
    def unpack(folder):
        with tarfile.open(HERE / "captures.tar.xz") as archive:
            # Debian's Python 3.11 has no filters yet; later versions warn without one.
            archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
            archive.extractall(folder)

    return make_once(shared / "captures", unpack)


@pytest.fixture(scope="module")
def plan(compiled):
    return compiled()


def land(database, captures, name, way):
    for part in SERVED[name]["parts"]:
        place = captures / f"{name}.{part}"
        if part == "transcripts" and way != "telemetry":
            databases = sorted(place.rglob("opencode.db"))
            ingest_transcripts(database, databases or [place], developer=DEVELOPER)
        elif part != "transcripts" and way != "transcripts":
            ingest_otlp(database, [str(place)])


def counted(database):
    """Counts and cost by session and model."""
    rows = database.fetch(
        "SELECT session_id, model_name, sum(input_tokens), sum(output_tokens), sum(cache_creation_tokens),"
        " sum(cache_read_tokens), sum(request_count), sum(cost_nano_usd) FROM intermediate.int_usage_costs"
        " GROUP BY ALL"
    )
    counts = {(session, model): tuple(map(int, kinds)) for session, model, *kinds, _ in rows}
    return counts, {(session, model): float(nano) / 1e9 for session, model, *_, nano in rows}


def told(name, way):
    """What was served, as far as anything tells it: counts and cost by session and model."""
    counts, costs = {}, {}
    for session, models in SERVED[name]["sessions"].items():
        for model, served in models.items():
            if way == "telemetry" and name in TITLES_ALONE:
                continue
            key = None if way == "telemetry" and name == NAMELESS else session, model
            *kinds, requests = (served[kind] for kind in KINDS)
            no_requests = way == "telemetry" and METRICS_ALONE in name
            counts[key], costs[key] = (*kinds, 0 if no_requests else requests), served["cost_usd"]
        if way == "telemetry" and name.startswith("opencode"):
            title, *told_of_it = TITLE
            counts[session, title], costs[session, title] = told_of_it
    return counts, costs


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_what_the_model_api_served_is_counted(database, captures, plan, name, way):
    land(database, captures, name, way)
    chosen = ancestors(plan.tables, ASKED) | ASKED
    assert run.run(database, plan, selected=chosen, as_of=AS_OF).status == "success"

    (counts, costs), (told_counts, told_costs) = counted(database), told(name, way)
    assert counts == told_counts
    assert costs == pytest.approx(told_costs, abs=1e-9)

    sessions = {session for (session,) in database.fetch("SELECT session_id FROM staging.stg_agent_sessions")}
    if FAILED not in name:
        assert sessions == (
            SERVED[name]["sessions"].keys() if name != NAMELESS or way != "telemetry" else set()
        )
    daily = "SELECT sum(total_sessions), count(DISTINCT developer_id) FROM mart.fct_daily_agent_usage"
    assert database.fetch(daily) == [(len(sessions), 1)]
