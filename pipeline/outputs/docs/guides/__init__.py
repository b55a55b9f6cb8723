"""Guides of the documentation site, Markdown beside this file."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

# In the order in which they are listed.
NAMES = ("numbers", "privacy", "operating", "troubleshooting", "faq")


@dataclass(frozen=True)
class Guide:
    """A guide.

    Attributes:
        name: of its file, without the ending.
        title: its heading.
        lead: its first sentence.
        html: what follows.
    """

    name: str
    title: str
    lead: str
    html: "Markup"

    @property
    def path(self) -> str:
        """Where its page lies in the site."""
        return f"guides/{self.name}.html"


def guides() -> list[Guide]:
    """All guides, in order."""
    return [_read(name) for name in NAMES]


def _read(name: str) -> Guide:
    text = (Path(__file__).parent / f"{name}.md").read_text(encoding="utf-8")
    title, lead, rest = text.removeprefix("# ").split("\n\n", 2)
    return Guide(name, title, lead, markdown(rest))


def markdown(text: str) -> "Markup":
    """HTML of Markdown of ours; a link to another guide leads to its page."""
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    html = re.sub(r'<a href="(\w+)\.md"', r'<a href="\1.html"', html)
    html = re.sub(r"<h([23])>(.*?)</h\1>", _with_anchor, html)
    # What is wide scrolls by keyboard too.
    html = html.replace("<pre>", '<pre class="card" tabindex="0">')
    html = html.replace("<table>", '<div class="scroll card" tabindex="0"><table>').replace(
        "</table>", "</table></div>"
    )
    return Markup(html)


def _with_anchor(heading: re.Match[str]) -> str:
    level, words = heading.groups()
    anchor = re.sub(r"[^a-z0-9]+", "-", re.sub("<.*?>", "", words).lower()).strip("-")
    return f'<h{level} id="{anchor}">{words}</h{level}>'
