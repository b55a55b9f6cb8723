"""Copilot's numbers: every generation of files gives the same kind of rows."""

import datetime as dt
import gzip
import json
from itertools import pairwise

import orjson
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.engines import connect
from pipeline.errors import IngestError
from pipeline.ingest.copilot.ingest import Unusable, copilot_row, entries, ingest_copilot
from pipeline.ingest.documents import read_documents

USAGE = {
    "day": "2024-06-24",
    "total_suggestions_count": 1000,
    "total_acceptances_count": 800,
    "total_lines_suggested": 1800,
    "total_lines_accepted": 1200,
    "total_active_users": 10,
    "total_chat_acceptances": 32,
    "total_chat_turns": 200,
    "total_active_chat_users": 4,
    "breakdown": [
        {
            "language": "python",
            "editor": editor,
            "suggestions_count": 300,
            "acceptances_count": 250,
            "lines_suggested": 900,
            "lines_accepted": 700,
            "active_users": 5,
        }
        for editor in ("vscode", "jetbrains")
    ]
    + [{"language": "ruby", "editor": "vscode", "suggestions_count": 400, "acceptances_count": 300}],
}


def counted(name, *counts):
    return {
        "name": name,
        "total_engaged_users": 6,
        "total_code_suggestions": counts[0],
        "total_code_acceptances": counts[1],
        "total_code_lines_suggested": counts[2],
        "total_code_lines_accepted": counts[3],
    }


METRICS = {
    "date": "2025-02-03",
    "total_active_users": 24,
    "total_engaged_users": 20,
    "copilot_ide_code_completions": {
        "total_engaged_users": 20,
        "languages": [{"name": "python", "total_engaged_users": 10}],
        "editors": [
            {
                "name": "vscode",
                "total_engaged_users": 13,
                "models": [
                    {
                        "name": "default",
                        "is_custom_model": False,
                        "languages": [counted("python", 249, 123, 225, 135), counted("ruby", 10, 5, 9, 4)],
                    },
                    {"name": "other", "is_custom_model": True, "languages": None},
                ],
            },
            {
                "name": "neovim",
                "models": [{"name": "default", "languages": [counted("python", 1, 1, 1, 1)]}],
            },
        ],
    },
    "copilot_ide_chat": None,
    "copilot_dotcom_pull_requests": {"repositories": []},
}


def activity(generated, accepted, suggested, added, **more):
    return more | {
        "code_generation_activity_count": generated,
        "code_acceptance_activity_count": accepted,
        "loc_suggested_to_add_sum": suggested,
        "loc_suggested_to_delete_sum": 0,
        "loc_added_sum": added,
        "loc_deleted_sum": 3,
    }


FEATURES = {
    # the totals of the row include what agents edited
    **activity(90, 40, 500, 900),
    "totals_by_feature": [
        activity(50, 20, 200, 80, feature="code_completion"),
        activity(40, 20, 300, 820, feature="agent_edit"),
    ],
    "totals_by_language_feature": [
        activity(30, 15, 150, 60, language="typescript", feature="code_completion"),
        activity(20, 5, 50, 20, language="python", feature="code_completion"),
        activity(40, 20, 300, 820, language="python", feature="agent_edit"),
    ],
}
USER = {
    "report_start_day": "2026-04-01",
    "report_end_day": "2026-04-28",
    "day": "2026-04-25",
    "organization_id": "4242",
    "enterprise_id": "7",
    "user_id": 1,
    "user_login": "Octo-Cat",
    "used_chat": True,
    "ai_credits_used": 12.5,
    **FEATURES,
}
ORGANIZATION = {
    "report_start_day": "2026-04-25",
    "report_end_day": "2026-04-26",
    "organization_id": "4242",
    "enterprise_id": "7",
    "created_at": "2026-04-27T03:36:11.710Z",
    "day_totals": [
        {"day": "2026-04-25", "daily_active_users": 15, "daily_active_cli_users": 19, **FEATURES},
        {"day": "2026-04-26", "daily_active_users": 0, "totals_by_feature": None},
    ],
}


