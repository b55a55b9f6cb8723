"""Values and attributes in the JSON form of OTLP, turned into plain ones.

A value is an object of one key that says its kind; a list of attributes has a key and a value
each: https://github.com/open-telemetry/opentelemetry-proto, `common.proto`.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pipeline.ingest.values import INT64_MAX, INT64_MIN


def attributes_of(attributes: Any) -> dict[str, Any]:
    """A flat dict of attributes, dotted keys as they are."""
    if not attributes:
        return {}
    if type(attributes) is dict:
        return attributes
    return {attribute["key"]: value_of(attribute.get("value")) for attribute in attributes}


def value_of(value: Any) -> Any:
    """The plain value of an AnyValue; a plain value is itself."""
    if type(value) is not dict:
        return value
    if "stringValue" in value:
        return value["stringValue"]
    for kind, plain in _VALUES.items():
        if kind in value:
            return plain(value[kind])
    return value or None


def integer(item: Any) -> int:
    """An integer, from text too: `12`, `1.0`, `2e3`.

    Raises:
        ValueError, TypeError, OverflowError: it is no integer.
    """
    with suppress(ValueError):
        return int(item)
    with suppress(ValueError):
        number = float(item)
        if number.is_integer():
            return int(number)
    raise ValueError(f"{str(item)[:80]!r} is no integer")


def _int_value(item: Any) -> Any:
    """An integer; text if it is none, or has more than 64 bits."""
    try:
        number = integer(item)
    except (TypeError, ValueError, OverflowError):
        return str(item)
    return number if INT64_MIN <= number <= INT64_MAX else str(number)


def _double_value(item: Any) -> Any:
    try:
        return float(item) + 0.0  # -0 is 0
    except (TypeError, ValueError, OverflowError):
        return str(item)


def _bool_value(item: Any) -> bool:
    return str(item).lower() in ("true", "1")


def _array_value(item: Any) -> list[Any]:
    return [value_of(one) for one in item.get("values") or ()]


def _map_value(item: Any) -> dict[str, Any]:
    return attributes_of(item.get("values"))


_VALUES: dict[str, Callable[[Any], Any]] = {
    "intValue": _int_value,
    "doubleValue": _double_value,
    "boolValue": _bool_value,
    "bytesValue": lambda item: item,
    "arrayValue": _array_value,
    "kvlistValue": _map_value,
}
