"""What the guides say is so: their example is computed, their commands exist, their links lead somewhere."""

import datetime as dt
import json
import re
from pathlib import Path

import click
import pytest

from pipeline import run
from pipeline.cli import cli
from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.outputs.docs.guides import NAMES, guides

FOLDER = Path(__file__).parents[3] / "pipeline" / "outputs" / "docs" / "guides"
TEXTS = {name: (FOLDER / f"{name}.md").read_text(encoding="utf-8") for name in NAMES}

REQUESTS = [
    (1, "10:00:00", "req_1", 1_200, 800, 4_000, 30_000, 0.0396),
    (2, "10:00:40", "req_2", 500, 1_500, 0, 36_000, None),
    (2, "10:00:40", "req_2", 500, 1_500, 0, 36_000, None),
]


@pytest.fixture
def example(compiled, tmp_path):
    """The database of the worked example, built."""
    with connect(":memory:") as engine:
        make_missing_raw_tables(engine)
        for number, (sequence, time, request, *tokens, cost) in enumerate(REQUESTS):
            kinds = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens")
            attributes = {
                **{"session.id": "s1", "user.email": "ada@example.com", "event.sequence": sequence},
                **{"model": "claude-sonnet-4-5", "request_id": request},
                **dict(zip(kinds, tokens, strict=True)),
                **({} if cost is None else {"cost_usd": cost}),
            }
            engine.execute(
                "INSERT INTO raw.otel_logs (id, timestamp, body, attributes)"
                " VALUES (?, CAST(? AS TIMESTAMPTZ), ?, ?)",
                (number, f"2026-11-03 {time}Z", "claude_code.api_request", json.dumps(attributes)),
            )
        engine.execute(
            "INSERT INTO raw.git_commits (id, commit_hash, commit_message, author_email, commit_timestamp,"
            " files_changed, lines_added, lines_deleted)"
            " VALUES (1, 'c0ffee', 'Add it', 'ada@example.com', '2026-11-03 10:02:00Z', 1, 60, 10)"
        )
        as_of = dt.datetime(2026, 11, 4, tzinfo=dt.UTC)
        assert run.build(engine, compiled(), as_of=as_of, project_dir=tmp_path).status == "success"
        yield engine


def row(engine, columns, table):
    (found,) = engine.fetch(f"SELECT {columns} FROM {table}")
    return tuple(value if isinstance(value, int | str) else round(value, 4) for value in found)


def test_the_worked_example_is_what_a_build_computes(example):
    used = (
        "total_sessions, total_input_tokens, total_output_tokens, total_cache_creation_tokens"
        ", total_cache_read_tokens, total_tokens, total_cost_usd, agent_assisted_commits, cache_hit_rate"
        ", cost_per_commit_usd, lines_per_1k_tokens"
    )
    assert row(example, used, "mart.fct_daily_agent_usage") == (
        *(1, 1_700, 2_300, 4_000, 66_000, 74_000, 0.0744, 1),
        *(0.9205, 0.0744, 0.9459),
    )
    costs = "reported_cost_usd, computed_cost_usd"
    assert row(example, costs, "intermediate.int_sessions_with_costs") == (0.0396, 0.0348)
    commit = "attribution_method, seconds_after_session, cost_usd, tokens_used, lines_changed"
    assert row(example, commit, "mart.fct_git_commits") == ("time_window", 80, 0.0744, 74_000, 70)
    assert row(example, "month_forecast_usd", "mart.fct_agent_costs") == (2.0832,)
    for figure in ("74,000", "$0.0744", "$0.0396", "$0.0348", "0.9205", "0.9459", "$2.0832", "80 seconds"):
        assert figure in TEXTS["numbers"], figure


def commands(text):
    """What stands in code and begins with aa-pipeline, as words."""
    code = "\n".join(re.findall(r"```\w*\n(.*?)```", text, re.DOTALL) + re.findall(r"`([^`\n]+)`", text))
    return [
        found.split() for found in re.findall(r"(?:^|[\s/;])aa-pipeline ([^\n;|}>&]*)", code, re.MULTILINE)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_of_a_guide_is_there_with_its_options(name):
    found = commands(TEXTS[name])
    assert found or name == "numbers"
    for words in found:
        command, context = cli, click.Context(cli)
        rest = [*words]
        while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
            name_ = rest.pop(0)
            if name_.endswith(":"):  # the last line of a build
                break
            command = command.get_command(context, name_)
            assert command is not None, words
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= options, words


@pytest.mark.parametrize("name", NAMES)
def test_links_of_a_guide_lead_to_guides(name):
    for target in re.findall(r"\]\(([^)]+)\)", TEXTS[name]):
        assert (FOLDER / target).is_file(), target


def test_every_guide_is_listed_and_has_a_sentence_to_begin_with():
    assert {file.stem for file in FOLDER.glob("*.md")} == {*NAMES}
    assert [guide.title for guide in guides()] == [
        *("How each number is computed", "Privacy", "Operate it", "Troubleshooting", "Questions"),
    ]
    assert all(guide.lead.endswith(".") for guide in guides())
