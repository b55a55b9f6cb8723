"""The dashboard as Grafana imports it."""

from typing import Any

from pipeline.outputs.bi.panels import PANELS, TITLE, Panel

# Engine → the plugin that reads it.
SOURCES = {"duckdb": "motherduck-duckdb-datasource", "postgres": "grafana-postgresql-datasource"}
UNITS = {"usd": "currencyUSD", "share": "percentunit", "count": "short"}
KINDS = {"number": "stat", "bars": "timeseries", "table": "table"}
DATASOURCE = "${DS_AA_PIPELINE}"

# Grafana gives the ends of its time range in milliseconds.
_DAYS = (
    "{date} >= CAST(TO_TIMESTAMP(${{__from}} / 1000.0) AS DATE)"
    " AND {date} <= CAST(TO_TIMESTAMP(${{__to}} / 1000.0) AS DATE)"
)
_DEVELOPERS = " AND developer_id IN (${developer:sqlstring})"
CONDITIONS = {
    "usage": _DAYS.format(date="date") + _DEVELOPERS + " AND agent_type IN (${agent:sqlstring})",
    # A commit without an agent belongs to none: the filter of agents leaves it in.
    "commits": _DAYS.format(date="commit_date")
    + _DEVELOPERS
    + " AND (agent_type IS NULL OR agent_type IN (${agent:sqlstring}))",
}


def dashboard(engine: str) -> dict[str, Any]:
    """The JSON of the dashboard for an engine: duckdb or postgres."""
    source = {"type": SOURCES[engine], "uid": DATASOURCE}
    panels = []
    x = y = row_height = 0
    for number, panel in enumerate(PANELS, start=1):
        if x + panel.width > 24:
            x, y = 0, y + row_height
        place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
        panels.append(_panel(number, panel, place, source))
        x, row_height = x + panel.width, panel.height
    return {
        "__inputs": [
            {
                "name": "DS_AA_PIPELINE",
                "label": "Database with the schema mart",
                "type": "datasource",
                "pluginId": SOURCES[engine],
            }
        ],
        "title": TITLE,
        "uid": f"aa-pipeline-{engine}",
        "tags": ["aa-pipeline"],
        "schemaVersion": 39,
        "editable": True,
        "timezone": "utc",
        "time": {"from": "now-30d", "to": "now"},
        "templating": {
            "list": [
                _variable("developer", "SELECT developer_id FROM mart.dim_developers ORDER BY 1", source),
                _variable("agent", "SELECT agent_type FROM mart.dim_agents ORDER BY 1", source),
            ]
        },
        "panels": panels,
    }


def _panel(number: int, panel: Panel, place: dict[str, int], source: dict[str, str]) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": UNITS[panel.unit]} if panel.kind != "table" else {}
    if panel.kind == "bars":
        defaults["custom"] = {"drawStyle": "bars", "fillOpacity": 80, "stacking": {"mode": "normal"}}
    found: dict[str, Any] = {
        "id": number,
        "title": panel.title,
        "description": panel.meaning,
        "type": KINDS[panel.kind],
        "gridPos": place,
        "datasource": source,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "targets": [
            {
                "refId": "A",
                "datasource": source,
                "rawQuery": True,
                "editorMode": "code",
                "format": "table",
                "rawSql": panel.sql.format(**CONDITIONS),
            }
        ],
    }
    if panel.kind == "bars":
        # Rows of (date, name, value) become one series per name.
        found["transformations"] = [
            {"id": "convertFieldType", "options": {"conversions": [_AS_TIME]}},
            {"id": "prepareTimeSeries", "options": {"format": "multi"}},
        ]
    return found


_AS_TIME = {"targetField": "date", "destinationType": "time"}


def _variable(name: str, query: str, source: dict[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "type": "query",
        "datasource": source,
        "query": query,
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "current": {"text": ["All"], "value": ["$__all"]},
    }
