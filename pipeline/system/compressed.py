"""What gzip and zstd have packed, as long as it is not out of all proportion."""

import gzip
import io
import zlib
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from pipeline.system.files import open_file

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"

# What a stream may unpack to, by what has been read of it: a small file may hold any amount. Telemetry and
# transcripts are seldom packed to less than a fiftieth.
TIMES, AT_LEAST = 200, 64 << 20
LOOKED_AT = 1 << 20  # packed bytes of a file that are unpacked before anything is made of it
AT_ONCE = 1 << 20  # bytes


class CompressedError(OSError):
    """Compressed data that is damaged, or unpacks to more than the limit."""


class TooMuchError(CompressedError):
    """Compressed data that unpacks to more than the limit."""


def is_compressed(head: bytes) -> bool:
    """Whether what begins like this is compressed."""
    return head.startswith((GZIP, ZSTD))


def head(stream: BinaryIO) -> bytes:
    """How a buffered stream goes on, without reading on."""
    return stream.peek(64)[:64]  # type: ignore[attr-defined, no-any-return] # BinaryIO knows no peek


def unpacked(stream: BinaryIO) -> BinaryIO:
    """A buffered stream as it is, or what it has packed; reading that may raise `CompressedError`."""
    start = head(stream)
    return io.BufferedReader(Unpacked(stream, start)) if is_compressed(start) else stream


def check_packed(file: Path) -> None:
    """Refuse a file whose beginning unpacks to more than the limit.

    Raises:
        TooMuchError: it does.
        OSError: it cannot be read.
    """
    with open_file(file) as opened:
        start = head(opened)
        if not is_compressed(start):
            return
        with Unpacked(opened, start) as content:
            try:
                while content.packed < LOOKED_AT and content.read(AT_ONCE):
                    pass
            except TooMuchError:
                raise
            except CompressedError:
                return  # whoever reads what is good of it finds the damage


class Unpacked(io.RawIOBase):
    """The content of a stream that is compressed; reading may raise `CompressedError`.

    Args:
        packed: the stream, at its beginning; closed with this.
        head: how it begins.
    """

    def __init__(self, packed: BinaryIO, head: bytes) -> None:
        self._packed = _Counted(packed)
        source = cast("IO[bytes]", self._packed)
        self._unpacked = 0
        self._damage: tuple[type[Exception], ...] = (EOFError, zlib.error, gzip.BadGzipFile)
        self._content: Any
        if head.startswith(ZSTD):
            import zstandard

            self._damage = (zstandard.ZstdError,)
            decompressor = zstandard.ZstdDecompressor()
            self._content = decompressor.stream_reader(source, read_across_frames=True)
        else:
            self._content = gzip.GzipFile(fileobj=source)

    @property
    def packed(self) -> int:
        """How many packed bytes have been read."""
        return self._packed.count

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            found = self._content.read(len(buffer))
        except self._damage as error:
            raise CompressedError(f"the compressed data is damaged: {error}") from error
        self._unpacked += len(found)
        most = AT_LEAST + TIMES * self.packed
        if self._unpacked > most:
            raise TooMuchError(f"it unpacks to more than {most >> 20:,} MB")
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        self._packed.close()
        super().close()


class _Counted:
    """A stream that counts what was read of it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        found = self._stream.read(size)
        self.count += len(found)
        return found

    def close(self) -> None:
        self._stream.close()
