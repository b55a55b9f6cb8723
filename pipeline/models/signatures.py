"""The marks that agents leave on commits: authors, co-author trailers, footers.

Matched by e-mail, never by a bare word of a name ("Claude Monet" is a person). Not listed, because
the commit is a person's: Copilot and Gemini as authors of accepted review suggestions
(`175728472+copilot@…`, `176961590+gemini-code-assist[bot]@…`), Copilot Autofix, and release robots.
"""

import re

import ibis
import ibis.expr.types as ir

NOREPLY = "users.noreply.github.com"

# Agent → e-mails as author or co-author, and beginnings of lines in the message; all lower case.
SIGNATURES: dict[str, tuple[list[str], list[str]]] = {
    "claude_code": (
        [
            "noreply@anthropic.com",
            f"209825114+claude[bot]@{NOREPLY}",
            f"208546643+claude-code-action[bot]@{NOREPLY}",
        ],
        ["generated with [claude code]", "🤖 generated with [claude code]", "claude-session:"],
    ),
    "github_copilot": (
        [f"198982749+copilot@{NOREPLY}", f"223556219+copilot@{NOREPLY}"],
        ["copilot-session:", "agent-logs-url: https://github.com/"],
    ),
    "codex": (
        [
            "noreply@openai.com",
            "codex@openai.com",
            f"215057067+openai-codex[bot]@{NOREPLY}",
            f"199175422+chatgpt-codex-connector[bot]@{NOREPLY}",
        ],
        ["codex-session:"],
    ),
    "cursor": (
        ["cursoragent@cursor.com", f"206951365+cursor[bot]@{NOREPLY}"],
        ["made-with: cursor", "cursor-session:"],
    ),
    "jules": ([f"161369871+google-labs-jules[bot]@{NOREPLY}"], []),
    "devin": ([f"158243242+devin-ai-integration[bot]@{NOREPLY}"], ["devin session: https://app.devin.ai/"]),
    "droid": ([f"138933559+factory-droid[bot]@{NOREPLY}"], []),
    "amp": (["amp@ampcode.com"], ["amp-thread-id:"]),
    "opencode": (["noreply@opencode.ai"], []),
    "aider": (["aider@aider.chat"], []),
    "amazon_q": ([f"208079219+amazon-q-developer[bot]@{NOREPLY}"], []),
    "roo_code": (["roomote@roocode.com"], []),
    "windsurf": (["noreply@windsurf.com", "noreply@codeium.com"], []),
}


def _literal(text: str) -> str:
    """`text` as a regular expression in the words that every engine has."""
    return re.sub(r"[][.+*?(){}|^$]", r"\\\g<0>", text)


def _pattern(emails: list[str], lines: list[str]) -> str:
    people = "|".join(map(_literal, emails))
    marks = [f"^author:({people})\n", f"\n *co-authored-by:[^\n]*<({people})>"]
    if lines:
        marks.append("\n *(" + "|".join(map(_literal, lines)) + ")")
    return "|".join(f"({mark})" for mark in marks)


def signing_agent(author_email: ir.StringValue, message: ir.StringValue) -> ir.StringValue:
    """The agent whose mark a commit bears, or NULL; of several, the first in `SIGNATURES`."""
    text = "author:" + author_email.fill_null("").lower() + "\n" + message.fill_null("").lower()
    return ibis.cases(*((text.re_search(_pattern(*marks)), agent) for agent, marks in SIGNATURES.items()))
