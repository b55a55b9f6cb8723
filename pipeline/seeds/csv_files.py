"""Seeds: CSV files that people edit, read as their contracts say.

A packaged file lies where the plan says; plugins and the project may have one of the same name in their own
`seeds` folder. A row of such a file replaces a row of the same key in those before it,
or is added after them. Commas part the cells, or semicolons. An empty cell is NULL. The project's identities
may also be given as a `.mailmap` in that folder, and teams as GitHub tells them; where both speak of one
alias, or of one developer, the CSV wins. What a mark of commits must be more than text stands in
`pipeline.seeds.commit_marks`.
"""

import datetime as dt
import hashlib
import io
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pipeline
from pipeline.errors import ConfigError, did_you_mean
from pipeline.extensions import SEEDS, digest_of_agents, extensions, file_of, plugins
from pipeline.plan import Plan, PlanColumn, PlanTable
from pipeline.system.files import open_file

# Paths of a plan are relative to the folder that holds this package.
ROOT = Path(pipeline.__file__).parent.parent

Row = tuple[Any, ...]

DELIMITERS = {",": "comma", ";": "semicolon"}
# What agents declare of themselves.
OF_AGENTS = ("agents", "agent_aliases")
# Of which one row holds at a time; what that means stands in `pipeline.seeds.periods`.
PERIODS = ("seat_prices", "seats", "teams")
MAILMAPS = (".mailmap", "mailmap")
GITHUB_TEAMS = "github_teams.json"
OTHER_FORMS = {"identities": MAILMAPS, "teams": (GITHUB_TEAMS,)}


def fingerprint(seed: PlanTable, project_dir: Path) -> str:
    """A text that changes whenever the rows of a seed may have changed; reads bytes only."""
    content = hashlib.blake2b(seed.fingerprint.encode(), digest_size=16)
    for file in files(seed, project_dir):
        content.update(_read(file) + b"\0")
    if seed.name in OF_AGENTS:
        content.update(digest_of_agents(extensions(project_dir)).encode())
    return content.hexdigest()


def files(seed: PlanTable, project_dir: Path) -> list[Path]:
    """The files that a seed is read from, the packaged one first."""
    names = [*OTHER_FORMS.get(seed.name, ()), f"{seed.name}.csv"]
    folders = [*(plugin.folder for plugin in plugins()), project_dir]
    found = [] if file_of(seed.path, project_dir) else [ROOT / seed.path]
    found += [folder / SEEDS / name for folder in folders for name in names]
    return [file for file in found if file.exists()]


def rows(seed: PlanTable, project_dir: Path) -> list[Row]:
    """The rows of a seed, typed, in the order of its columns.

    Raises:
        ConfigError: a file is no CSV of this seed, or a cell is not of its column's type;
            names the file, the line and the column.
    """
    by_key: dict[Row, Row] = {}
    places: dict[Row, str] = {}
    told_by_github: dict[str, Row] = {}
    refuse = _more_rules(seed, project_dir)
    # A file may say of an agent otherwise than its room.
    by_key |= {row[:1]: row for row in _declared(seed, project_dir)}
    for file in files(seed, project_dir):
        lines: dict[Row, int] = {}
        for line, row in _file_rows(file, seed.columns):
            values = dict(zip([column.name for column in seed.columns], row, strict=True))
            key = tuple(values[name] for name in seed.key) if seed.key else (file, line)
            if key in lines:
                said = ", ".join(f"{name} {values[name]}" for name in seed.key if values[name] is not None)
                raise ConfigError(
                    f"{file}, line {line}: {said} stands in line {lines[key]} already."
                    " Remove one of the two rows."
                )
            lines[key] = line
            if file.name == GITHUB_TEAMS:
                told_by_github[str(row[0]).lower()] = key
            elif known := told_by_github.pop(str(row[0]).lower(), None):
                by_key.pop(known)
            places[key] = f"{file}, line {line}"
            refuse(places[key], row)
            by_key[key] = row
    # A row may stand in another file than the one that it overlaps.
    if seed.name in PERIODS:
        from pipeline.seeds.periods import refuse_overlaps

        names = [column.name for column in seed.columns]
        refuse_overlaps(
            seed.name, ((places[key], dict(zip(names, row, strict=True))) for key, row in by_key.items())
        )
    elif seed.name == "budgets" and by_key:
        from pipeline.seeds.budgets import refuse_wrong

        refuse_wrong((places[key], row) for key, row in by_key.items())
    return list(by_key.values())


def _declared(seed: PlanTable, project_dir: Path) -> list[Row]:
    """Rows of agents that plugins and the project declare."""
    if seed.name not in OF_AGENTS or not digest_of_agents(extensions(project_dir)):
        return []
    from pipeline.agents import ADDED
    from pipeline.seeds.agents import rows

    return [*rows(seed.name, ADDED.values())]


