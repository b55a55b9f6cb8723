"""Rows of the raw tables without people, on their way into a database or in one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline.engines.raw_tables import columns_of_contracts
from pipeline.privacy import commits
from pipeline.privacy.attributes import Attributes
from pipeline.privacy.pseudonyms import Pseudonyms

Rule = Callable[[Any], Any]

# Texts of a closed list, and hashes of git's.
AS_IT_IS = (
    *(
        "age",
        "commit_hash",
        "copy_of",
        "currency",
        "merge_commit",
        "metric_type",
        "provider",
        "report",
        "report_scope",
    ),
    *("root_hash", "source", "state", "status", "temporality", "version_id"),
)
WORDS = (
    *("service_name", "service_version", "scope_name", "scope_version", "severity", "unit", "metric_name"),
    *("agent_type", "organization", "product", "model_name", "cost_centre", "account", "plan"),
)
IDS = (
    *("agent_session_id", "api_key_id", "workspace_id", "parent_span_id", "span_id", "trace_id"),
    "request_id",
)
JSON_OF_PEOPLE = ("attributes", "resource_attributes", "scope_attributes")
JSON_OF_WORDS = ("editor_breakdown", "feature_breakdown", "language_breakdown")
# What of a commit is only known from several columns.
OF_COMMITS = ("author_email", "author_name", "commit_message", "committer_email", "committer_name")

# Scopes of budgets that name a person or, in a repository's name, its owner.
BUDGET_OF, BUDGET_OF_PROJECT = "developer:", "project:"


class Rows:
    """Rows in which everything that tells of a person has its pseudonym."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self.pseudonyms = pseudonyms
        attributes = Attributes(pseudonyms)
        self._rules: dict[str, Rule] = {
            **dict.fromkeys(WORDS, pseudonyms.word),
            **dict.fromkeys(IDS, pseudonyms.identifier),
            **dict.fromkeys(JSON_OF_PEOPLE, attributes.document),
            **dict.fromkeys(JSON_OF_WORDS, attributes.words),
            **dict.fromkeys(("base_branch", "head_branch"), attributes.branch),
            "body": attributes.event,
            "developer_id": pseudonyms.person,
            "event_name": attributes.event,
            "name": attributes.span,
            "notes": lambda note: commits.note(note, pseudonyms),
            "project_id": lambda project: commits.project(project, pseudonyms),
            **dict.fromkeys(("answer", "record_hash", "scope", "version"), pseudonyms.record_hash),
        }

    def record(self, table: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record of a raw table; of columns that no contract knows stay numbers and times."""
        known = columns_of_contracts()[table]
        hidden = self._commit(record) if table == "git_commits" else {}
        for name, value in record.items():
            if name in hidden or value is None or (name in known and name in AS_IT_IS):
                continue
            if name in known and name in self._rules:
                hidden[name] = self._rules[name](value)
            elif isinstance(value, str | bytes | dict | list):
                hidden[name] = None
        return {**record, **hidden}

    def seed(self, columns: Sequence[str], rows: Sequence[Sequence[Any]], key: Sequence[str]) -> list[Any]:
        """The rows of a seed: people in them have the pseudonyms that records have, and so they meet."""
        by_key: dict[Any, tuple[Any, ...]] = {}
        for row in rows:
            values = self._seed(dict(zip(columns, row, strict=True)))
            by_key[tuple(values[name] for name in key) or len(by_key)] = tuple(values.values())
        return list(by_key.values())

    def _seed(self, values: dict[str, Any]) -> dict[str, Any]:
        person = self.pseudonyms.person
        hidden: dict[str, Any] = {
            name: person(values[name])
            for name in ("alias", "developer_id", "developer_email")
            if values.get(name) and "developer_id" in values
        }
        if values.get("developer_name"):
            hidden["developer_name"] = self.pseudonyms.name(values["developer_name"], values["developer_id"])
        if values.get("kind") == "email":  # of commit_marks: an agent that nobody here knows is like a person
            hidden["mark"] = person(values["mark"])
        if isinstance(scope := values.get("scope"), str):
            if scope.startswith(BUDGET_OF):
                hidden["scope"] = BUDGET_OF + person(scope.removeprefix(BUDGET_OF))
            elif scope.startswith(BUDGET_OF_PROJECT):
                project = commits.project(scope.removeprefix(BUDGET_OF_PROJECT), self.pseudonyms)
                hidden["scope"] = f"{BUDGET_OF_PROJECT}{project}"
        if "owner" in values:  # of projects: called as records call them
            projects = (name for name in ("alias", "project_id") if name in values)
            hidden |= {name: commits.project(values[name], self.pseudonyms) for name in projects}
            hidden["owner"] = values["owner"] and person(values["owner"])
        return values | hidden

    def _commit(self, commit: Mapping[str, Any]) -> dict[str, Any]:
        name, email = commit.get("author_name"), commit.get("author_email")
        said = commit.get("commit_message")
        committer = commit.get("committer_name"), commit.get("committer_email")
        person = self.pseudonyms.person
        hidden = {
            "author_name": self.pseudonyms.name(name, email),
            "author_email": email and person(email),
            "commit_message": commits.message(said, name, email, self.pseudonyms.marks),
            "committer_name": self.pseudonyms.name(*committer),
            "committer_email": committer[1] and person(committer[1]),
        }
        return {name: value for name, value in hidden.items() if name in commit}
