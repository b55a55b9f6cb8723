"""The document for other tools: it has the format's shape, and its expressions give our numbers."""

import jsonschema
import pytest

from pipeline.engines import connect
from pipeline.outputs.metrics import METRICS, query_metric
from pipeline.outputs.metrics.osi import osi_document

TEXT = {"type": "string", "minLength": 1}


def record(required, **optional):
    """An object with these properties and no others."""
    return {
        "type": "object",
        "properties": required | optional,
        "required": [*required],
        "additionalProperties": False,
    }


def many(items):
    return {"type": "array", "items": items, "minItems": 1}


# What the format says of the parts that we write: https://github.com/apache/ossie, core-spec/osi-schema.json.
EXPRESSION = record(
    {"dialects": many(record({"dialect": {"const": "ANSI_SQL"}, "expression": TEXT}))},
)
TYPES = [
    "String",
    "Integer",
    "Decimal",
    "Float",
    "Boolean",
    "Date",
    "Time",
    "DateTime",
    "DateTimeTz",
    "Opaque",
]
DATA_TYPE = {"enum": TYPES}
FIELD = record(
    {"name": TEXT, "expression": EXPRESSION},
    dimension=record({}, is_time={"type": "boolean"}),
    description=TEXT,
    datatype=DATA_TYPE,
)
METRIC = record(
    {"name": TEXT, "expression": EXPRESSION},
    description=TEXT,
    datatype=DATA_TYPE,
    ai_context=record({}, synonyms=many(TEXT)),
    custom_extensions=many(record({"vendor_name": TEXT, "data": TEXT})),
)
DATASET = record({"name": TEXT, "source": TEXT}, primary_key=many(TEXT), description=TEXT, fields=many(FIELD))
RELATIONSHIP = record(
    {"name": TEXT, "from": TEXT, "to": TEXT, "from_columns": many(TEXT), "to_columns": many(TEXT)}
)
MODEL = record(
    {"name": TEXT, "datasets": many(DATASET)},
    description=TEXT,
    relationships=many(RELATIONSHIP),
    metrics=many(METRIC),
)
SCHEMA = record({"version": {"const": "0.2.0.dev0"}, "semantic_model": many(MODEL)})


@pytest.fixture(scope="module")
def written(compiled):
    return osi_document(compiled().tables)


def test_the_document_has_the_shape_of_the_format(written):
    document, _ = written
    jsonschema.validate(document, SCHEMA)
    (model,) = document["semantic_model"]
    assert [dataset["source"] for dataset in model["datasets"]] == [
        "mart.fct_daily_agent_usage",
        "mart.fct_git_commits",
        "mart.dim_developers",
        "mart.dim_agents",
    ]
    assert [relationship["name"] for relationship in model["relationships"]] == [
        "fct_daily_agent_usage_developer_id",
        "fct_daily_agent_usage_agent_type",
        "fct_git_commits_developer_id",
        "fct_git_commits_agent_type",
    ]


def test_what_is_more_than_one_statement_is_left_out_and_named(written):
    document, left_out = written
    metrics = [metric["name"] for metric in document["semantic_model"][0]["metrics"]]
    assert sorted(metrics + left_out) == sorted(METRICS)
    assert left_out == [
        *("cost_share", "lines_per_dollar", "several_agents", "days_per_week", "token_share"),
        *("human_share", "unknown_share", "method_share", "day_cost", "month_to_date", "forecast"),
    ]


@pytest.mark.slow
def test_every_expression_gives_our_number(written, company):
    document, _ = written
    with connect(str(company / "agent_analytics.duckdb"), read_only=True) as engine:
        for metric in document["semantic_model"][0]["metrics"]:
            sql = metric["expression"]["dialects"][0]["expression"]
            fact = "fct_git_commits" if "fct_git_commits." in sql else "fct_daily_agent_usage"
            joined = f"mart.{fact} AS {fact} JOIN mart.dim_developers AS dim_developers USING (developer_id)"
            sql = sql.replace(f"{fact}.developer_id", "developer_id")
            ((value,),) = engine.fetch(f"SELECT {sql} FROM {joined}")
            expected = query_metric(engine, metric["name"]).total.value
            if isinstance(expected, float):
                expected = pytest.approx(expected, rel=1e-9)
            assert (metric["name"], value) == (metric["name"], expected)
