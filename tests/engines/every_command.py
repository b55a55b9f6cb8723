"""Runs commands one after the other, in one process of the environment that this file is run with.

Reads a JSON list of lists of words from standard input; prints where our package is, and of each command its
exit code and what it said.
"""

import json
import sys
import time
import traceback

from click.testing import CliRunner

import pipeline
from pipeline.cli import cli

told = []
for words in json.load(sys.stdin):
    t0 = time.time()
    done = CliRunner().invoke(cli, words)
    crashed = done.exception is not None and not isinstance(done.exception, SystemExit)
    said = "".join(traceback.format_exception(done.exception)) if crashed else done.output
    told.append([words, -1 if crashed else done.exit_code, said[-2000:]])
    print(f"{time.time()-t0:.1f} {words}", file=sys.stderr, flush=True)
print(json.dumps([pipeline.__file__, told]))
