"""Usage on a terminal: as many columns as there is room for, the models last."""

import datetime as dt
import shutil
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pipeline.cli.output import is_terminal, say
from pipeline.cli.tables import GAP, SHORTEST, cell, duration, print_table

if TYPE_CHECKING:
    from pipeline.outputs.usage import Figures, Row, Usage

LONGEST_LABEL = 32  # characters of a name on a terminal
SESSION = 8  # characters of a session's id on a terminal
PSEUDONYM = "hidden-"  # with which every pseudonym of a session begins
CENT = 10_000_000  # in billionths of a dollar
# Columns that give way where there is no room, the last first.
OPTIONAL = (("input", "output"), ("sessions",), ("cache writes", "cache reads"), ("requests",), ("agents",))

_Column = tuple[str, list[str]]


def show_usage(usage: "Usage") -> None:
    """Print the rows and their sum, and what is missing from the cost."""
    if not usage.rows:
        say(f"No usage{_period(usage)}.")
        return
    columns = _chosen(usage)
    names = [name for name, _ in columns]
    *rows, total = zip(*(texts for _, texts in columns), strict=True)
    print_table(names, rows, total)
    _show_missing(usage.total)
    _show_running(usage)


def cents(nano: int | None) -> str:
    """Money as people write it; a dash for what nobody knows.

    >>> cents(1_234_567_890_000), cents(1), cents(0), cents(None)
    ('$1,234.57', '<$0.01', '$0.00', '–')
    """
    if nano is None:
        return "–"
    if 0 < nano < CENT // 2:
        return "<$0.01"
    return f"${nano / 100 / CENT:,.2f}"


def short_model(name: str) -> str:
    """A model's name without its maker, where the rest of it says enough.

    >>> short_model("claude-opus-4-1"), short_model("gpt-5.4")
    ('opus-4-1', 'gpt-5.4')
    """
    return name.removeprefix("claude-") or name


def _period(usage: "Usage") -> str:
    since = f" since {usage.since}" if usage.since else ""
    return since + (f" until {usage.until}" if usage.until else "")


def _chosen(usage: "Usage") -> list[_Column]:
    """The columns that fit, each with its cells, the sum's last; all of them where nobody looks at a window.

    Those that answer the question are always there, then come the groups that fit, the most asked for first.
    """
    every = _columns(usage)
    if not is_terminal():
        return list(every.items())
    from rich.cells import cell_len

    widths = {name: max(map(cell_len, (name, *texts))) for name, texts in every.items()}
    *_, last = every  # which the table may cut
    widths[last] = min(widths[last], SHORTEST)
    first, *others = _labels(usage)
    kept = {first, "tokens", "cost"}
    room = shutil.get_terminal_size().columns - sum(widths[name] for name in kept) - GAP * (len(kept) - 1)
    for group in [*((name,) for name in others), (last,), *OPTIONAL]:
        there = [name for name in group if name in every and name not in kept]
        needed = sum(widths[name] + GAP for name in there)
        if needed <= room:
            kept.update(there)
            room -= needed
    return [(name, texts) for name, texts in every.items() if name in kept]


def _columns(usage: "Usage") -> dict[str, list[str]]:
    """Every column of the answer by its name, in order."""
    total = usage.total
    all_figures = [*(row.figures for row in usage.rows), total]

    def of(value: Callable[["Figures"], Any]) -> list[str]:
        return [cell(value(figures)) for figures in all_figures]

    columns = {name: [*texts, ""] for name, texts in _labels(usage).items()}
    columns[next(iter(columns))][-1] = "Total"
    if usage.by not in ("agent", "session", "block"):
        columns["agents"] = of(lambda figures: _listed(figures.agents, lambda name: _agent(usage, name)))
    if usage.counts_sessions:
        columns["sessions"] = of(lambda figures: figures.sessions)
    columns |= {
        "requests": of(lambda figures: figures.request_count),
        "input": of(lambda figures: figures.input_tokens),
        "output": of(lambda figures: figures.output_tokens),
        "cache writes": of(lambda figures: figures.cache_creation_tokens),
        "cache reads": of(lambda figures: figures.cache_read_tokens),
        "tokens": of(lambda figures: figures.total_tokens),
        "cost": of(lambda figures: _cost(figures, starred=bool(total.unpriced_tokens))),
    }
    if usage.by == "model":
        columns["agents"] = columns.pop("agents")
    else:
        columns["models"] = of(lambda figures: _listed(figures.models, short_model))
        columns["models"][-1] = ""
    return columns


