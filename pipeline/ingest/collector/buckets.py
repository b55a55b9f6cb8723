"""Files in S3 buckets, by Arrow's own client.

Who may read is what the environment says, as for AWS' own tools: variables, profiles, roles. AWS_ENDPOINT_URL
leads to MinIO, R2 and others that speak the same.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline.errors import IngestError

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

SCHEME = "s3://"
MAGIC = re.compile(r"[*?\[]")
SECONDS = 20  # to connect, and without an answer
# What Arrow's errors call what went wrong, and what to do about it.
MEANINGS = {
    "NO_SUCH_BUCKET": "there is no such bucket",
    "ACCESS_DENIED": "access is denied: the environment's credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID, …)"
    " may not list or read it",
    "INVALID_ACCESS_KEY_ID": "the access key of the environment is not known there",
    "SIGNATURE_DOES_NOT_MATCH": "the secret key of the environment is not the right one",
    "NETWORK_CONNECTION": "it cannot be reached: is there a network, is AWS_ENDPOINT_URL right",
}


class BucketError(IngestError):
    """A bucket, or a file in one, that cannot be read; the message names it."""


@dataclass(frozen=True)
class BucketFile:
    """A file of a bucket.

    Attributes:
        key: bucket and key, as Arrow has it.
    """

    filesystem: "S3FileSystem"
    key: str

    def __str__(self) -> str:
        return SCHEME + self.key

    def copy_to(self, path: Path) -> None:
        """Copy it to this machine.

        Raises:
            BucketError: it cannot be read.
        """
        from pyarrow.fs import LocalFileSystem, copy_files

        try:
            copy_files(
                self.key,
                str(path),
                source_filesystem=self.filesystem,
                destination_filesystem=LocalFileSystem(),
            )
        except OSError as error:
            raise BucketError(f"{self}: {_meaning(error)}") from error


def find_in_bucket(address: str, suffix: str) -> list[BucketFile]:
    """The files of a bucket, below a prefix, or behind a pattern.

    Args:
        address: `s3://bucket/prefix`, `s3://bucket/key.parquet` or a pattern such as `s3://bucket/*/logs-*.parquet`.
        suffix: how the names of files below a prefix end.

    Raises:
        BucketError: it is no such address, or the bucket cannot be read.
        IngestError: credentials stand in the address, which would be noted.
    """
    from pyarrow.fs import FileSelector, FileType

    parts = urlsplit(address)
    if parts.username or parts.password:
        raise IngestError(
            f"Credentials do not belong into an address: leave them out of {SCHEME}…@{parts.hostname or ''} and"
            " set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE."
        )
    key = address.removeprefix(SCHEME).rstrip("/")
    if not key or key.startswith("/"):
        raise BucketError(f"{address} names no bucket: write {SCHEME}bucket/prefix")
    bucket, _, _ = key.partition("/")
    base = "/".join(_plain_parts(key))
    try:
        filesystem = _filesystem(bucket)
        there = filesystem.get_file_info(base)
        if there.type == FileType.File:
            return [BucketFile(filesystem, base)]
        below = filesystem.get_file_info(FileSelector(base, recursive=True))
    except OSError as error:
        raise BucketError(f"{address}: {_meaning(error)}") from error
    wanted = re.compile(_pattern(key) if base != key else re.escape(key) + "/.*" + re.escape(suffix))
    names = sorted(info.path for info in below if info.type == FileType.File)
    return [BucketFile(filesystem, name) for name in names if wanted.fullmatch(name)]


def _filesystem(bucket: str) -> "S3FileSystem":
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem, resolve_s3_region

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    place = urlsplit(endpoint) if endpoint else None
    return S3FileSystem(
        region=region or (None if place else resolve_s3_region(bucket)),
        endpoint_override=place.netloc + place.path.rstrip("/") if place else None,
        scheme=(place.scheme if place else None) or "https",
        connect_timeout=SECONDS,
        request_timeout=SECONDS,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=2),
    )


def _plain_parts(key: str) -> list[str]:
    """The folders before the first that is a pattern; of a key without one all of it."""
    found: list[str] = []
    for part in key.split("/"):
        if MAGIC.search(part):
            break
        found.append(part)
    return found


def _pattern(key: str) -> str:
    """A glob as a regular expression: `**` stands for any number of folders, `*` for what is in one."""
    said = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.split(r"(\*\*/|\*\*|\*|\?|\[[^]/\\]+\])", key)
    return "".join(
        piece.replace("[!", "[^", 1) if piece.startswith("[") else said.get(piece, re.escape(piece))
        for piece in pieces
    )


def _meaning(error: OSError) -> str:
    said = " ".join(str(error).split())
    return next((meaning for word, meaning in MEANINGS.items() if word in said), said[:300])
