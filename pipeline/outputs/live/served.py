"""What a page gets that is served: a bar with the other pages, and a script that waits for the next build."""

import re
from html import escape
from pathlib import Path

STATIC = Path(__file__).parent / "static"
FILES = {"live.js": "text/javascript; charset=utf-8", "live.css": "text/css; charset=utf-8"}
PAGES = {"dashboard": "Dashboard", "site": "Documentation", "report": "Report"}

_POLICY = re.compile(rb'(<meta http-equiv="Content-Security-Policy" content=")([^"]*)(")')
_BODY = re.compile(rb"<body[^>]*>")
# What the page's own policy lets it do, and this server's files too.
_ALLOWED = ("script-src", "style-src", "connect-src")


def served(page: bytes, kind: str, version: str) -> bytes:
    """A page of ours with the bar and the script.

    Args:
        page: HTML with a content security policy.
        kind: of `PAGES`.
        version: which build it is of.
    """
    links = " ".join(
        f'<a href="/{name}/index.html"{" aria-current=page" if name == kind else ""}>{label}</a>'
        for name, label in PAGES.items()
    )
    bar = (
        '<link rel="stylesheet" href="/live.css">'
        f'<nav id="live" data-page="{kind}" aria-label="Pages">{links}'
        '<span id="live-state" role="status"></span></nav>'
        f'<script src="/live.js" data-version="{escape(version, quote=True)}" defer></script>'
    )
    # What comes before the body is small, and the rest may be many megabytes of somebody's text.
    body = _BODY.search(page)
    if body is None:
        raise ValueError("a page without a body")
    head = _POLICY.sub(lambda found: found[1] + _allow(found[2]) + found[3], page[: body.start()], count=1)
    return head + body[0] + bar.encode() + page[body.end() :]


def _allow(policy: bytes) -> bytes:
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.decode().split(";"))
    for name in _ALLOWED:
        rules[name] = " ".join(dict.fromkeys([*rules.get(name, "").split(), "'self'"]))
    return "; ".join(f"{name} {values}" for name, values in rules.items()).encode()
