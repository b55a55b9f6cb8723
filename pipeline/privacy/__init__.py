"""Pseudonyms instead of people: `[privacy] pseudonyms = true`.

Rows are changed on their way into `raw`, so that nothing below ever sees a name: each value by itself, the
same one always to the same pseudonym, so that what belongs together still does. SQL never holds the key.

* `pseudonyms`: what stands for a person, an id, a path.
* `attributes`: which attributes of telemetry may stay as they are.
* `commits`: what stays of a commit's message and note.
* `rows`: all that for the rows of each raw table.
* `database`: rows that landed before, and whether a database is one with pseudonyms.
"""
