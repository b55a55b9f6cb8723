"""What became of the lines that commits added → raw.git_survival.

The lines of a commit are as old as it is on the branch: they count from the commit of the main line that
brought it, a merge say. The time of a main line goes on: a date before that of the commit before, or in the
future, is that of the commit before. A line is gone when the branch has it no more, for good: one that a
merge brings back had not gone, and one that a merge keeps in two places lives once, where `git blame` names
it for both. Binary files, links, submodules and files over 16 MiB have no lines.
"""

import datetime as dt
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from pipeline.ingest.git.changes import Changes, read_changes
from pipeline.ingest.git.known_changes import KnownChanges
from pipeline.ingest.git.lines import ALIVE, NEVER, Lines
from pipeline.ingest.git.repository import Repository
from pipeline.ingest.landing.identity import hash_of
from pipeline.ingest.landing.landing import Landing
from pipeline.ingest.values import epoch_seconds

TABLE = "git_survival"
DAY = 86_400
AGES = {"7_days": 7 * DAY, "30_days": 30 * DAY, "90_days": 90 * DAY}
TODAY = "today"
REWORKED = 21 * DAY
BATCH = 250  # commits that one call of git compares
WORKERS = 2
COLUMNS = ("lines_added", "lines_alive", "lines_reworked", "arrived_at")

# Of each commit and age: lines added, alive, reworked, and the second when the commit arrived.
Reading = tuple[int | None, int | None, int | None, int | None]


def land_survival(landing: Landing, repository: Repository, branch: str | None, now: dt.datetime) -> None:
    """Land what has changed since it was last looked at; nothing of a repository without commits.

    Args:
        landing: where to.
        repository: whose commits.
        branch: the branch; None means the default one.
        now: until when ages are reached.
    """
    head = repository.head(branch)
    if head is None:
        return
    root, found = read(repository, head, int(now.timestamp()))
    project = landing.as_landed(TABLE, {"project_id": repository.project_id})["project_id"]
    before, of_root = _landed(landing, project, root)
    gone: Reading = (None, None, None, None)
    after = {**dict.fromkeys(of_root, gone), **found}  # not what another repository of this name has
    rows = [
        (commit, age, 1 + before.get((commit, age), (0, gone))[0], reading)
        for (commit, age), reading in after.items()
        if before.get((commit, age), (0, None))[1] != reading
    ]
    landing.repeat(len(found) - sum(reading != gone for *_, reading in rows))
    landing.land(TABLE, (_record(repository, root, now, *row) for row in rows))


def _record(
    repository: Repository,
    root: str,
    now: dt.datetime,
    commit: str,
    age: str,
    number: int,
    reading: Reading,
) -> Mapping[str, object]:
    added, alive, reworked, arrived = reading
    return {
        "commit_hash": commit,
        "project_id": repository.project_id,
        "root_hash": root,
        "age": age,
        "reading": number,
        "lines_added": added,
        "lines_alive": alive,
        "lines_reworked": reworked,
        "arrived_at": None if arrived is None else dt.datetime.fromtimestamp(arrived, dt.UTC),
        "observed_at": now,
        "record_hash": hash_of(TABLE, {"of": [repository.project_id, commit, age, number, *reading]}),
    }


def _landed(
    landing: Landing, project: str, root: str
) -> tuple[dict[tuple[str, str], tuple[int, Reading]], list[tuple[str, str]]]:
    """The last reading of each commit and age of a project, and its number; those that are of this root."""
    engine = landing.engine
    if TABLE not in engine.shapes("raw"):
        return {}, []
    names = ", ".join(map(engine.quote, ("commit_hash", "age", "root_hash", "reading", *COLUMNS)))
    where = f"WHERE {engine.quote('project_id')} = ? ORDER BY {engine.quote('reading')}"
    rows = engine.fetch(f"SELECT {names} FROM {engine.name('raw', TABLE)} {where}", [project])
    readings, roots = {}, {}
    for commit, age, of, number, *counts, arrived in rows:
        readings[commit, age] = (number, (*counts, None if arrived is None else epoch_seconds(arrived)))
        roots[commit, age] = of
    return readings, [key for key, of in roots.items() if of == root]


