"""What agents leave on disk, for people without telemetry → raw.otel_logs.

Many agents write every session to files. Each response and each prompt in them lands as the event
that the agent's own telemetry would have sent, with source `transcript`, so that no model knows the
difference. What people and models wrote stays where it is.

Files repeat themselves: a response is written again while it grows, and a forked session starts
with a copy of its parent. Each agent's reader, in `pipeline.agents`, says how it tells a repetition;
the landing counts it as a duplicate. Lines of other kinds (tool results, summaries, snapshots) are no
records at all.

Of agents that keep no tokens on disk, usage events that people export are taken here too, with source
`export`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.agents import readers
from pipeline.agents.events import Event
from pipeline.errors import IngestError
from pipeline.ingest.landing.identity import record_hash
from pipeline.ingest.landing.landing import IngestResult, Landing
from pipeline.ingest.projects import project_at
from pipeline.ingest.transcripts.earlier import MARK, remove_earlier
from pipeline.ingest.transcripts.files import find, homes
from pipeline.ingest.transcripts.people import developer_at
from pipeline.ingest.transcripts.unread import UnreadNumbers
from pipeline.ingest.values import records
from pipeline.privacy.attributes import Attributes

if TYPE_CHECKING:
    from pipeline.engines.base import Engine
    from pipeline.privacy.pseudonyms import Pseudonyms

SHOW = "`aa-pipeline ingest transcripts --list`"
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
    pseudonyms: "Pseudonyms | None" = None,
) -> IngestResult:
    """Land the usage and the prompts of local sessions.

    Args:
        engine: where to.
        paths: files and folders; none means the usual homes of all agents.
        developer: whose sessions they are; None means git's user.email in the session's folder,
            else the name of the user of this computer. Exports name people themselves.
        pseudonyms: what lands instead of people; None lets them be.

    Raises:
        IngestError: there are no transcripts, or a named file could not be read or is none;
            the others have landed.
    """
    named = [Path(path).expanduser() for path in paths]
    places = named or homes()
    read = readers()
    with Landing(engine, "transcripts", places, pseudonyms) as landing:
        files: dict[str, set[Path]] = {agent: set() for agent in read}
        failures = [
            f"There is nothing at {path}. Without a path, the agents' usual homes are read."
            for path in named
            if not path.exists()
        ]
        for place in places:
            found = find(place, read, landing.warn)
            if place in named and place.exists() and not any(found.files.values()):
                reason = found.unread.get(place)
                failures.append(
                    f"{place} holds no transcript that we know{f' ({reason})' if reason else ''}:"
                    f" {SHOW} shows whose we read."
                )
            _name_unread(found.unread, landing)
            for agent, those in found.files.items():
                files[agent].update(those)
        landing.read_again(file for those in files.values() for file in those)
        removed, unread = 0, UnreadNumbers()
        for agent, reader in read.items():
            events = sorted(reader.events(sorted(files[agent]), landing))
            removed += remove_earlier(engine, agent, _as_they_land(events, pseudonyms))
            _land(landing, events, developer)
            unread.look(events)
        unread.tell(landing)
        if removed:
            landing.warn(
                f"{records(removed)} that an earlier version read from the same sessions made way"
                " for what is read now."
            )
    if not named and not any(files.values()):
        raise NoTranscriptsError(
            f"No transcripts were found in the {len(places)} places where agents keep them: {SHOW} shows"
            " them. Name the folder that holds them.",
            landing.result.warnings,
        )
    if failures:
        raise IngestError(" ".join(failures))
    return landing.result


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
    attributes = Attributes(pseudonyms).attributes
    return [
        replace(event, session=pseudonyms.identifier(event.session), attributes=attributes(event.attributes))
        for event in events
    ]


def _land(landing: Landing, events: Iterable[Event], developer: str | None) -> None:
    whose, where = cache(developer_at), cache(project_at)

    def record(event: Event) -> dict[str, object]:
        content = {
            "timestamp": event.at,
            "body": event.name,
            "event_name": event.name,
            "attributes": event.attributes,
            "service_name": event.agent,
            "service_version": event.version,
            "source": event.source,
        }
        # Whoever is said to have done it, and wherever: it is the same record.
        identity = MARK + record_hash("otel_logs", content)
        person = event.person or developer or whose(event.cwd)
        if project := where(event.cwd):
            content["attributes"] = {"project_id": project} | event.attributes
        return content | {"developer_id": person, "record_hash": identity}

    landing.land("otel_logs", map(record, events))
