"""Marks of commits that a project adds are refused where they would be somebody else's."""

import pytest

from pipeline.agents.marks import KINDS, OwnMark, own_agent
from pipeline.errors import ConfigError
from pipeline.seeds.commit_marks import LEAST_LENGTH, own_marks
from schemas.seeds import CommitMarks
from schemas.vocabulary import MARK_KINDS

ACME = "agent_type,agent_display_name,vendor,interface_type\nacme_coder,Acme Coder,Acme,cli\n"


@pytest.fixture
def marks(tmp_path):
    (tmp_path / "seeds").mkdir()

    def marks(*lines):
        text = "\n".join(["agent_type,kind,mark", *lines])
        (tmp_path / "seeds" / "commit_marks.csv").write_text(text, encoding="utf-8")
        return own_marks(tmp_path)

    marks.agents = tmp_path / "seeds" / "agents.csv"
    return marks


def test_the_kinds_are_those_of_the_contract_and_of_the_agents_rooms():
    assert MARK_KINDS == [*KINDS] == [*LEAST_LENGTH]
    assert [*CommitMarks.columns()] == [*OwnMark._fields]


def test_marks_of_the_packages_agents_and_of_the_projects_own_are_taken(marks):
    marks.agents.write_text(ACME)
    assert marks("codex,email,Bot@Acme.example", 'acme_coder,line,"Acme, the run: "') == [
        OwnMark("codex", "email", "bot@acme.example"),
        OwnMark("acme_coder", "line", "acme, the run:"),
    ]


def test_a_project_without_the_file_has_none(tmp_path):
    assert own_marks(tmp_path) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("acme_coder,email,bot@acme.example", "no agent is called 'acme_coder'.*seeds/agents.csv"),
        ("claude_cod,line,acme-build: ", "'claude_cod'.*Did you mean claude_code"),
        ("codex,emails,bot@acme.example", "'emails' is no kind.*Did you mean email.*email, author_name"),
        ("codex,email,", "mark is empty"),
        ("codex,line,   ", "mark is empty"),
        ("codex,email,acme.example", "'acme.example' is no address.*bot@example.com"),
        ("codex,email,@acme.example", "is no address"),
        ("codex,email,Bot <bot@acme.example>", "is no address"),
        ("codex,line,fix:", "commits of people have the line 'fix:', too.*at least 5 characters"),
        ("codex,line,Co-authored-by: ", "commits of people"),
        ("codex,author_name,Lee", "commits of people have the author_name"),
        ("codex,footer,Generated with Acme", "would never be found.*what follows"),
        ("codex,footer,a", "commits of people have the footer.*at least 2"),
        ('codex,line,"acme-run:\nsigned"', "a line break or a control character"),
        ("codex,line,acme-run:\0", "a line break or a control character"),
    ],
)
def test_what_is_wrong_with_a_mark_is_named_with_file_and_line(marks, line, problem):
    with pytest.raises(ConfigError, match=problem) as error:
        marks("codex,line,acme-run: ", line)
    assert f"commit_marks.csv, line {4 if chr(10) in line else 3}: " in str(error.value)


def test_one_mark_twice_is_refused(marks):
    with pytest.raises(ConfigError, match=r"line 3: .*stands in line 2 already"):
        marks("codex,line,acme-run: ", "cursor,line,acme-run: ")


def test_an_agent_is_found_by_its_marks_as_models_find_it():
    marks = [OwnMark("codex", "line", "acme-run: "), OwnMark("amp", "line", "acme-run: a")]
    assert own_agent("ann\nann@example.com\nx\n\nacme-run: b\n", marks) == "codex"
    assert own_agent("ann\nann@example.com\nx\n\nacme-run: a\n", marks) == "amp"
    assert own_agent("ann\nann@example.com\nsee acme-run: a\n", marks) is None
