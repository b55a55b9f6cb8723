"""What becomes of a record of a raw table that names a forgotten person.

Theirs keep what is counted: times, tokens, costs, sessions, commits and their lines, models and tools. Names,
addresses, accounts, machines, folders and messages go, and somebody of no name stands in for them. Whatever
told two records or two metric series apart still does: a mark of what went is left, hashed with the key. Of
the records of others only the mention goes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from pipeline.agents import TELEMETRY
from pipeline.agents.marks import OwnMark
from pipeline.engines.forgotten import HOST, ID, MARK, SESSION, Forgotten, StandIn
from pipeline.ingest.content import ContentFilter
from pipeline.ingest.forget.marks import name_mark, signatures
from pipeline.ingest.forget.texts import Texts, label
from pipeline.ingest.values import dumps
from pipeline.privacy.pseudonyms import Pseudonyms

JSON = ("attributes", "resource_attributes", "scope_attributes")
# What names the developer of a record, in the order in which the models ask (`models.telemetry.context`).
ASSIGNED, EMAIL, ACCOUNT = ("developer_id", "enduser.id"), ("user.email",), ("user.account_uuid", "user.id")
SESSIONS = tuple(name for telemetry in TELEMETRY for name in telemetry.sessions)
# What models read, whatever it looks like.
READ = {
    *SESSIONS,
    *(name for telemetry in TELEMETRY for name in (*telemetry.models, *telemetry.tool_names)),
    *("request_id", "client_request_id", "response_id", "gen_ai.response.id", "ai.response.id"),
    *("event.name", "decision", "thread.id", "agent_type"),
}
# What names the project stays beside what it cost; a name of the person in it goes, as in any text.
PROJECTS = {
    *("project_id", "project.name", "vcs.owner.name", "vcs.repository.name"),
    *(name for telemetry in TELEMETRY for name in telemetry.repositories),
}
MACHINES = ("host.name", "host.id", "net.host.name", "server.address", "client.address")
# Attributes that go with the person.
OF_PEOPLE = {"developer_id", "cwd", "department", "file_path", "service.instance.id", "workspace.host_paths"}
OF_PEOPLE_PREFIXES = (
    "user.",
    "enduser.",
    "host.",
    "process.",
    "client.",
    "device.",
    "net.",
    "server.",
    "vcs.",
)

# Columns that say nothing of anybody, whatever word they hold.
OF_NOBODY = {
    *("metric_name", "temporality", "metric_type", "unit", "severity", "event_name", "status", "source"),
    *("service_name", "service_version", "scope_name", "scope_version", "report_scope"),
    *("trace_id", "span_id", "parent_span_id", "record_hash", "commit_hash", "agent_type"),
    *("provider", "report", "product", "currency", "model_name", "scope", "version"),
    *("answer", "plan"),
    *("age", "root_hash"),
    *("language_breakdown", "editor_breakdown", "feature_breakdown"),
}

# Columns and attributes whose first part may be somebody's login: ada-l/app, ada-l/topic.
PATHS = ("project_id", "head_branch", "base_branch", "pull_request", "vcs.ref.head.name")
HASHES = ("record_hash", "scope", "version", "answer")  # of what a record, or a bill, says
NOT_READ = {*OF_NOBODY, "author_name", "author_email"}  # where a record is of somebody else
HUMAN = "human_author"  # in a git-ai note
UNKNOWN = ("", "unknown")


def document(value: Any) -> dict[str, Any]:
    """A JSON object of a raw table, as its database hands it out."""
    if isinstance(value, str | bytes):
        try:
            value = orjson.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def names_in(record: Mapping[str, Any], attributes: dict[str, Any], resource: dict[str, Any]) -> list[str]:
    """What names the developer of a record, the best first; in lower case."""
    told = [record.get("developer_id"), record.get("author_email")]
    for names in (ASSIGNED, EMAIL, ACCOUNT):
        told += [place[name] for place in (attributes, resource) for name in names if name in place]
    found = dict.fromkeys(name.strip().lower() for name in told if name and isinstance(name, str))
    return [name for name in found if name not in UNKNOWN]


def session_in(attributes: dict[str, Any]) -> str | None:
    """The session of a record."""
    return next((str(attributes[name]) for name in SESSIONS if attributes.get(name)), None)


class Records:
    """Lets forgotten people go from records.

    Args:
        forgotten: tombstones.
        marks: by which commits are known to be an agent's, beside those that come with the package.
    """

    def __init__(self, forgotten: Forgotten, marks: Sequence[OwnMark] = ()) -> None:
        self.forgotten = forgotten
        self.marks = marks
        self.texts = Texts(forgotten)
        self.content = ContentFilter()
        # A record is the same one whether it had a pseudonym when it was forgotten or gets it later.
        self.identity = Pseudonyms(forgotten.key).record_hash

    def clean(self, table: str, record: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What is left of a record of `raw.<table>`: the same object if all of it is, None if nothing is.

        Args:
            table: one of `config.SOURCES`.
            record: its values by column; JSON as text or as what it means. `record_hash` is known.
        """
        documents = {name: document(record[name]) for name in JSON if record.get(name)}
        attributes, resource = (documents.get(name, {}) for name in JSON[:2])
        who = self._whose(record, attributes, resource)
        if who is None:
            return self._of_others(table, record, documents)
        if who.is_dropped:
            return None
        if record.get("developer_id") == who.id:
            return record  # it has been here
        if table == "git_commits":
            return self._commit(record, who)
        return self._own(record, who, documents)

    def _whose(
        self, record: Mapping[str, Any], attributes: dict[str, Any], resource: dict[str, Any]
    ) -> StandIn | None:
        """Whose record it is, if they were forgotten."""
        names = names_in(record, attributes, resource)
        for name in names:
            if found := self.forgotten.who(ID, name):
                return found
            if "@" in name:  # is a person
                break
        if names and names[0] in self.forgotten.ids:
            return StandIn(names[0], is_dropped=False)
        return None if names else self.forgotten.who(SESSION, session_in(attributes))

    def _own(
        self, record: Mapping[str, Any], who: StandIn, documents: Mapping[str, dict[str, Any]]
    ) -> Mapping[str, Any]:
        told_apart_by = [record.get("developer_id")]
        told_apart_by += [
            value if isinstance(value, str) else dumps(value) for value in map(record.get, JSON[:2])
        ]
        cleaned = {
            name: self.texts.clean_own(value)
            if isinstance(value, str) and name not in (*JSON, *OF_NOBODY)
            else value
            for name, value in record.items()
        }
        for name, found in documents.items():
            cleaned[name] = dumps(self._without_person(found))
        if "attributes" in record:
            mark = self.forgotten.hash(MARK, dumps(told_apart_by))
            cleaned["attributes"] = dumps(document(cleaned["attributes"]) | {MARK: mark})
        if "body" in record:
            cleaned["body"] = self.content.body(cleaned["body"], record.get("event_name"))
        for name in HASHES:
            if isinstance(known := record.get(name), str):
                # Without the key somebody could try names until the hash of a record comes out.
                version, colon, digits = self.identity(known).rpartition(":")
                cleaned[name] = version + colon + self.forgotten.hash("record", digits)
        cleaned["developer_id"] = who.id
        return cleaned

    def _without_person(self, attributes: dict[str, Any]) -> dict[str, Any]:
        read = {name: value for name, value in attributes.items() if name in READ}
        return {
            name: self.texts.value(value, own=True)
            for name, value in (self.content.attributes(attributes) | read).items()
            if name in PROJECTS or (name not in OF_PEOPLE and not name.startswith(OF_PEOPLE_PREFIXES))
        }

    def _commit(self, record: Mapping[str, Any], who: StandIn) -> Mapping[str, Any]:
        message, notes = record.get("commit_message"), without_human(record.get("notes"))
        signed = signatures(message, self.marks) if isinstance(message, str) else None
        return {
            **self._of_others("git_commits", record, {}),
            "developer_id": who.id,
            "author_name": label(who) + name_mark(record.get("author_name"), self.marks),
            "author_email": who.id if "@" in who.id else None,
            "commit_message": self.texts.clean_own(signed) if signed else None,
            "notes": self.texts.clean_own(notes) if notes else notes,
        }

    def _of_others(
        self, table: str, record: Mapping[str, Any], documents: Mapping[str, dict[str, Any]]
    ) -> Mapping[str, Any]:
        """A record that may mention somebody who was forgotten."""
        changed: dict[str, Any] = {}
        for name, found in documents.items():
            if (cleaned := self._mentions(found)) is not found:
                changed[name] = dumps(cleaned)
        for name in record.keys() - documents.keys() - NOT_READ:
            value = record[name]
            if isinstance(value, str) and (text := self.texts.clean(value)) != value:
                changed[name] = text
        if table == "git_commits":
            changed |= self._committer(record)
        changed |= self._paths({name: record[name] for name in PATHS if name in record})
        return {**record, **changed} if changed else record

    def _committer(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The committer, if somebody who was forgotten."""
        changed: dict[str, Any] = {}
        if found := self.forgotten.who(ID, record.get("committer_email")):
            mark = name_mark(record.get("committer_name"), self.marks)
            changed["committer_name"] = label(found) + mark
            changed["committer_email"] = found.id if "@" in found.id else None
        return changed

    def _paths(self, paths: Mapping[str, Any]) -> dict[str, Any]:
        """Repositories and branches of which a part is somebody's login who was forgotten."""
        changed: dict[str, Any] = {}
        for name, path in paths.items():
            parts = path.split("/") if isinstance(path, str) else []
            owners = [self.forgotten.who(ID, part) for part in parts]
            if any(owners):
                named = zip(parts, owners, strict=True)
                changed[name] = "/".join(label(owner) if owner else part for part, owner in named)
        return changed

    def _mentions(self, attributes: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in attributes.items() if not self._names(name, value)}
        paths = self._paths({name: kept[name] for name in PATHS if name in kept})
        cleaned: dict[str, Any] = self.texts.value(kept | paths if paths else kept)
        return attributes if cleaned is kept and len(kept) == len(attributes) else cleaned

    def _names(self, attribute: str, value: Any) -> bool:
        """Whether an attribute names somebody, or their machine, and nothing else."""
        if attribute in MACHINES:
            return self.forgotten.who(HOST, value) is not None
        is_of_people = attribute in OF_PEOPLE or attribute.startswith(("user.", "enduser."))
        return is_of_people and self.forgotten.who(ID, value) is not None


def without_human(note: Any) -> str | None:
    """A git-ai note without who asked the agent."""
    if not isinstance(note, str):
        return None
    lines, divider, text = note.rpartition("---\n")
    return lines + divider + dumps(_pruned(found)) if (found := document(text)) else note


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _pruned(item) for name, item in value.items() if name != HUMAN}
    return value
