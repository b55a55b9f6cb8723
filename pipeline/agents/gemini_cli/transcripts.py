"""Gemini CLI: `tmp/<project>/chats/session-*.jsonl`, or one JSON document in older versions.

A message is written again whenever it changes: the last one of an id that has tokens counts. `$set`
lines change what is known of the session; a rewind (`$rewindTo`) takes messages out of the
conversation, but not off the bill, so that they stay.

Input holds cached input; thoughts are not in the output, as in Gemini CLI's telemetry.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.agents.events import BadRecord, Event, Journal, instant, known, mapping, objects, text, tokens
from pipeline.agents.files import Sample, json_file, json_lines


def is_record(value: dict[str, Any]) -> bool:
    """Whether a line is Gemini CLI's."""
    return "projectHash" in value or "$set" in value


def is_file(sample: Sample) -> bool:
    """Whether a file is Gemini CLI's document over several lines."""
    return sample.is_json and b'"projectHash"' in sample.head


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The responses and prompts of all sessions."""
    found: dict[str, Event] = {}
    for file in files:
        session: dict[str, Any] = {}
        for number, message in _messages(file, session, journal):
            try:
                event = _event(message, session, file)
            except BadRecord as error:
                journal.quarantine(file, number, str(error))
                continue
            if event:
                # An older document may stand beside the newer file that continues it.
                if message["id"] in found:
                    journal.repeat(1)
                found[message["id"]] = event
    yield from found.values()


def _messages(
    file: Path, session: dict[str, Any], journal: Journal
) -> Iterator[tuple[int | None, dict[str, Any]]]:
    """Messages with an id, and the line of each; `session` learns of the session on the way."""
    if file.suffix == ".json":
        document = json_file(file, journal)
        session.update(mapping(document))
        yield from ((None, message) for message in _with_id(mapping(document).get("messages")))
        return
    for number, line in json_lines(file, journal):
        if isinstance(line.get("id"), str):
            yield number, line
        else:
            update = mapping(line.get("$set")) or line
            session.update(update)
            yield from ((number, message) for message in _with_id(update.get("messages")))


def _with_id(messages: Any) -> Iterator[dict[str, Any]]:
    return (message for message in objects(messages) if isinstance(message.get("id"), str))


def _event(message: dict[str, Any], session: dict[str, Any], file: Path) -> Event | None:
    name = text(session.get("sessionId")) or file.stem
    attributes = known(session__id=name)
    usage = message.get("tokens")
    if message.get("type") == "gemini" and isinstance(usage, dict):
        event = "gemini_cli.api_response"
        attributes |= known(
            model=text(message.get("model")),
            input_token_count=tokens(usage.get("input")),
            output_token_count=tokens(usage.get("output")),
            cached_content_token_count=tokens(usage.get("cached")),
            thoughts_token_count=tokens(usage.get("thoughts")),
            tool_token_count=tokens(usage.get("tool")),
            total_token_count=tokens(usage.get("total")),
            request_id=message["id"],
        )
    elif message.get("type") == "user":
        event = "gemini_cli.user_prompt"
        attributes |= known(message__uuid=message["id"])
    else:
        return None
    at = instant(message.get("timestamp"))
    return Event(at, event, name, attributes, agent="gemini_cli", cwd=_folder(session, file))


def _folder(session: dict[str, Any], file: Path) -> str | None:
    """The project's folder: named by the session, or by a file beside the chats."""
    folders = session.get("directories")
    if isinstance(folders, list) and folders and text(folders[0]):
        return text(folders[0])
    for parent in file.parents[:3]:
        try:
            return text((parent / ".project_root").read_text("utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
    return None
