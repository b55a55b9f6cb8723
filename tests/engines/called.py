"""A model that is called in a notebook, with the tables of an engine."""

import inspect
from typing import Any

from pipeline import Pipeline
from pipeline.models.marts.dim_developers import dim_developers


def people_as_called(aa: Pipeline) -> list[dict[str, Any]]:
    """The rows that `dim_developers` makes of live tables; it joins texts, which is an operation of ours."""
    names = [
        name
        for name, parameter in inspect.signature(dim_developers).parameters.items()
        if parameter.kind is not parameter.KEYWORD_ONLY
    ]
    people = dim_developers(*map(aa.table, names), internal_domains=())
    return _rows(people)


def people_as_built(aa: Pipeline) -> list[dict[str, Any]]:
    """The rows of it that were built."""
    return _rows(aa.dim_developers)


def _rows(people: Any) -> list[dict[str, Any]]:
    # Whom a build calls internal is a setting.
    return people.drop("developer_type").order_by("developer_id").to_pyarrow().to_pylist()
