"""Miniature projects, compiled like the real one."""

import json
from functools import cache

from pipeline.compile.compiler import compile_plan
from pipeline.config import Config
from pipeline.plan import Plan

SHOP = {"models": "tests.projects.shop.models", "schemas": "tests.projects.shop.schemas"}


def compile_shop(dialect="duckdb", config=None, shapes=None):
    """The plan of the shop; the caller may change it."""
    settings = {name: getattr(config or Config(), name) for name in ("window_days", "severity")}
    return Plan.from_json(_compiled(dialect, json.dumps(settings), json.dumps(shapes)))


@cache
def _compiled(dialect, settings, shapes):
    return compile_plan(dialect, Config(**json.loads(settings)), json.loads(shapes), **SHOP).to_json()
