"""Exports as agents and Collectors write them, for tests."""

import json

TIME = 1_767_355_200_000_000_000  # 2026-01-02T12:00:00Z
RESOURCE = {"service.name": "claude-code", "service.version": "2.1.300"}


def any_value(value, *, numbers_as_text=True):
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value) if numbers_as_text else value}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(item) for item in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": key_values(value)}}
    return {"stringValue": value}


def key_values(attributes, **how):
    return [{"key": key, "value": any_value(value, **how)} for key, value in attributes.items()]


def log(attributes=None, *, at=TIME, body="claude_code.api_request", **fields):
    record = {"timeUnixNano": str(at), "attributes": key_values(attributes or {})}
    if body is not None:
        record["body"] = {"stringValue": body}
    return record | fields


def logs(*records, resource=RESOURCE, scope="com.anthropic.claude_code.events"):
    return {
        "resourceLogs": [
            {
                "resource": {"attributes": key_values(resource)},
                "scopeLogs": [{"scope": {"name": scope}, "logRecords": list(records)}],
            }
        ]
    }


def point(value=1.0, attributes=None, *, at=TIME, start=None, **fields):
    found = {
        "timeUnixNano": str(at),
        "asDouble": value,
        "attributes": key_values(attributes or {}),
    }
    if start:
        found["startTimeUnixNano"] = str(start)
    return found | fields


def metric(*points, name="claude_code.token.usage", kind="sum", temporality=1, unit="tokens"):
    data = {"dataPoints": list(points)}
    if kind not in ("gauge", "summary"):
        data["aggregationTemporality"] = temporality
    return {"name": name, "unit": unit, kind: data}


def metrics(*found, resource=RESOURCE):
    return {
        "resourceMetrics": [
            {
                "resource": {"attributes": key_values(resource)},
                "scopeMetrics": [{"scope": {"name": "com.anthropic.claude_code"}, "metrics": list(found)}],
            }
        ]
    }


def span(attributes=(), name="chat gpt-5.4", **fields):
    return {
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": "b7ad6b7169203331",
        "name": name,
        "startTimeUnixNano": str(TIME),
        "endTimeUnixNano": str(TIME + 10**9),
        "attributes": [{"key": key, "value": any_value(value)} for key, value in dict(attributes).items()],
    } | fields


def spans(*found):
    return {"resourceSpans": [{"scopeSpans": [{"spans": [*found] or [span(), span(name="b")]}]}]}


def lines(*documents):
    return "".join(json.dumps(document) + "\n" for document in documents)


def framed(*messages):
    return b"".join(len(message).to_bytes(4, "big") + message for message in messages)
