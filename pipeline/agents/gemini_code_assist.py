"""Gemini Code Assist, of Google.

It leaves no marks of its own: as 176961590+gemini-code-assist[bot]@… a person accepted a suggestion, and the
commit is theirs.
"""

from pipeline.agents.declaration import Agent

AGENT = Agent(
    "gemini_code_assist",
    "Gemini Code Assist",
    "Google",
    "ide",
    aliases=("gemini_assist",),
)
