"""Who works at the demo's company, and what they and their agents did.

Everything here is independent of file formats: sessions of turns of requests, and commits.
"""

import datetime as dt
import uuid
from dataclasses import dataclass, field, replace
from random import Random

DAYS = 60
REPOSITORIES = ("webshop", "billing")


@dataclass(frozen=True)
class Agent:
    """One person's installation of an agent, and what it sends."""

    kind: str  # claude_code, codex or gemini_cli
    models: tuple[str, ...]
    version: str
    logs: bool = True
    metrics: bool = True
    login: str = "oauth"  # oauth, or bedrock: no e-mail address in the telemetry
    details: bool = False  # whether tool results name the commits they made
    told: bool = True  # whether OTEL_RESOURCE_ATTRIBUTES says which repository it works on
    small_model: str = ""  # for background work and sub-agents
    share: float = 1.0  # of the person's sessions


@dataclass(frozen=True)
class Person:
    """One developer: habits, and the agents they use."""

    name: str
    email: str
    login: str
    repository: str
    utc_offset: int  # hours
    pace: float  # sessions on a good day
    agents: tuple[Agent, ...] = ()
    copilot: bool = False


PEOPLE = (
    Person(
        "Alice Adams", "alice@example.com", "alice-adams", "webshop", 1, 2.4,
        (Agent("claude_code", ("claude-opus-5-5", "claude-sonnet-5-5"), "2.1.294",
               details=True, small_model="claude-haiku-4-5-20251001"),),
    ),
    Person(
        "Bruno Costa", "bruno@example.com", "bcosta", "webshop", 0, 1.9,
        (Agent("claude_code", ("claude-sonnet-5-5",), "2.1.290",
               small_model="claude-haiku-4-5-20251001"),),
        copilot=True,
    ),
    Person(
        "Chen Wei", "chen@example.com", "chenwei", "billing", 8, 2.0,
        (Agent("codex", ("gpt-5.3-codex", "gpt-6.1-sol"), "0.140.0"),),
    ),
    Person(
        "Dana Levi", "dana@example.com", "dlevi", "billing", 2, 1.6,
        (Agent("gemini_cli", ("gemini-3.1-pro-preview", "gemini-3.8-flash"), "v24.9.0"),),
    ),
    Person(
        "Erik Lund", "erik@example.com", "eriklund", "webshop", 1, 1.4,
        (Agent("claude_code", ("claude-sonnet-5-5",), "2.1.290", logs=False),),
    ),
    Person(
        "Farah Khan", "farah@example.com", "farahk", "billing", 5, 1.5,
        (Agent("claude_code", ("us.anthropic.claude-sonnet-4-5-20250929-v1:0",), "2.1.119",
               metrics=False, login="bedrock"),),
    ),
    Person(
        "Goran Petrov", "goran@example.com", "gpetrov", "billing", 2, 1.2,
        (Agent("codex", ("gpt-5.3-codex", "harbor-coder-preview"), "0.138.0",
               metrics=False, told=False, share=0.6),
         Agent("gemini_cli", ("gemini-3.8-flash",), "v24.9.0", told=False, share=0.4)),
        copilot=True,
    ),
    Person("Hana Sato", "hana@example.com", "hanasato", "webshop", 9, 0.9, copilot=True),
)  # fmt: skip

# Where the repositories lie.
ORIGIN = "https://github.com/example/"

# Repository → the team that works on it, its cost centre and who answers for it.
PROJECTS = {
    "webshop": ("Shop", "4711", "alice@example.com"),
    "billing": ("Payments", "4712", "dana@example.com"),
}
# Who changes teams in the middle, and to the team of which repository.
MOVED = ("eriklund", "billing")


@dataclass(frozen=True)
class Request:
    """One call of a model; the four kinds of tokens are disjoint, output includes reasoning."""

    at: dt.datetime
    duration_ms: int
    model: str
    input: int
    cache_read: int
    cache_write: int
    output: int
    reasoning: int
    source: str = "main"  # main, subagent or auxiliary
    fast: bool = False
    failed: bool = False


@dataclass
class Turn:
    """One prompt and what came of it."""

    at: dt.datetime
    requests: list[Request]
    tools: list[tuple[dt.datetime, str, bool]]  # when, which, accepted
    lines_added: int = 0
    lines_removed: int = 0
    commit: "Commit | None" = None

    @property
    def end(self) -> dt.datetime:
        """When the last thing in it happened."""
        last = max([r.at for r in self.requests] + [at for at, *_ in self.tools])
        return max(last, self.commit.at) if self.commit else last


