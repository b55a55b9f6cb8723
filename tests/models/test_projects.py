"""What a session's project is called, and that its commits have the same name."""

import ibis
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.agents.projects import project_named, project_of, without_credentials
from pipeline.compile.renderings import COMPILERS
from pipeline.models import projects
from tests.models.harness import Warehouse, at, point, request, rows, span

SECRET = "s3cret"

# What a repository's address looks like, in every form that a client tells.
ADDRESSES = (
    "https://github.com/octo/app",
    "https://github.com/octo/app.git",
    "https://github.com/octo/app.git/",
    "https://GitHub.COM/octo/app",
    "http://github.com:8080/octo/app",
    f"https://ada:{SECRET}@github.com/octo/app.git",
    f"https://{SECRET}@github.com/octo/app.git?token={SECRET}#{SECRET}",
    "ssh://git@github.com/octo/app.git",
    "ssh://git@github.com:22/octo/app",
    "git@github.com:octo/app.git",
    "git@GITHUB:octo/app.git/",
    "github.com:octo/app",
    "git+ssh://git@github.com/octo/app.git",
    f"git::https://ada:{SECRET}@github.com/octo/app.git",
    "  octo/app ",
    "octo/app.git",
    "/octo/app/",
)
OTHERS = {
    "": None,
    "  ": None,
    "unknown": None,
    "https://github.com": None,
    "/home/ada": None,
    "C:\\Users\\Ada\\": None,
    "~": None,
    "/root": None,
    "/home/ada/app": "app",
    "/srv/git/app.git": "app",
    "/srv/git/app/.git": "app",
    "~/work/app": "app",
    "C:\\work\\app": "app",
    "file:///srv/git/app": "app",
    "FILE:/srv/git/app": "app",
    "Checkout": "Checkout",
    "Shop v1.2: web": "Shop v1.2: web",
    "shop:web": "shop:web",
    "https://gitlab.com/group/sub/app": "group/sub/app",
    f"https://ada:{SECRET}/x@github.com/octo/app": "github.com/octo/app",
    f"ada:{SECRET}@github.com/octo/app": "github.com/octo/app",
}


@pytest.fixture(scope="module")
def in_sql():
    """What models make of texts: without credentials, and canonical."""
    connection = ibis.duckdb.connect()
    connection.compiler = COMPILERS["duckdb"]()

    def both(texts):
        table = ibis.memtable(
            {"nth": range(len(texts)), "named": [*texts]}, schema={"nth": "int64", "named": "string"}
        )
        shown = table.mutate(shown=projects.without_credentials(table.named))
        found = projects.with_canonical(shown.mutate(project_id=shown.shown)).order_by("nth")
        return [(row["shown"], row["project_id"]) for row in connection.to_pyarrow(found).to_pylist()]

    return both


def test_every_form_of_an_address_is_one_project(in_sql):
    # of an absolute path nobody can tell that it has an owner
    assert {found for _, found in in_sql(ADDRESSES[:-1])} == {"octo/app"}
    assert in_sql(ADDRESSES[-1:]) == [("/octo/app/", "app")]


def test_what_is_no_address_keeps_its_name_and_a_home_is_none(in_sql):
    assert {text: found for text, (_, found) in zip(OTHERS, in_sql([*OTHERS]), strict=True)} == OTHERS


def test_no_form_gives_away_who_asks(in_sql):
    for shown, found in in_sql([*ADDRESSES, *OTHERS]):
        assert SECRET not in f"{shown} {found}"


PARTS = (
    *("https://", "ssh://", "git::", "file://", "git@", "ada:pw@", "@", "github.com", "HOST.org", "host"),
    *(":", ":22", "/", "//", "octo", "my.group", "app", ".git", "?t=x", "#y", " ", "~", "C:\\", "\\", "é"),
    *("/home/ada", "/root", "/.git", "unknown"),
)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PARTS), max_size=7).map("".join), max_size=60))
@example([*ADDRESSES, *OTHERS, "https://https://https://@https://@", "octo ?t=x", "ada:pw@ /home/ada"])
def test_models_and_ingests_understand_every_text_alike(in_sql, texts):
    expected = [(without_credentials(text), project_named(text)) for text in texts]
    assert [(shown, project or "unknown") for shown, project in in_sql(texts)] == expected


@pytest.mark.parametrize("address", [text for text in ADDRESSES if "//" in text or "@" in text])
def test_commits_of_a_repository_have_the_same_name(address):
    assert project_of(address) == "octo/app"


def projects_of(logs=(), points=(), spans=()):
    """The project of each session."""
    found = Warehouse(raw_otel_logs=[*logs], raw_otel_metrics=[*points], raw_otel_spans=[*spans])
    return {row["session_id"]: row["project_id"] for row in found.rows("stg_agent_sessions")}


URL = "vcs.repository.url.full"
APP = {"resource_attributes": {URL: "https://github.com/octo/app"}}