def _listed(tokens: Mapping[str, int], shown: Callable[[str], str]) -> str:
    """Names, that of most tokens first."""
    return ", ".join(shown(name) for name in sorted(tokens, key=lambda name: (-tokens[name], name)))


def _agent(usage: "Usage", name: str) -> str:
    return usage.names.get(name) or name


def _cost(figures: "Figures", *, starred: bool) -> str:
    """The known cost; a star where some is missing, and room for one where another row has it."""
    is_part = figures.unpriced_tokens and figures.cost_nano_usd is not None
    return cents(figures.cost_nano_usd) + ("*" if is_part else " " if starred else "")


def _labels(usage: "Usage") -> dict[str, list[str]]:
    """What rows are about: a column or more."""
    if usage.by in ("day", "week", "month"):
        # Where nobody chose a time zone, people may take it for their own.
        name = f"{usage.by} (UTC)" if usage.timezone == "UTC" else usage.by
        return {name: [str(row.labels[usage.by]) for row in usage.rows]}
    if usage.by == "session":
        zone = ZoneInfo(usage.timezone)
        return {
            "last used": [f"{row.labels['last_at'].astimezone(zone):%Y-%m-%d %H:%M}" for row in usage.rows],
            "session": [_session(row) for row in usage.rows],
            "project": [_name(row.labels["project"]) for row in usage.rows],
        } | _agents(usage)
    if usage.by == "block":
        people = [_name(row.labels["developer"]) for row in usage.rows]
        whose = {"developer": people} if len({*people}) > 1 else {}
        return {"block": [_block(usage, row) for row in usage.rows]} | whose | _agents(usage)
    if usage.by == "agent":
        return _agents(usage)
    return {usage.by: [_name(row.labels[usage.by]) for row in usage.rows]}


def _agents(usage: "Usage") -> dict[str, list[str]]:
    return {"agent": [_name(_agent(usage, row.labels["agent"])) for row in usage.rows]}


def _name(text: str) -> str:
    """A name, cut on a terminal only."""
    shown = cell(text)
    if not is_terminal() or len(shown) <= LONGEST_LABEL:
        return shown
    return f"{shown[: LONGEST_LABEL - 1]}…"


def _session(row: "Row") -> str:
    name = row.labels["session"]
    if name is None:
        return "none"
    return cell(name).removeprefix(PSEUDONYM)[:SESSION] if is_terminal() else cell(name)


def _block(usage: "Usage", row: "Row") -> str:
    zone = ZoneInfo(usage.timezone)
    start, end = (row.labels[name].astimezone(zone) for name in ("start", "end"))
    return f"{start:%Y-%m-%d %H:%M}–{end:%H:%M}{' running' if row.labels['is_running'] else ''}"


def _show_missing(total: "Figures") -> None:
    if not total.unpriced_tokens:
        return
    count = total.unpriced_requests
    requests = f"{count:,} request{'' if count == 1 else 's'} with " if count else ""
    names = ", ".join(sorted(total.unpriced_models))
    say(
        f"* Not in the cost: {requests}{total.unpriced_tokens:,} tokens that have neither a reported cost"
        f" nor a price ({names}). A row in seeds/model_prices.csv gives a model its price."
    )


def _show_running(usage: "Usage") -> None:
    now = dt.datetime.now(dt.UTC)
    for labels in (row.labels for row in usage.rows if row.labels.get("is_running")):
        told = [f"{duration(labels['end'] - now)} left"]
        if labels["tokens_per_minute"] is not None:
            told.append(f"{labels['tokens_per_minute']:,.0f} tokens a minute")
        if labels["cost_per_hour_usd"] is not None:
            told.append(f"${labels['cost_per_hour_usd']:,.2f} an hour")
            told.append(f"${labels['projected_cost_usd']:,.2f} by its end at that rate")
        say(f"Running, {_agent(usage, labels['agent'])}: {', '.join(told)}.")
