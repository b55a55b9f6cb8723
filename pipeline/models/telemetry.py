"""How agents report their usage: the declarations of all agents, as expressions.

Names of attributes, events and metrics stand in `pipeline.agents`.
"""

from collections.abc import Iterable, Sequence
from itertools import chain

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from pipeline.agents import AGENTS, TELEMETRY
from pipeline.agents.conventions import CONVENTIONS
from pipeline.agents.declaration import OWN_METRICS, TOKEN_KINDS, Request
from pipeline.models.expressions import UNKNOWN, canonical_agent
from pipeline.models.projects import without_credentials

# What a name means: an agent's own before anybody's.
NAMES = (*(agent.telemetry for agent in AGENTS.values()), *CONVENTIONS)


def _all(several: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(several)))


REQUESTS = tuple(request for telemetry in NAMES for request in telemetry.requests)
TOKEN_METRICS = tuple(metric for telemetry in NAMES for metric in telemetry.token_metrics)
COST_METRICS = {name: unit for telemetry in NAMES for name, unit in telemetry.cost_metrics.items()}
ACTIVITY_METRICS = tuple(metric for telemetry in NAMES for metric in telemetry.activity_metrics)

OTHER_EVENTS = _all(telemetry.other_events for telemetry in NAMES)
STARTS = _all(telemetry.starts for telemetry in NAMES)
ENDS = _all(telemetry.ends for telemetry in NAMES)
SETUPS = _all(telemetry.setups for telemetry in NAMES)
SETUP_METRICS = _all(telemetry.setup_metrics for telemetry in NAMES)
PROMPTS = _all(telemetry.prompts for telemetry in NAMES)
ERRORS = _all(telemetry.errors for telemetry in NAMES)
TOOLS = _all(telemetry.tools for telemetry in NAMES)
TOOL_NAMES = _all(telemetry.tool_names for telemetry in TELEMETRY)
MCP_SERVERS = _all(telemetry.mcp_servers for telemetry in TELEMETRY)
SKILLS = _all(telemetry.skills for telemetry in TELEMETRY)
EDIT_TOOLS = _all(telemetry.edit_tools for telemetry in NAMES)
DECISION_EVENTS = _all(telemetry.decision_events for telemetry in NAMES)
DECISIONS = {name: meant for telemetry in NAMES for name, meant in telemetry.decisions.items()}
FAILURES = {name: status for telemetry in NAMES for name, status in telemetry.failures.items()}
FAILED = ERRORS[0]
SUBAGENTS = _all(telemetry.subagents for telemetry in NAMES)
SPANS = "|".join(f"({name})" for name in _all(telemetry.spans for telemetry in NAMES))
# An agent's span sums up what others tell; of it the project is read, which VS Code names nowhere else.
AGENT_SPAN = "invoke_agent"
NOT_SESSIONS = _all(telemetry.not_sessions for telemetry in NAMES)

# Cost in US dollars: attribute → unit; and the events that bring one. Others, such as opencode's
# session.idle, tell again what requests have told.
REPORTED_COSTS = {name: unit for telemetry in TELEMETRY for name, unit in telemetry.costs.items()}
COSTS = (
    *(request.event for request in REQUESTS),
    *_all(telemetry.cost_events for telemetry in NAMES),
)

SESSION = _all(telemetry.sessions for telemetry in TELEMETRY)
PERSON = ("developer_id", "enduser.id", "user.email", "user.account_uuid", "user.id")
MODEL = _all(telemetry.models for telemetry in TELEMETRY)
REPOSITORY = _all(telemetry.repositories for telemetry in TELEMETRY)
# opentelemetry.io/docs/specs/semconv/registry/attributes/vcs: a repository's name is without its owner.
OWNER, REPOSITORY_NAME = "vcs.owner.name", "vcs.repository.name"
PROJECT = ("project_id", *REPOSITORY, OWNER, REPOSITORY_NAME, "project.name")
# What `context` reads of a record and of its resource.
CONTEXT = (*SESSION, *PERSON, *MODEL, "agent_type", "speed", "service_tier", "app.version", "terminal.type")
# Service tiers that have prices of their own.
TIERS = ("priority", "flex", "batch")

