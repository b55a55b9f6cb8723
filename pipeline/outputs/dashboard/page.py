"""The page: one HTML file with its data, style and scripts inside.

Its content security policy allows the scripts that stand in it, by their hashes, and nothing else:
no request leaves the page, and no text from the data can become a script.
"""

import base64
import datetime as dt
import hashlib
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from pipeline.outputs.dashboard.metrics import as_json
from pipeline.outputs.dashboard.views import VIEWS
from pipeline.outputs.pages import base_css, environment
from pipeline.system.hidden import visible_json

STATIC = Path(__file__).parent / "static"
VENDOR = ("vega.min.js", "vega-lite.min.js", "vega-interpreter.js")
# In the order in which they need each other.
SCRIPTS = (
    *("store", "format", "csv", "page", "charts"),
    *("views/return", "views/agents", "views/team", "views/git", "views/cost"),
    "main",
)


def render(data: dict[str, Any], *, documented: bool = False) -> bytes:
    """The page as bytes of HTML.

    Args:
        data: as `read_marts` gives it.
        documented: whether the columns behind a number link to the documentation site, next to the page.
    """
    about = data["about"]
    as_of = about["as_of"]
    scripts = _scripts()
    text = (
        environment("pipeline.outputs.dashboard")
        .get_template("dashboard.html.j2")
        .render(
            views={key: view.name for key, view in VIEWS.items()},
            documented=documented,
            as_of=_local(as_of, about["timezone"]) if as_of else None,
            timezone=about["timezone"],
            cut_off=f"{about['first_day']:%-d %B %Y}" if about["cut_off"] else None,
            css=Markup(base_css() + (STATIC / "dashboard.css").read_text(encoding="utf-8")),
            scripts=[Markup(script) for script in scripts],
            script_hashes=Markup(" ".join(f"'sha256-{_hash(script)}'" for script in scripts)),
            metrics=Markup(_in_script(as_json()).decode()),
            # Put in afterwards: a page can hold many megabytes of it.
            data=Markup("@data@"),
        )
    )
    before, _, after = text.encode().partition(b"@data@")
    return before + _in_script(data) + after


@cache
def _scripts() -> list[str]:
    """What is inside each script element."""
    own = "\n".join((STATIC / "js" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    vendor = [(STATIC / "vendor" / name).read_text(encoding="utf-8") for name in VENDOR]
    return [*vendor, f'"use strict";\n{own}']


def _in_script(value: Any) -> bytes:
    """JSON that a script element can hold: no `<` that could end it."""
    import orjson

    text = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    if not text.isascii():
        text = visible_json(text.decode()).encode()
    return text.replace(b"<", b"\\u003c")


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _local(instant: dt.datetime, timezone: str) -> str:
    return f"{instant.astimezone(ZoneInfo(timezone)):%-d %B %Y, %H:%M}"
