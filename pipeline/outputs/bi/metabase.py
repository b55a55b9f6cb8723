"""The dashboard for Metabase: its questions as JSON, and what brings them in over Metabase's API.

    METABASE_API_KEY=… python -m pipeline.outputs.bi.metabase http://localhost:3000 2

2 is the number of the database in Metabase (Admin → Databases, at the end of its address).
"""

import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import Any

from pipeline.outputs.bi.panels import PANELS, TITLE, Panel

FILE = Path(__file__).parent / "metabase.json"
KEY_VARIABLE = "METABASE_API_KEY"

KINDS = {"number": "scalar", "bars": "bar", "table": "table"}
FILTERS = {"from": "date/single", "to": "date/single", "developer": "string/=", "agent": "string/="}
_COMMON = (
    " [[AND {date} >= {{{{from}}}}]] [[AND {date} <= {{{{to}}}}]] [[AND developer_id = {{{{developer}}}}]]"
)
# A clause in double brackets is left out while its filter is empty.
CONDITIONS = {
    "usage": "TRUE" + _COMMON.format(date="date") + " [[AND agent_type = {{agent}}]]",
    # A commit without an agent belongs to none: the filter of agents leaves it in.
    "commits": "TRUE"
    + _COMMON.format(date="commit_date")
    + " [[AND (agent_type IS NULL OR agent_type = {{agent}})]]",
}


def dashboard() -> dict[str, Any]:
    """The dashboard and its questions, as bodies of Metabase's API, without the number of a database."""
    cards, places = [], []
    x = y = row_height = 0
    for panel in PANELS:
        if x + panel.width > 24:
            x, y = 0, y + row_height
        places.append({"col": x, "row": y, "size_x": panel.width, "size_y": panel.height})
        cards.append(_card(panel))
        x, row_height = x + panel.width, panel.height
    parameters = [
        {"id": name, "slug": name, "name": name.capitalize(), "type": kind} for name, kind in FILTERS.items()
    ]
    return {
        "dashboard": {"name": TITLE, "parameters": parameters},
        "cards": cards,
        "places": places,
    }


def _card(panel: Panel) -> dict[str, Any]:
    tags = {
        name: {
            "id": name,
            "name": name,
            "display-name": name.capitalize(),
            "type": "date" if kind.startswith("date") else "text",
        }
        for name, kind in FILTERS.items()
    }
    settings: dict[str, Any] = {}
    if panel.kind == "bars":
        settings = {"stackable.stack_type": "stacked"}
    return {
        "name": panel.title,
        "description": panel.meaning,
        "display": KINDS[panel.kind],
        "visualization_settings": settings,
        "dataset_query": {
            "type": "native",
            "native": {"query": panel.sql.format(**CONDITIONS), "template-tags": tags},
        },
    }


def bring_in(address: str, database: int, key: str) -> str:
    """Make the questions and the dashboard in a Metabase; the address of the dashboard.

    Args:
        address: of the Metabase.
        database: its number for the database with the schema mart.
        key: an API key with the right to make questions.

    Raises:
        OSError: it does not answer, or refuses.
    """
    wanted = json.loads(FILE.read_text(encoding="utf-8"))
    address = address.rstrip("/")

    def call(method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{address}/api/{path}",
            data=json.dumps(body).encode(),
            headers={"X-API-Key": key, "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            answer: dict[str, Any] = json.load(response)
        return answer

    cards = [
        call("POST", "card", card | {"dataset_query": card["dataset_query"] | {"database": database}})
        for card in wanted["cards"]
    ]
    made = call("POST", "dashboard", wanted["dashboard"])
    dashcards = [
        place
        | {
            "id": -number,
            "card_id": card["id"],
            "parameter_mappings": [
                {
                    "parameter_id": name,
                    "card_id": card["id"],
                    "target": ["variable", ["template-tag", name]],
                }
                for name in FILTERS
            ],
        }
        for number, (card, place) in enumerate(zip(cards, wanted["places"], strict=True), start=1)
    ]
    call("PUT", f"dashboard/{made['id']}", {"dashcards": dashcards})
    return f"{address}/dashboard/{made['id']}"


def main(words: list[str]) -> int:
    """`python -m pipeline.outputs.bi.metabase ADDRESS NUMBER`; the exit code."""
    key = os.environ.get(KEY_VARIABLE)
    if len(words) != 2 or not words[1].isdigit() or not key:
        print(
            "Usage: METABASE_API_KEY=… python -m pipeline.outputs.bi.metabase http://localhost:3000 2,"
            " where 2 is the number of the database in Metabase.",
            file=sys.stderr,
        )
        return 2
    try:
        print(f"Made {bring_in(words[0], int(words[1]), key)}")
    except (OSError, ValueError) as error:
        print(f"Metabase at {words[0]} did not take the dashboard: {error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
