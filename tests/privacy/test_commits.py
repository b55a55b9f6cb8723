"""Of a commit stays which agent helped, with which model, as models find it out, and not a word more."""

import pytest

from pipeline.agents.marks import OwnMark
from pipeline.privacy.commits import message, note, project
from pipeline.privacy.pseudonyms import Pseudonyms
from tests.models.test_commit_marks import EMAILS, HELPED, LINES, NOBODY, NOREPLY, marked

ADA = ("Ada Lovelace", "ada@example.com")
PSEUDONYMS = Pseudonyms(b"a key of the tests", ("example.com",))
# Whose name the message tells: `Acme Coder` may be anybody.
STRANGERS = {"acme_coder": "unknown"}


@pytest.mark.parametrize(
    "lines", [[*EMAILS], [*LINES], [*HELPED], NOBODY], ids=["mails", "lines", "helped", "nobody"]
)
@pytest.mark.parametrize("end", ["", "\nSigned-off-by: Ann <ann@example.com>\n"])
def test_the_same_agent_and_model_are_found_in_what_stays(lines, end):
    commits = [(*ADA, f"Mend Zuckermann\n\n{line}{end}") for line in lines]
    hidden = [
        (PSEUDONYMS.name(name, email), PSEUDONYMS.person(email), message(said, name, email))
        for name, email, said in commits
    ]
    expected = [(STRANGERS.get(agent, agent), model) for agent, model in marked(*commits)]
    # A model counts only beside an agent.
    expected = [(agent, model if agent else None) for agent, model in expected]
    assert marked(*hidden) == expected
    assert [said for _, _, said in hidden if "Zuckermann" in said or "@" in said] == []


def test_a_projects_own_marks_stay_of_a_commit_as_the_agents_name():
    marks = [
        OwnMark("acme_coder", "email", "bot@acme.example"),
        OwnMark("acme_coder", "author_name", "(acme)"),
        OwnMark("codex", "line", "acme-codex: "),
    ]
    commits = [
        ("Bot", "bot@acme.example", "x"),
        ("Ada (Acme)", "ada@example.com", "x\n\nCo-authored-by: Claude <noreply@anthropic.com>"),
        (*ADA, "x\n\nAcme-Codex: 1"),
        (*ADA, "x\n\nAssisted-by: Acme Coder:model-1"),
        (*ADA, "x\n\nAssisted-by: Ada Coder:model-1"),
        (*ADA, "x"),
    ]
    left = [message(said, name, email, marks) for name, email, said in commits]
    assert left == [
        *("Assisted-by: acme_coder:unknown", "Assisted-by: acme_coder:unknown", "Assisted-by: codex"),
        *("Assisted-by: acme_coder:model-1", "Assisted-by: unknown:model-1", ""),
    ]
    assert [message(said, *ADA, marks) for said in left] == left
    assert [agent for agent, _ in marked(*((*ADA, said) for said in left))] == [
        *("acme_coder", "acme_coder", "codex", "acme_coder", "unknown", None)
    ]


def test_an_author_that_is_an_agent_or_was_helped_by_one_is_found_again():
    """Aider signs in the author's name, which does not stay."""
    commits = [
        ("Ada Lovelace (aider)", "ada@example.com", "x"),
        ("Kiro Agent", f"244629292+kiro-agent@{NOREPLY}", "x"),
        ("copilot-swe-agent[bot]", f"198982749+Copilot@{NOREPLY}", "x"),
        ("Claude Monet", "claude@monet.fr", "x"),
    ]
    hidden = [
        (PSEUDONYMS.name(name, email), PSEUDONYMS.person(email), message(said, name, email))
        for name, email, said in commits
    ]
    assert [agent for agent, _ in marked(*hidden)] == ["aider", "kiro", "github_copilot", None]


def test_a_model_that_is_called_like_somebody_does_not_stay():
    trailers = "Assisted-by: Codex:lovelace-7\nCo-authored-by: Bob Byron <bob@example.com>"
    assert message(f"x\n\n{trailers}", *ADA) == "Assisted-by: codex"
    assert message(f"x\n\n{trailers}".replace("lovelace", "byron"), *ADA) == "Assisted-by: codex"
    assert message("x\n\nAssisted-by: Claude Code:claude-opus-5", "Claude Monet", "c@x.fr") == (
        "Assisted-by: claude_code:claude-opus-5"
    )


def test_what_stays_of_a_message_stays_of_itself():
    for line in [*EMAILS, *LINES, *HELPED, *NOBODY]:
        once = message(f"x\n\n{line}", *ADA)
        assert message(once, *ADA) == once


def test_a_note_keeps_agent_and_session():
    session = "0b7d1f1e-3c5a-4c7e-9a51-000000000001"
    told = (
        'src/lovelace.py\n  abc 1-3\n---\n{"prompts": {"a": {"agent_id": {"tool": "claude-code", "id": "'
        + session
        + '"}, "human_author": "Ada Lovelace <ada@example.com>"}}}'
    )
    kept = note(told, PSEUDONYMS)
    assert kept == f'{{"agent_id": {{"tool": "claude-code", "id": "{session}"}}}}'
    assert note(kept, PSEUDONYMS) == kept
    assert note("src/lovelace.py", PSEUDONYMS) is None


def test_the_owner_of_a_repository_may_be_a_person():
    assert project("adalove/app", PSEUDONYMS) == f"{PSEUDONYMS.person('adalove')}/app"
    assert project("app", PSEUDONYMS) == "app"
    assert project(None, PSEUDONYMS) is None