def language(name, *counts):
    names = ("suggestions", "acceptances", "lines_suggested", "lines_accepted")
    return {"language": name, **dict(zip(names, counts, strict=True))}


def row(date, counts, active, languages, developer=None, organization=None, scope="organization"):
    return {
        "date": dt.date.fromisoformat(date),
        "developer_id": developer,
        "total_suggestions": counts[0],
        "total_acceptances": counts[1],
        "total_lines_suggested": counts[2],
        "total_lines_accepted": counts[3],
        "total_active_users": active,
        "language_breakdown": languages,
        "organization": organization,
        "report_scope": scope,
    }


COMPLETED = [language("python", 20, 5, 50, 20), language("typescript", 30, 15, 150, 60)]
USER_ROW = row("2026-04-25", (50, 20, 200, 80), 1, COMPLETED, "octo-cat", "4242", "user")
ORGANIZATION_ROWS = [
    row("2026-04-25", (50, 20, 200, 80), 15, COMPLETED, organization="4242"),
    row("2026-04-26", (0, 0, 0, 0), 0, [], organization="4242"),
]


def file(tmp_path, content, name="report.json"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))
    return str(path)


def rows(engine):
    names = ", ".join(USER_ROW)
    found = engine.fetch_dicts(f"SELECT {names} FROM raw.copilot_metrics ORDER BY id")
    return [row | {"language_breakdown": json.loads(row["language_breakdown"])} for row in found]


def quarantined(engine):
    return engine.fetch("SELECT line, reason FROM meta.quarantine ORDER BY line")


# the three generations


def test_usage_of_2024(engine, tmp_path):
    ingest_copilot(engine, [file(tmp_path, [USAGE])])
    languages = [language("python", 600, 500, 1800, 1400), language("ruby", 400, 300, 0, 0)]
    assert rows(engine) == [row("2024-06-24", (1000, 800, 1800, 1200), 10, languages)]


def test_metrics_of_2024_to_2026(engine, tmp_path):
    idle = {"date": "2025-02-04", "total_active_users": 0, "copilot_ide_code_completions": None}
    ingest_copilot(engine, [file(tmp_path, [METRICS, idle])])
    languages = [language("python", 250, 124, 226, 136), language("ruby", 10, 5, 9, 4)]
    assert rows(engine) == [
        row("2025-02-03", (260, 129, 235, 140), 24, languages),
        row("2025-02-04", (0, 0, 0, 0), 0, []),
    ]


def test_a_report_of_users_counts_completions_alone(engine, tmp_path):
    idle = {"day": "2026-04-26", "user_login": "b", "organization_id": "4242", "totals_by_feature": []}
    lines = b"".join(orjson.dumps(line) + b"\n" for line in (USER, idle))
    ingest_copilot(engine, [file(tmp_path, lines)])
    assert rows(engine) == [
        USER_ROW,
        row("2026-04-26", (0, 0, 0, 0), 1, [], "b", "4242", "user"),
    ]


def test_a_report_of_an_organisation(engine, tmp_path):
    ingest_copilot(engine, [file(tmp_path, ORGANIZATION)])
    assert rows(engine) == ORGANIZATION_ROWS


def test_a_report_of_an_enterprise_is_told_from_those_of_its_organisations(engine, tmp_path):
    report = {key: value for key, value in ORGANIZATION.items() if key != "organization_id"}
    user = {key: value for key, value in USER.items() if key != "organization_id"}
    ingest_copilot(engine, [file(tmp_path, [report, user])])
    found = [(row["organization"], row["report_scope"], row["developer_id"]) for row in rows(engine)]
    assert found == [
        ("enterprise:7", "enterprise", None),
        ("enterprise:7", "enterprise", None),
        ("enterprise:7", "user", "octo-cat"),
    ]


def test_a_user_without_login_goes_by_id():
    assert copilot_row({key: USER[key] for key in USER if key != "user_login"})["developer_id"] == "1"


def test_the_languages_of_a_row_add_up_to_its_totals():
    for entry in (METRICS, USER):
        found = copilot_row(entry)
        for name in ("suggestions", "acceptances", "lines_suggested", "lines_accepted"):
            total = sum(language[name] for language in found["language_breakdown"])
            assert total == found[f"total_{name}"]


