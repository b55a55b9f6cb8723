"""Feed the reader of telemetry with whatever atheris thinks of. On demand, not a test.

pip install atheris && python -m tests.ingest.fuzz_otlp [-max_total_time=600] [CORPUS]

Whatever the bytes, reading ends in rows and reasons: nothing may be raised.
"""

import io
import sys

import atheris

with atheris.instrument_imports(include=["pipeline"]):
    from pipeline.ingest.files import pieces
    from pipeline.ingest.otlp.reader import read_piece


def read_anything(data: bytes) -> None:
    """Read bytes as a file would be read."""
    for piece in pieces(io.BufferedReader(io.BytesIO(data))):
        batch = read_piece(piece, frozenset())
        for table in batch.tables.values():
            table.validate(full=True)


if __name__ == "__main__":
    atheris.Setup(sys.argv, read_anything)
    atheris.Fuzz()
