"""Log records of every agent, in the pipeline's words."""

import datetime as dt

import pytest

from pipeline.agents.declaration import GEN_AI_EVENTS, SPANS
from tests.models.harness import Warehouse, at, log, request, rows, span

TOKENS = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens")


def events(*records, columns=(), **settings):
    return rows("stg_log_events", {"raw_otel_logs": list(records)}, *columns, **settings)


def event(record, *columns, **given):
    (only,) = rows("stg_log_events", {"raw_otel_logs": [record], **given}, *columns)
    return only


def one(record, column, **given):
    return event(record, column, **given)[column]


def each(cases, *columns, **given):
    """What becomes of each record of `cases`, as (record, outcome): a value, or a dict of several."""
    start = at("09:00")
    logs = [
        record | {"timestamp": start + dt.timedelta(seconds=number)}
        for number, (record, _) in enumerate(cases)
    ]
    found = rows("stg_log_events", {"raw_otel_logs": logs, **given}, "recorded_at", *columns)
    outcome = {row.pop("recorded_at"): row for row in found}
    rest = [outcome[start + dt.timedelta(seconds=number)] for number in range(len(cases))]
    return [
        (record, row if len(columns) > 1 else row[columns[0]])
        for (record, _), row in zip(cases, rest, strict=True)
    ]


def test_a_request_of_claude_code_whole():
    record = request(
        "09:00",
        user__email="Ann@Example.com",
        model="us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        cache_read_tokens=7,
        cache_creation_tokens=5,
        cost_usd=0.25,
        request_id="req_1",
        speed="fast",
        app__version="2.1.0",
        terminal__type="vscode",
        project_id="octo/app",
        event__sequence=3,
    )
    assert event(record) == {
        "recorded_at": at("09:00"),
        "source": "otlp",
        "event": "api_request",
        "agent_type": "claude_code",
        "session_id": "s1",
        "developer_id": "ann@example.com",
        "developer_email": "ann@example.com",
        "reported_model": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "request_id": "req_1",
        "speed": "fast",
        "tool_name": None,
        "tool_failed": None,
        "tool_microseconds": None,
        "mcp_server": None,
        "skill": None,
        "decision": None,
        "thread_id": None,
        "inference_geo": None,
        "web_search_requests": None,
        "is_free": False,
        "git_commit_id": None,
        "pull_request": None,
        "head_branch": None,
        "client_version": "2.1.0",
        "terminal": "vscode",
        "project_id": "octo/app",
        "lines_added": None,
        "lines_removed": None,
        "input_tokens": 1000,
        "output_tokens": 100,
        "cache_creation_tokens": 5,
        "cache_creation_1h_tokens": None,
        "cache_read_tokens": 7,
        "reported_nano_usd": 250_000_000,
        "day": dt.date(2026, 3, 10),
        "model_name": "claude-sonnet-4-5",
        "form": 1,
    }


# Names of events


def test_an_event_is_named_by_its_attribute_bare_or_prefixed_else_by_the_whole_body():
    records = [
        log("09:00", "claude_code.user_prompt", event__name="user_prompt"),
        log("09:00", "claude_code.user_prompt", event__name="claude_code.user_prompt"),
        log("09:00", "claude_code.user_prompt"),
        log("09:00", None, event_name="claude_code.user_prompt"),
        log("09:00", "A person typed something.", event__name="claude_code.user_prompt"),
        log("09:00", "<REDACTED>", event_name="user_prompt", service_name="claude-code"),
    ]
    cases = [(record, {"event": "user_prompt", "agent_type": "claude_code"}) for record in records]
    assert each(cases, "event", "agent_type") == cases


def test_a_prompt_that_contains_the_name_of_an_event_is_not_that_event():
    record = log("09:00", "why is there no session_start in my logs?", session_id="s1")
    assert one(record, "event") is None


