"""Miniature projects, compiled like the real one."""

from pipeline.compile import compile_plan

SHOP = {"models": "tests.projects.shop.models", "schemas": "tests.projects.shop.schemas"}


def compile_shop(dialect="duckdb", config=None, shapes=None):
    """The plan of the shop."""
    return compile_plan(dialect, config, shapes, **SHOP)
