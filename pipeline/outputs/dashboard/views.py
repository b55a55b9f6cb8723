"""The cards and tables of the page's views, as metrics: what its scripts show, for what is no page."""

from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """A view of the page.

    Attributes:
        name: its heading.
        figures: the metrics of its cards.
        tables: title, dimension, and the metrics that stand in columns; the first orders the rows.
        is_windowed: whether it looks no further back than commits and Copilot reports are kept.
        has_projects: whether it can be told of projects.
    """

    name: str
    figures: tuple[str, ...]
    tables: tuple[tuple[str, str, tuple[str, ...]], ...]
    is_windowed: bool = True
    has_projects: bool = False


def _return(cost: str, each: str, per_dollar: str) -> View:
    columns = (cost, "assisted_commits", each, "assisted_lines", per_dollar)
    in_commits = ("committed_cost", "assisted_commits", "committed_cost_each", "assisted_lines")
    return View(
        "Return",
        tuple(dict.fromkeys([*columns, "committed_cost"])),
        (("By developer", "developer", columns), ("By project", "project", in_commits)),
        has_projects=True,
    )


# The cost of a project is that of its commits: sessions know no project.
RETURN_OF_COMMITS = _return("committed_cost", "committed_cost_each", "committed_lines_per_dollar")
ACCEPTANCE = ("cache_hit_rate", "edit_acceptance", "suggestion_acceptance")
SHARES = ("commits", "agent_share", "human_share", "unknown_share")
TOKENS = ("input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens")
# What is of a month has no period before it.
OF_MONTH = ("day_cost", "month_to_date", "forecast")
VIEWS = {
    "return": _return("cost", "cost_per_commit", "lines_per_dollar"),
    "agents": View(
        "Agents",
        ("agents_in_use", "developers", "several_agents", *ACCEPTANCE),
        (
            (
                "Agents compared",
                "agent",
                (
                    *("cost", "developers", "active_days", "sessions", "tokens", "cost_per_session"),
                    *(*ACCEPTANCE, "assisted_commits", "cost_per_commit", "lines_per_dollar"),
                ),
            ),
        ),
    ),
    "team": View(
        "Team",
        ("developers", "days_per_week", "active_days"),
        (
            (
                "People",
                "developer",
                ("active_days", "days_per_week", "sessions", "hours", "cost", "last_active"),
            ),
        ),
        is_windowed=False,
    ),
    "git": View(
        "Git",
        (*SHARES, "line_share"),
        (
            ("How it is known", "method", ("assisted_commits", "method_share")),
            ("By project", "project", (*SHARES, "line_share", "committed_cost")),
            ("By size", "size", SHARES),
        ),
        has_projects=True,
    ),
    "cost": View(
        "Cost",
        (
            *OF_MONTH,
            *("cost", "cost_per_session", "cache_hit_rate", "unpriced_tokens"),
        ),
        (
            (
                "By model",
                "model",
                (
                    *("cost", "cost_share", "tokens", "token_share"),
                    *(*TOKENS, "cache_hit_rate", "unpriced_tokens"),
                ),
            ),
            (
                "Cost by developer",
                "developer",
                (
                    *("cost", "cost_share", "sessions", "cost_per_session"),
                    *("tokens", "cache_hit_rate", "unpriced_tokens"),
                ),
            ),
        ),
        is_windowed=False,
    ),
}
