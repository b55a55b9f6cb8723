"""What a metric is made of: a few kinds of sums and counts.

They are small enough that every engine and the page's JavaScript compute them alike.

* `Sum` adds up figures of rows.
* `Count` counts different people, days or agents: such a number of two days is not the sum of both.
* `Latest` is the latest day.
* `OfMonth` is a cost of a month, as far as it goes or as it will be.
* `Ratio` divides one by another, after both are added up: it is never a mean of ratios.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

TIME = ("day", "week", "month")
DAYS_FOR_FORECAST = 3


@dataclass(frozen=True)
class Fact:
    """A mart whose rows are added up.

    Attributes:
        table: its name.
        grain: what one row is.
        dimensions: column by dimension.
    """

    table: str
    grain: str
    dimensions: dict[str, str]


FACTS = {
    "usage": Fact(
        "fct_daily_agent_usage",
        "date, developer, agent and model",
        {
            **dict.fromkeys(TIME, "date"),
            "developer": "developer_id",
            "agent": "agent_type",
            "model": "model_name",
        },
    ),
    "commits": Fact(
        "fct_git_commits",
        "commit",
        {
            **dict.fromkeys(TIME, "commit_date"),
            "developer": "developer_id",
            "agent": "agent_type",
            "project": "project_id",
            "size": "commit_size",
            "method": "attribution_method",
            "origin": "origin",
        },
    ),
}

# What a metric can be told apart by: what each name means.
DIMENSIONS = {
    "day": "The day, in the configured time zone.",
    "week": "The week, as its Monday.",
    "month": "The month.",
    "developer": "Who, by the id in dim_developers.",
    "agent": "The agent, as in dim_agents.",
    "model": "The model that was used.",
    "project": "The repository or project of a commit.",
    "size": "The size of a commit: small, medium or large.",
    "method": "How it is known that an agent helped: explicit, commit_link, trailer or time_window.",
    "origin": "Whose a commit is: agent, human or unknown.",
}


@dataclass(frozen=True)
class Sum:
    """The sum of figures over rows; 0 without rows, none where nothing is known of any.

    Attributes:
        fact: of which fact.
        figures: which of its figures, in the whole numbers of `pipeline.outputs.marts`.
        what: what they are, in words.
        per: how many of these whole numbers are one of the unit.
        origin: of commits, only those of this origin.
    """

    fact: str
    figures: tuple[str, ...]
    what: str
    per: float = 1
    origin: str | None = None


@dataclass(frozen=True)
class Count:
    """How many different people, days of people, or agents there are in rows with activity.

    Attributes:
        of: the dimensions of which different values are counted.
        what: what they are, in words.
        several: count only those with more than one value of this dimension.
    """

    of: tuple[str, ...]
    what: str
    several: str | None = None
    fact = "usage"


@dataclass(frozen=True)
class Latest:
    """The latest day on which a person was active."""

    what: str
    fact = "usage"


@dataclass(frozen=True)
class Ratio:
    """One sum divided by another; none where the other is 0.

    Attributes:
        above: what is divided.
        below: by what. A dimension that its rows do not have does not narrow it.
        times: 100 for percent.
        of_all: `below` is of all that is shown, whatever rows are told apart by.
        per_week: divided by the weeks of the period, too; less than one counts as one.
        of_decisions: whether `below` counts decisions, of which `above` went one way: then it is told how
            many there were, and between which values chance leaves it.
    """

    above: Sum | Count
    below: Sum | Count
    times: float = 1
    of_all: bool = False
    per_week: bool = False
    of_decisions: bool = False


@dataclass(frozen=True)
class OfMonth:
    """A cost of the month that holds the latest day of the period, whatever its first day is.

    Attributes:
        figure: of the latest day, of the month to_date, or its forecast.
    """

    figure: Literal["day", "to_date", "forecast"]


Operand = Sum | Count | Latest
Expression = Operand | Ratio | OfMonth
COST = Sum("usage", ("nano",), "cost", per=1e9)


def operands(expression: Expression) -> Iterator[Operand]:
    """The sums and counts of an expression."""
    if isinstance(expression, Ratio):
        yield from (expression.above, expression.below)
    elif isinstance(expression, OfMonth):
        yield COST
    else:
        yield expression


def has_dimension(operand: Operand, dimension: str) -> bool:
    """Whether the rows of an operand can be told apart by a dimension.

    Agents, and how they are known, are told of commits with an agent's help only.
    """
    if dimension in ("agent", "method") and isinstance(operand, Sum) and operand.fact == "commits":
        return operand.origin == "agent"
    return dimension in FACTS[operand.fact].dimensions
