"""The dashboard: one page over the marts that needs nothing but a browser.

* `write_dashboard` writes it.
* `data`: what it needs of the marts, as rows of small numbers.
* `grouped`: the same where no group of few people may be shown.
* `metrics`: what every number on it means.
* `page`: one HTML file of data, style and scripts; it loads nothing and calls nobody.
* `static/js`: adding up under a filter (`store.js`), the pieces of the page, and one file per view.

Charts are drawn by Vega-Lite, whose bundle lies in `static/vendor`.
"""

from dataclasses import dataclass
from pathlib import Path

from pipeline.engines.base import Engine


@dataclass(frozen=True)
class Written:
    """The page that was written, and its size in bytes."""

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
    from pipeline.outputs.dashboard.data import read_marts
    from pipeline.outputs.dashboard.grouped import read_groups
    from pipeline.outputs.dashboard.page import render
    from pipeline.outputs.pages.ours import check_folder
    from pipeline.system.files import write_whole

    check_folder(folder)
    if min_group > 1:
        marts = read_groups(engine, min_group, timezone=timezone, window_days=window_days)
    else:
        marts = read_marts(engine, timezone=timezone, window_days=window_days)
    page = render(marts, documented=(folder.absolute().parent / "site" / "index.html").exists())
    file = folder / "index.html"
    write_whole(file, page)
    return Written(file, len(page))
