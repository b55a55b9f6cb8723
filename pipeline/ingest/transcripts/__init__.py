"""What agents leave on disk, for people without telemetry → raw.otel_logs.

Claude Code, Codex, Gemini CLI and opencode write every session to files. Each response and each
prompt in them lands as the event that the agent's own telemetry would have sent, with source
`transcript`, so that no model knows the difference. What people and models wrote stays where it is.

Files repeat themselves: a response is written again while it grows, and a forked session starts
with a copy of its parent. Each agent's module says how it tells a repetition; the landing counts
it as a duplicate. Lines of other kinds (tool results, summaries, snapshots) are no records at all.

Cursor keeps no tokens on disk. The usage events that its Admin API or dashboard exports are taken
here too, with source `export`.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import IngestError
from pipeline.ingest.landing.landing import IngestResult, Landing, record_hash
from pipeline.ingest.transcripts import claude_code, codex, cursor, gemini_cli, opencode
from pipeline.ingest.transcripts.events import Event
from pipeline.ingest.transcripts.files import find, homes, kind_of
from pipeline.ingest.transcripts.people import developer_at

if TYPE_CHECKING:
    from pipeline.engines.base import Engine

READERS = {
    "claude_code": claude_code.events,
    "codex": codex.events,
    "gemini_cli": gemini_cli.events,
    "opencode": opencode.events,
    "cursor": cursor.events,
}


def ingest_transcripts(
    engine: "Engine", paths: Sequence[str | Path] = (), *, developer: str | None = None
) -> IngestResult:
    """Land the usage and the prompts of local sessions.

    Args:
        engine: where to.
        paths: files and folders; none means the usual homes of all four agents.
        developer: whose sessions they are; None means git's user.email in the session's folder,
            else the name of the user of this computer. Exports name people themselves.

    Raises:
        IngestError: there are no transcripts, or a named file could not be read or is none;
            the others have landed.
    """
    named = [Path(path).expanduser() for path in paths]
    places = named or homes()
    with Landing(engine, "transcripts", places) as landing:
        files: dict[str, set[Path]] = {kind: set() for kind in READERS}
        failures = [
            f"There is nothing at {path}. Without a path, the agents' usual homes are read."
            for path in named
            if not path.exists()
        ]
        for place in places:
            found = [(kind_of(file, landing), file) for file in find(place, landing)]
            if place in named and place.exists() and not any(kind for kind, _ in found):
                failures.append(
                    f"{place} holds no transcript that we know: neither sessions of Claude Code,"
                    " Codex, Gemini CLI or opencode, nor usage events exported from Cursor."
                )
            for kind, file in found:
                if kind:
                    files[kind].add(file)
        for kind, read in READERS.items():
            _land(landing, sorted(read(sorted(files[kind]), landing)), developer)
    if not named and not any(files.values()):
        raise IngestError(
            "No transcripts of Claude Code, Codex, Gemini CLI or opencode were found in "
            f"{', '.join(map(str, places))}. Name the folder that holds them."
        )
    if failures:
        raise IngestError(" ".join(failures))
    return landing.result


def _land(landing: Landing, events: Iterable[Event], developer: str | None) -> None:
    whose = cache(developer_at)

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
        # Whoever is said to have done it: it is the same record.
        identity = record_hash("otel_logs", content)
        person = event.person or developer or whose(event.cwd)
        return content | {"developer_id": person, "record_hash": identity}

    landing.land("otel_logs", map(record, events))