def read(repository: Repository, head: str, now: int) -> tuple[str, dict[tuple[str, str], Reading]]:
    """The first commit, and what became of the lines of each that added some, by age that it has reached.

    Args:
        repository: where they are.
        head: the commit at which the branch stands.
        now: in seconds since 1970.
    """
    history = repository.history(head)
    main_line = repository.main_line(head)
    lines = Lines([(commit, parents) for commit, _, parents in history], main_line)
    with KnownChanges(repository.folder) as known:
        for _ in lines.follow(_changes(repository, lines.history, known)):
            pass
    dates = {commit: seconds for commit, seconds, _ in history}
    times = steady([dates[commit] for commit in main_line], now)
    edge = repository.edge()  # what these changed is unknown
    found: dict[tuple[str, str], Reading] = {}
    by_commit: dict[int, dict[int, int]] = defaultdict(dict)
    for (owner, gone), count in lines.fates().items():
        by_commit[owner][gone] = count
    for owner, fates in by_commit.items():
        commit = lines.history[owner][0]
        if commit in edge:
            continue
        fate = Fate(times[lines.arrived[commit] - 1], fates, times)
        for age, seconds in AGES.items():
            if fate.arrived + seconds <= now:
                found[commit, age] = fate.after(seconds, now)
        found[commit, TODAY] = fate.after(None, now)
    return main_line[0], found


@dataclass(frozen=True)
class Fate:
    """What became of the lines of one commit.

    Attributes:
        arrived: when the branch got it, in seconds since 1970.
        gone: how many lines went with which commit of the main line.
        times: when those were.
    """

    arrived: int
    gone: Mapping[int, int]
    times: Sequence[int]

    def after(self, age: int | None, now: int) -> Reading:
        """Added, alive after so many seconds (None: now), reworked (None if it is too soon), arrived."""
        added = sum(self.gone.values())
        reworked = added - self._alive(REWORKED) if self.arrived + REWORKED <= now else None
        alive = self.gone.get(ALIVE, 0) if age is None else self._alive(age)
        return added, alive, reworked, self.arrived

    def _alive(self, age: int) -> int:
        return sum(
            count
            for step, count in self.gone.items()
            if step == ALIVE or (step != NEVER and self.times[step - 1] > self.arrived + age)
        )


def steady(dates: Sequence[int], now: int) -> list[int]:
    """Dates of a main line as a clock would have them: none before the one before, none in the future.

    >>> steady([9, 10, 8, 99, 12], 20)
    [9, 10, 10, 10, 12]
    """
    time = next((date for date in dates if date <= now), now)
    times = []
    for date in dates:
        if date <= now:
            time = max(time, date)
        times.append(time)
    return times


def _changes(
    repository: Repository, history: Sequence[tuple[str, Sequence[str]]], known: KnownChanges
) -> Iterator[Changes]:
    """What each commit does, in order: as it is kept, else as git tells it, some calls ahead."""
    with ThreadPoolExecutor(WORKERS) as pool:
        pending: deque[
            tuple[Sequence[tuple[str, Sequence[str]]], dict[str, Changes], Future[dict[str, Changes]]]
        ]
        pending = deque()
        for start in range(0, len(history), BATCH):
            batch = history[start : start + BATCH]
            kept = known.of([commit for commit, _ in batch])
            asked = [(commit, [*parents]) for commit, parents in batch if commit not in kept]
            reading = pool.submit(_read, repository, asked)
            pending.append((batch, kept, reading))
            if len(pending) > WORKERS:
                yield from _taken(known, *pending.popleft())
        for waiting in pending:
            yield from _taken(known, *waiting)


def _read(repository: Repository, commits: list[tuple[str, list[str]]]) -> dict[str, Changes]:
    return dict(read_changes(repository, commits))


def _taken(
    known: KnownChanges,
    batch: Sequence[tuple[str, Sequence[str]]],
    kept: dict[str, Changes],
    reading: "Future[dict[str, Changes]]",
) -> Iterator[Changes]:
    new = reading.result()
    if new:
        known.add(new.items())
    for commit, _ in batch:
        yield kept[commit] if commit in kept else new[commit]
