"""What an answer holds: plain data, which commands, notebooks and pages show."""

from dataclasses import asdict, dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass
class LeftOut:
    """Rows that belong to a number and do not count.

    Attributes:
        why: what the model's filter looks at, with the values of these rows.
        rows: how many.
    """

    why: Row
    rows: int


@dataclass
class Layer:
    """Rows of one table that a number is made of.

    Attributes:
        table: whose rows they are.
        column: what of them the number is made of; None if it is made of several columns of each row.
        measure: as what the model above adds them up.
        count: how many there are.
        amount: what they bring to the number above; None if they cannot be told apart by that.
        unit: the column above that amounts are counted as, such as billionths of a dollar.
        says: what that is, in words.
        rows: the first of them, those that bring most first; `amount` is what a row brings.
        more: how many are not among `rows`.
        more_amount: what those bring.
        left_out: what belongs here and does not count.
        made_of: the same of the tables that these rows are made of; empty for raw tables and seeds.
        ends: why nothing follows, where something should.
        landed_by: the ingests that brought raw rows, and what these read.
        hashes: of the raw records among `rows`; `origin` of a row is the file and line where it stands.
    """

    table: str
    column: str | None
    measure: str | None
    count: int
    amount: float | None
    unit: str = ""
    says: str = ""
    rows: list[Row] = field(default_factory=list)
    more: int = 0
    more_amount: float | None = None
    left_out: list[LeftOut] = field(default_factory=list)
    made_of: "list[Layer]" = field(default_factory=list)
    ends: str = ""
    landed_by: list[str] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)


@dataclass
class Answer:
    """Why a cell is what it is.

    Attributes:
        table: the cell's.
        column: the cell's.
        key: of its row.
        value: what stands there.
        description: what the column's contract says.
        says: the arithmetic in words.
        adds_up: whether what is shown adds up to the value; None where nothing is added up.
        comes_from: for what is no number, `table.column` of each column that it is made of.
        made_of: the rows above it.
    """

    table: str
    column: str
    key: Row
    value: Any
    description: str
    says: str = ""
    adds_up: bool | None = None
    comes_from: list[str] = field(default_factory=list)
    made_of: list[Layer] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """The same as dicts and lists."""
        return asdict(self)
