"""Read what agents left, and land it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.agents import readers
from pipeline.agents.events import Event
from pipeline.errors import IngestError
from pipeline.ingest.landing.arrow import import_arrow_alone
from pipeline.ingest.landing.landing import IngestResult, Landing
from pipeline.ingest.transcripts.earlier import Earlier
from pipeline.ingest.transcripts.files import homes
from pipeline.ingest.transcripts.memory import Memory
from pipeline.ingest.transcripts.records import Records
from pipeline.ingest.transcripts.stock import Stock, take_stock
from pipeline.ingest.transcripts.telling import Telling
from pipeline.ingest.transcripts.unread import UnreadNumbers
from pipeline.ingest.values import records
from pipeline.system.gc import gc_paused

if TYPE_CHECKING:
    from pipeline.engines.base import Engine
    from pipeline.privacy.pseudonyms import Pseudonyms

SHOW = "`aa-pipeline ingest transcripts --list`"
WORTH_ARROW = 4 << 20  # bytes of transcripts
MOST_NAMED = 5  # files that are not read for one reason


class NoTranscriptsError(IngestError):
    """Agents have left nothing, or nothing that can be read.

    Attributes:
        warnings: what could not be read; the message ends with it.
    """

    def __init__(self, message: str, warnings: Sequence[str]) -> None:
        super().__init__(" ".join([message, *warnings]))
        self.warnings = warnings


def ingest_transcripts(
    engine: "Engine",
    paths: Sequence[str | Path] = (),
    *,
    developer: str | None = None,
    project_roots: Sequence[str] = (),
    pseudonyms: "Pseudonyms | None" = None,
    own_process: bool = False,
) -> IngestResult:
    """Land the usage and the prompts of local sessions.

    Args:
        engine: where to.
        paths: files and folders; none means the usual homes of all agents.
        developer: whose sessions they are; None means git's user.email in the session's folder,
            else the name of the user of this computer. Exports name people themselves.
        project_roots: folders that hold a folder for each project, for sessions outside of repositories.
        pseudonyms: what lands instead of people; None lets them be.
        own_process: whether nothing else runs in this process, or will.

    Raises:
        IngestError: there are no transcripts, or a named file could not be read or is none;
            the others have landed.
    """
    named = [Path(path).expanduser() for path in paths]
    places = list(dict.fromkeys(named or homes()))
    read = readers()
    with gc_paused(), Landing(engine, "transcripts", places, pseudonyms) as landing:
        memory = Memory(engine, places, landing.place, pseudonyms)
        stock = take_stock(places, memory, read, landing.warn)
        failures = [_nothing_at(path, stock) for path in named if not stock.holds_transcripts(path)]
        _name_unread(stock.unread, landing)
        earlier, removed, unread = Earlier(engine), 0, UnreadNumbers()
        records_of = Records(developer, project_roots, keep_events=earlier.is_there)
        if own_process and stock.bytes_to_read > WORTH_ARROW:
            import_arrow_alone()
        telling = Telling(stock, memory, records_of, landing)
        for agent, rows in telling.of_all(read):
            if earlier.is_there:
                removed += earlier.remove(agent, _as_they_land(rows.events, pseudonyms))
            landing.land_columns("otel_logs", rows.columns)
            unread.add(rows.sessions, rows.unread)
        unread.tell(landing)
        telling.keep()
        if removed:
            landing.warn(
                f"{records(removed)} that an earlier version read from the same sessions made way"
                " for what is read now."
            )
    if not named and not any(stock.files.values()):
        raise NoTranscriptsError(
            f"No transcripts were found in the {len(places)} places where agents keep them: {SHOW} shows"
            " them. Name the folder that holds them.",
            landing.result.warnings,
        )
    if failures:
        raise IngestError(" ".join(failures))
    return landing.result


def _nothing_at(path: Path, stock: Stock) -> str:
    if not path.exists():
        return f"There is nothing at {path}. Without a path, the agents' usual homes are read."
    reason = stock.unread.get(path)
    why = f" ({reason})" if reason else ""
    return f"{path} holds no transcript that we know{why}: {SHOW} shows whose we read."


def _name_unread(unread: Mapping[Path, str], landing: Landing) -> None:
    """Name the files that are not read: all of a few, of many the first and how many there are."""
    for reason in dict.fromkeys(unread.values()):
        files = [file for file, why in unread.items() if why == reason]
        for file in files[:MOST_NAMED]:
            landing.warn(f"{file} is not read: {reason}.")
        if len(files) > MOST_NAMED:
            landing.warn(f"{len(files) - MOST_NAMED:,} more files are not read: {reason}.")


def _as_they_land(events: list[Event], pseudonyms: "Pseudonyms | None") -> list[Event]:
    """Events with the ids that their records have in the database."""
    if not pseudonyms:
        return events
    from pipeline.privacy.attributes import Attributes

    attributes = Attributes(pseudonyms).attributes
    return [
        replace(event, session=pseudonyms.identifier(event.session), attributes=attributes(event.attributes))
        for event in events
    ]
