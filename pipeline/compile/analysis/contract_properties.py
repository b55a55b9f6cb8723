"""What the contract of a table that is read says about its rows."""

from dataclasses import replace
from functools import cache

from pipeline.compile.analysis.column_properties import ANYTHING, FINITE, ORDERED, Known
from pipeline.compile.analysis.relation_properties import Key, Rows
from pipeline.compile.checks.facts import facts
from pipeline.compile.checks.wording import BOUNDS
from schemas.base import Contract


@cache
def promised(contract: type[Contract], severities: tuple[tuple[str, str], ...]) -> Rows:
    """What a contract promises with checks that stop a build if a single row fails."""
    name = contract.table()
    by = f"the contract of {name}"
    columns = dict.fromkeys(contract.columns(), ANYTHING)
    keys = []
    for fact in facts(contract, dict(severities)):
        if fact.severity != "error" or fact.limit is not None:
            continue
        said = Known(why=by, assumes=frozenset([name]))
        given = fact.check.statistics if fact.check else {}
        if fact.kind == "unique":
            keys.append(Key(frozenset(fact.columns), by, frozenset([name])))
            continue
        if fact.kind == "not_null":
            # Of a float that also excludes NaN.
            said = replace(said, present=True, number=ORDERED)
        elif fact.kind == "isin" and "allowed_values" in given:
            said = replace(said, values=frozenset(given["allowed_values"]))
        elif fact.check and fact.check.name in BOUNDS:
            argument, sign, _ = BOUNDS[fact.check.name]
            bound = given[argument]
            if not isinstance(bound, int | float):
                continue
            low, high = (bound, None) if sign[0] == ">" else (None, bound)
            said = replace(said, low=low, high=high)
            if sign == ">" and bound >= 0:
                said = replace(said, nonzero=True)
        else:
            continue
        column = fact.columns[0]
        columns[column] = columns[column].also(said)
    types = contract.columns()
    return Rows(
        {
            name: known if types[name].is_floating() else replace(known, number=FINITE)
            for name, known in columns.items()
        },
        tuple(keys),
    )
