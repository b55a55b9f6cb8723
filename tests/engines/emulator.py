"""Starts bqemulator, in the environment that it has for itself, with a few things put right.

What it does wrong: it takes NUMERIC for DuckDB's DECIMAL, which has three digits behind the point and
not nine. It reads each statement more than ten times, in time that grows with the square of its depth;
only a FROM that unnests without saying so needs that, and we write none. Here it reads a statement once, and
copies what it has read. It forgets how a query's job was configured.

What it does not do: it bills no bytes, refuses nobody, and has done a job before it answers. Here a
statement's length stands for the bytes that it would scan, a project whose name begins with `read-only`
lets nobody make a dataset, and the statement FOR_EVER runs until it is cancelled. The answers are those of
Google's service.
"""

import gc
import sys
from functools import lru_cache

from bqemulator import server
from bqemulator.api.routes import jobs
from bqemulator.cli import main
from bqemulator.domain.errors import InvalidQueryError
from duckdb_extensions import import_extension
from fastapi.responses import JSONResponse
from sqlglot import expressions as sge
from sqlglot.dialects.bigquery import BigQuery
from sqlglot.dialects.dialect import Dialect
from sqlglot.dialects.duckdb import DuckDB

FOR_EVER = "SELECT 'for ever'"
CANCELLED = {"reason": "stopped", "message": "Job execution was cancelled: User requested cancellation"}

datatype_sql = DuckDB.Generator.TRANSFORMS[sge.DataType]
create_app = server.create_app
handle_query = jobs._handle_query_job
parse = Dialect.parse


@lru_cache(maxsize=50)
def trees(dialect, sql, options):
    return parse(dialect(), sql, **dict(options))


def parse_once(self, sql, **options):
    return [tree and tree.copy() for tree in trees(type(self), sql, tuple(options.items()))]


def with_nine_digits(self, expression):
    if expression.this == sge.DataType.Type.DECIMAL and not expression.expressions:
        digits = [sge.DataTypeParam(this=sge.Literal.number(number)) for number in (38, 9)]
        expression = sge.DataType(this=expression.this, expressions=digits)
    return datatype_sql(self, expression)


async def with_bill(project_id, job_id, config, *, dry_run, **rest):
    scanned = len(config["query"]["query"])
    limit = config["query"].get("maximumBytesBilled")
    if limit and scanned > int(limit) and not dry_run:
        raise InvalidQueryError(
            f"Query exceeded limit for bytes billed: {limit}. {scanned} or higher required."
        )
    answer = await handle_query(project_id, job_id, config, dry_run=dry_run, **rest)
    if dry_run:
        answer["statistics"]["query"]["totalBytesProcessed"] = str(scanned)
    else:
        query = answer.configuration.get("query", {}) | config["query"]
        answer.configuration.update(labels=config.get("labels"), query=query)
    return answer


def with_rights(context):
    app = create_app(context)

    @app.middleware("http")
    async def refuse(request, call_next):
        *_, project, what = request.url.path.rsplit("/", 2)
        if request.method == "POST" and what == "datasets" and project.startswith("read-only"):
            message = (
                f"Access Denied: Project {project}: User does not have bigquery.datasets.create"
                f" permission in project {project}."
            )
            errors = [{"message": message, "domain": "global", "reason": "accessDenied"}]
            return JSONResponse({"error": {"code": 403, "message": message, "errors": errors}}, 403)
        return await call_next(request)

    running, cancelled = {}, {}

    @app.middleware("http")
    async def run_for_ever(request, call_next):
        *_, job, what = request.url.path.split("/")
        if request.method == "POST" and what == "jobs" and FOR_EVER.encode() in await request.body():
            asked = await request.json()
            running[asked["jobReference"]["jobId"]] = asked
            return JSONResponse(asked | {"status": {"state": "RUNNING"}})
        if what == "cancel" and job in running:
            cancelled[job] = running.pop(job)
            return JSONResponse({"job": cancelled[job] | {"status": {"state": "RUNNING"}}})
        if what in running:  # a job, or a query's result
            return JSONResponse(running[what] | {"jobComplete": False, "status": {"state": "RUNNING"}})
        if what in cancelled and job == "jobs":
            return JSONResponse(cancelled[what] | {"status": {"state": "DONE", "errorResult": CANCELLED}})
        if what in cancelled:
            return JSONResponse({"error": CANCELLED | {"code": 499, "errors": [CANCELLED]}}, 499)
        return await call_next(request)

    return app


DuckDB.Generator.TRANSFORMS[sge.DataType] = with_nine_digits
gc.set_threshold(100_000)  # trees of statements are many objects
Dialect.parse = parse_once
BigQuery.Parser.SUPPORTS_IMPLICIT_UNNEST = False
jobs._handle_query_job = with_bill
server.create_app = with_rights

if __name__ == "__main__":
    import_extension("spatial")  # else DuckDB would fetch it from the network
    sys.exit(main())