@dataclass
class Session:
    """One run of an agent."""

    id: str
    person: Person
    agent: Agent
    turns: list[Turn]

    @property
    def start(self) -> dt.datetime:
        """Some seconds before the first prompt."""
        return self.turns[0].at - dt.timedelta(seconds=9)

    @property
    def repository(self) -> dict[str, str]:
        """What the environment of the repository adds to the resource: OTEL_RESOURCE_ATTRIBUTES."""
        return {"vcs.repository.url.full": ORIGIN + self.person.repository} if self.agent.told else {}


@dataclass
class Commit:
    """One commit; its hash is known once the repository is written."""

    at: dt.datetime
    author: str
    email: str
    utc_offset: int
    repository: str
    subject: str
    trailers: str = ""
    branch: str = ""  # of a feature that is merged; empty: straight on main
    lines_added: int = 0
    lines_removed: int = 0
    sha: str = ""


@dataclass
class History:
    """Everything that happened, in order of time; commits include those of sessions."""

    as_of: dt.datetime
    sessions: list[Session] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)


def company(rng: Random, as_of: dt.datetime) -> History:
    """The company's last sixty days before `as_of`."""
    history = History(as_of)
    today = as_of.replace(hour=0, minute=0, second=0, microsecond=0)
    for ago in range(DAYS, -1, -1):
        day = today - dt.timedelta(days=ago)
        for person in PEOPLE:
            _work(history, rng, person, day, growth=1.15 - 0.75 * ago / DAYS)
    _robots(history, rng, today)
    exported = as_of - dt.timedelta(minutes=3)  # the last metrics leave a minute after the fact
    history.sessions = [s for s in history.sessions if s.turns[-1].end < exported]
    history.sessions.sort(key=lambda session: session.start)
    by_agents = [turn.commit for s in history.sessions for turn in s.turns if turn.commit]
    history.commits = [c for c in history.commits if c.at < as_of] + by_agents
    history.commits.sort(key=lambda commit: commit.at)
    return history


def _work(history: History, rng: Random, person: Person, day: dt.datetime, growth: float) -> None:
    """One person's day: sessions with their agents, and commits by hand."""
    weekend = day.weekday() >= 5
    if rng.random() < (0.88 if weekend else 0.08):
        return
    pace = person.pace * growth * (0.5 if weekend else 1)
    clock = day + dt.timedelta(hours=8.5 - person.utc_offset + rng.random())
    for _ in range(round(rng.gauss(pace, 0.7)) if person.agents else 0):
        clock += dt.timedelta(minutes=rng.randint(10, 110))
        session = _session(rng, person, clock)
        history.sessions.append(session)
        clock = session.turns[-1].end
        if rng.random() < 0.2:  # looks it over, then commits without the agent's help
            clock += dt.timedelta(seconds=rng.randint(30, 240))
            history.commits.append(_by_hand(rng, person, clock))
    if rng.random() < (0.6 if person.agents else 0.9):
        clock += dt.timedelta(minutes=rng.randint(25, 150))
        history.commits.append(_by_hand(rng, person, clock))


def _session(rng: Random, person: Person, start: dt.datetime) -> Session:
    agent = rng.choices(person.agents, [a.share for a in person.agents])[0]
    model = rng.choices(agent.models, [2.5**-n for n in range(len(agent.models))])[0]
    fast = agent.kind == "claude_code" and "opus" in model and rng.random() < 0.12
    context = rng.randint(25_000, 80_000)
    at = start
    turns = []
    for _ in range(min(9, 1 + int(rng.expovariate(1 / 2.6)))):
        turn = Turn(at, [], [])
        for _ in range(rng.randint(1, 9)):
            at += dt.timedelta(milliseconds=rng.randint(2_000, 24_000))
            new = rng.randint(2_000, 28_000)
            output = rng.randint(150, 4_200)
            turn.requests.append(
                Request(
                    at, rng.randint(1_500, 28_000), model, rng.randint(3, 900), context, new,
                    output, int(output * rng.uniform(0, 0.5)), fast=fast,
                    failed=rng.random() < 0.01,
                )
            )  # fmt: skip
            context = min(context + new + output, 160_000)
            if rng.random() < 0.75:
                at += dt.timedelta(milliseconds=rng.randint(200, 9_000))
                tool = rng.choice(("Bash", "Read", "Edit", "Edit", "Write", "Grep"))
                turn.tools.append((at, tool, rng.random() < 0.93))
        if agent.small_model and rng.random() < 0.5:
            small = Request(at, 900, agent.small_model, rng.randint(200, 2_000), 0, 0, 60, 0)
            turn.requests.append(replace(small, source=rng.choice(("subagent", "auxiliary"))))
        edits = sum(1 for _, tool, accepted in turn.tools if accepted and tool in ("Edit", "Write"))
        turn.lines_added = sum(rng.randint(1, 60) for _ in range(edits))
        turn.lines_removed = sum(rng.randint(0, 18) for _ in range(edits))
        if turn.lines_added > 25 and rng.random() < 0.4:
            at += dt.timedelta(seconds=rng.randint(2, 20))
            commit = _commit(rng, person, at, turn.lines_added, turn.lines_removed)
            turn.commit = replace(commit, trailers=_trailers(rng, agent.kind, model))
        turns.append(turn)
        at += dt.timedelta(seconds=rng.randint(20, 600))
    return Session(_uuid(rng), person, agent, turns)


