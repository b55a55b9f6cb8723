"""Reads a folder of artifacts with the classes of dbt-core, and tells in JSON what it has understood.

Runs in the environment of `readers-requirements.txt`.
"""

import json
import sys
from pathlib import Path

from dbt.artifacts.schemas.catalog import CatalogArtifact
from dbt.artifacts.schemas.freshness import FreshnessExecutionResultArtifact
from dbt.artifacts.schemas.manifest import WritableManifest
from dbt.artifacts.schemas.run import RunResultsArtifact
from dbt.contracts.graph.manifest import Manifest

folder = Path(sys.argv[1])
manifest = WritableManifest.read_and_check_versions(str(folder / "manifest.json"))
results = RunResultsArtifact.read_and_check_versions(str(folder / "run_results.json"))
catalog = CatalogArtifact.read_and_check_versions(str(folder / "catalog.json"))
sources = FreshnessExecutionResultArtifact.read_and_check_versions(str(folder / "sources.json"))
# As `dbt --state` does with it.
graph = Manifest.from_writable_manifest(manifest)
graph.build_parent_and_child_maps()
told = {
    "parents": {name: sorted(parents) for name, parents in graph.parent_map.items()},
    "checksums": {name: node.checksum.checksum for name, node in graph.nodes.items()},
    "results": {result.unique_id: str(result.status) for result in results.results},
    "columns": {
        name: {column.name: column.type for column in table.columns.values()}
        for name, table in (catalog.nodes | catalog.sources).items()
    },
    "sources": {result.unique_id: str(result.status) for result in sources.results},
}
print(json.dumps(told))