def test_a_body_that_is_an_events_name_does_not_overrule_the_attribute():
    assert one(log("09:00", "session_end", event__name="claude_code.user_prompt"), "event") == "user_prompt"


@pytest.mark.parametrize("name", ["session_start", "session_end"])
def test_the_bodies_of_older_collectors_are_events(name):
    record = log("09:00", name, session_id="s1", agent_type="claude-code")
    assert event(record, "event", "agent_type", "session_id") == {
        "event": name,
        "agent_type": "claude_code",
        "session_id": "s1",
    }


def test_dots_in_an_events_own_name_are_not_taken_for_a_prefix():
    record = log("09:00", None, event__name="copilot_chat.session.start", service_name="copilot-chat")
    assert event(record, "event", "agent_type") == {"event": "session.start", "agent_type": "github_copilot"}
    record = log("09:00", None, event__name="session.start", service_name="copilot-chat")
    assert event(record, "event", "agent_type") == {"event": "session.start", "agent_type": "github_copilot"}


# Agents


def test_an_agent_is_its_prefix_else_what_is_stated_else_the_service():
    cases = [
        (log("09:00", "claude_code.tool_result", agent_type="codex"), "claude_code"),
        (log("09:00", "session_start", agent_type="Gemini CLI"), "gemini_cli"),
        (log("09:00", "session_start", agent_type="copilot"), "github_copilot"),
        (log("09:00", "user_prompt", service_name="codex_cli_rs"), "codex"),
        (log("09:00", "user_prompt", service_name="claude-code-desktop"), "claude_code"),
        (log("09:00", "newcomer.user_prompt", service_name="claude-code"), "claude_code"),
        (log("09:00", "newcomer.user_prompt"), "newcomer"),
        (log("09:00", "user_prompt", service_name="My Own Agent"), "my_own_agent"),
        (log("09:00", "gen_ai.client.inference.operation.details"), None),
        (log("09:00", "user_prompt", service_name="unknown_service:node"), None),
        (log("09:00", "user_prompt", agent_type="unknown", service_name="claude-code"), "claude_code"),
        (log("09:00", "claude_code.subagent_completed", agent_type="Explore"), "claude_code"),
        (log("09:00", "subagent_completed", agent_type="Explore", service_name="codex_exec"), "codex_exec"),
        (log("09:00", "qwen-code.api_response"), "qwen_code"),
        (log("09:00", "nothing says"), None),
    ]
    assert each(cases, "agent_type") == cases


def test_an_alias_is_found_however_it_is_spelled():
    record = log("09:00", "user_prompt", service_name="acme-coder")
    aliases = [{"alias": "Acme-Coder", "agent_type": "codex"}, {"alias": "acme coder", "agent_type": "codex"}]
    assert one(record, "agent_type", agent_aliases=aliases) == "codex"


# People


def test_a_developer_is_the_first_of_the_chain_that_is_present():
    chain = [
        ({"developer_id": "column", "user__email": "b@x.io"}, "column"),
        ({"enduser__id": "e7", "user__email": "b@x.io", "user__id": "u1"}, "e7"),
        ({"user__email": "B@X.io", "user__account_uuid": "uuid", "user__id": "u1"}, "b@x.io"),
        ({"user__account_uuid": "uuid", "user__id": "u1"}, "uuid"),
        ({"user__id": "u1"}, "u1"),
        ({"user__id": ""}, None),
        ({"developer_id": " ", "user__id": "u1"}, "u1"),
        ({"developer_id": "unknown", "user__id": "u1"}, "u1"),
        ({"developer_id": "Ann@Example.com"}, "ann@example.com"),
        ({"developer_id": "7+octocat@users.noreply.github.com"}, "octocat"),
        ({"resource_attributes": {"enduser.id": "e7"}, "user__email": "b@x.io"}, "e7"),
        ({"resource_attributes": {"user.email": "B@X.io"}, "user__id": "u1"}, "b@x.io"),
        ({"resource_attributes": {"user.id": "u2"}}, "u2"),
        ({}, None),
    ]
    cases = [(log("09:00", "claude_code.user_prompt", **given), developer) for given, developer in chain]
    assert each(cases, "developer_id") == cases


