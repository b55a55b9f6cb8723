"""Which model a text names: clouds tell it in the names of products and meters, each in another way.

`Claude 3.5 Sonnet (Amazon Bedrock Edition)` is claude-3-5-sonnet, `Gemini 2.5 Flash Lite Text Input` is
gemini-2.5-flash-lite, `gpt-4.1-mini Inp glbl` is gpt-4.1-mini.
"""

import re

NUMBER = r"(\d{1,2}(?:[.]\d{1,2})?)"
CLAUDE = re.compile(rf"claude[ -]?(?:{NUMBER}[ -]?(opus|sonnet|haiku)|(opus|sonnet|haiku)[ -]?{NUMBER})")
GEMINI = re.compile(rf"gemini[ -]?{NUMBER}(?:[ -]?(pro|flash[ -]lite|flash))?(?:[ -](preview))?")
GPT = re.compile(rf"gpt[ -]?({NUMBER}o?)(?:[ -](mini|nano|pro|codex))?")


def model_in(*texts: str | None) -> str | None:
    """The model that the first of these texts names, under the name that usage has; None if none does."""
    for text in texts:
        said = (text or "").lower()
        if found := CLAUDE.search(said):
            old, kind, newer, number = found.groups()
            return "-".join(["claude", *((old, kind) if old else (newer, number))]).replace(".", "-")
        if found := GEMINI.search(said):
            return "-".join(["gemini", *(part.replace(" ", "-") for part in found.groups() if part)])
        if found := GPT.search(said):
            return "-".join(["gpt", *(part for part in (found[1], found[3]) if part)])
    return None
