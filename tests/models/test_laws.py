"""The laws of conservation, on raw tables that nobody would think of."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import run
from pipeline.config import Config
from pipeline.engines import connect
from pipeline.testing import columns_of, stored
from tests.models.harness import AS_OF, at, log, point

pytestmark = pytest.mark.slow

RAW = ("raw_otel_logs", "raw_otel_metrics", "raw_git_commits", "raw_copilot_metrics", "raw_billing")
PACKAGED_SEEDS = Path(__file__).parent / "no project here"

TYPES = {"int64": "BIGINT", "float64": "DOUBLE", "string": "VARCHAR", "boolean": "BOOLEAN", "date": "DATE"}

# Few names, so that records meet; some are nobody's.
sessions = st.sampled_from([None, "s1", "s2", "s3"])
people = st.sampled_from([None, "ann", "Ann@Example.com", "bob@example.org", "unknown"])
models = st.sampled_from([None, "claude-sonnet-4-5", "us.anthropic.claude-opus-4-1-v1:0", "newcomer"])
request_ids = st.sampled_from([None, "r1", "r2", "r3"])
moments = st.integers(0, 5 * 24 * 60).map(
    lambda minutes: at("2026-02-26 22:00") + dt.timedelta(minutes=minutes)
)
counts = st.one_of(st.none(), st.integers(0, 500_000), st.sampled_from([-1, "7", "NaN", 1e308]))
dollars = st.one_of(st.none(), st.floats(0, 5), st.sampled_from([0, "0.25", -1.0, float("nan")]))
sources = st.sampled_from([None, "otlp", "transcript", "export"])


def filled(**values):
    return {key: value for key, value in values.items() if value is not None}


@st.composite
def logs(draw):
    when, who = draw(moments), filled(session__id=draw(sessions), developer_id=draw(people))
    event = draw(
        st.sampled_from(
            [
                "claude_code.api_request",
                "codex.sse_event",
                "codex.turn_cost",
                "gemini_cli.api_response",
                "gen_ai.client.inference.operation.details",
                "session_start",
                "session_end",
                "claude_code.tool_result",
                "newcomer.api_request",
            ]
        )
    )
    one, other, third = draw(counts), draw(counts), draw(counts)
    usage = filled(
        input_tokens=one,
        output_tokens=other,
        cache_read_tokens=third,
        input_token_count=one,
        output_token_count=other,
        cached_token_count=third,
        gen_ai__usage__input_tokens=one,
        gen_ai__usage__output_tokens=other,
        cost_usd=draw(dollars),
        model=draw(models),
        request_id=draw(request_ids),
        event__kind="response.completed",
        git_commit_id=draw(st.sampled_from([None, "aaaaaaa"])),
    )
    row = log("09:00", event, source=draw(sources), **who, **usage)
    return row | {"timestamp": when}


@st.composite
def metrics(draw):
    name = draw(
        st.sampled_from(
            [
                "claude_code.token.usage",
                "claude_code.tokens.output",
                "claude_code.cost.usage",
                "codex.turn.token_usage",
                "codex.turn.cost_microusd",
                "gen_ai.client.token.usage",
                "claude_code.session.count",
            ]
        )
    )
    kind = draw(st.sampled_from(["input", "output", "cacheRead", "cached_input", "total"]))
    given = filled(
        session__id=draw(sessions),
        model=draw(models),
        developer_id=draw(people),
        temporality=draw(st.sampled_from([None, "delta", "cumulative"])),
        type=kind,
        token_type=kind,
        gen_ai__token__type=kind,
    )
    value = draw(
        st.one_of(
            st.integers(0, 100_000).map(float),
            st.floats(0, 3),
            st.sampled_from([-1.0, float("inf"), float("nan"), 1e308]),
        )
    )
    return point("09:00", name, value, **given) | {"timestamp": draw(moments)}


@st.composite
def commits(draw):
    lines = st.one_of(st.none(), st.integers(-1, 1000), st.just(2**63 - 1))
    return {
        "commit_hash": draw(st.sampled_from(["a" * 40, "b" * 40, "C" * 40, "c" * 40])),
        "commit_timestamp": draw(st.one_of(moments, st.just(AS_OF - dt.timedelta(days=91)))),
        "author_email": draw(people),
        "developer_id": draw(people),
        "commit_message": draw(
            st.sampled_from([None, "x", "x\n\nCo-authored-by: Claude <noreply@anthropic.com>"])
        ),
        "agent_session_id": draw(st.sampled_from([None, None, "s1", "gone"])),
        "agent_assisted": draw(st.sampled_from([None, False, True])),
        "lines_added": draw(lines),
        "lines_deleted": draw(lines),
        "parent_count": draw(st.sampled_from([None, 1, 2])),
    }


@st.composite
def reports(draw):
    return {
        "date": draw(moments).date(),
        "developer_id": draw(people),
        "report_scope": draw(st.sampled_from([None, "user", "organization", "enterprise"])),
        "organization": draw(st.sampled_from([None, "acme"])),
        "total_suggestions": draw(st.one_of(st.none(), st.integers(-1, 50))),
        "total_acceptances": draw(st.one_of(st.none(), st.integers(0, 50))),
        "created_at": draw(moments),
    }


@st.composite
def bills(draw):
    scope, version, number = draw(st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(1, 2)))
    # A line is what its scope, version and number say: nothing else may hide behind them.
    net = 70_000_001 * scope + 30_000_001 * version + 10_000_001 * number - 150_000_000
    return {
        "provider": "anthropic",
        "report": ("cost", "usage", "estimate")[scope % 3],
        "date": dt.date(2026, 2, 27) + dt.timedelta(days=scope),
        "model_name": (None, "claude-sonnet-4-5")[version],
        "product": (None, "tokens")[number - 1],
        "quantity": 0.1 * number,
        "currency": ("USD", "EUR")[scope // 3],
        "developer_id": (None, "ann")[scope % 2],
        "scope": str(scope),
        "version": str(version),
        "line": number,
        "created_at": draw(moments),
        "gross_nano": net + 7,
        "discount_nano": 7,
        "net_nano": net if scope < 2 else None,
    }


def numbered(rows):
    return st.lists(rows, max_size=12).map(
        lambda found: [row | {"id": number} for number, row in enumerate(found)]
    )


raw_tables = st.fixed_dictionaries(
    dict(zip(RAW, map(numbered, (logs(), metrics(), commits(), reports(), bills())), strict=True))
)


class Company:
    """One database, filled and built again and again."""

    def __init__(self, compiled):
        self.engine = connect(":memory:")
        self.engine.create_schema("raw")
        for table in RAW:
            columns = ", ".join(
                f"{name} {TYPES.get(str(kind.copy(nullable=True)), 'TIMESTAMPTZ')}"
                for name, kind in columns_of(table).items()
            )
            self.engine.execute(f"CREATE TABLE raw.{table.removeprefix('raw_')} ({columns})")
        config = Config(timezone="Europe/Berlin")
        self.plan = compiled("duckdb", config, self.engine.shapes("raw"))
        self.fills = 0

    def fill(self, raw):
        # Ids are never used again, as in a table that only grows; by them a build sees what is new.
        self.fills += 1
        for table, rows in raw.items():
            rows = [row | {"id": row["id"] + 10_000 * self.fills} for row in rows]
            name = table.removeprefix("raw_")
            self.engine.execute(f"DELETE FROM raw.{name}")
            self.engine.append("raw", name, list(columns_of(table)), stored(table, rows))

    def build(self):
        return run.build(self.engine, self.plan, as_of=AS_OF, project_dir=PACKAGED_SEEDS)

    def tables(self):
        """Every table that models make, to the last bit, but that of all raw lines of bills, by id."""
        return {
            name: self.engine.fetch(f"SELECT * FROM {table.schema}.{name} ORDER BY ALL")
            for name, table in self.plan.tables.items()
            if table.kind == "model" and name != "stg_billing"
        }


@pytest.fixture(scope="module")
def company(compiled):
    company = Company(compiled)
    yield company
    company.engine.close()


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(raw=raw_tables, data=st.data())
def test_laws_1_to_6_hold_for_any_raw_tables(company, raw, data):
    """Contracts and laws 1 to 5 are audits of the build; then the order and the repetition of rows (6)."""
    company.fill(raw)
    result = company.build()
    failed = [
        (audit.table, audit.audit, audit.failures)
        for audit in result.audits
        if audit.status not in ("passed", "proven", "warned") and audit.table not in RAW
    ]
    assert failed == []
    built = company.tables()
    again = {}
    for table, rows in raw.items():
        twice = data.draw(st.lists(st.sampled_from(rows), max_size=3)) if rows else []
        repeated = [row | {"id": 1000 + number} for number, row in enumerate(twice)]
        again[table] = data.draw(st.permutations(rows + repeated))
    company.fill(again)
    company.build()
    rebuilt = company.tables()
    assert [(name, rebuilt[name], rows) for name, rows in built.items() if rebuilt[name] != rows] == []
