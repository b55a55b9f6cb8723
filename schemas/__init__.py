"""The contracts, one class per table: `schemas.FctAgentCosts.validate(table)`.

Importing this package imports Ibis and Pandera; what runs a compiled plan does without it.
"""

from schemas.base import Contract
from schemas.intermediate import *
from schemas.marts import *
from schemas.meta import *
from schemas.raw import *
from schemas.seeds import *
from schemas.staging import *

# Found rather than listed, so that a new table needs no line here.
__all__ = sorted(
    name for name, value in globals().items() if isinstance(value, type) and issubclass(value, Contract)
)


def __dir__() -> list[str]:
    """What a notebook completes: the contracts, without what their modules import."""
    return __all__
