"""Claude Code's transcripts have the sums that ccusage 20.0.24 tells, or the difference is explained here.

Its answers are kept; `corpus` says how they are made anew.
"""

import json
from collections import defaultdict

import pytest

from tests.agents.claude_code.corpus import ANSWERS, CASES, KINDS, MEGABYTES, mixed
from tests.agents.recording import Recording, disjoint, named, read

TOLD = {
    name: {model: tuple(counts) for model, counts in told.items()}
    for name, told in json.loads(ANSWERS.read_text()).items()
}
# What differs, and why.
ONLY_OURS = {"with_half_a_character": "ccusage passes over a line that is not JSON to the letter"}
MORE_THERE = {"no_request_id": "without a request id, ccusage takes each line of a response for another one"}


def sums(events):
    """Tokens of each kind by model."""
    found = defaultdict(lambda: (0,) * len(KINDS))
    for event in events:
        if event.name == "claude_code.api_request":
            model = event.attributes["model"]
            found[model] = tuple(a + b for a, b in zip(found[model], disjoint(event), strict=True))
    return dict(found)


@pytest.mark.parametrize("name", sorted(CASES.keys() - ONLY_OURS.keys() - MORE_THERE.keys()))
def test_the_sums_are_those_of_ccusage(tmp_path, name):
    CASES[name](tmp_path)
    journal = Recording()
    assert sums(read("claude_code", tmp_path, journal=journal)) == TOLD[name]
    assert (journal.quarantined, journal.unknown, journal.warnings) == ([], [], [])


def lines_of(folder):
    """The usage of each line, in order, as Claude Code wrote it."""
    lines = [json.loads(line) for file in folder.rglob("*.jsonl") for line in file.read_text().splitlines()]
    return [line["message"] for line in lines if line["type"] == "assistant"]


def test_a_response_without_a_request_id_counts_once_and_ccusage_counts_its_lines(tmp_path):
    CASES["no_request_id"](tmp_path)
    written = lines_of(tmp_path)
    assert len({message["id"] for message in written}) == 2
    assert len(written) == 5
    kinds = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")

    def added_up(messages):
        return tuple(sum(message["usage"][kind] for message in messages) for kind in kinds)

    last = {message["id"]: message for message in written}
    ours = sums(read("claude_code", tmp_path))
    assert [*ours.values()] == [added_up(last.values())]
    assert [*TOLD["no_request_id"].values()] == [added_up(written)]


def test_a_line_with_half_a_character_counts_and_ccusage_has_none(tmp_path):
    CASES["with_half_a_character"](tmp_path)
    (request,) = named(read("claude_code", tmp_path), "api_request")
    assert request["output_tokens"] > 0
    assert TOLD["with_half_a_character"] == {}


@pytest.mark.slow
def test_a_hundred_megabytes_have_the_sums_of_ccusage(home, engine, ingest):
    mixed(home / ".claude", MEGABYTES)
    result = ingest()
    assert (result.quarantined, result.warnings, result.not_counted) == (0, (), 0)
    columns = ", ".join(
        f"CAST(sum(CAST(attributes->>'{kind}_tokens' AS BIGINT)) AS BIGINT)" for kind in KINDS
    )
    rows = engine.fetch(
        f"SELECT attributes->>'model', {columns} FROM raw.otel_logs"
        " WHERE event_name = 'claude_code.api_request' GROUP BY 1"
    )
    assert {model: tuple(counts) for model, *counts in rows} == TOLD["large"]
