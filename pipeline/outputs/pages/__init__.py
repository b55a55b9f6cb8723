"""What every page that people look at shares: colours, type, templates that escape.

* `base.css`: colours, type and plain elements; `base_css()` is its text.
* `environment(package)`: Jinja templates of a package, every value escaped.
* `ours`: which files we made; `serving`: where servers of pages listen, and what their answers say.

Importing it costs nothing; Jinja is loaded when templates are.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.system.hidden import visible

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def base_css() -> str:
    """The style sheet that every page begins with."""
    return (Path(__file__).parent / "base.css").read_text(encoding="utf-8")


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
