"""Raw rows that nobody would think of, made by Hypothesis: many small cases, stacked into one database.

Each case is a handful of records of a few sessions. Values come from what tends to go wrong: nulls, ties,
Unicode, hours that daylight saving takes or gives, leap days, big integers, -0.0, tiny decimals,
numbers as text, and text that is no number.
"""

import datetime as dt
import json
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipeline.engines.base import Engine
from pipeline.engines.raw_tables import make_raw_table

CASES = 150
TIMEZONE = "Europe/Berlin"
AS_OF = dt.datetime(2028, 4, 5, 12, tzinfo=dt.UTC)

MOMENTS = [
    AS_OF - dt.timedelta(days=90),
    dt.datetime(2028, 3, 26, 1, tzinfo=dt.UTC),  # clocks go forward
    dt.datetime(2027, 10, 31, 1, tzinfo=dt.UTC),  # and back
    dt.datetime(2028, 2, 28, 23, tzinfo=dt.UTC),  # midnight before the leap day
    dt.datetime(2028, 2, 29, 23, tzinfo=dt.UTC),  # and after it
    dt.datetime(2027, 12, 31, 23, tzinfo=dt.UTC),
]
OFFSETS = [dt.timedelta(seconds=s) for s in (0, 0, 1e-6, -1e-6, 1, 59.5, 299, 300, 301, 3600, -3600, 86400)]

PEOPLE = [
    "ada@example.com",
    " Ada@Example.com ",
    "straße@example.org",
    "日本@例え.jp",
    "🦆",
    "unknown",
    "",
    None,
]
NAMES = [*PEOPLE, "1234+octocat@users.noreply.github.com", "octocat", "O'Hara", "%_\\", "a\nb\tc"]
MODELS = [
    "claude-sonnet-4-5-20250929",
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "claude-opus-4-1[1m]",
    "gpt-5",
    "GPT-5",
    "gemini-2.5-pro",
    "models/gemini-2.5-pro",
    "harbor-coder",
    "",
    None,
]
COUNTS = [
    0,
    1,
    7,
    1000,
    250_001,
    2**53 + 1,
    10**10,
    10**10 + 1,
    -1,
    -0.0,
    0.5,
    1e-9,
    1e300,
    "12",
    " 3 ",
    "1.5e3",
]
COUNTS += ["abc", "", "9" * 120, None, True, 2**63]
MONEY = [
    0,
    0.0,
    -0.0,
    1e-9,
    4e-10,
    0.1,
    0.2,
    0.30000000000000004,
    123.456789012,
    999_999.999999999,
    1e6,
    1e7,
    "0.25",
]
MONEY += ["x", None, -1]
VALUES = [
    0.0,
    "-0.0",
    1.0,
    1e-9,
    0.1,
    0.2,
    0.30000000000000004,
    5.0,
    2.0**53,
    1e15,
    1e16,
    -5.0,
    "NaN",
    "Infinity",
    None,
]

EVENTS = [
    "claude_code.api_request",
    "claude_code.user_prompt",
    "claude_code.tool_result",
    "claude_code.tool_decision",
    "claude_code.session_start",
    "session_end",
    "codex.sse_event",
    "codex.conversation_starts",
    "gemini_cli.api_response",
    "qwen-code.api_response",
    "gen_ai.client.inference.operation.details",
    "opencode.api_request",
    "something.else",
    "no event at all",
    "",
    None,
]
METRICS = [
    "claude_code.token.usage",
    "claude_code.tokens.input",
    "claude_code.cost.usage",
    "claude_code.lines_of_code.count",
    "claude_code.code_edit_tool.decision",
    "claude_code.active_time.total",
    "gemini_cli.token.usage",
    "gen_ai.client.token.usage",
    "codex.token.usage",
    "droid.token.usage",
    "unheard.of",
]
ADDRESSES = [
    *("https://ada:s3cret@GitHub.com/octo/app.git/", "git@github.com:octo/app.git", "github.com:octo/app"),
    *("ssh://git@github.com:22/octo/app?t=x#y", "git::https://a:b/c@h.org/octo/app", "ada:s3@h.org/octo/app"),
    *("/srv/git/app/.git", r"C:\Users\Ada", r"C:\work\app", "file:///srv/ünï.git", "https://h.org"),
    "octo/app.git",
]
MESSAGES = [
    "Fix it",
    "Fix it\n\nCo-authored-by: Claude <noreply@anthropic.com>",
    "Täglich grüßt\n\nGenerated with [Claude Code](https://claude.ai/code)",
    "X\n\nCo-Authored-By: Codex <codex@openai.com>",
    "Mend it (#1)\n\nCo-authored-by: Claude <noreply@anthropic.com>",
    'Revert "Mend it (#1)" (#2)',
    f"Revert it\n\nThis reverts commit {'b' * 40}.",
    "",
    None,
]

