"""The dashboard: one page over the marts that needs nothing but a browser.

* `write_dashboard` writes it.
* `data`: what it needs of the marts, as rows of small numbers.
* `grouped`: the same where no group of few people may be shown.
* `metrics`: what every number on it means.
* `page`: one HTML file of data, style and scripts; it loads nothing and calls nobody.
* `chosen`: filters, where nobody chooses in the page; `markdown` and `browser` make files for them.
* `static/js`: adding up under a filter (`store.js`), the pieces of the page, and one file per view.

Charts are drawn by Vega-Lite, whose bundle lies in `static/vendor`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.engines.base import Engine

if TYPE_CHECKING:
    from pipeline.outputs.dashboard.chosen import Chosen


@dataclass(frozen=True)
class Written:
    """The file that was written, and its size in bytes."""

    file: Path
    size: int


def write_dashboard(
    engine: Engine, folder: Path, *, timezone: str = "UTC", window_days: int = 90, min_group: int = 1
) -> Written:
    """Write `index.html` into a folder that is empty or has an earlier one.

    Args:
        engine: an open database whose marts are published.
        folder: where to; made if it is not there.
        timezone: in which days begin.
        window_days: how many days of commits and Copilot reports the marts keep.
        min_group: the least number of people behind any figure.

    Raises:
        ModelError: a mart is not published.
        SetupError: the folder holds something else, or cannot be written.
    """
    from pipeline.outputs.pages.ours import check_folder
    from pipeline.system.files import write_whole

    check_folder(folder)
    documented = (folder.absolute().parent / "site" / "index.html").exists()
    page = render_page(
        engine, documented=documented, timezone=timezone, window_days=window_days, min_group=min_group
    )
    file = folder / "index.html"
    write_whole(file, page)
    return Written(file, len(page))


def render_page(
    engine: Engine,
    *,
    documented: bool = False,
    timezone: str = "UTC",
    window_days: int = 90,
    min_group: int = 1,
) -> bytes:
    """The page as HTML; as `write_dashboard` writes it.

    Raises:
        ModelError: a mart is not published.
    """
    from pipeline.outputs.dashboard.data import read_marts
    from pipeline.outputs.dashboard.grouped import read_groups
    from pipeline.outputs.dashboard.page import render

    if min_group > 1:
        marts = read_groups(engine, min_group, timezone=timezone, window_days=window_days)
    else:
        marts = read_marts(engine, timezone=timezone, window_days=window_days)
    return render(marts, documented=documented)


def write_file(
    engine: Engine, file: Path, file_format: str, views: Sequence[str], chosen: "Chosen", **settings: Any
) -> Written:
    """Write views of the page as md, pdf or png; a file that is not ours stays as it is.

    Args:
        engine: an open database whose marts are published.
        file: where to.
        file_format: md, pdf or png.
        views: all of the page's or one.
        chosen: the filters.
        settings: `timezone`, `window_days` and `min_group`, as `write_dashboard` has them.

    Raises:
        ModelError: a mart is not published.
        SetupError: the file is somebody else's or cannot be written, or there is no browser that works.
    """
    from pipeline.outputs.dashboard.browser import browser, find_browser
    from pipeline.outputs.dashboard.markdown import render as render_markdown
    from pipeline.outputs.pages.ours import check_ours
    from pipeline.system.files import write_whole

    check_ours(file, "dashboard")
    if file_format == "md":
        content = render_markdown(engine, chosen, views, **settings).encode()
    else:
        program = find_browser()
        page = render_page(engine, **settings).decode()
        with browser(program) as shown:
            shown.open(page, chosen.fragment(views[0] if len(views) == 1 else "all"))
            content = shown.pdf() if file_format == "pdf" else shown.png()
    write_whole(file, content)
    return Written(file, len(content))
