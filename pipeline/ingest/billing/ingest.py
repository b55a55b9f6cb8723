"""Bills of providers, as downloaded from their APIs and consoles → raw.billing.

Files are recognised by what they hold. Each provider's format is a reader of its own; what is none of theirs
is an error that names them all. Bills are what was charged: no model of tokens or costs reads them.

Answers of APIs tell of single days or events, each of which lands by itself. Tables, and exports of rows as
JSON lines, are gathered first: see `pipeline.ingest.billing.reports`.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.errors import IngestError
from pipeline.ingest.billing import anthropic, aws, cursor, files, focus, github, google, openai
from pipeline.ingest.billing.lines import Line, Other, Unusable, WithoutLines
from pipeline.ingest.billing.reports import TABLES, Reports, Table
from pipeline.ingest.files import InputFile
from pipeline.ingest.landing.each_file import land_each_file
from pipeline.ingest.landing.landing import IngestResult, Landing

if TYPE_CHECKING:
    from pipeline.engines.base import Engine
    from pipeline.privacy.pseudonyms import Pseudonyms

OF_JSON = (anthropic, openai, cursor)
LOOKED_FOR = "; ".join(reader.LOOKED_FOR for reader in (*OF_JSON, github, aws, google, focus))
PAGES = ("data", *cursor.PAGES)
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
        bills.finish()
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
        self.reports = Reports()

    def ingest(self, file: InputFile) -> str | None:
        """Land a file, or gather its lines; what is wrong with it, if nothing in it is a bill."""
        self._recognised = False
        self._problems: list[tuple[int | None, str]] = []
        self._gathered: list[tuple[Table, Line]] = []
        try:
            self._read(file)
        except (OSError, Unusable) as error:
            said = str(error) if isinstance(error, Unusable) else f"it could not be read on: {error}"
            # Of a table that breaks off, nothing: a part of a day would take the place of the whole one.
            if self._gathered:
                self._gathered, self._problems, self._recognised = [], [], False
            self._problems.append((None, said))
        finally:
            file.close()
        for table, line in self._gathered:
            self.reports.add(file, table.scope(line), line)
        for number, reason in self._problems if self._recognised else self._problems[:1]:
            self.landing.quarantine(file.name, number, reason)
        if self._problems and not self._recognised:
            number, reason = self._problems[0]
            return f"{file.name}{f', line {number}' if number else ''}: {reason}"
        if not self._recognised:
            self.landing.warn(f"{file.name} holds no lines of a bill.")
        return None

    def finish(self) -> None:
        """Land what was gathered, and tell what a person may not expect of all of it."""
        for rows in self.reports.rows(self.account):
            self._land(rows)
        for said in self.reports.say():
            self.landing.warn(said)
        if self.pages and all(self.pages):
            self.landing.warn(
                "The last page says has_more: the bill goes on. Ask for next_page, and ingest that, too."
            )
        if others := sorted(self.currencies - {USD}):
            self.landing.warn(
                f"Lines in {', '.join(others)} stay in their currency: they are not compared with estimates,"
                " which are in USD."
            )

    def _read(self, file: InputFile) -> None:
        opened = file.open()
        if files.is_parquet(opened):
            self._rows_of_table(*files.parquet(opened))
            return
        text = files.read_text(opened)
        if text.lstrip().startswith(("{", "[")):
            self._documents(file, text)
        else:
            self._rows_of_table(*files.table(text))

    def _land(self, rows: Iterable[dict[str, Any]]) -> None:
        landed = [{**row, "account": self.account} for row in rows]
        self.currencies |= {row["currency"] for row in landed if row["currency"]}
        self.landing.land("billing", landed)
        self._recognised = True

    def _documents(self, file: InputFile, text: str) -> None:
        for number, document in files.documents(text):
            for entry in self._entries(document):
                try:
                    if isinstance(entry, dict) and (reader := _reader(entry)):
                        self._land([*reader.entry_rows(entry, self.account)])
                    else:
                        self._row(*_row_of(entry))
                except WithoutLines as other:
                    self.landing.warn(f"{file.name} {other}.")
                    self.landing.skip()
                    self._recognised = True
                except Unusable as problem:
                    self._problems.append((number, str(problem)))

    def _entries(self, document: Any) -> Iterator[Any]:
        """What a document tells of single days, events or rows, in whatever pages it is wrapped."""
        waiting = [document]
        while waiting:
            item = waiting.pop()
            if isinstance(item, list):
                waiting.extend(reversed(item))
            elif isinstance(item, dict) and (wrapped := _wrapped(item)) is not None:
                if isinstance(item.get("has_more"), bool):
                    self.pages.append(item["has_more"])
                waiting.extend(reversed(wrapped))
            else:
                yield item

    def _rows_of_table(self, columns: list[str], told: Iterator[tuple[int, dict[str, Any]]]) -> None:
        if cursor.is_table(columns):
            for number, row in told:
                try:
                    self._land([*cursor.table_row(row, self.account)])
                except Unusable as problem:
                    self._problems.append((number, str(problem)))
            return
        table = _table(columns)
        for number, row in told:
            try:
                self._row(table, row)
            except Unusable as problem:
                self._problems.append((number, str(problem)))

    def _row(self, table: Table, row: dict[str, Any]) -> None:
        """Gather a row, or count it where it is of a service that sells no models."""
        try:
            self._gathered.append((table, table.line(row)))
        except Other as service:
            self.reports.others[str(service)] += 1
            self.landing.skip()
        self._recognised = True


def _wrapped(item: dict[str, Any]) -> list[Any] | None:
    return next((item[name] for name in PAGES if isinstance(item.get(name), list)), None)


def _reader(entry: dict[str, Any]) -> Any:
    return next((reader for reader in OF_JSON if reader.is_entry(entry)), None)


def _row_of(entry: Any) -> tuple[Table, dict[str, Any]]:
    """A row that an export writes as an object, and what it is a row of."""
    if not isinstance(entry, dict):
        raise Unusable("this is no JSON object")
    error = entry.get("error")
    if isinstance(error, dict) and isinstance(error.get("message"), str):
        raise Unusable(f"this is an error that the API answered with: {error['message']}")
    row = {name.lower(): value for name, value in entry.items()}
    return _table(list(row)), row


def _table(columns: list[str]) -> Table:
    if found := next((table for table in TABLES if table.is_table(columns)), None):
        return found
    raise Unusable("this is no bill that is known")
