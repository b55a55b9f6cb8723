"""A program for the working directory, a small disk: fills it between a build and other commands.

Where it is no disk of its own, files may not grow meanwhile.

Tells of each of them its exit code and what it wrote, whether all is as it was, and its exit code once
there is room.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner, Result

from pipeline.cli import cli
from pipeline.cli.options import Invocation
from tests.cli.conftest import SALES
from tests.cli.database import query
from tests.cli.test_full_disk import MANY, rows
from tests.full_disk import no_file_larger_than


def run(words: str) -> Result:
    shop = Invocation(models="tests.projects.shop.models", schemas="tests.projects.shop.schemas")
    return CliRunner().invoke(cli, words.split(), obj=shop)


def files() -> list[str]:
    return sorted(str(path) for path in Path().rglob("*") if path.is_file())


@contextmanager
def full_disk() -> Iterator[None]:
    with Path("filler").open("wb", buffering=0) as filler:
        filler.write(bytes(shutil.disk_usage(".").free - 20_000))
    yield
    Path("filler").unlink()


def main(commands: list[str]) -> None:
    query(SALES)
    for words in ("build", "backup b.zip", "docs generate"):
        assert run(words).exit_code == 0
    query(MANY)
    before, there = rows(), files()
    with full_disk() if Path.cwd().is_mount() else no_file_larger_than(300):
        told = [(result.exit_code, result.stderr) for result in map(run, commands)]
    same = rows() == before and files() == there
    print(json.dumps([told, same, [run(words).exit_code for words in commands]]))


if __name__ == "__main__":
    main(sys.argv[1:])