def test_the_attribute_developer_id_comes_before_all_others():
    record = log("09:00", "claude_code.user_prompt", enduser__id="e7")
    record["attributes"]["developer_id"] = "given"
    assert one(record, "developer_id") == "given"


def test_the_identity_map_says_who_an_alias_is():
    names = {
        "ann@old.example.com": "Ann",
        "ANN@OLD.example.com": "Ann",
        "octocat": "oc",
        "7+OctoCat@users.noreply.github.com": "oc",
        "e-mail": "mixed@example.com",
        "somebody else": "somebody else",
    }
    people = [
        {"alias": "ann@old.example.com", "developer_id": "Ann"},
        {"alias": "octocat", "developer_id": "oc"},
        {"alias": "e-mail", "developer_id": "Mixed@Example.com"},
    ]
    cases = [(log("09:00", "x.y", developer_id=name), developer) for name, developer in names.items()]
    assert each(cases, "developer_id", identities=people) == cases


def test_an_alias_that_is_mapped_twice_makes_no_event_twice():
    people = [{"alias": "Ann@x.io", "developer_id": "ann"}, {"alias": "ann@X.io", "developer_id": "ann"}]
    record = log("09:00", "claude_code.user_prompt", developer_id="ann@x.io")
    assert one(record, "developer_id", identities=people) == "ann"


# Sessions, models, versions


def test_a_session_has_several_keys_dotted_ones_too():
    keys = ["session_id", "session__id", "conversation__id", "gen_ai__conversation__id"]
    cases = [(log("09:00", "x.y", **{key: "s9"}), "s9") for key in keys]
    assert each(cases, "session_id") == cases