# Every attribute of a log record that counts tokens, and those that tell a response apart.
COUNTS = _all(request.attributes() for request in REQUESTS)
TELLING = tuple(request.only[0] for request in REQUESTS if request.only)

TOKEN_KIND = ("type", "token_type", "gen_ai.token.type")
# What `measured` reads of a point.
MEASURED = _all([TOKEN_KIND, (metric.attribute for metric in ACTIVITY_METRICS if metric.attribute)])


def disjoint_tokens(request: Request, counts: dict[str, ir.IntegerValue]) -> dict[str, ir.IntegerValue]:
    """The disjoint kinds of tokens of one request, from the counts by attribute."""

    def known(name: str | None) -> ir.IntegerValue:
        return counts[name].fill_null(0) if name else ibis.literal(0, "int64")

    sent, received = counts[request.input], counts[request.output]
    created = ibis.coalesce(*(counts[name] for name in request.cache_creation))
    uncached = sent
    if request.cache_in_input:
        uncached -= ibis.least(sent, known(request.cache_read) + created.fill_null(0))
    thought = ibis.literal(0, "int64")
    if request.reasoning:
        # Some protocols count thoughts among the output; then input and output are all.
        is_inside = (counts[request.total] == sent + received) & (counts[request.total] > 0)
        thought = ibis.ifelse(is_inside.fill_null(False), 0, known(request.reasoning))
    if request.tool:
        listed = known(request.input) + known(request.output) + thought
        counted_apart = known(request.total) == listed + known(request.tool)
        uncached += ibis.ifelse(counted_apart, known(request.tool), 0)
    return {
        "input_tokens": uncached,
        "output_tokens": received + thought if request.reasoning else received,
        "cache_creation_tokens": created,
        "cache_creation_1h_tokens": counts[request.cache_creation_1h],
        "cache_read_tokens": counts[request.cache_read],
    }


def request_tokens(
    event: ir.StringValue,
    namespace: ir.StringValue,
    attributes: dict[str, ir.StringValue],
    counts: dict[str, ir.IntegerValue],
) -> dict[str, ir.IntegerValue]:
    """The disjoint tokens of a log record, by its event's name; NULL where it is no request."""

    def is_response(requests: list[Request]) -> ir.BooleanValue:
        plain, others = [], []
        for request in requests:
            strangers = [other for other in OTHER_EVENTS if other.partition(".")[2] == request.event]
            if not (request.only or strangers):
                plain.append(request.event)
                continue
            named = event == request.event
            if request.only:
                attribute, value = request.only
                named &= attributes[attribute] == value
            for stranger in strangers:
                named &= namespace.fill_null("") != stranger.partition(".")[0]
            others.append(named)
        return ibis.or_(*([event.isin(plain)] if plain else []), *others)

    # Many events put their numbers into the same attributes: each arithmetic once.
    kinds: dict[str, dict[ops.Value, tuple[ir.IntegerValue, list[Request]]]] = {}
    for request in REQUESTS:
        for kind, count in disjoint_tokens(request, counts).items():
            alike = kinds.setdefault(kind, {})
            alike.setdefault(count.op(), (count, []))[1].append(request)
    return {
        kind: ibis.cases(*((is_response(requests), count) for count, requests in kinds[kind].values()))
        for kind in TOKEN_KINDS
    }


