"""Checks in words: the name, the kind and the sentence of each."""

from collections.abc import Mapping
from typing import Any

from pandera.api.checks import Check as PanderaCheck

BOUNDS = {
    "greater_than_or_equal_to": ("min_value", ">=", "at least"),
    "greater_than": ("min_value", ">", "more than"),
    "less_than_or_equal_to": ("max_value", "<=", "at most"),
    "less_than": ("max_value", "<", "less than"),
}


def builtin(check: PanderaCheck) -> bool:
    """Whether Pandera brings the check."""
    return check.name in PanderaCheck.CHECK_FUNCTION_REGISTRY


def words_for(check: PanderaCheck, column: str | None) -> tuple[str, str, str]:
    """Name, kind and sentence of a check."""
    if not builtin(check):
        sentence = check.description or check.error or f"{check.name} holds."
        name = f"{check.name}({column})" if column else str(check.name)
        return name, "custom", " ".join(sentence.split())
    given = check.statistics
    if check.name in BOUNDS:
        argument, sign, words = BOUNDS[check.name]
        return (
            f"range({column} {sign} {given[argument]})",
            "range",
            f"{column} is {words} {given[argument]}.",
        )
    if check.name == "in_range":
        low, high = given["min_value"], given["max_value"]
        return f"range({column})", "range", f"{column} is between {low} and {high}."
    if check.name == "isin":
        values = ", ".join(map(str, given["allowed_values"]))
        return f"isin({column})", "isin", f"{column} is one of {values}."
    if check.name == "notin":
        values = ", ".join(map(str, given["forbidden_values"]))
        return f"notin({column})", "isin", f"{column} is none of {values}."
    kind = "pattern" if str(check.name).startswith("str_") else "range"
    return f"{check.name}({column})", kind, f"{column} {_words(str(check.name), given)}."


def _words(check: str, given: Mapping[str, Any]) -> str:
    """What the rarer built-in checks ask for."""
    if check == "str_length":
        if given.get("exact_value") is not None:
            return f"has {given['exact_value']} characters"
        least, most = given.get("min_value"), given.get("max_value")
        at_least = "" if least is None else f"at least {least}"
        at_most = "" if most is None else f"at most {most}"
        return f"has {' and '.join(filter(None, (at_least, at_most)))} characters"
    words = {
        "equal_to": "is",
        "not_equal_to": "is not",
        "str_matches": "matches",
        "str_contains": "contains",
        "str_startswith": "starts with",
        "str_endswith": "ends with",
    }
    return " ".join([words.get(check, check.replace("_", " ")), *map(str, given.values())])
