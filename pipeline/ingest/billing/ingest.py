"""Bills of providers, as downloaded from their APIs and consoles → raw.billing.

Files are recognised by what they hold. Each provider's format is a reader of its own; what is none of theirs
is an error that names them all. Bills are what was charged: no model of tokens or costs reads them.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.errors import IngestError
from pipeline.ingest.billing import anthropic, files, github, openai
from pipeline.ingest.billing.lines import Unusable, WithoutLines
from pipeline.ingest.files import InputFile
from pipeline.ingest.landing.each_file import land_each_file
from pipeline.ingest.landing.landing import IngestResult, Landing

if TYPE_CHECKING:
    from pipeline.engines.base import Engine
    from pipeline.privacy.pseudonyms import Pseudonyms

OF_JSON = (anthropic, openai)
LOOKED_FOR = "; ".join(reader.LOOKED_FOR for reader in (*OF_JSON, github))
USD = "USD"


def ingest_billing(
    engine: "Engine",
    paths: Sequence[str],
    *,
    account: str | None = None,
    pseudonyms: "Pseudonyms | None" = None,
) -> IngestResult:
    """Land bills, plain or compressed; folders, globs and `-` work too.

    The same bill twice lands once. A bill that says something else of a day that has landed lands beside
    the earlier one, and takes its place in all models.

    Args:
        engine: an open engine.
        paths: files, folders, globs or `-` for standard input.
        account: whose bills these are, where several organisations have one with a provider, whose answers
            do not say.
        pseudonyms: what lands instead of people; None lets them be.

    Raises:
        IngestError: a path is missing, unreadable or holds no bill, and no other has one. What was put
            aside stands in `meta.quarantine` all the same.
    """
    with Landing(engine, "billing", paths, pseudonyms) as landing:
        bills = _Bills(landing, account)
        wrong = land_each_file(landing, paths, bills.ingest)
        bills.say()
    if wrong:
        raise IngestError(f"{wrong} What is read: {LOOKED_FOR}.")
    return landing.result


class _Bills:
    """Lands the bills of files, and remembers what is to be said of all of them together."""

    def __init__(self, landing: Landing, account: str | None) -> None:
        self.landing = landing
        self.account = account
        self.currencies: set[str] = set()
        self.pages: list[bool] = []  # whether each says that there are more

    def ingest(self, file: InputFile) -> str | None:
        """Land a file; what is wrong with it, if nothing in it is a bill."""
        self._recognised = False
        self._problems: list[tuple[int | None, str]] = []
        try:
            text = files.read_text(file.open())
            if text.lstrip().startswith(("{", "[")):
                self._documents(file, text)
            else:
                self._table(text)
        except OSError as error:
            self._problems.append((None, f"it could not be read on: {error}"))
        except Unusable as error:
            self._problems.append((None, str(error)))
        finally:
            file.close()
        for line, reason in self._problems if self._recognised else self._problems[:1]:
            self.landing.quarantine(file.name, line, reason)
        if self._problems and not self._recognised:
            line, reason = self._problems[0]
            return f"{file.name}{f', line {line}' if line else ''}: {reason}"
        if not self._recognised:
            self.landing.warn(f"{file.name} holds no lines of a bill.")
        return None

    def say(self) -> None:
        """Tell what a person may not expect of the bills that landed."""
        if self.pages and all(self.pages):
            self.landing.warn(
                "The last page says has_more: the bill goes on. Ask for next_page, and ingest that, too."
            )
        if others := sorted(self.currencies - {USD}):
            self.landing.warn(
                f"Lines in {', '.join(others)} stay in their currency: they are not compared with estimates,"
                " which are in USD."
            )

    def _land(self, rows: Iterator[dict[str, Any]]) -> None:
        landed = [{**row, "account": self.account} for row in rows]
        self.currencies |= {row["currency"] for row in landed if row["currency"]}
        self.landing.land("billing", landed)
        self._recognised = True

    def _documents(self, file: InputFile, text: str) -> None:
        for line, document in files.documents(text):
            for entry in self._entries(document):
                try:
                    self._land(_rows(entry, self.account))
                except WithoutLines as other:
                    self.landing.warn(f"{file.name} {other}.")
                    self.landing.skip()
                    self._recognised = True
                except Unusable as problem:
                    self._problems.append((line, str(problem)))

    def _entries(self, document: Any) -> Iterator[Any]:
        """What a document tells of single days, in whatever pages it is wrapped."""
        waiting = [document]
        while waiting:
            item = waiting.pop()
            if isinstance(item, list):
                waiting.extend(reversed(item))
            elif isinstance(item, dict) and isinstance(item.get("data"), list):
                if isinstance(item.get("has_more"), bool):
                    self.pages.append(item["has_more"])
                waiting.extend(reversed(item["data"]))
            else:
                yield item

    def _table(self, text: str) -> None:
        columns, told = files.table(text)
        if not github.is_table(columns):
            raise Unusable("this is no bill that is known")
        lines = []
        for number, row in told:
            try:
                lines.append(github.line(row))
            except Unusable as problem:
                self._problems.append((number, str(problem)))
        if lines:
            self._land(github.table_rows(lines, self.account))


def _rows(entry: Any, account: str | None) -> Iterator[dict[str, Any]]:
    if not isinstance(entry, dict):
        raise Unusable("this is no JSON object")
    for reader in OF_JSON:
        if reader.is_entry(entry):
            return iter([*reader.entry_rows(entry, account)])
    error = entry.get("error")
    if isinstance(error, dict) and isinstance(error.get("message"), str):
        raise Unusable(f"this is an error that the API answered with: {error['message']}")
    raise Unusable("this is no bill that is known")