def measured(metric_name: ir.StringValue, attributes: dict[str, ir.StringValue]) -> dict[str, ir.Value]:
    """What a metric point measures: `measure`, its `unit`, its `form`, and `cache_in_input`.

    `measure` is a kind of tokens, `cost_usd`, `active_seconds`, `lines_added`, `lines_removed`,
    `edits_accepted` or `edits_rejected`; NULL for whatever models do not count.
    """
    stated = ibis.coalesce(*(attributes[name] for name in TOKEN_KIND))
    measures, forms = [], []
    for metric in TOKEN_METRICS:
        in_name = metric.name.endswith("(.+)$")
        kind = metric_name.re_extract(metric.name, 1) if in_name else stated
        named = metric_name.re_search(metric.name)
        measures.append((named, kind.cases(*metric.kinds.items(), else_=None)))
        forms.append((named, metric))
    costs = [(metric_name.re_search(name), unit) for name, unit in COST_METRICS.items()]
    measures += [(named, "cost_usd") for named, _ in costs]
    for activity in ACTIVITY_METRICS:
        if activity.attribute and not isinstance(activity.measures, str):
            measure = attributes[activity.attribute].cases(*activity.measures.items(), else_=None)
        else:
            measure = activity.measures
        measures.append((metric_name.endswith(activity.suffix), measure))
    return {
        "measure": ibis.cases(*measures),
        "unit": ibis.cases(*costs, else_=1.0).cast("decimal(18, 9)"),
        "form": ibis.cases(*((named, m.form) for named, m in forms), else_=OWN_METRICS).cast("int64"),
        "cache_in_input": ibis.cases(*((named, m.cache_in_input) for named, m in forms), else_=False),
    }


def first_of(texts: dict[str, ir.StringValue], *names: str) -> ir.StringValue:
    """The first of some attributes that says something."""
    return ibis.coalesce(*(texts[name].nullif("") for name in names))


def project(
    attributes: dict[str, ir.StringValue], resource: dict[str, ir.StringValue], own: Sequence[str]
) -> ir.StringValue:
    """What a record calls its project: by `own` attributes, else its repository, else a project's name.

    What stands on the record comes before what its resource says. An address may have a password in it.
    """
    places = attributes, resource

    def owned(texts: dict[str, ir.StringValue]) -> ir.StringValue:
        owner, name = first_of(texts, OWNER), first_of(texts, REPOSITORY_NAME)
        return ibis.ifelse(owner.isnull() | name.contains("/"), name, owner + "/" + name)

    return ibis.coalesce(
        *(first_of(texts, name) for name in own for texts in places),
        *(first_of(texts, "project_id", *REPOSITORY) for texts in places),
        *(owned(texts) for texts in places),
        *(first_of(texts, "project.name") for texts in places),
    )


def context(
    record: ir.Table, attributes: dict[str, ir.StringValue], resource: dict[str, ir.StringValue]
) -> dict[str, ir.Value]:
    """Who, where and with what: the columns that log records and metric points have in common.

    `stated` and `service` are hints for `with_agent`; `developer_id` is yet to be resolved, and
    `project_id` is what the record calls it, its `named_project`.
    """
    email = ibis.coalesce(first_of(attributes, "user.email"), first_of(resource, "user.email"))
    return {
        "session_id": first_of(attributes, *SESSION),
        "stated": canonical_agent(attributes["agent_type"]).nullif(UNKNOWN),
        "service": canonical_agent(record.service_name),
        "developer_id": ibis.coalesce(
            record.developer_id.strip().nullif("").nullif(UNKNOWN),
            first_of(attributes, "developer_id", "enduser.id"),
            first_of(resource, "developer_id", "enduser.id"),
            email.lower(),
            first_of(attributes, "user.account_uuid", "user.id"),
            first_of(resource, "user.account_uuid", "user.id"),
        ),
        "developer_email": email.lower(),
        "reported_model": first_of(attributes, *MODEL),
        "speed": ibis.cases(
            (attributes["speed"] == "fast", "fast"),
            (attributes["service_tier"].isin(TIERS), attributes["service_tier"]),
            else_="normal",
        ),
        # Gemini CLI and its forks put the version of Node.js (v22.…) into service.version.
        "client_version": ibis.coalesce(
            first_of(attributes, "app.version"),
            ibis.ifelse(record.service_version.startswith("v"), None, record.service_version),
        ),
        "terminal": first_of(attributes, "terminal.type"),
        "project_id": without_credentials(record.named_project),
    }
