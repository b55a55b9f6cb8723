"""Named expressions that several models share: how agents, models, people and money are written."""

import ibis
import ibis.expr.types as ir

from pipeline.agents.events import MOST_TOKENS, MOST_USD
from pipeline.models.operations import as_of, joined_text, json_columns, local_time, once

__all__ = [
    "DECIMAL",
    "NANO",
    "UNKNOWN",
    "as_of",
    "canonical_agent",
    "canonical_model",
    "count_or_0",
    "day_scope",
    "earlier",
    "is_dated",
    "joined_text",
    "json_columns",
    "later",
    "local_date",
    "local_time",
    "looked_up",
    "model_without_prefixes",
    "most_frequent",
    "nano_usd",
    "on_grain",
    "once",
    "seconds_between",
    "stack",
    "tokens",
    "usd",
    "with_agent",
    "with_developer",
]

UNKNOWN = "unknown"

# Money is counted in billionths of a dollar, as integers: sums of floats differ from run to run.
NANO = 1_000_000_000
# What metrics measure, tokens and dollars alike, is added up exactly too.
DECIMAL = "decimal(38, 9)"

MOST_COUNT = 1_000_000_000_000

# An inference profile's ARN, vertex_ai/… or models/…, then us.…, then anthropic.…: everything up to the
# maker's own name.
MODEL_PREFIX = (
    "^(.*/)?((us|eu|apac|jp|au|ca|global|us-gov)[.])?"
    "((anthropic|amazon|meta|mistral|cohere|deepseek|openai|google|qwen|moonshotai)[.])?"
)
# -20250929 or -2025-09-29, then @20250929, then -v1:0 or -v1, then [1m]: all that stands behind it.
MODEL_SUFFIX = r"(-20[0-9]{6}|-20[0-9]{2}-[0-9]{2}-[0-9]{2})?(@[^@]*)?(-v[0-9]+(:[0-9a-z]+)*)?(\[[^\]]*\])?$"

NOREPLY = "@users.noreply.github.com"


def tokens(value: ir.FloatingValue) -> ir.IntegerValue:
    """A number as a count; NULL for one that cannot be."""
    return ibis.ifelse(value.between(0, MOST_TOKENS), value, None).floor().cast("int64")


def count_or_0(value: ir.IntegerValue) -> ir.IntegerValue:
    """A count; 0 for one that is missing or cannot be."""
    return ibis.ifelse(value.between(0, MOST_COUNT), value, 0)


def nano_usd(value: ir.FloatingValue) -> ir.IntegerValue:
    """US dollars in billionths; NULL for what cannot be the price of one record."""
    return (ibis.ifelse(value.between(0, MOST_USD), value, None) * NANO).round().cast("int64")


def usd(nano: ir.NumericValue) -> ir.FloatingValue:
    """Billionths of a dollar as US dollars."""
    return nano.cast("float64") / NANO


def is_dated(instant: ir.TimestampValue) -> ir.BooleanValue:
    """Whether an instant has a day: it is neither NULL nor infinite."""
    first, last = (ibis.literal(day, "timestamp('UTC', 6)") for day in ("0001-01-01", "9999-12-31"))
    return instant.between(first, last)


def local_date(instant: ir.TimestampValue, timezone: str) -> ir.DateValue:
    """The calendar day of an instant in `timezone`."""
    return local_time(instant, timezone).date()


def seconds_between(start: ir.TimestampValue, end: ir.TimestampValue) -> ir.FloatingValue:
    """Seconds from `start` to `end`, with their fraction to the microsecond."""
    return end.delta(start, unit="microsecond").cast("float64") / 1_000_000


def earlier(left: ir.Value, right: ir.Value) -> ir.Value:
    """The smaller of two values; the other one where one is NULL, on every engine."""
    return ibis.ifelse(left.isnull() | (right < left), right, left)


def later(left: ir.Value, right: ir.Value) -> ir.Value:
    """The larger of two values; the other one where one is NULL, on every engine."""
    return ibis.ifelse(left.isnull() | (right > left), right, left)


def canonical_agent(name: ir.StringValue) -> ir.StringValue:
    """An agent's name in lower snake case: `claude-code` is `claude_code`."""
    return name.lower().translate("-. /:|", "______").nullif("")


def model_without_prefixes(name: ir.StringValue) -> ir.StringValue:
    """A model's reported name in lower case, without provider, region and vendor prefixes."""
    return name.lower().re_replace(MODEL_PREFIX, "").nullif("")


def canonical_model(name: ir.StringValue) -> ir.StringValue:
    """The one name of a model, whatever date, region, gateway or context window it came with.

    `us.anthropic.claude-sonnet-4-5-20250929-v1:0`, `claude-sonnet-4-5@20250929` and
    `claude-sonnet-4-5[1m]` are `claude-sonnet-4-5`. NULL where there is no name.
    """
    return model_without_prefixes(name).re_replace(MODEL_SUFFIX, "").nullif("")