def _trailers(rng: Random, kind: str, model: str) -> str:
    """What the agent adds to the message of a commit."""
    if kind == "claude_code" and rng.random() < 0.85:
        family = "Opus 5.5" if "opus" in model else "Sonnet 5.5" if "5-5" in model else "Sonnet 4.5"
        footer = "🤖 Generated with [Claude Code](https://claude.com/claude-code)\n\n"
        return f"{footer}Co-Authored-By: Claude {family} <noreply@anthropic.com>"
    if kind == "codex" and rng.random() < 0.7:
        return "Co-authored-by: Codex <noreply@openai.com>"
    return ""


SUBJECTS = (
    "Add pagination to the order list",
    "Fix rounding of VAT on invoices",
    "Cache product pictures",
    "Retry webhooks that time out",
    "Split the checkout into steps",
    "Remove the old export",
    "Validate addresses before shipping",
    "Speed up the search index",
    "Log failed payments with their reason",
    "Make currency a part of every price",
    "Test refunds over several invoices",
    "Document how to run the jobs locally",
    "Rename account to customer",
    "Send reminders in the customer's language",
)


def _commit(rng: Random, person: Person, at: dt.datetime, added: int = 0, removed: int = 0) -> Commit:
    # Hana's laptop still has the address of her former account; .mailmap knows.
    old = person.login == "hanasato" and rng.random() < 0.3
    return Commit(
        at.replace(microsecond=0),
        person.name,
        "1357911+hanasato@users.noreply.github.com" if old else person.email,
        person.utc_offset,
        person.repository if rng.random() < 0.9 else rng.choice(REPOSITORIES),
        rng.choice(SUBJECTS),
        lines_added=added or rng.choice((3, 8, 14, 30, 55, 120)),
        lines_removed=removed or rng.choice((0, 1, 2, 6, 15)),
    )


def _by_hand(rng: Random, person: Person, at: dt.datetime) -> Commit:
    """A commit outside any session; some go on a feature branch, some name Copilot."""
    branch = f"{person.login}/week-{at:%V}" if rng.random() < 0.25 else ""
    copilot = "Co-authored-by: Copilot <223556219+Copilot@users.noreply.github.com>"
    trailers = copilot if person.copilot and rng.random() < 0.2 else ""
    return replace(_commit(rng, person, at), branch=branch, trailers=trailers)


def _robots(history: History, rng: Random, today: dt.datetime) -> None:
    """Commits of a release robot, of Copilot's coding agent and of a contributor from outside."""
    for ago in range(DAYS, 0, -1):
        at = today - dt.timedelta(days=ago) + dt.timedelta(seconds=rng.randint(0, 86_000))
        if ago % 7 == 1:
            history.commits.append(
                Commit(at, "dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com",
                       0, "webshop", "Bump the dependencies of the week",
                       lines_added=9, lines_removed=9)
            )  # fmt: skip
        if ago % 11 == 4 and ago < 45:
            history.commits.append(
                Commit(at, "copilot-swe-agent[bot]", "198982749+Copilot@users.noreply.github.com",
                       0, "webshop", rng.choice(SUBJECTS),
                       "Co-authored-by: Hana Sato <hana@example.com>",
                       lines_added=rng.randint(20, 160), lines_removed=rng.randint(0, 40))
            )  # fmt: skip
        if ago % 13 == 6:
            history.commits.append(
                Commit(at, "Ines Moreau", "ines@contractor.example.org", 1, "billing",
                       rng.choice(SUBJECTS), lines_added=rng.randint(5, 80), lines_removed=4)
            )  # fmt: skip


def _uuid(rng: Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))
