"""Real clients against a model's API of our own: what it served is what the tables say.

The command-line clients of `package.json` run in a network that has nothing but loopback (`isolation.py`),
with a home of their own and keys that are none. Beside them run our listener and `model_api`, which gives the
answers of `scripts.py` and remembers what it served. Clients are told of the listener by README's table of
settings (`readme.py`), word for word: a wrong row fails the tests.

`test_clients.py` then builds the tables from telemetry alone, from transcripts alone and from both.
`python -m tests.clients` does so with the newest clients that npm has.
"""