# how they are written down


@pytest.mark.parametrize(
    "content",
    [
        orjson.dumps(ORGANIZATION),
        orjson.dumps(ORGANIZATION, option=orjson.OPT_INDENT_2),
        orjson.dumps([ORGANIZATION]),
        orjson.dumps({"data": [ORGANIZATION], "total": 1}),
        orjson.dumps(ORGANIZATION["day_totals"]).replace(b'{"day"', b'{"organization_id":4242,"day"'),
        b"\xef\xbb\xbf" + orjson.dumps(ORGANIZATION) + b"\r\n",
        orjson.dumps(ORGANIZATION).decode().encode("utf-16"),
        gzip.compress(orjson.dumps(ORGANIZATION)),
        zstandard.compress(orjson.dumps(ORGANIZATION)),
    ],
    ids=["one", "indented", "array", "wrapped", "days", "bom", "utf-16", "gz", "zst"],
)
def test_a_report_is_read_however_it_is_wrapped(engine, tmp_path, content):
    ingest_copilot(engine, [file(tmp_path, content)])
    assert rows(engine) == ORGANIZATION_ROWS


def test_pages_one_after_the_other_are_read(engine, tmp_path):
    pages = orjson.dumps([USAGE]) + orjson.dumps([METRICS], option=orjson.OPT_INDENT_2)
    ingest_copilot(engine, [file(tmp_path, pages)])
    assert [row["date"].year for row in rows(engine)] == [2024, 2025]


def test_lines_may_be_arrays_and_blank(engine, tmp_path):
    lines = b"\n" + orjson.dumps([USER]) + b"\r\n\r\n" + orjson.dumps(METRICS)
    ingest_copilot(engine, [file(tmp_path, lines)])
    assert [row["date"].year for row in rows(engine)] == [2026, 2025]


def test_a_folder_is_read_and_a_file_in_it_that_is_none_of_ours_named(engine, tmp_path):
    file(tmp_path, ORGANIZATION, "a.json")
    file(tmp_path, b"no", "b.json")
    result = ingest_copilot(engine, [str(tmp_path)])
    assert rows(engine) == ORGANIZATION_ROWS
    assert (result.rows_in, result.landed, result.quarantined) == (3, 2, 1)
    assert f"{tmp_path}/b.json: this is no JSON" in result.warnings[0]


TOO_MANY = {"token_usage": {"output_tokens_sum": 10**10 + 1}}


# each once, nothing lost


def test_the_same_rows_land_once_whatever_file_they_come_in(engine, tmp_path):
    day, month = file(tmp_path, [USER], "1-day.json"), orjson.dumps(USER) + b"\n" + orjson.dumps(METRICS)
    first = ingest_copilot(engine, [day])
    again = ingest_copilot(engine, [day, file(tmp_path, month, "28-day.ndjson")])
    # A day with tokens of Copilot CLI is a row of numbers, and an event with usage.
    assert (first.landed, again.rows_in, again.landed, again.duplicates) == (2, 5, 1, 4)


def test_a_revised_report_lands_beside_the_old_one(engine, tmp_path):
    revised = {**ORGANIZATION["day_totals"][0], "organization_id": 4242, "daily_active_users": 16}
    ingest_copilot(engine, [file(tmp_path, ORGANIZATION)])
    ingest_copilot(engine, [file(tmp_path, revised, "revised.json")])
    assert [row["total_active_users"] for row in rows(engine)] == [15, 0, 16]


