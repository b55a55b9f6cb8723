"""Money counts once, whatever else tells of the same month, and in whatever order it is ingested."""

import datetime as dt
import json
import random

import pytest

from pipeline import run
from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.ingest.billing.ingest import ingest_billing
from pipeline.ingest.copilot.ingest import ingest_copilot
from pipeline.ingest.github.ingest import ingest_github
from pipeline.ingest.landing.landing import Landing
from pipeline.ingest.transcripts.ingest import ingest_transcripts

pytestmark = pytest.mark.slow

NOW = dt.datetime(2026, 3, 11, 18, tzinfo=dt.UTC)
DAY = "2026-03-10"
ADA, SESSION = "ada@example.com", "0b7d1f1e-3c5a-4c7e-9a51-000000000001"
TOKENS = "total_input_tokens, total_output_tokens, total_cache_creation_tokens, total_cache_read_tokens"
# Tokens and costs: a transcript knows more of its session, a report of Copilot what was suggested.
MARTS = {
    "fct_daily_agent_usage": f"date, developer_id, agent_type, model_name, total_sessions, {TOKENS},"
    " total_tokens, total_cost_usd, unpriced_tokens FROM mart.fct_daily_agent_usage"
    " WHERE total_tokens > 0 OR total_cost_usd > 0",
    "fct_agent_costs": "* FROM mart.fct_agent_costs",
    "fct_costs_by_team": "* FROM mart.fct_costs_by_team",
    "fct_sessions": "session_id, developer_id, agent_type, total_tokens, cost_usd, cost_source"
    " FROM mart.fct_sessions",
}
OTHERS = ("transcripts", "credits", "pulls", "bills", "more bills", "seats")


def event(name, session, **attributes):
    told = {"session.id": session, "user.email": ADA, **attributes}
    at = dt.datetime.fromisoformat(f"{DAY}T09:00:30Z")
    return {"timestamp": at, "event_name": name, "body": name, "attributes": told}


def telemetry(engine, folder):
    """A request of Claude Code, and one of Copilot that tells what it cost."""
    used = {"model": "claude-sonnet-4-5", "input_tokens": 1000, "output_tokens": 500, "request_id": "req_1"}
    asked = {"gen_ai.response.model": "gpt-5", "cost_usd": 0.25, "request_id": "req_2"}
    asked |= {"gen_ai.usage.input_tokens": 70, "gen_ai.usage.output_tokens": 7}
    with Landing(engine, "test", []) as landing:
        landing.land("otel_logs", [event("claude_code.api_request", SESSION, cost_usd=1.25, **used)])
        landing.land("otel_logs", [event("github_copilot.agent.turn", "c1", **asked)])


def write(folder):
    """The other files of the month."""
    usage = {"input_tokens": 1000, "output_tokens": 500}
    message = {"id": "m1", "role": "assistant", "model": "claude-sonnet-4-5", "usage": usage, "content": []}
    common = {"sessionId": SESSION, "cwd": "/work/shop", "version": "2.1.300"}
    transcript = [
        common
        | {"type": "user", "uuid": "u1", "timestamp": f"{DAY}T09:00:00Z", "message": {"content": "Do it"}},
        common
        | {"type": "assistant", "uuid": "a1", "timestamp": f"{DAY}T09:00:30Z", "requestId": "req_1"}
        | {"message": message},
    ]
    report = {"day": DAY, "organization_id": "7", "user_login": ADA, "code_generation_activity_count": 3}
    pull = {"number": 7, "url": "https://github.com/octo/shop/pull/7", "state": "MERGED", "id": "P1"}
    pull |= dict.fromkeys(("createdAt", "updatedAt", "mergedAt", "closedAt"), f"{DAY}T12:00:00Z")
    pull |= {"author": {"login": ADA}, "body": "", "headRefName": "x", "baseRefName": "main"}
    times = {"starting_at": f"{DAY}T00:00:00Z", "ending_at": "2026-03-11T00:00:00Z"}
    charge = {"amount": "137.5", "currency": "USD", "model": "claude-sonnet-4-5", "token_type": "tokens"}
    columns = "date,username,sku,model,quantity,gross_amount,discount_amount,net_amount"
    credit = f"{DAY},{ADA},copilot_ai_credit,gpt-5,25,0.25,0,0.25"
    seat = {"created_at": "2026-03-01T00:00:00Z", "plan_type": "business", "assignee": {"login": ADA}}
    contents = {
        "transcripts.jsonl": "\n".join(map(json.dumps, transcript)),
        "credits.json": json.dumps(report | {"ai_credits_used": 25.0}),
        "pulls.json": json.dumps([pull]),
        "bills.json": json.dumps({"data": [times | {"results": [charge]}], "has_more": False}),
        "more bills.csv": f"{columns}\n{credit}",
        "seats.json": json.dumps({"total_seats": 1, "seats": [seat]}),
        "seats.csv": "developer_id,agent_type,provider,plan,usd_per_month,valid_from\n"
        f"{ADA},claude_code,anthropic,max,100,2026-03-01\n",
    }
    for name, content in contents.items():
        place = folder / "seeds" if name == "seats.csv" else folder
        place.mkdir(exist_ok=True)
        (place / name).write_text(content, encoding="utf-8")


INGESTS = {
    "telemetry": telemetry,
    "transcripts": lambda engine, folder: ingest_transcripts(
        engine, [folder / "transcripts.jsonl"], developer=ADA
    ),
    "credits": lambda engine, folder: ingest_copilot(engine, [str(folder / "credits.json")]),
    "pulls": lambda engine, folder: ingest_github(engine, [str(folder / "pulls.json")]),
    "bills": lambda engine, folder: ingest_billing(engine, [str(folder / "bills.json")]),
    "more bills": lambda engine, folder: ingest_billing(engine, [str(folder / "more bills.csv")]),
    "seats": lambda engine, folder: ingest_copilot(engine, [str(folder / "seats.json")]),
}


@pytest.fixture(scope="module")
def built(compiled, tmp_path_factory):
    """Rows of the marts after some ingests, and how many rows bills, seats and requests have."""

    def build(*steps):
        folder = tmp_path_factory.mktemp("month")
        write(folder)
        if "seats" not in steps:
            (folder / "seeds" / "seats.csv").unlink()
        with connect(":memory:") as engine:
            make_missing_raw_tables(engine)
            for step in steps:
                INGESTS[step](engine, folder)
            assert run.build(engine, compiled(), as_of=NOW, project_dir=folder).status == "success"
            rows = {mart: engine.fetch(f"SELECT {columns} ORDER BY ALL") for mart, columns in MARTS.items()}
            others = ("fct_billed", "fct_seats", "fct_pull_requests")
            counts = {mart: engine.fetch(f"SELECT count(*) FROM mart.{mart}")[0][0] for mart in others}
            return rows, counts

    return build


@pytest.fixture(scope="module")
def alone(built):
    return built("telemetry")[0]


def test_telemetry_alone_has_cost(alone):
    assert [row[2:4] for row in alone["fct_agent_costs"]] == [("claude_code", 1.25), ("github_copilot", 0.25)]


@pytest.mark.parametrize("seed", range(4))
def test_money_counts_once_in_any_order_of_all_that_tells_of_it(built, alone, seed):
    steps = ["telemetry", *OTHERS, random.Random(seed).choice(OTHERS)]  # one of them twice
    random.Random(seed).shuffle(steps)
    rows, counts = built(*steps)
    assert rows == alone, steps
    assert counts == {"fct_billed": 2, "fct_seats": 22, "fct_pull_requests": 1}
