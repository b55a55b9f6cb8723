"""Every error that a person can meet, and the exit code that goes with it.

PipelineError
├── SetupError (exit 2)      the command could not be understood or set up
│   ├── ConfigError          aa-pipeline.toml is wrong
│   ├── TargetError          the target is unknown or cannot be reached
│   ├── SelectionError       nothing matches the selection
│   ├── ModelError           a model or contract is not what it must be
│   └── NoRawDataError       there is nothing to build from
└── RunError (exit 1)        the command was started and failed
    ├── DatabaseLockedError  another process holds the database
    ├── QueryError           the database refused a statement
    ├── AuditError           an audit of severity error failed
    └── IngestError          an input could not be read or held nothing that we know

A message is one paragraph: what happened, where, what to do next.
"""

from collections.abc import Iterable


class PipelineError(Exception):
    """The family; `exit_code` is what the command line exits with."""

    exit_code = 1


class SetupError(PipelineError):
    """The command could not be understood or set up."""

    exit_code = 2


class ConfigError(SetupError):
    """The configuration file cannot be read or holds something unknown."""


class TargetError(SetupError):
    """The target is unknown, or its database cannot be reached."""


class SelectionError(SetupError):
    """A selection matches nothing."""


class ModelError(SetupError):
    """A model or its contract is not what it must be; found before any query."""


class NoRawDataError(SetupError):
    """The database holds none of the raw tables."""


class RunError(PipelineError):
    """The command was started and failed; nothing was published."""


class DatabaseLockedError(RunError):
    """Another process holds the database."""


class QueryError(RunError):
    """The database refused a statement."""


class AuditError(RunError):
    """An audit of severity error failed; what was published before is untouched."""


class IngestError(RunError):
    """An input could not be read, or held nothing that we know."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence that offers the close match of `word`, or nothing.

    >>> did_you_mean("fct_agent_cost", ["fct_agent_costs", "dim_agents"])
    ' Did you mean fct_agent_costs?'
    >>> did_you_mean("x", ["fct_agent_costs"])
    ''
    """
    from difflib import get_close_matches

    matches = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean {matches[0]}?" if matches else ""