def test_a_model_has_one_name_and_keeps_the_reported_one():
    models = [
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5[1m]", "claude-sonnet-4-5"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("anthropic/claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("vertex_ai/claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("gpt-5-2025-08-07", "gpt-5"),
        ("GPT-5-Codex", "gpt-5-codex"),
        ("brand-new-model", "brand-new-model"),
        ("", None),
        (None, None),
    ]
    cases = [
        (log("09:00", "x.y", model=reported), {"model_name": name, "reported_model": reported or None})
        for reported, name in models
    ]
    assert each(cases, "model_name", "reported_model") == cases


def test_the_version_of_node_is_not_the_version_of_an_agent():
    cases = [
        (log("09:00", "claude_code.auth", app__version="2.1.0", service_version="1.0"), "2.1.0"),
        (log("09:00", "codex.user_prompt", service_version="1.0"), "1.0"),
        (log("09:00", "gemini_cli.config", service_version="v22.1.0"), None),
    ]
    assert each(cases, "client_version") == cases


# Tokens: four disjoint kinds


def test_codex_counts_cached_tokens_among_the_input_and_reasoning_among_the_output():
    record = log(
        "09:00",
        None,
        event__name="codex.sse_event",
        event__kind="response.completed",
        input_token_count="1000",
        cached_token_count=800,
        output_token_count="50",
        reasoning_token_count=20,
        tool_token_count="1050",
    )
    assert event(record, *TOKENS) == {
        "input_tokens": 200,
        "output_tokens": 50,
        "cache_creation_tokens": None,
        "cache_read_tokens": 800,
    }


def test_only_responses_bring_tokens():
    records = [
        log(
            "09:00",
            "codex.sse_event",
            event__kind="response.created",
            input_token_count=5,
            output_token_count=5,
        ),
        log("09:00", "codex.api_request", input_tokens=5, output_tokens=5),
        log("09:00", "claude_code.subagent_completed", total_tokens=500, input_tokens=5),
        log("09:00", "claude_code.tool_result", input_tokens=5),
    ]
    cases = [(record, dict.fromkeys(TOKENS)) for record in records]
    assert each(cases, *TOKENS) == cases


@pytest.mark.parametrize(
    ("tool", "total", "uncached"),
    [(0, 1370, 400), (30, 1400, 430), (30, 1370, 400), (None, None, 400)],
)
def test_gemini_bills_thoughts_as_output_and_tool_tokens_where_they_are_counted_apart(tool, total, uncached):
    record = log(
        "09:00",
        "API response from gemini-2.5-pro. Status: 200.",
        event__name="gemini_cli.api_response",
        input_token_count=1000,
        cached_content_token_count=600,
        output_token_count=70,
        thoughts_token_count=300,
        tool_token_count=tool,
        total_token_count=total,
    )
    assert event(record, *TOKENS) == {
        "input_tokens": uncached,
        "output_tokens": 370,
        "cache_creation_tokens": None,
        "cache_read_tokens": 600,
    }


def test_thoughts_are_not_added_where_the_total_is_input_and_output_alone():
    def response(total):
        return log(
            "09:00",
            "qwen-code.api_response",
            input_token_count=9000,
            cached_content_token_count=4096,
            output_token_count=80,
            thoughts_token_count=30,
            total_token_count=total,
        )

    inside, beside = {"input_tokens": 4904, "output_tokens": 80}, {"input_tokens": 4904, "output_tokens": 110}
    cases = [
        (response(9080), inside),
        (response(9110), beside),
        (response(None), beside),
        (response(0), beside),
    ]
    assert each(cases, "input_tokens", "output_tokens") == cases


def test_a_response_of_qwen_code_has_its_id_and_a_tool_its_name():
    cases = [
        (log("09:00", "qwen-code.api_response", response_id="chat-1"), ("chat-1", None)),
        (log("09:00", "qwen-code.tool_call", function_name="edit"), (None, "edit")),
        (log("09:00", "claude_code.tool_result", tool_name="Edit"), (None, "Edit")),
    ]
    expected = [(record, {"request_id": name, "tool_name": tool}) for record, (name, tool) in cases]
    assert each(expected, "request_id", "tool_name") == expected


@pytest.mark.parametrize("cache_write", ["cache_creation", "cache_write"])
def test_gen_ai_events_count_cached_tokens_among_the_input(cache_write):
    record = log(
        "09:00",
        None,
        event__name="gen_ai.client.inference.operation.details",
        service_name="copilot-chat",
        **{
            "gen_ai__usage__input_tokens": 1000,
            "gen_ai__usage__output_tokens": 10,
            "gen_ai__usage__cache_read__input_tokens": 700,
            f"gen_ai__usage__{cache_write}__input_tokens": 200,
            "gen_ai__response__model": "gpt-5",
            "gen_ai__response__id": "resp_1",
        },
    )
    assert event(record, *TOKENS, "agent_type", "model_name", "request_id", "form") == {
        "input_tokens": 100,
        "output_tokens": 10,
        "cache_creation_tokens": 200,
        "cache_read_tokens": 700,
        "agent_type": "github_copilot",
        "model_name": "gpt-5",
        "request_id": "resp_1",
        "form": GEN_AI_EVENTS,
    }


def test_more_cached_tokens_than_input_leave_no_negative_input():
    record = log(
        "09:00",
        "codex.sse_event",
        event__kind="response.completed",
        input_token_count=10,
        cached_token_count=800,
        output_token_count=5,
    )
    assert one(record, "input_tokens") == 0


def test_opencode_counts_reasoning_apart_from_the_output():
    record = log(
        "09:00", "opencode.api_request", input_tokens=10, output_tokens=5, reasoning_tokens=7, model="m"
    )
    assert event(record, *TOKENS)["output_tokens"] == 12


def test_numbers_may_be_texts():
    cases = [(request("09:00", input_tokens=value), 7) for value in (7, "7", 7.0, "7.0", " 7 ", "7e0")]
    assert each(cases, "input_tokens") == cases


def test_what_can_be_no_count_is_none():
    values = [-7, "-7", "many", "", "NaN", "Infinity", 1e308, "1e309", 10**30, True, [1], {"a": 1}, None]
    cases = [(request("09:00", input_tokens=value), None) for value in values]
    assert each(cases, "input_tokens") == cases


# Cost


def test_reported_cost_is_read_in_its_unit():
    costs = [
        ({"cost_usd": 0.0184726}, 18_472_600),
        ({"cost_usd": "0.5"}, 500_000_000),
        ({"cost_usd_micros": 1234}, 1_234_000),
        ({"cost_usd": 0}, 0),
        ({"cost_usd": -1}, None),
        ({"cost_usd": "NaN"}, None),
        ({"cost_usd": 1e308}, None),
        ({"cost_usd": "n/a", "cost_usd_micros": 1}, 1_000),
        ({}, None),
    ]
    cases = [(request("09:00", **given), nano) for given, nano in costs]
    assert each(cases, "reported_nano_usd") == cases


def test_codex_reports_the_cost_of_a_turn_on_an_event_of_its_own():
    cost = {"reported_nano_usd": 40_000_000, "input_tokens": None}
    cases = [
        (log("09:00", "codex.turn_cost", usage__estimated_usd="0.04"), cost),
        (log("09:00", "codex.turn_cost", cost_microusd=40_000), cost),
    ]
    assert each(cases, "reported_nano_usd", "input_tokens") == cases


def test_what_a_session_cost_in_all_is_not_added_to_what_its_requests_cost():
    record = log("09:00", "opencode.session.idle", session__id="s1", cost_usd=5.0)
    assert one(record, "reported_nano_usd") is None


# Commits


def test_a_tool_result_may_name_a_commit():
    attributes = [
        {"git_commit_id": "ABCDEF1234"},
        {"tool_parameters": '{"bash_command": "git", "git_commit_id": "abcdef1234"}'},
        {"tool_parameters": '{"git_commit_id":"abcdef1234"}'},
    ]
    cases = [(log("09:00", "claude_code.tool_result", **given), "abcdef1234") for given in attributes]
    assert each(cases, "git_commit_id") == cases


def test_a_record_may_name_a_branch_and_a_pull_request():
    given = {"vcs__ref__head__name": "Ada/topic", "pull_request": "Octo/App#7"}
    told = event(log("09:00", "claude_code.pr_link", **given), "head_branch", "pull_request")
    assert told == {"head_branch": "Ada/topic", "pull_request": "octo/app#7"}


# Days


@pytest.mark.slow
def test_a_day_is_a_calendar_day_of_the_configured_time_zone():
    # Summer time begins in Berlin on 2026-03-29 at 01:00 UTC and ends on 2026-10-25 at 01:00 UTC.
    days = {
        "2026-03-10 22:59": dt.date(2026, 3, 10),
        "2026-03-10 23:00": dt.date(2026, 3, 11),
        "2026-03-28 22:59": dt.date(2026, 3, 28),
        "2026-03-28 23:00": dt.date(2026, 3, 29),
        "2026-03-29 21:59": dt.date(2026, 3, 29),
        "2026-03-29 22:00": dt.date(2026, 3, 30),
        "2026-10-25 22:59": dt.date(2026, 10, 25),
        "2026-10-25 23:00": dt.date(2026, 10, 26),
    }
    records = [log(instant, "x.y") for instant in days]
    found = events(*records, columns=["recorded_at", "day"], timezone="Europe/Berlin")
    assert found == [{"recorded_at": at(instant), "day": day} for instant, day in days.items()]
    assert events(records[1], columns=["day"]) == [{"day": dt.date(2026, 3, 10)}]


# Repetition


def test_an_event_that_was_sent_twice_counts_once():
    record = request("09:00", event__sequence=1, request_id="r1")
    assert len(events(record, record | {"id": 7, "created_at": at("12:00")})) == 1


def test_records_without_a_sequence_count_once_if_nothing_tells_them_apart():
    first, second = request("09:00"), request("09:00", output_tokens=101)
    assert len(events(first, first | {"id": 2}, second)) == 2


def test_a_sequence_that_begins_again_when_a_session_is_resumed_makes_new_events():
    records = [request("09:00", event__sequence=1), request("10:00", event__sequence=1)]
    assert len(events(*records)) == 2


def test_an_event_that_was_sent_twice_counts_once_beside_others_of_the_same_instant():
    numbered = request("09:00", event__sequence=1)
    unnumbered = request("09:00", output_tokens=101)
    others = [request("09:00", event__sequence=2), request("09:00", output_tokens=11), request("10:00")]
    assert len(events(numbered, numbered, unnumbered, unnumbered, *others)) == 5


def test_an_event_that_was_sent_twice_is_one_however_its_number_is_spelled():
    assert len(events(*(request("09:00", event__sequence=number) for number in (1, "1", 1.0, "1e0")))) == 1


def test_of_an_event_that_was_sent_twice_what_either_tells_is_known():
    first = request("09:00", event__sequence=1, terminal__type="vscode")
    second = request("09:00", event__sequence=1, user__email="dev@example.com", project_id="p1")
    told = {"terminal": "vscode", "developer_email": "dev@example.com", "project_id": "p1"}
    assert events(first, second, columns=[*told]) == [told]


def test_two_requests_that_share_sequence_and_time_are_told_apart_by_their_ids():
    records = [request("09:00", event__sequence=1, request_id=name) for name in ("r1", "r2")]
    assert len(events(*records)) == 2


# Hostile values


def test_attributes_that_are_no_json_object_are_no_attributes():
    texts = ["{broken", "", "null", "[1, 2]", '"a"', "17", "\x00", "{" * 5000]
    prompt = log("09:00", "claude_code.user_prompt")
    cases = [
        *((prompt | {"attributes": text, "resource_attributes": text}, "user_prompt") for text in texts),
        (request("09:01"), "api_request"),
    ]
    assert each(cases, "event") == cases


def test_of_a_repeated_key_one_value_counts():
    record = request("09:00") | {"attributes": '{"input_tokens": 1, "input_tokens": 2, "output_tokens": 3}'}
    assert one(record, "input_tokens") in (1, 2)


def test_a_record_without_a_time_is_no_event():
    # An infinite time is later still; Python cannot say it.
    endless = dt.datetime.max.replace(tzinfo=dt.UTC)
    assert events(*(log("09:00", "x.y") | {"timestamp": time} for time in (None, endless))) == []


def test_a_sequence_that_is_none_breaks_nothing():
    sequences = ["NaN", 1e308, -1, "x", 10**25, "1.5"]
    assert len(events(*(request("09:00", event__sequence=sequence) for sequence in sequences))) == 6


def test_a_record_of_nothing_but_a_time_is_an_event_of_nobody():
    record = {"timestamp": at("09:00"), "id": None}
    assert event(record, "event", "agent_type", "session_id", "developer_id") == {
        "event": None,
        "agent_type": None,
        "session_id": None,
        "developer_id": None,
    }


def test_hostile_text_is_only_text():
    name = "Robert'); DROP TABLE students;--\x00\u202e\U0001f600"
    record = log("09:00", "claude_code.user_prompt", session__id=name)
    assert one(record, "session_id") == name


# Spans


GEN_AI_USAGE = {
    "gen_ai__usage__input_tokens": 1000,
    "gen_ai__usage__output_tokens": 80,
    "gen_ai__usage__cache_read__input_tokens": 900,
}


@pytest.mark.parametrize(
    ("name", "event_name", "usage"),
    [
        ("chat gpt-5.4", "chat", GEN_AI_USAGE),
        ("claude_code.llm_request", "llm_request", GEN_AI_USAGE | {"input_tokens": 100, "output_tokens": 80}),
        (
            "ai.streamText.doStream",
            "streamText.doStream",
            {
                "ai__usage__inputTokens": 1000,
                "ai__usage__outputTokens": 80,
                "ai__usage__cachedInputTokens": 900,
            },
        ),
    ],
)
def test_a_span_of_one_model_call_is_an_event_whose_input_holds_the_cache(name, event_name, usage):
    told = Warehouse(
        raw_otel_logs=[],
        raw_otel_spans=[span("09:00", name, service_name="github-copilot", session__id="s1", **usage)],
    ).row("stg_log_events", "recorded_at", "source", "event", "form", "session_id", *TOKENS)
    assert told == {
        "recorded_at": at("09:00"),
        "source": "span",
        "event": event_name,
        "form": SPANS,
        "session_id": "s1",
        **dict.fromkeys(TOKENS),
        "input_tokens": 100,
        "output_tokens": 80,
        "cache_read_tokens": 900,
    }


def test_spans_that_sum_up_others_and_those_of_other_things_are_no_events():
    spans = [
        span("09:00", name, session__id="s1", **GEN_AI_USAGE)
        for name in ("invoke_agent", "ai.streamText", "FileSystem.readJson", "chatter")
    ]
    assert Warehouse(raw_otel_logs=[], raw_otel_spans=spans).rows("stg_log_events") == []


@pytest.mark.parametrize(
    ("attributes", "speed"),
    [
        ({"service_tier": "priority"}, "priority"),
        ({"service_tier": "batch"}, "batch"),
        ({"service_tier": "standard"}, "normal"),
        ({"service_tier": "default", "speed": "fast"}, "fast"),
        ({}, "normal"),
    ],
)
def test_the_tier_of_a_request_is_its_speed(attributes, speed):
    assert event(request("09:00", **attributes), "speed") == {"speed": speed}


def test_decisions_have_one_name_whatever_agents_call_them():
    said = {
        ("codex.tool_decision", "approved"): "accept",
        ("codex.tool_decision", "approved_for_session"): "accept",
        ("codex.tool_decision", "Denied"): "reject",
        ("codex.tool_decision", "abort"): "reject",
        ("gemini_cli.tool_call", "auto_accept"): "accept",
        ("gemini_cli.tool_call", "modify"): "accept",
        ("claude_code.tool_decision", "reject"): "reject",
        ("claude_code.tool_decision", "later"): None,
    }
    cases = [(log("09:00", name, decision=decision), meant) for (name, decision), meant in said.items()]
    assert each(cases, "decision") == cases


def test_a_tool_is_named_by_whatever_attribute_its_agent_has_for_it():
    cases = [
        (log("09:00", "codex.tool_result", tool_name="apply_patch"), "apply_patch"),
        (log("09:00", "gemini_cli.tool_call", function_name="replace"), "replace"),
    ]
    assert each(cases, "tool_name") == cases


def test_a_request_of_codex_that_failed_is_an_error():
    cases = [
        (log("09:00", "codex.api_request", **{"http.response.status_code": status}), event)
        for status, event in (
            (200, "api_request"),
            ("500", "api_error"),
            (429, "api_error"),
            ("x", "api_request"),
            (None, "api_request"),
        )
    ]
    assert each(cases, "event") == cases
    other = log("09:00", "claude_code.api_request", **{"http.response.status_code": 500})
    assert one(other, "event") == "api_request"


def test_lines_of_an_edit_are_told():
    record = log("09:00", "codex.tool_result", lines_added=3, lines_removed=1)
    assert event(record, "lines_added", "lines_removed") == {"lines_added": 3, "lines_removed": 1}
