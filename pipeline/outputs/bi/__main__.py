"""Writes the files of the dashboards: `python -m pipeline.outputs.bi`."""

import json
from pathlib import Path
from typing import Any

from pipeline.outputs.bi import grafana, metabase


def contents() -> dict[str, dict[str, Any]]:
    """Each file's name and what it holds."""
    return {
        "grafana-duckdb.json": grafana.dashboard("duckdb"),
        "grafana-postgres.json": grafana.dashboard("postgres"),
        "metabase.json": metabase.dashboard(),
    }


if __name__ == "__main__":
    for name, content in contents().items():
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        (Path(__file__).parent / name).write_text(text, encoding="utf-8")