def test_bad_lines_are_put_aside_and_the_rest_lands(engine, tmp_path):
    lines = [
        orjson.dumps(USER),
        b"{broken",
        b'"text"',
        b"NaN",
        b"\xff\x00",
        orjson.dumps({**USER, "day": "yesterday"}),
        orjson.dumps({**USER, "day": "1969-12-31"}),
        orjson.dumps({**USER, "day": "2200-01-01"}),
        orjson.dumps({**USER, "totals_by_feature": [activity(-1, 0, 0, 0, feature="code_completion")]}),
        orjson.dumps({**USER, "totals_by_feature": "many"}),
        orjson.dumps({"hello": "world"}),
        b"[" * 5000,
        orjson.dumps(METRICS),
    ]
    result = ingest_copilot(engine, [file(tmp_path, b"\n".join(lines))])
    assert (result.rows_in, result.landed, result.quarantined) == (14, 3, 11)
    found = quarantined(engine)
    assert [line for line, _ in found] == list(range(2, 13))
    assert [reason for _, reason in found[4:10]] == [
        "its day is missing, or not written like 2026-11-23",
        "its day 1969-12-31 is not between 1970 and 2199",
        "its day 2200-01-01 is not between 1970 and 2199",
        "code_generation_activity_count is no count",
        "totals_by_feature is no list of JSON objects",
        "this is no Copilot usage",
    ]


@pytest.mark.parametrize("value", ["many", True, 1.5, -1, 2**63, 1e300, [], {}])
def test_what_is_no_count_is_refused(value):
    with pytest.raises(Unusable, match="is no count"):
        copilot_row({**USAGE, "total_suggestions_count": value})


@pytest.mark.parametrize(
    ("more", "field"),
    [
        (
            {"totals_by_cli": {"token_usage": {"audio_tokens_sum": 5}}},
            "totals_by_cli.token_usage.audio_tokens_sum",
        ),
        ({"totals_by_copilot_app": {"credits_used": 2.5}}, "totals_by_copilot_app.credits_used"),
        ({"ai_credits": 2.5}, "ai_credits"),
    ],
)
def test_credits_and_tokens_that_are_not_read_are_told(engine, tmp_path, more, field):
    file = tmp_path / "users.ndjson"
    file.write_text(
        "".join(json.dumps(USER | {"day": day} | more) + "\n" for day in ("2026-01-01", "2026-01-02"))
    )
    result = ingest_copilot(engine, [str(file)])
    assert (result.landed, result.quarantined, result.not_counted) == (4, 0, 2)
    assert f"({field})" in engine.fetch("SELECT reason FROM meta.quarantine")[0][0]


def test_credits_and_tokens_that_cannot_be_are_told(engine, tmp_path):
    lines = [USER | {"ai_credits_used": 1e9}, USER | {"day": "2026-01-02", "totals_by_cli": TOO_MANY}]
    result = ingest_copilot(engine, [file(tmp_path, b"\n".join(map(orjson.dumps, lines)))])
    assert (result.landed, result.quarantined, result.not_counted) == (4, 0, 2)
    assert [reason for (reason,) in engine.fetch("SELECT reason FROM meta.quarantine ORDER BY 1")] == [
        f"usage of github_copilot in report of a day ({field}) has landed, and no model reads it: 1 record"
        for field in (
            "ai_credits_used, no number from 0 to 100,000,000",
            "cli_output_tokens, no number from 0 to 10,000,000,000",
        )
    ]


def test_what_a_report_told_in_vain_is_told_anew_when_it_is_read_again(engine, tmp_path):
    path = file(tmp_path, USER | {"ai_credits": 2.5})
    for _ in range(2):
        assert ingest_copilot(engine, [path]).not_counted == 1
    assert engine.fetch("SELECT COUNT(*) FROM meta.quarantine") == [(1,)]


def test_counts_beyond_64_bits_are_refused():
    features = [activity(2**62, 0, 0, 0, feature="code_completion")] * 2
    with pytest.raises(Unusable, match="64 bits"):
        copilot_row({**USER, "totals_by_feature": features})


