"""aa-pipeline: what coding agents cost, who uses them and what comes of it.

In a notebook: `from pipeline import Pipeline`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.notebook import Pipeline

__all__ = ["Pipeline"]


def __getattr__(name: str) -> Any:
    # On demand: models and commands import this package too, and must not pay for a notebook.
    if name == "Pipeline":
        from pipeline.notebook import Pipeline

        return Pipeline
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