def day_scope(record: ir.Table) -> ir.StringValue:
    """An agent's developer's day: where one form of usage is chosen if there is no session."""
    return "day|" + record.agent_type + "|" + record.developer_id + "|" + record.day.cast("string")


def stack(first: ir.Table, *rest: ir.Table) -> ir.Table:
    """The rows of all tables, by column name; which columns may be NULL need not agree."""
    levelled = [
        table.select(*first.columns).cast(
            {name: table[name].type().copy(nullable=True) for name in first.columns}
        )
        for table in (first, *rest)
    ]
    return ibis.union(*levelled)


def with_agent(table: ir.Table, agents: ir.Table, agent_aliases: ir.Table) -> ir.Table:
    """`table` with `agent_type` found from its columns `namespace`, `stated` and `service`.

    A namespace that is an agent's name, else what the record states, else a service that is an
    agent's name, else whatever of them there is. `gen_ai` is a vocabulary, not an agent.
    """
    own = agents.select(name=agents.agent_type, agent=agents.agent_type)
    # Two spellings of one alias would double what they are joined to.
    other = agent_aliases.group_by(name=canonical_agent(agent_aliases["alias"])).agg(
        agent=agent_aliases.agent_type.min()
    )
    names = stack(own, other.anti_join(own, "name"))

    def known(column: str) -> ir.Table:
        return names.select(**{f"_{column}": names.name, f"_{column}_agent": names.agent})

    found = table
    for column in ("namespace", "stated", "service"):
        found = found.left_join(known(column), [(column, f"_{column}")])
    agent = ibis.coalesce(
        found._namespace_agent,
        found._stated_agent,
        found.stated,
        found._service_agent,
        found.namespace.nullif("gen_ai"),
        ibis.ifelse(found.service.startswith("unknown_service"), None, found.service),
    )
    return found.select(*table.columns, agent_type=agent)


def lower_email(name: ir.StringValue) -> ir.StringValue:
    """A name, in lower case if it is an e-mail address."""
    return ibis.ifelse(name.contains("@"), name.lower(), name)


def login_of(name: ir.StringValue) -> ir.StringValue:
    """The GitHub login that a noreply address names; any other name as it is."""
    login = name.replace(NOREPLY, "").re_replace("^[0-9]+[+]", "")
    return ibis.ifelse(name.endswith(NOREPLY), login, name)


def with_developer(table: ir.Table, identities: ir.Table) -> ir.Table:
    """`table` with its `developer_id` resolved to the canonical developer.

    First the identity map, by the name as it stands (lower case); then GitHub's noreply addresses,
    which name a login: `123+octocat@users.noreply.github.com` is `octocat`, who may be mapped in turn.
    An e-mail address is always written in lower case.
    """
    named = table.mutate(_name=once(lower_email(table.developer_id.strip().nullif(""))))
    # Two spellings of one alias would double what they are joined to.
    people = identities.group_by(_alias=identities["alias"].lower()).agg(
        _mapped=lower_email(identities.developer_id).min()
    )
    logins = people.rename(_login_alias="_alias", _mapped_login="_mapped")
    mapped = named.left_join(people, named._name.lower() == people._alias)
    mapped = mapped.left_join(logins, login_of(mapped._name).lower() == logins._login_alias)
    found = ibis.coalesce(mapped._mapped, mapped._mapped_login, login_of(mapped._name))
    return mapped.select(*(name for name in table.columns if name != "developer_id"), developer_id=found)


def looked_up(table: ir.Table, column: str, names: ir.Table, name: str, meant: str) -> ir.Table:
    """`table`, its `column` replaced by what `names` has as `meant` beside that `name`; the rest as it is."""
    known = names.select(_name=name, _meant=meant)
    joined = table.left_join(known, table[column] == known._name)
    return joined.mutate(**{column: ibis.coalesce(joined._meant, joined[column])}).select(*table.columns)


def most_frequent(votes: ir.Table, key: str, column: str) -> ir.Table:
    """One row per `key`: the value of `column` with most `votes`, ties alphabetical."""
    counted = votes.filter(votes[column].notnull()).group_by(key, column)
    totals = counted.agg(_votes=votes.votes.sum())
    ranked = totals.mutate(
        _rank=ibis.row_number().over(group_by=key, order_by=[totals._votes.desc(), totals[column].asc()])
    )
    return ranked.filter(ranked._rank == 0).select(key, column)


def on_grain(left: ir.Table, right: ir.Table, grain: list[str]) -> ir.Table:
    """Two tables of one grain side by side: every row of either, keys never NULL for lack of a partner."""
    joined = left.outer_join(right, grain, rname="_right_{name}")
    return joined.mutate(**{key: ibis.coalesce(joined[key], joined[f"_right_{key}"]) for key in grain}).drop(
        *[f"_right_{key}" for key in grain]
    )