@pytest.mark.slow
def test_a_file_that_is_cut_off_keeps_its_good_lines(engine, tmp_path):
    lines = b"".join(orjson.dumps({**USER, "user_login": f"u{n}"}) + b"\n" for n in range(20_000))
    packed = gzip.compress(lines)
    result = ingest_copilot(engine, [file(tmp_path, packed[: len(packed) // 2], "x.gz")])
    assert result.landed > 1000
    assert result.quarantined >= 1
    assert result.rows_in == result.landed + result.quarantined


# what else GitHub offers


TEAMS = [{"user_id": 1, "user_login": "a", "day": "2026-04-25", "organization_id": "4242", "team_id": 9}]
BILL = {
    "timePeriod": {"year": 2026},
    "usageItems": [{"product": "Copilot", "sku": "AI credits", "grossQuantity": 4200, "netAmount": 37.8}],
}


@pytest.mark.parametrize(
    ("content", "said"),
    [(TEAMS, "members of teams"), (BILL, "bill"), (BILL["usageItems"], "bill")],
)
def test_what_holds_no_usage_is_recognised_and_validly_empty(engine, tmp_path, content, said):
    result = ingest_copilot(engine, [file(tmp_path, content)])
    assert (result.rows_in, result.empty) == (0, 1)
    assert said in result.warnings[0]


def test_links_to_a_report_are_explained(engine, tmp_path):
    links = {"download_links": ["https://example.com/secret?sig=1"], "report_day": "2026-04-25"}
    with pytest.raises(IngestError, match="links to a report: download") as failure:
        ingest_copilot(engine, [file(tmp_path, links)])
    assert "secret" not in str(failure.value)


def test_an_error_of_the_api_is_explained(engine, tmp_path):
    answer = {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}
    with pytest.raises(IngestError, match="an error that GitHub answered with: Not Found"):
        ingest_copilot(engine, [file(tmp_path, answer)])


@pytest.mark.parametrize("content", [b"", b"\n", b"[]", b'{"day_totals": []}'])
def test_a_report_without_days_is_validly_empty(engine, tmp_path, content):
    result = ingest_copilot(engine, [file(tmp_path, content)])
    assert (result.rows_in, result.quarantined) == (0, 0)
    assert "holds no days" in result.warnings[0]


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"day,total\n2026-01-01,5\n",
        b'{"resourceLogs": [{"scopeLogs": []}]}\n' * 3,
        b'{\n  "day_totals": [\n    {\n      "day": "2026-04-25",\n',
    ],
)
def test_a_file_of_something_else_is_put_aside_as_a_whole(engine, tmp_path, content):
    path = file(tmp_path, content)
    with pytest.raises(IngestError, match="Nothing to ingest") as failure:
        ingest_copilot(engine, [path])
    assert path in str(failure.value)
    assert len(quarantined(engine)) == 1


def test_a_path_that_leads_nowhere_is_named(engine, tmp_path):
    with pytest.raises(IngestError, match="nowhere"):
        ingest_copilot(engine, [str(tmp_path / "nowhere")])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates().map(str),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*USER, *METRICS, *USAGE, "x"]), inner),
    max_leaves=20,
)


@pytest.mark.slow
@given(JSON)
@settings(deadline=None)
def test_any_json_gives_rows_or_a_reason(value):
    for entry in entries(value):
        try:
            found = copilot_row(entry)
        except Unusable:
            continue
        assert found.keys() == USER_ROW.keys()


@pytest.mark.slow
@given(
    content=st.binary()
    | st.lists(st.sampled_from([b"{", b"}", b"[", b"]", b'"day"', b"\n", b":"])).map(b"".join)
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes_are_read_without_a_crash(tmp_path, content):
    path = tmp_path / "x"
    path.write_bytes(content)
    with path.open("rb") as opened:
        assert all(document.problem or document.value != b"" for document in read_documents(opened))


@pytest.mark.slow
@given(order=st.permutations(range(6)), cuts=st.sets(st.integers(1, 5)))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_order_and_any_split_into_files_lands_the_same_rows(tmp_path, order, cuts):
    lines = [orjson.dumps({**USER, "user_login": f"user{n % 5}"}) for n in order]
    edges = [0, *sorted(cuts), 6]
    with connect(":memory:") as engine:
        for number, (start, end) in enumerate(pairwise(edges)):
            ingest_copilot(engine, [file(tmp_path, b"\n".join(lines[start:end]), f"{number}.json")])
        assert sorted(row["developer_id"] for row in rows(engine)) == [f"user{n}" for n in range(5)]
