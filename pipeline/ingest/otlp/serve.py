"""What a helper process does: it reads pieces of files until its input ends.

Pieces come pickled through standard input, answers go pickled to standard output, in the same
order. An answer is a batch without its tables, and the files in which those are; or the OSError
that reading raised. Tables go through files, because a pipe hands them over in small parts, and for each of
them the receiving process would interrupt its own reading.
"""

import os
import pickle
import signal
import sys
from dataclasses import replace
from itertools import count

from pipeline.ingest.files import Piece
from pipeline.ingest.landing.arrow import import_arrow_alone
from pipeline.ingest.otlp.reader import Batch, read_piece
from pipeline.system.processes import answering

Answer = tuple[Batch, dict[str, str]] | OSError


def serve(folder: str, *include: str) -> None:
    """Answer until the end of standard input.

    Args:
        folder: where tables are written.
        include: names of content attributes to land all the same.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asked ends this process
    answers = answering()
    import_arrow_alone()
    for number in count():
        try:
            piece: Piece = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        answer: Answer
        try:
            answer = _read(piece, frozenset(include), f"{folder}/{os.getpid()}-{number}")
        except OSError as error:
            answer = error
        pickle.dump(answer, answers)
        answers.flush()


def _read(piece: Piece, include: frozenset[str], path: str) -> tuple[Batch, dict[str, str]]:
    import pyarrow as pa

    batch = read_piece(piece, include)
    files = {}
    for table, rows in batch.tables.items():
        files[table] = f"{path}-{table}"
        with pa.OSFile(files[table], "wb") as sink, pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows)
    return replace(batch, tables={}), files