moments = st.builds(
    lambda moment, offset: moment + offset, st.sampled_from(MOMENTS), st.sampled_from(OFFSETS)
)
maybe = st.none() | moments


def some(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects that have some of the keys; `__` stands for a dot."""
    return st.fixed_dictionaries(
        {}, optional={name.replace("__", "."): values for name, values in fields.items()}
    )


sessions = some(["s1", "s2", "s3", "Ŝ"])
who = {"user__email": some(NAMES), "user__id": some(NAMES), "user__account_uuid": some(["u1", ""])}
described = {
    "session__id": sessions,
    "model": some(MODELS),
    "terminal__type": some(["vscode", "", "tmux"]),
    "app__version": some(["2.1.0", "2.0.9"]),
    "vcs__repository__url__full": some(ADDRESSES),
    "vcs__repository__name": some(["app", "octo/app", ""]),
    "vcs__owner__name": some(["octo", ""]),
    "project__name": some(["Shop: Ünï", "/home/ada", "~"]),
}
log_attributes = optional(
    **who,
    **described,
    conversation__id=sessions,
    event__name=some([event for event in EVENTS if event]),
    event__sequence=some(COUNTS),
    event__kind=some(["response.completed", "other"]),
    request_id=some(["r1", "r2", "r3", ""]),
    gen_ai__request__model=some(MODELS),
    gen_ai__usage__input_tokens=some(COUNTS),
    gen_ai__usage__output_tokens=some(COUNTS),
    input_tokens=some(COUNTS),
    output_tokens=some(COUNTS),
    cache_read_tokens=some(COUNTS),
    cache_creation_tokens=some(COUNTS),
    input_token_count=some(COUNTS),
    cached_token_count=some(COUNTS),
    output_token_count=some(COUNTS),
    reasoning_token_count=some(COUNTS),
    cost_usd=some(MONEY),
    tool_name=some(["Edit", "Write", "Bash", "mcp__my_db__query"]),
    success=some(["true", "false", "False", ""]),
    duration_ms=some([*COUNTS, "12.5"]),
    mcp_server=some(["db", ""]),
    decision=some(["accept", "reject", "Accept"]),
    git_commit_id=some(["aaaaaaaa", "bbbbbbb"]),
    pull_request=some(["p#1", "octo/Ünï#2", "7", ""]),
    vcs__ref__head__name=some(["topic", "Topic", "main", "base"]),
    tool_parameters=some(['{"git_commit_id": "aaaaaaaaaa"}', "{", ""]),
    agent_type=some(["claude-code", "Copilot", "mine", ""]),
    nested=some([{"a": [1, "x"]}, []]),
)
point_attributes = optional(
    **who,
    **described,
    type=some(["input", "output", "cacheRead", "cacheCreation", "added", "removed", "thought", "cache"]),
    decision=some(["accept", "reject"]),
    gen_ai__token__type=some(["input", "output"]),
    start_type=some(["fresh", "agents_view"]),
    query_source=some(["main", "subagent"]),
)
logs = st.fixed_dictionaries(
    {
        "timestamp": moments,
        "developer_id": st.none() | some(PEOPLE),
        "body": some(EVENTS),
        "attributes": log_attributes,
        "event_name": st.none() | some(EVENTS),
        "service_name": st.none()
        | some(["claude-code", "codex_cli_rs", "unknown_service", "gemini-cli", ""]),
        "resource_attributes": st.none() | optional(**who, host__name=some(["h"])),
        "source": some([None, "otlp", "transcript"]),
    }
)
points = st.fixed_dictionaries(
    {
        "timestamp": moments,
        "developer_id": st.none() | some(PEOPLE),
        "metric_name": some(METRICS),
        "metric_value": some(VALUES),
        "attributes": point_attributes,
        "start_timestamp": maybe,
        "temporality": some([None, "delta", "cumulative", "cumulative"]),
        "metric_type": some([None, "sum", "histogram", "gauge"]),
        "service_name": st.none() | some(["claude-code", "gemini-cli"]),
    }
)
commits = st.fixed_dictionaries(
    {
        "commit_hash": some(["a" * 40, "A" * 40, "b" * 40, "c" * 40]),
        "commit_message": some(MESSAGES),
        "author_name": some(["Ada", "Ünï", "github-actions[bot]", None]),
        "author_email": some(NAMES),
        "commit_timestamp": moments,
        "files_changed": some([None, 0, 3]),
        "lines_added": some([None, 0, 50, 100, 101, 501, 2**31]),
        "lines_deleted": some([None, 0, 1, 50]),
        "agent_assisted": some([None, False, True]),
        "agent_session_id": some([None, None, "s1", " s2 ", ""]),
        "agent_type": some([None, "claude-code", ""]),
        "developer_id": some(PEOPLE),
        "project_id": some([None, "p", *ADDRESSES]),
        "committed_at": maybe,
        "parent_count": some([None, 0, 1, 2]),
    }
)
reports = st.fixed_dictionaries(
    {
        "date": moments.map(lambda moment: moment.date()),
        "developer_id": some(PEOPLE),
        "total_suggestions": some([None, 0, 3, 2**40]),
        "total_acceptances": some([None, 0, 1]),
        "total_lines_suggested": some([None, 7]),
        "total_lines_accepted": some([None, 2]),
        "total_active_users": some([None, 1, 5]),
        "organization": some([None, "o1", "o2"]),
        "report_scope": some([None, "user", "organization", "enterprise"]),
    }
)
spans = st.fixed_dictionaries(
    {
        "trace_id": some(["t1", "t2", None]),
        "span_id": some(["1", "2", "3", None]),
        "parent_span_id": some([None, "1", "2"]),
        "name": some(
            ["chat gpt-5", "invoke_agent", "claude_code.llm_request", "execute_tool Bash", "", None]
        ),
        "start_timestamp": moments,
        "end_timestamp": moments,
        "developer_id": st.none() | some(PEOPLE),
        "attributes": optional(
            **who,
            **described,
            gen_ai__conversation__id=sessions,
            gen_ai__operation__name=some(["chat", "invoke_agent", ""]),
            gen_ai__response__id=some(["r1", "r2", ""]),
            gen_ai__request__model=some(MODELS),
            gen_ai__usage__input_tokens=some(COUNTS),
            gen_ai__usage__output_tokens=some(COUNTS),
            gen_ai__usage__cache_read__input_tokens=some(COUNTS),
            input_tokens=some(COUNTS),
            output_tokens=some(COUNTS),
            request_id=some(["r1", "r2", "r3", ""]),
        ),
        "service_name": st.none() | some(["claude-code", "github-copilot", ""]),
        "resource_attributes": st.none() | optional(**who, host__name=some(["h"])),
    }
)
bills = st.fixed_dictionaries(
    {
        "provider": some(["anthropic", "openai", "github"]),
        "report": some(["cost", "cost", "usage", "estimate"]),
        "date": moments.map(dt.datetime.date),
        "product": some([None, "tokens", "web_search"]),
        "model_name": some(MODELS),
        "unit": some([None, "tokens"]),
        "quantity": some([None, 0.0, 0.1, 250_001.0, -1.5]),
        "gross_nano": some([None, 0, 7, 1_000_000_000, -250_000_000]),
        "discount_nano": some([None, 0, 3]),
        "net_nano": some([None, 0, 4, 1_000_000_000, -250_000_000]),
        "currency": some([None, "USD", "USD", "EUR"]),
        "developer_id": some(NAMES),
        "cost_centre": some([None, "Platform"]),
        "scope": some(["a", "b"]),
        "version": some(["1", "2"]),
        "line": some([1, 2, 3]),
    }
)
requests = st.fixed_dictionaries(
    {
        "project_id": some(["P", "p", "octo/Ünï"]),
        "number": some([1, 2, 3]),
        "request_id": some([None, "PR1", "PR2"]),
        "version_id": some([None, "v1", "v2", "v3"]),
        "developer_id": some(NAMES),
        "author_is_bot": some([None, False, True]),
        "state": some(["open", "merged", "closed"]),
        "opened_at": moments,
        "first_review_at": maybe,
        "first_bot_review_at": maybe,
        "merged_at": maybe,
        "closed_at": maybe,
        "updated_at": moments,
        "labels": some([None, "bug", "bug, ui"]),
        "head_branch": some([None, "topic", "Topic", "main", "base"]),
        "base_branch": some([None, "main", "base"]),
        "is_from_fork": some([None, False, True]),
        "additions": some([None, 0, 50, 2**31]),
        "deletions": some([None, 0, 1]),
        "changed_files": some([None, 0, 3]),
        "review_count": some([None, 0, 2]),
        "review_rounds": some([None, 0, 1]),
        "check_count": some([None, 0, 7]),
        "checks_failed": some([None, 0, 2]),
        "commit_count": some([None, 0, 3]),
        "merge_commit": some([None, "a" * 40, "C" * 40]),
        "reverts_number": some([None, None, 1, 2]),
        "record_hash": some(["1", "2"]),
    }
)
request_commits = st.fixed_dictionaries(
    {
        "version_id": some(["v1", "v2", "v3"]),
        "commit_hash": some(["a" * 40, "A" * 40, "b" * 40, "c" * 40, "d" * 40]),
        "copy_of": some([None, None, "A" * 40, "e" * 40]),
        "updated_at": moments,
    }
)
# Fewer at each age, as lines do not come back.
ALIVE = {"7_days": [50, 41], "30_days": [40, 31], "90_days": [30, 21], "today": [20, 0]}
readings = some([*ALIVE]).flatmap(
    lambda age: st.fixed_dictionaries(
        {
            "commit_hash": some(["a" * 40, "A" * 40, "b" * 40]),
            "project_id": some([None, "p", "WEBSHOP", "octo/app"]),
            "age": st.just(age),
            "reading": some([1, 2, 3]),
            "lines_added": some([50, 50, 2**31, None]),
            "lines_alive": some([*ALIVE[age], *ALIVE[age], -1, None]),
            "lines_reworked": some([None, 0, 7]),
            "arrived_at": moments,
            "observed_at": moments,
        }
    )
)
seats = st.fixed_dictionaries(
    {
        "developer_id": some(["octocat", "ada@example.com", "Ada@Example.com", "🦆"]),
        "plan": some(["business", "business", "enterprise", "unknown"]),
        "assigned_at": moments,
        "last_activity_at": maybe,
        "ends_on": some([None, None, dt.date(2028, 3, 26), dt.date(2027, 1, 1)]),
        "account": some([None, "acme"]),
        "answer": some(["1", "2"]),
        "observed_at": moments,
    }
)
TABLES = {
    "otel_logs": logs,
    "otel_metrics": points,
    "otel_spans": spans,
    "git_commits": commits,
    "git_survival": readings,
    "copilot_metrics": reports,
    "copilot_seats": seats,
    "billing": bills,
    "pull_requests": requests,
    "pull_request_commits": request_commits,
}
cases = st.fixed_dictionaries({table: st.lists(rows, max_size=6) for table, rows in TABLES.items()})


def made_up_rows() -> dict[str, list[dict[str, Any]]]:
    """The rows of all cases, by table; sessions, requests and commits of each case are its own."""
    found: list[dict[str, list[dict[str, Any]]]] = []

    @settings(
        max_examples=CASES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def collect(case: dict[str, list[dict[str, Any]]]) -> None:
        found.append(case)

    collect()
    tables: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}
    for number, case in enumerate(found):
        for table, rows in case.items():
            tables[table] += [_own(row, number) for row in rows]
    return tables


def _own(row: dict[str, Any], number: int) -> dict[str, Any]:
    """A row that names sessions, requests and commits of its case alone; some are left shared."""
    row = dict(row)
    if row.get("attributes") is not None:
        owned = (
            *("session.id", "conversation.id", "gen_ai.conversation.id"),
            *("request_id", "gen_ai.response.id", "git_commit_id"),
        )
        row["attributes"] = {
            key: f"{number:x}{value}" if key in owned and value else value
            for key, value in row["attributes"].items()
        }
    if row.get("scope"):
        row["scope"] = f"{number:x}{row['scope']}"
    for name in ("request_id", "version_id"):
        if row.get(name):
            row[name] = f"{number:x}{row[name]}"
    if row.get("merge_commit"):
        row["merge_commit"] = f"{number:x}{row['merge_commit']}"[:40]
    if row.get("trace_id"):
        row["trace_id"] = f"{number:x}{row['trace_id']}"
    if row.get("commit_hash"):
        row["commit_hash"] = f"{number:x}{row['commit_hash']}"[:40]
    if session := row.get("agent_session_id"):
        row["agent_session_id"] = f" {number:x}{session.strip()} "
    return row


def land(engine: Engine) -> None:
    """Write the rows as they are: this is what other collectors may have left."""
    arrived = dt.datetime(2028, 4, 5, 12, tzinfo=dt.UTC)
    engine.create_schema("raw")
    for table, rows in made_up_rows().items():
        make_raw_table(engine, table)
        names = list(rows[0])
        complete = [
            (
                number,
                # Two reports of one day arrive at one moment now and then.
                arrived + dt.timedelta(seconds=number // 3),
                *(json.dumps(row[n]) if isinstance(row[n], dict) else row[n] for n in names),
            )
            for number, row in enumerate(rows, start=1)
        ]
        engine.append("raw", table, ["id", "created_at", *names], complete)