def _more_rules(seed: PlanTable, project_dir: Path) -> Callable[[str, Row], None]:
    """What refuses a row of a seed, given where it stands, beyond what its columns say."""
    if seed.name != "commit_marks" or len(files(seed, project_dir)) == 1:
        return lambda where, row: None
    # It looks into the agents' rooms.
    from pipeline.seeds import commit_marks

    agents = commit_marks.known_agents(project_dir)
    return lambda where, row: commit_marks.refuse_wrong(where, row, agents)


def check_names(plan: Plan, project_dir: Path) -> None:
    """Refuse a CSV of the project that no seed is called like: it would do nothing.

    Raises:
        ConfigError: names the file and the close match.
    """
    seeds = [table.name for table in plan.tables.values() if table.kind == "seed"]
    names = [f"{seed}.csv" for seed in seeds]
    for file in sorted((project_dir / "seeds").glob("*")):
        if file.suffix.lower() == ".csv" and file.name not in names:
            raise ConfigError(
                f"{file} is no seed.{did_you_mean(file.name.lower(), names)}"
                f" The seeds are {', '.join(names)}; rename or remove the file."
            )


def _file_rows(file: Path, columns: list[PlanColumn]) -> Iterator[tuple[int, Row]]:
    """Line number and typed values of each row of a file."""
    # Only files that have changed are read: a warm command does without these.
    import csv

    from pipeline.seeds.mailmap import read_mailmap

    if file.name in MAILMAPS:
        people = read_mailmap(_read(file).decode("utf-8", "replace"))
        for number, person in enumerate(people, start=1):
            yield number, tuple(getattr(person, column.name) for column in columns)
        return
    try:
        text = _read(file).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not UTF-8 text. Save it as UTF-8.") from None
    if file.name == GITHUB_TEAMS:
        from pipeline.seeds.github_teams import read_github_teams

        try:
            members = read_github_teams(text)
        except ValueError as error:
            raise ConfigError(f"{file} cannot be read: {error}. README tells how to make it.") from None
        for number, member in enumerate(members, start=1):
            yield number, tuple(getattr(member, column.name) for column in columns)
        return
    # Where a comma is the decimal point, spreadsheets put semicolons between cells.
    header_line = text.partition("\n")[0]
    delimiter = ";" if ";" in header_line and "," not in header_line else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(file, header, columns)
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) != len(header):
                raise ConfigError(
                    f"{file}, line {reader.line_num}: {len(cells)} cells under"
                    f" {len(header)} columns. Quote a cell that contains a {DELIMITERS[delimiter]}."
                )
            given = dict(zip(header, cells, strict=True))
            where = f"{file}, line {reader.line_num}"
            yield (
                reader.line_num,
                tuple(_value(where, column, given.get(column.name, "")) for column in columns),
            )
    except csv.Error as error:
        raise ConfigError(f"{file}, line {reader.line_num} is no CSV: {error}.") from None


def _read(file: Path) -> bytes:
    try:
        with open_file(file) as opened:
            return opened.read()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror or error}.") from None


def _check_header(file: Path, header: list[str], columns: list[PlanColumn]) -> None:
    known = [column.name for column in columns]
    for name in header:
        if name not in known:
            raise ConfigError(
                f"{file} has a column {name!r} that the seed does not know."
                f"{did_you_mean(name, known)} Its columns are {', '.join(known)}."
            )
        if header.count(name) > 1:
            raise ConfigError(f"{file} has two columns {name}. Remove one of them.")
    for column in columns:
        if column.name not in header and not column.nullable:
            raise ConfigError(
                f"{file} has no column {column.name}, which every row needs."
                f" Its first line names the columns: {', '.join(known)}."
            )


def _value(where: str, column: PlanColumn, cell: str) -> Any:
    cell = cell.strip()
    if not cell:
        if column.nullable:
            return None
        raise ConfigError(f"{where}: {column.name} is empty. Every row needs one.")
    read, example = READERS.get(column.type, (str, ""))
    try:
        return read(cell)
    except (ValueError, KeyError):
        raise ConfigError(
            f"{where}: {column.name} is {cell!r}, which is no {column.type}. Write it like {example}."
        ) from None


def _whole(cell: str) -> int:
    number = int(cell)
    if not -(2**63) <= number < 2**63:
        raise ValueError(cell)
    return number


def _number(cell: str) -> float:
    number = float(cell)
    if not math.isfinite(number):
        raise ValueError(cell)
    return number


def _boolean(cell: str) -> bool:
    return {"true": True, "false": False}[cell.lower()]


# Ibis type → how a cell is read, and an example for people; everything else is text.
READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "int64": (_whole, "42"),
    "float64": (_number, "0.25"),
    "date": (dt.date.fromisoformat, "2026-01-31"),
    "boolean": (_boolean, "true or false"),
}
