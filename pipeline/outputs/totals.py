"""What the marts add up to, in a sentence: for the end of a build and of the demo."""

from typing import NamedTuple

from pipeline.engines.base import Engine
from pipeline.plan.layers import MARTS

USAGE = "SELECT sum(total_sessions), sum(total_tokens), sum(total_cost_usd), min(date), max(date) FROM {}"
COMMITS = "SELECT count(*), sum(CASE WHEN is_agent_assisted THEN 1 ELSE 0 END) FROM {}"


class Totals(NamedTuple):
    """Sums over all days and people; cost in US dollars, None where nobody knows it.

    Days are those of `first` to `last`, written as dates; None where there is no usage.
    """

    sessions: int
    tokens: int
    cost: float | None
    first: str | None
    last: str | None
    commits: int
    assisted: int

    def sentence(self) -> str:
        """`2026-09-24 to 2026-11-22: 361 sessions, …`."""
        cost = "unknown cost" if self.cost is None else f"${self.cost:,.2f}"
        usage = f"{self.first} to {self.last}: {self.sessions:,} sessions, {self.tokens:,} tokens, {cost}"
        made = f"{self.assisted:,} of {self.commits:,} commits with an agent's help."
        return f"{usage}; {made}" if self.first else made

    def since(self, before: "Totals") -> str:
        """What has come since, as a sentence; empty if nothing has."""
        cost = (self.cost or 0) - (before.cost or 0)
        news = [
            f"{change:+,} {what}"
            for what, change in (
                ("sessions", self.sessions - before.sessions),
                ("tokens", self.tokens - before.tokens),
                ("commits", self.commits - before.commits),
            )
            if change
        ]
        if abs(cost) >= 0.005:
            news.append(f"{'+' if cost > 0 else '-'}${abs(cost):,.2f}")
        return f"Since the build before: {', '.join(news)}." if news else ""


def read_totals(engine: Engine) -> Totals | None:
    """What the published marts add up to; None if they are not there."""
    queries = {"fct_daily_agent_usage": USAGE, "fct_git_commits": COMMITS}
    there = engine.kinds()
    if any((MARTS.schema, table) not in there for table in queries):
        return None
    usage, commits = (
        engine.fetch(query.format(engine.name(MARTS.schema, table)))[0] for table, query in queries.items()
    )
    sessions, tokens, cost, first, last = usage
    return Totals(
        int(sessions or 0),
        int(tokens or 0),
        None if cost is None else float(cost),
        None if first is None else str(first)[:10],
        None if last is None else str(last)[:10],
        int(commits[0]),
        int(commits[1] or 0),
    )
