"""The body of a request: its bytes as they come, taken out of chunks and gzip.

Nothing is held that was not paid for: bytes are taken from the memory of all requests as they come,
so that a length which is only claimed costs nobody anything.
"""

import io
import re
import socket
import zlib
from collections.abc import Iterable, Iterator
from email.message import Message
from http import HTTPStatus
from typing import TYPE_CHECKING

from pipeline.ingest.otlp.limits import Clock, Limits, Refusal, Share, too_large

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK = 64 << 10  # bytes that are read or inflated at once
ENCODINGS = ("", "identity", "gzip")
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(;[^\r\n]*)?\r?\n")


class Incoming(io.RawIOBase):
    """What a connection brings. Reading raises TimeoutError when the time of the request is over."""

    def __init__(self, connection: socket.socket, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read what has come, or wait for it."""
        self._connection.settimeout(self._clock.left())
        return self._connection.recv_into(buffer)


def check_framing(headers: Message) -> None:
    """Refuse a request of which two readers could think that it ends in two places."""
    if headers.defects:
        raise Refusal(HTTPStatus.BAD_REQUEST, "the headers are not understood")
    lengths = headers.get_all("Content-Length", [])
    codings = headers.get_all("Transfer-Encoding", [])
    if len(lengths) + len(codings) > 1:
        raise Refusal(HTTPStatus.BAD_REQUEST, "the request says more than once how long it is")
    if codings and codings[0].strip().lower() != "chunked":
        raise Refusal(HTTPStatus.BAD_REQUEST, "the only Transfer-Encoding that is taken is chunked")


def read_body(headers: Message, stream: io.BufferedIOBase, limits: Limits, share: Share) -> bytearray:
    """The body, decompressed.

    Args:
        headers: of the request; they have been checked.
        stream: where it comes from.
        limits: how much it may be.
        share: what it is taken from.

    Raises:
        Refusal: it is too large, or not as the headers say.
        TimeoutError: it does not come in time.
    """
    encoding = headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ENCODINGS:
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "compress with gzip or not at all")
    blocks = _chunks(stream, limits) if "Transfer-Encoding" in headers else _sized(headers, stream, limits)
    body = bytearray()
    for block in _inflated(blocks) if encoding == "gzip" else blocks:
        if len(body) + len(block) > limits.body:
            raise too_large(limits)
        share.take(len(block))
        body += block
    return body


def _sized(headers: Message, stream: io.BufferedIOBase, limits: Limits) -> Iterator[bytes]:
    length = headers.get("Content-Length", "").strip()
    if not length.isdecimal():
        raise Refusal(HTTPStatus.LENGTH_REQUIRED, "the request has no Content-Length")
    if len(length) > 12 or int(length) > limits.body:
        raise too_large(limits)
    yield from _exactly(int(length), stream)


def _chunks(stream: io.BufferedIOBase, limits: Limits) -> Iterator[bytes]:
    """A body in chunks, as senders that compress while they send write it."""
    read = 0
    while True:
        head = CHUNK.fullmatch(stream.readline(100))
        if not head:
            raise Refusal(HTTPStatus.BAD_REQUEST, "a chunk has no size")
        size = int(head[1], 16)
        read += size
        if read > limits.body:
            raise too_large(limits)
        if size == 0:
            break
        yield from _exactly(size, stream)
        if stream.readline(3) not in (b"\r\n", b"\n"):
            raise Refusal(HTTPStatus.BAD_REQUEST, "a chunk is longer than its size")
    while stream.readline(1000).strip():
        pass  # trailers


def _exactly(size: int, stream: io.BufferedIOBase) -> Iterator[bytes]:
    while size:
        block = stream.read1(min(size, BLOCK))
        if not block:
            raise Refusal(HTTPStatus.BAD_REQUEST, "the request is cut off")
        size -= len(block)
        yield block


def _inflated(blocks: Iterable[bytes]) -> Iterator[bytes]:
    inflate = zlib.decompressobj(wbits=31)  # gzip
    try:
        for block in blocks:
            while block:
                if inflate.eof:  # another member follows
                    inflate = zlib.decompressobj(wbits=31)
                yield inflate.decompress(block, BLOCK)
                block = inflate.unconsumed_tail or inflate.unused_data
    except zlib.error as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"the gzip data is damaged: {error}") from None
    if not inflate.eof:
        raise Refusal(HTTPStatus.BAD_REQUEST, "the gzip data is cut off")
