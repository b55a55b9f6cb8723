"""What every page that people look at shares: colours, type, templates that escape, text made visible.

* `base.css`: colours, type and plain elements; `base_css()` is its text.
* `environment(package)`: Jinja templates of a package, every value escaped.
* `visible(text)`: text on one line with control characters spelled out.

Importing it costs nothing; Jinja is loaded when templates are.
"""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

# Control characters, and those that reorder or hide the text around them.
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


@cache
def base_css() -> str:
    """The style sheet that every page begins with."""
    return (Path(__file__).parent / "base.css").read_text(encoding="utf-8")


def visible(text: object) -> str:
    r"""Text on one line, with every control character spelled out.

    >>> visible("\x1b[31mred\n")
    '\\x1b[31mred\\n'
    """
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), str(text))


@cache
def environment(package: str) -> "Environment":
    """The templates in `<package>/templates`: every value is escaped, a missing one is an error.

    Filters: `visible`, and `number` (1234567 is 1,234,567).
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["visible"] = visible
    found.filters["number"] = "{:,}".format
    return found
