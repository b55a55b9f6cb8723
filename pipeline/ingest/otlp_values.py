"""Values and attributes in the JSON form of OTLP, turned into plain ones.

A value is an object of one key that says its kind; a list of attributes has a key and a value
each: https://github.com/open-telemetry/opentelemetry-proto, `common.proto`.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

from pipeline.ingest.values import INT64_MAX, INT64_MIN

DIGITS_OF_INT64 = 19
KEY_AND_VALUE = itemgetter("key", "value")


def attributes_of(attributes: Any) -> dict[str, Any]:
    """A flat dict of attributes, dotted keys as they are."""
    if not attributes:
        return {}
    if type(attributes) is dict:
        return attributes
    try:
        # text spelt out: much of the time of an ingest is spent here
        return {
            key: value["stringValue"] if "stringValue" in value else _other_value(value)
            for key, value in map(KEY_AND_VALUE, attributes)
        }
    except (KeyError, TypeError, ValueError):  # an attribute without a value, or a strange one
        return {attribute["key"]: value_of(attribute.get("value")) for attribute in attributes}


def value_of(value: Any) -> Any:
    """The plain value of an AnyValue; a plain value is itself."""
    if type(value) is not dict:
        return value
    if "stringValue" in value:
        return value["stringValue"]
    for kind, item in value.items():
        if kind in _VALUES:
            return _VALUES[kind](item)
    return value or None


def _other_value(value: dict[str, Any]) -> Any:
    if "intValue" not in value:
        return value_of(value)
    number = value["intValue"]
    small = type(number) is str and len(number) < DIGITS_OF_INT64
    return int(number) if small else _int_value(number)


def _int_value(item: Any) -> Any:
    try:
        number = int(item)
    except (TypeError, ValueError, OverflowError):
        return str(item)
    return number if INT64_MIN <= number <= INT64_MAX else str(number)


def _double_value(item: Any) -> Any:
    try:
        return float(item)
    except (TypeError, ValueError, OverflowError):
        return str(item)


def _bool_value(item: Any) -> bool:
    return item if isinstance(item, bool) else str(item).lower() == "true"


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