def test_logs_points_and_spans_tell_it_on_the_record_and_on_the_resource():
    def measured(session, **given):
        return point("09:00", "claude_code.token.usage", 5.0, session__id=session, type="input", **given)

    def called(session, **given):
        named = {"gen_ai.conversation.id": session, "gen_ai.usage.input_tokens": 5}
        return span("09:00", "chat gpt-5", **named, **given)

    named = {
        "log": {URL: f"https://ada:{SECRET}@github.com/octo/app.git"},
        "log-resource": APP,
        "record-first": {
            URL: "git@github.com:octo/app",
            "resource_attributes": {URL: "https://h.org/octo/other"},
        },
        "raw-id": {"project_id": "git@github.com:octo/app.git"},
        "owned": {"vcs.owner.name": "octo", "vcs.repository.name": "app"},
        "owned-twice": {"vcs.owner.name": "octo", "vcs.repository.name": "octo/app"},
        "address-first": {URL: "https://github.com/octo/app", "vcs.repository.name": "x"},
        "not-owned": {"vcs.repository.name": "app"},
        "name-first": {"vcs.repository.name": "app", "project.name": "Checkout"},
        "called": {"project.name": "Checkout: web"},
        "nothing": {"project_id": "", URL: "https://github.com"},
    }
    assert projects_of(
        logs=[request("09:00", session, **given) for session, given in named.items()],
        points=[
            measured("point", **{URL: "ssh://git@github.com/octo/app"}),
            measured("point-resource", **APP),
        ],
        spans=[
            called("span", **{"github.copilot.git.repository": "octo/app"}),
            called("span-resource", **APP),
        ],
    ) == {
        **dict.fromkeys(
            ["log", "log-resource", "record-first", "raw-id", "owned", "owned-twice"], "octo/app"
        ),
        **dict.fromkeys(["address-first", "point", "point-resource", "span", "span-resource"], "octo/app"),
        **{"not-owned": "app", "name-first": "app", "called": "Checkout: web", "nothing": None},
    }


def test_the_span_of_vs_codes_agent_tells_the_repository_and_no_usage():
    of_session = {"gen_ai.conversation.id": "s1", "gen_ai.usage.input_tokens": 5}
    told = {"github.copilot.git.repository": "git@github.com:octo/app.git"}
    spans = [
        span("09:00", "chat gpt-5", **of_session),
        span("09:01", "invoke_agent GitHub Copilot Chat", **of_session, **told),
        span("09:02", "invoke_agent GitHub Copilot Chat", **of_session),
    ]
    found = Warehouse(raw_otel_spans=spans)
    session = found.row("stg_agent_sessions", "project_id", "api_requests", "session_end")
    assert session == {"project_id": "octo/app", "api_requests": 1, "session_end": at("09:01")}
    assert found.row("stg_agent_token_usage", "total_tokens") == {"total_tokens": 5}


def test_a_session_of_several_projects_is_of_the_repository_where_it_began():
    logs = [
        request("09:00", "s1", project_id="notes"),
        request("09:01", "s1", **{URL: "https://github.com/octo/site"}),
        request("09:02", "s1", project_id="octo/app"),
        request("09:00", "s2", project_id="b"),
        request("09:00", "s2", project_id="a"),
        request("09:30", "s3", project_id="octo/later"),
    ]
    earlier = point("09:01", "claude_code.active_time.total", 5.0, session__id="s3", project_id="octo/first")
    assert projects_of(logs, [earlier]) == {"s1": "octo/site", "s2": "a", "s3": "octo/first"}


def test_attributes_of_ones_own_come_before_those_of_opentelemetry():
    logs = [
        request("09:00", "s1", repo="octo/own", **{URL: "https://github.com/octo/app"}),
        request("09:00", "s2", resource_attributes={"team-x.project": "git@github.com:octo/own.git"}),
        request("09:00", "s3", repo="", project__name="Checkout"),
    ]
    own = {"project_attributes": ("repo", "team-x.project")}
    found = rows("stg_log_events", {"raw_otel_logs": logs}, "session_id", "project_id", **own)
    assert {row["session_id"]: row["project_id"] for row in found} == {
        "s1": "octo/own",
        "s2": "git@github.com:octo/own.git",
        "s3": "Checkout",
    }


def test_sessions_and_commits_of_one_repository_meet_and_projects_csv_knows_both():
    addresses = (f"https://ada:{SECRET}@GitHub.com/octo/app.git", "git@github.com:octo/site.git", "unknown")
    commits = [
        {"id": n, "commit_hash": str(n) * 40, "project_id": address, "commit_timestamp": at("09:00")}
        for n, address in enumerate(addresses)
    ]
    found = Warehouse(
        projects=[{"alias": "Octo/app", "project_id": "Shop"}],
        raw_otel_logs=[request("09:00", **{URL: "https://github.com/octo/app"})],
        raw_git_commits=commits,
    )
    assert found.rows("dim_projects", "project_id", "sessions", "commits") == [
        {"project_id": "Shop", "sessions": 1, "commits": 1},
        {"project_id": "octo/site", "sessions": 0, "commits": 1},
        {"project_id": "unknown", "sessions": 0, "commits": 1},
    ]


def test_no_table_has_a_password_that_somebodys_collector_wrote():
    given = {URL: f"https://h.org/octo/app?token={SECRET}", "project_id": f"https://{SECRET}@h.org/octo/app"}
    found = Warehouse(
        raw_otel_logs=[request("09:00", "s1", **given), request("09:01", "s2", **{URL: given[URL]})],
        raw_otel_metrics=[point("09:00", "claude_code.token.usage", 5.0, session__id="s1", **given)],
    )
    for table in ("stg_log_events", "stg_metric_activity", "stg_agent_sessions"):
        assert SECRET not in repr(found.rows(table)), table
