"""Exports in protobuf turned into the JSON form of OTLP, and the messages that answer an export.

Encoding: https://github.com/open-telemetry/opentelemetry-proto. The three kinds of export have
the same shape on the wire; what tells them apart is the first field of their records: a fixed
64-bit time in a log record, a name in a metric, a trace id of 16 bytes in a span.
"""

from http import HTTPStatus
from typing import Any

from google.protobuf.json_format import MessageToJson
from google.protobuf.message import DecodeError, Message
from google.rpc.code_pb2 import Code
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from pipeline.ingest.otlp.messages import document_of

REQUESTS: dict[str, Any] = {
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
    "traces": ExportTraceServiceRequest,
}
# What answers an export, and the name of what it counts.
RESPONSES: dict[str, tuple[Any, str]] = {
    "logs": (ExportLogsServiceResponse, "rejected_log_records"),
    "metrics": (ExportMetricsServiceResponse, "rejected_data_points"),
    "traces": (ExportTraceServiceResponse, "rejected_spans"),
}
CODES = {
    HTTPStatus.UNAUTHORIZED: Code.UNAUTHENTICATED,
    HTTPStatus.SERVICE_UNAVAILABLE: Code.UNAVAILABLE,
    HTTPStatus.TOO_MANY_REQUESTS: Code.RESOURCE_EXHAUSTED,
}


def decode(data: bytes | bytearray, signal: str | None = None) -> dict[str, Any]:
    """The export as a JSON document of OTLP.

    Args:
        data: a serialised export request (the Collector's file exporter writes the same form).
        signal: logs, metrics or traces; None if nobody says.

    Raises:
        ValueError: it is no such message.
    """
    message = parse(data, signal) if signal else _recognise(data)
    if message is None:
        raise ValueError("not a protobuf export of logs, metrics or traces")
    return document_of(message)


def accepted(signal: str, rejected: int, reason: str) -> Message:
    """The answer to an export that was taken: empty, or how many of its records were not and why."""
    response, counted = RESPONSES[signal]
    partial = {counted: rejected, "error_message": reason}
    message: Message = response(partial_success=partial if rejected else None)
    return message


def refused(status: HTTPStatus, reason: str) -> Message:
    """The answer to a request that was not taken."""
    message: Message = Status(code=CODES.get(status, Code.INVALID_ARGUMENT), message=reason)
    return message


def encode(message: Message, as_json: bool) -> bytes:
    """A message in one of OTLP's two encodings."""
    return MessageToJson(message, indent=None).encode() if as_json else bytes(message.SerializeToString())


def parse(data: bytes | bytearray, signal: str) -> Message:
    """The message itself.

    Raises:
        ValueError: it is no such message.
    """
    message: Message = REQUESTS[signal]()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise ValueError(f"not a protobuf export of {signal}") from error
    return message


def _recognise(data: bytes | bytearray) -> Message | None:
    for signal in REQUESTS:
        try:
            message = parse(data, signal)
        except ValueError:
            continue
        if _fits(message, signal):
            return message
    return None


def _fits(message: Any, signal: str) -> bool:
    """Whether the records of a parsed message look like records of that kind."""
    if signal == "logs":
        scopes = [scope for one in message.resource_logs for scope in one.scope_logs]
        logs = [record for scope in scopes for record in scope.log_records]
        return any(log.time_unix_nano or log.observed_time_unix_nano for log in logs)
    if signal == "metrics":
        scopes = [scope for one in message.resource_metrics for scope in one.scope_metrics]
        metrics = [metric for scope in scopes for metric in scope.metrics]
        return any(metric.name and metric.WhichOneof("data") for metric in metrics)
    scopes = [scope for one in message.resource_spans for scope in one.scope_spans]
    spans = [span for scope in scopes for span in scope.spans]
    return any(len(span.trace_id) == 16 for span in spans)
