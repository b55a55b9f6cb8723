"""Plans that come with the package, so that the first command after installing waits for no compiler.

Beside this file stands one archive per dialect, `shipped/<dialect>.jsonl.xz`: unbound plans of the
shipped models, one a line. `python -m pipeline.compile.shipped` writes them, in two minutes. A plan
carries the fingerprint of the code that it was compiled from and of the settings that its SQL depends on
by more than their values, and counts only where they are those that are there: who changes a model gets
it compiled.
"""

import hashlib
import lzma
from collections.abc import Collection
from dataclasses import replace
from functools import cache
from pathlib import Path

from pipeline.compile.sources import MODELS, SCHEMAS, code_digest
from pipeline.config import Config
from pipeline.plan import Plan, PlanTable
from pipeline.plan.bind import unbound_settings

# One of each kind whose SQL is another: days in UTC or elsewhere, with domains of one's own or without.
CONFIGURATIONS = [
    Config(timezone=timezone, internal_domains=domains)
    for timezone in ("UTC", "Europe/Berlin")
    for domains in ((), ("example.com",))
]


def load(dialect: str, config: Config) -> Plan | None:
    """The unbound plan for these settings; None if none was shipped that this code would compile."""
    try:
        starts_with = f'{{"fingerprint":"{fingerprint(dialect, config)}"'.encode()
        return next((Plan.from_json(plan) for plan in _plans(dialect) if plan.startswith(starts_with)), None)
    except (OSError, ValueError, lzma.LZMAError):  # an archive that is not whole: compiled instead
        return None


def tables_of(dialect: str, codes: Collection[str]) -> dict[str, PlanTable]:
    """Tables of shipped plans by their code: all of each plan that has one of these `codes` as the first."""
    found: dict[str, PlanTable] = {}
    try:
        for plan in _plans(dialect):
            if any(code.encode() in plan for code in codes if code not in found):
                found |= {table.code: table for table in Plan.from_json(plan).tables.values()}
    except (OSError, ValueError, lzma.LZMAError):
        pass
    return found


def any_of(dialect: str) -> Plan | None:
    """A plan that comes with the package, of whatever code and settings; None if none is whole."""
    try:
        return next((Plan.from_json(plan) for plan in _plans(dialect)), None)
    except (OSError, ValueError, lzma.LZMAError):
        return None


def _plans(dialect: str) -> list[bytes]:
    return _lines(_file(dialect))


@cache
def _lines(file: Path) -> list[bytes]:
    return lzma.decompress(file.read_bytes()).splitlines()


def fingerprint(dialect: str, config: Config) -> str:
    """What an unbound plan of the shipped models is valid for; they take no number (a test reads them)."""
    settings = unbound_settings(config.model_settings(), dialect)
    names = ("timezone", "internal_domains", "project_attributes")
    known = repr((dialect, *(settings[name] for name in names), code_digest(MODELS, SCHEMAS)))
    return hashlib.blake2b(known.encode(), digest_size=16).hexdigest()


def write(dialect: str) -> None:
    """Compile the shipped models for a dialect, and keep the plans beside this file."""
    import orjson

    from pipeline.compile.compiler import compile_unbound

    configurations = {fingerprint(dialect, config): config for config in CONFIGURATIONS}
    plans = []
    for key, config in configurations.items():
        settings = unbound_settings(config.model_settings(), dialect)
        plan = compile_unbound(dialect, settings, models=MODELS, schemas=SCHEMAS)
        plans.append(replace(plan, fingerprint=key))
    file = _file(dialect)
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(lzma.compress(b"\n".join(map(orjson.dumps, plans)), preset=9))
    print(f"{file}: {len(plans)} plans, {file.stat().st_size:,} bytes")


def _file(dialect: str) -> Path:
    return Path(__file__).with_name("shipped") / f"{dialect}.jsonl.xz"


if __name__ == "__main__":
    from concurrent.futures import ProcessPoolExecutor

    from pipeline.compile.renderings import COMPILERS

    with ProcessPoolExecutor() as processes:
        list(processes.map(write, COMPILERS))
