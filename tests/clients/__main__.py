"""Tries the newest clients that npm has: `python -m tests.clients`, with pytest's options."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def newest(package: str) -> str:
    """By name: npm itself falls back to a version that suits its Node."""
    command = ["npm", "view", package, "dist-tags.latest"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def main() -> int:
    pinned = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    versions = {package: newest(package) for package in pinned}
    for package, version in versions.items():
        print(f"{package} {version}" + ("" if version == pinned[package] else f", pinned: {pinned[package]}"))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "package.json").write_text(json.dumps({"private": True, "dependencies": versions}))
        subprocess.run(["npm", "install", "--no-audit", "--no-fund"], cwd=folder, check=True)
        command = [sys.executable, "-m", "pytest", "-n", "0", str(HERE), *sys.argv[1:]]
        return subprocess.run(command, env=os.environ | {"AA_CLIENTS": folder}).returncode


if __name__ == "__main__":
    sys.exit(main())
