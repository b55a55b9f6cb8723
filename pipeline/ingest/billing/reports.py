"""Lines of tables, gathered until all files are read: of a large report each file is a part."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

from pipeline.ingest.billing import aws, focus, github, google
from pipeline.ingest.billing.lines import COST, Line, rows
from pipeline.ingest.files import InputFile

# How AWS, BigQuery and Azure number the parts of a report: x-00001.csv, x000000000000.json, part_1_0001.csv
PART = re.compile(r"(?<=-)\d{5}(?=\.)|\d{12}(?=\.)|(?<=part_)\d+_\d+(?=\.)")
MOST_SERVICES = 3  # that are named of those left out

Scope = tuple[str | None, ...]


class Table(NamedTuple):
    """A form of bills that are tables.

    Attributes:
        is_table: whether a table with these columns, in lower case, is of it.
        line: of a row; raises Other for a row of a service that sells no models, and Unusable.
        scope: what a report tells whole of a line's account.
    """

    is_table: Callable[[Collection[str]], bool]
    line: Callable[[Mapping[str, Any]], Line]
    scope: Callable[[Line], Scope]


TABLES = tuple(Table(form.is_table, form.line, form.scope) for form in (github, aws, focus, google))


class Reports:
    """The lines of all reports of an ingest, and how many rows of others are left out."""

    def __init__(self) -> None:
        self.others: Counter[str] = Counter()  # service → rows
        self.unnamed: Counter[str] = Counter()  # product that names no model → lines
        self._lines: dict[str, dict[Scope, list[Line]]] = {}
        self._parts: dict[str, list[str]] = {}

    def add(self, file: InputFile, scope: Scope, line: Line) -> None:
        """Take a line of a file; the files of one report have names that differ in the number of the part."""
        name = str(file.path or file.name)
        report = PART.sub("", name)
        parts = self._parts.setdefault(report, [])
        if name not in parts:
            parts.append(name)
        scopes = self._lines.setdefault(report, defaultdict(list))
        scopes[line.provider, *scope].append(line)
        if line.model_name is None and line.product:
            self.unnamed[line.product] += 1

    def rows(self, account: str | None) -> Iterator[list[dict[str, Any]]]:
        """Rows of raw.billing, of a scope at a time; of two reports the one named last comes last."""
        for scopes in self._lines.values():
            for (provider, *scope), lines in scopes.items():
                yield [*rows(lines, provider, COST, account, *scope)]

    def say(self) -> Iterator[str]:
        """What a person may not expect of them."""
        if self.others:
            named = [service for service, _ in self.others.most_common(MOST_SERVICES)]
            yield (
                f"Rows of services that sell no models are left out: {self.others.total():,},"
                f" of {', '.join(named)}{' and others' if len(self.others) > len(named) else ''}."
            )
        if self.unnamed:
            named = [product for product, _ in self.unnamed.most_common(MOST_SERVICES)]
            yield (
                f"Lines that name no model that is known are compared as other products:"
                f" {self.unnamed.total():,}, such as {', '.join(named)}."
            )
        for report, parts in self._parts.items():
            numbers = [found[0] for part in parts if (found := PART.search(part))]
            if numbers and int(min(numbers).split("_")[-1]) > 1:
                yield (
                    f"{min(parts)} is a part of {report}, of which earlier parts were not named. Parts that"
                    " are ingested one after the other take each other's place: name all of them at once."
                )
