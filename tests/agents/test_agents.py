"""The rooms of all agents: found, told apart, and backed by evidence."""

import re
import subprocess
import sys
from collections import Counter

import pytest

from pipeline.agents import AGENTS, readers
from pipeline.agents.conventions import CONVENTIONS
from pipeline.agents.declaration import TOKEN_KINDS, Marks, Telemetry

ALL = [*(agent.telemetry for agent in AGENTS.values()), *CONVENTIONS]
MEASURES = {"active_seconds", "lines_added", "lines_removed", "edits_accepted", "edits_rejected"}


def test_agents_are_called_like_their_rooms_and_come_by_name():
    assert [agent.name for agent in AGENTS.values()] == list(AGENTS) == sorted(AGENTS)


def test_no_name_means_two_agents():
    names = Counter(name for agent in AGENTS.values() for name in (agent.name, *agent.aliases))

    assert [name for name, times in names.items() if times > 1] == []


def test_no_event_is_read_in_two_ways():
    events = Counter(request.event for telemetry in ALL for request in telemetry.requests)
    attributes = Counter(cost for telemetry in ALL for cost in telemetry.costs)

    assert [name for name, times in (events | attributes).items() if times > 1] == []


def test_other_events_are_somebodys_requests():
    requests = {request.event for telemetry in ALL for request in telemetry.requests}
    others = {name.partition(".")[2] for telemetry in ALL for name in telemetry.other_events}

    assert others <= requests


def test_metrics_measure_what_models_know():
    metrics = [metric for telemetry in ALL for metric in telemetry.token_metrics]
    kinds = {kind for metric in metrics for kind in metric.kinds.values()}
    measured = [metric.measures for telemetry in ALL for metric in telemetry.activity_metrics]
    measures = {name for m in measured for name in ([m] if isinstance(m, str) else m.values())}

    assert kinds <= set(TOKEN_KINDS)
    assert measures == MEASURES


def test_marks_are_lower_case_and_no_two_agents_have_the_same():
    marks = [
        mark
        for agent in AGENTS.values()
        for m in (agent.marks,)
        for mark in (*m.emails, *m.lines, *m.footers, *m.author_names)
    ]

    assert marks == [mark.lower() for mark in marks]
    assert len(marks) == len(set(marks))


@pytest.mark.parametrize("agent", AGENTS.values(), ids=list(AGENTS))
def test_what_is_said_of_an_agent_has_evidence(agent):
    said = {
        "telemetry": agent.telemetry != Telemetry(),
        "transcripts": agent.name in readers(),
        "commits": agent.marks != Marks(),
    }
    backed = {evidence.what for evidence in agent.evidence}

    assert {what for what, is_said in said.items() if is_said} <= backed
    assert all(evidence.source for evidence in agent.evidence)
    assert all(re.fullmatch(r"20\d\d-\d\d(-\d\d)?", evidence.checked) for evidence in agent.evidence)


def test_only_agents_with_a_reader_have_homes():
    assert {name for name, agent in AGENTS.items() if agent.homes} <= set(readers())


@pytest.mark.slow
def test_readers_are_loaded_only_where_transcripts_are_read():
    code = "import sys, pipeline.models.telemetry; print([m for m in sys.modules if 'transcripts' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
