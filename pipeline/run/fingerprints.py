"""What each table was made of, as a text that changes with it; and so, why a model must be made anew.

A raw table's fingerprint tells of its rows, a seed's of its file, a model's of its code, of what it reads,
and, where time matters, of what came of it.
"""

import hashlib
from collections.abc import Iterable

from pipeline.plan import Plan, PlanTable
from pipeline.run.state import Published, Standing

MISSING = "missing"  # of a raw table that is not there


class Fingerprints:
    """The fingerprints of one build, while it walks the plan.

    Args:
        plan: the plan.
        standing: what was published before.
        full_refresh: make everything anew.
    """

    def __init__(self, plan: Plan, standing: Standing, full_refresh: bool) -> None:
        self.plan = plan
        self.standing = standing
        self.full_refresh = full_refresh
        self._now: dict[str, str | None] = {}

    def __setitem__(self, name: str, fingerprint: str) -> None:
        self._now[name] = fingerprint

    def get(self, name: str) -> str:
        """A table's fingerprint in this build; empty where it has none yet."""
        return self._now.get(name) or ""

    def inputs(self, table: PlanTable) -> str | None:
        """A text for what a model reads; None if it is not known from what that was made."""
        parts = []
        for name in table.depends_on:
            if name not in self._now:
                before = self.standing.before(self.plan.tables[name])
                self._now[name] = before.fingerprint if before else None
            part = self._now[name]
            if part is None:
                return None
            parts.append(f"{name}={part}")
        return _digest(parts)

    def why(self, table: PlanTable, before: Published | None, inputs: str | None) -> str | None:
        """Why a model must be built, or None if nothing but time has passed."""
        if self.full_refresh:
            return "full refresh"
        if before is None:
            return "first build"
        if inputs is None:
            return "not known what it reads"
        code, inputs_before = _parts(before)
        if code != table.fingerprint:
            return "code or settings changed"
        if inputs_before != inputs:
            changed = [name for name in table.depends_on if name not in self.standing.unchanged]
            return f"{', '.join(changed) or 'what it reads'} changed"
        return None

    def was_made_of_the_old(self, table: PlanTable, before: Published) -> bool:
        """Whether a model was made by this code from what stood before this run, and all of that is known."""
        if self.full_refresh or before.row_count is None:
            return False
        parts = []
        for name in table.depends_on:
            upstream = self.standing.before(self.plan.tables[name])
            if upstream is None and not self.plan.tables[name].missing:
                return False
            parts.append(f"{name}={upstream.fingerprint if upstream else MISSING}")
        return _parts(before) == (table.fingerprint, _digest(parts))


def of_model(table: PlanTable, inputs: str | None, content: str = "") -> str:
    """The fingerprint of a model."""
    made_from = f"{table.fingerprint}:{inputs}"
    return f"{made_from}:{content}" if content else made_from


def _parts(before: Published) -> tuple[str, str]:
    """Code and inputs of a model's fingerprint."""
    code, _, rest = before.fingerprint.partition(":")
    return code, rest.partition(":")[0]


def _digest(parts: Iterable[str]) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
