"""A week in one message: what went in, what came out, beside the week before; of no single person."""

from pipeline.outputs.digest.document import Digest, Figure, Table, read_digest
from pipeline.outputs.digest.render import FORMATS, render

__all__ = ["FORMATS", "Digest", "Figure", "Table", "read_digest", "render"]
