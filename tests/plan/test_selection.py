"""dbt's selection grammar, on a small plan."""

import pytest

from pipeline.errors import SelectionError
from pipeline.plan import PlanTable
from pipeline.plan.selection import select


def table(name, layer, depends_on=(), kind="model", schema=None, folder="", **more):
    path = f"pipeline/models/{layer}/{folder}{name}.py" if kind == "model" else ""
    return PlanTable(
        name=name,
        layer=layer,
        schema=schema or layer,
        kind=kind,
        description="",
        columns=[],
        key=[],
        depends_on=list(depends_on),
        path=path,
        **more,
    )


TABLES = {
    entry.name: entry
    for entry in [
        table("raw_otel_logs", "raw", kind="source"),
        table("raw_git_commits", "raw", kind="source"),
        table("agents", "seeds", kind="seed", schema="staging"),
        table("stg_sessions", "staging", ["raw_otel_logs"], materialized="view"),
        table("stg_commits", "staging", ["raw_git_commits"], folder="git/"),
        table("int_costs", "intermediate", ["stg_sessions"]),
        table("int_context", "intermediate", ["stg_commits", "int_costs"]),
        table("fct_usage", "marts", ["int_costs"], schema="mart", tags=["daily", "core"]),
        table("fct_commits", "marts", ["int_context"], schema="mart", tags=["core"]),
        table("dim_agents", "marts", ["fct_usage", "agents"], schema="mart"),
    ]
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # names and wildcards
        ("fct_usage", "fct_usage"),
        ("fct_*", "fct_usage fct_commits"),
        ("*_co[ms]*", "stg_commits int_costs fct_commits raw_git_commits"),
        ("dim_agent?", "dim_agents"),
        ("*", " ".join(TABLES)),
        # layers and folders
        ("staging.*", "stg_sessions stg_commits"),
        ("staging", "stg_sessions stg_commits"),
        ("staging.git", "stg_commits"),
        ("staging.git.*", "stg_commits"),
        ("staging.git.stg_commits", "stg_commits"),
        ("staging.stg_*", "stg_sessions"),
        ("marts.*", "fct_usage fct_commits dim_agents"),
        ("mart.*", "fct_usage fct_commits dim_agents"),
        ("mart", "fct_usage fct_commits dim_agents"),
        ("mart.fct_usage", "fct_usage"),
        ("seeds.*", "agents"),
        ("raw", "raw_otel_logs raw_git_commits"),
        ("raw.git_commits", "raw_git_commits"),
        # methods
        ("fqn:marts.fct_usage", "fct_usage"),
        ("tag:core", "fct_usage fct_commits"),
        ("tag:d*", "fct_usage"),
        ("path:pipeline/models/marts", "fct_usage fct_commits dim_agents"),
        ("path:models/staging/git", "stg_commits"),
        ("models/intermediate/", "int_costs int_context"),
        ("pipeline/models/*/fct_*.py", "fct_usage fct_commits"),
        ("file:dim_agents.py", "dim_agents"),
        ("fct_usage.py", "fct_usage"),
        ("source:raw", "raw_otel_logs raw_git_commits"),
        ("source:raw.git_commits", "raw_git_commits"),
        ("source:*", "raw_otel_logs raw_git_commits"),
        ("resource_type:seed", "agents"),
        ("config.materialized:view", "stg_sessions"),
        ("config.schema:mart", "fct_usage fct_commits dim_agents"),
        # graph operators
        ("+fct_usage", "raw_otel_logs stg_sessions int_costs fct_usage"),
        ("1+fct_usage", "int_costs fct_usage"),
        ("2+fct_usage", "stg_sessions int_costs fct_usage"),
        ("int_costs+", "int_costs int_context fct_usage fct_commits dim_agents"),
        ("int_costs+1", "int_costs int_context fct_usage"),
        ("1+int_costs+1", "stg_sessions int_costs int_context fct_usage"),
        ("0+int_costs+0", "int_costs"),
        (
            "source:raw.git_commits+",
            "raw_git_commits stg_commits int_context fct_commits",
        ),
        (
            "@stg_commits",
            "raw_otel_logs raw_git_commits stg_sessions stg_commits int_costs int_context fct_commits",
        ),
        ("+tag:daily", "raw_otel_logs stg_sessions int_costs fct_usage"),
        # sets
        ("fct_usage stg_commits", "stg_commits fct_usage"),
        ("fct_usage fct_usage", "fct_usage"),
        ("marts.*,tag:daily", "fct_usage"),
        ("+fct_usage,+fct_commits", "raw_otel_logs stg_sessions int_costs"),
        ("agents +fct_usage,staging.*", "agents stg_sessions"),
    ],
)
def test_an_expression_selects_what_dbt_would(expression, expected):
    assert sorted(select(TABLES, [expression])) == sorted(expected.split())


def test_the_plans_order_is_kept():
    assert select(TABLES, ["dim_agents", "stg_sessions"]) == ["stg_sessions", "dim_agents"]


def test_without_an_expression_everything_is_selected():
    assert select(TABLES) == list(TABLES)


def test_exclude_takes_away_after_the_graph_was_walked():
    assert select(TABLES, ["+fct_usage"], ["stg_sessions"], kinds=["model"]) == [
        "int_costs",
        "fct_usage",
    ]


def test_exclude_alone_takes_away_from_everything():
    assert select(TABLES, exclude=["staging.* intermediate.*", "marts.*"]) == [
        "raw_otel_logs",
        "raw_git_commits",
        "agents",
    ]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("fct_usge", r"'fct_usge' matches nothing. Did you mean fct_usage\?"),
        ("+fct_usge+", r"'\+fct_usge\+' matches nothing. Did you mean fct_usage\?"),
        ("fct_usage stagin.*", r"'stagin.\*' matches nothing. Did you mean staging.\*\?"),
        ("tag:dialy", r"Did you mean daily\?"),
        ("source:raw.git_commit", r"Did you mean raw.git_commits\?"),
        ("path:pipeline/models/mart", r"Did you mean pipeline/models/marts\?"),
        ("resource_type:sed", r"Did you mean seed\?"),
        ("tagg:core", r"method tagg, which does not exist. Did you mean tag\?"),
        ("@fct_usage+", "both `@` and `\\+`"),
        ("+", "names nothing"),
        ("tag:", "names nothing"),
        ("fct_usage,stg_commits", "Nothing to do: fct_usage,stg_commits selects no"),
        ("!!!", "'!!!' matches nothing. `aa-pipeline ls`"),
    ],
)
def test_a_selection_that_finds_nothing_is_an_error(expression, message):
    with pytest.raises(SelectionError, match=message):
        select(TABLES, [expression])


def test_a_selection_without_the_kind_that_the_command_works_on_is_an_error():
    with pytest.raises(SelectionError, match="source:raw selects no models or seeds"):
        select(TABLES, ["source:raw"], kinds=["model", "seed"])


def test_excluding_everything_is_an_error():
    with pytest.raises(SelectionError, match=r"everything without \* selects no"):
        select(TABLES, exclude=["*"])
