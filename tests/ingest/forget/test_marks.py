"""What is left of a commit tells of the same agent and model as the whole commit."""

import pytest

from pipeline.agents.marks import OwnMark
from pipeline.ingest.forget.marks import name_mark, signatures
from tests.models.harness import signs

TOLD = [
    ("Fix\n\nCo-authored-by: Claude <noreply@anthropic.com>", "Ada"),
    ("Fix\n\nCo-Authored-By: Claude Opus 4.5 <noreply@anthropic.com>", "Ada"),
    ("Fix\n\n🤖 Generated with [Claude Code](https://claude.com/claude-code)", "Ada"),
    ("Fix\n\nAssisted-by: Claude Code:claude-opus-4-5 [tool]", "Ada"),
    ("Fix\n\nAssisted-by: Acme Coder:model-1", "Ada"),
    ("Fix\n\nGenerated-by: gpt-5 via codex", "Ada"),
    ("Fix\n\nAssisted-by: GPT 5.1", "Ada"),
    ("Fix\n\ncodex-session: 12", "Ada"),
    ("Fix\n\nPR created automatically by Jules for task [1](https://x)", "Ada"),
    ("Fix\n\nco-authored-by: aider (gpt-5) <aider@aider.chat>", "Ada"),
    ("Fix", "Ada (aider)"),
    ("Fix\n\nCo-authored-by: Claude Monet <monet@example.com>", "Ada"),
    ("Generated with love by hand", "Ada"),
    ("", None),
]


@pytest.mark.slow
def test_the_same_agent_and_model_are_found():
    def found(rows):
        return signs([{"commit_message": message, "author_name": name} for message, name in rows])

    left = [(signatures(message), "forgotten-1" + name_mark(name)) for message, name in TOLD]
    assert found(left) == found(TOLD)
    assert sum(agent is not None for agent, _ in found(TOLD)) == 11


def test_nothing_else_is_left():
    message = (
        "Ada's secret\n\nSee the note.\n\nCo-authored-by: Bob <bob@example.com>\nAssisted-by: Bob <bob@x.org>"
    )
    assert signatures(message) is None


def test_a_projects_own_marks_are_left():
    own = [
        OwnMark("acme_coder", "email", "bot@acme.example"),
        OwnMark("acme_coder", "line", "acme-run: "),
        OwnMark("acme_coder", "footer", "acme coder"),
        OwnMark("acme_coder", "author_name", "(acme)"),
    ]
    lines = [
        "Co-authored-by: Bot <bot@acme.example>",
        "Acme-Run: 1",
        "Generated with [Acme Coder](https://a)",
    ]
    message = "\n".join(["Ada's secret", "bot@acme.example", *lines, "See acme-run: 1", "Ada (Acme)"])
    assert signatures(message, own) == "\n".join(lines)
    assert name_mark("Ada (Acme)", own) == "(Acme)"
