"""Reads a folder of artifacts with DataHub's source for dbt, and tells in JSON what it would show.

Runs in the environment of `readers-requirements.txt`.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

from datahub.ingestion.run.pipeline import Pipeline

folder, output = Path(sys.argv[1]), Path(sys.argv[2])
source = {
    "manifest_path": str(folder / "manifest.json"),
    "catalog_path": str(folder / "catalog.json"),
    "sources_path": str(folder / "sources.json"),
    "run_results_paths": [str(folder / "run_results.json")],
    "target_platform": "duckdb",
    "write_semantics": "OVERRIDE",  # to add to what a server has needs a server
}
pipeline = Pipeline.create(
    {
        "source": {"type": "dbt", "config": source},
        "sink": {"type": "file", "config": {"filename": str(output)}},
    }
)
pipeline.run()
pipeline.raise_from_status(raise_warnings=False)

tables = defaultdict(dict)
assertions = {}
for record in json.loads(output.read_text()):
    if "proposedSnapshot" in record:
        ((_, snapshot),) = record["proposedSnapshot"].items()
        for aspect in snapshot["aspects"]:
            tables[snapshot["urn"]] |= aspect
    elif record["entityType"] == "dataset":
        tables[record["entityUrn"]][record["aspectName"]] = record["aspect"]["json"]
    elif record["aspectName"] == "assertionRunEvent":
        assertions[record["entityUrn"]] = record["aspect"]["json"]["result"]["type"]


def called(urn):
    """`shop.mart.dim_products` of a dataset's."""
    return urn.split(",")[1]


def of_aspect(aspect):
    return {
        called(urn): table[found]
        for urn, table in tables.items()
        for found in table
        if found.endswith(aspect) and "dataPlatform:dbt" in urn
    }


print(
    json.dumps(
        {
            "columns": {
                name: [field["fieldPath"] for field in schema["fields"]]
                for name, schema in of_aspect("chemaMetadata").items()
            },
            "upstreams": {
                name: sorted(called(upstream["dataset"]) for upstream in lineage["upstreams"])
                for name, lineage in of_aspect("pstreamLineage").items()
            },
            "assertions": sorted(assertions.values()),
            "warnings": [
                f"{warning.title}: {[*warning.context]}" for warning in pipeline.source.get_report().warnings
            ],
        }
    )
)
