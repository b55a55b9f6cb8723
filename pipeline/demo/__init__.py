"""A small company that never was, written as the files that its tools would have left.

`write_demo` makes eight people, their coding agents and two repositories, sixty days up to a given
moment: telemetry as the OpenTelemetry Collector's file exporter writes it, real git repositories,
Copilot usage reports and seats, pull requests, bills, and a project's own seeds. The same seed and moment
give the same bytes.

The company has what real ones have: people who send only logs or only metrics, agents that report
the same usage in several forms, a model that nobody has a price for, two e-mail addresses of one
person, weekends, and a slow start.
"""

import datetime as dt
import random
from dataclasses import dataclass
from pathlib import Path

from pipeline.demo.bills import write_bills
from pipeline.demo.clouds import write_cloud_bills
from pipeline.demo.company import company
from pipeline.demo.copilot import write_copilot
from pipeline.demo.pulls import write_pulls
from pipeline.demo.repositories import write_repositories
from pipeline.demo.seats import write_copilot_seats, write_invoiced_seats
from pipeline.demo.telemetry import write_telemetry

__all__ = ["DemoFiles", "write_demo"]


@dataclass(frozen=True)
class DemoFiles:
    """What was written, by the ingest that takes it; `seeds` belong into the project's folder."""

    otlp: list[Path]
    copilot: list[Path]
    repositories: list[Path]
    pulls: list[Path]
    bills: list[Path]
    seeds: list[Path]


def write_demo(folder: Path, *, seed: int = 7, as_of: dt.datetime) -> DemoFiles:
    """Write the company's files into `folder`.

    Args:
        folder: made if missing; holds `telemetry`, `copilot`, `repositories`, `pulls`, `bills` and `seeds`.
        seed: another number gives another history of the same company.
        as_of: the end of the history; naive means UTC.

    Raises:
        IngestError: git is not installed, or refused to make a repository.
    """
    as_of = as_of.astimezone(dt.UTC) if as_of.tzinfo else as_of.replace(tzinfo=dt.UTC)
    history = company(random.Random(f"company {seed}"), as_of)
    repositories = write_repositories(folder / "repositories", history)
    return DemoFiles(
        otlp=write_telemetry(folder / "telemetry", history),
        copilot=[
            *write_copilot(folder / "copilot", random.Random(f"copilot {seed}"), as_of),
            write_copilot_seats(folder / "copilot", as_of),
        ],
        repositories=repositories,
        pulls=write_pulls(folder / "pulls", random.Random(f"pulls {seed}"), history),
        bills=[
            *write_bills(folder / "bills", random.Random(f"bills {seed}"), history),
            *write_cloud_bills(folder / "bills", history),
        ],
        seeds=[*write_seeds(folder / "seeds", as_of), write_invoiced_seats(folder / "seeds", as_of)],
    )


def write_seeds(folder: Path, as_of: dt.datetime) -> list[Path]:
    """The project's own seeds: Copilot logins of people, budgets of months and years, teams and projects."""
    from pipeline.demo.company import DAYS, MOVED, PEOPLE, PROJECTS

    folder.mkdir(parents=True, exist_ok=True)
    identities = folder / "identities.csv"
    lines = ["alias,developer_id,developer_name,developer_email"]
    lines += [f"{p.login},{p.email},{p.name},{p.email}" for p in PEOPLE]
    identities.write_text("\n".join(lines) + "\n", encoding="utf-8")

    budgets = folder / "budgets.csv"
    first = as_of - dt.timedelta(days=DAYS)
    months = sorted({(first + dt.timedelta(days=day)).strftime("%Y-%m-01") for day in range(DAYS + 1)})
    lines = ["scope,month,budget_usd,period,valid_from,valid_to"]
    lines += [f"all,{month},450,,," for month in months]
    lines += [f"agent:claude_code,{month},220,,," for month in months]
    lines += [f"team:Shop,,250,month,{months[0]},", f"team:Product,,5000,year,{months[0][:4]}-01-01,"]
    budgets.write_text("\n".join(lines) + "\n", encoding="utf-8")

    teams = folder / "teams.csv"
    moved = (as_of - dt.timedelta(days=DAYS // 2)).date()
    lines = ["developer_id,team,parent_team,cost_centre,valid_from,valid_to"]
    for person in PEOPLE:
        team, centre, _ = PROJECTS[person.repository]
        left = moved if person.login == MOVED[0] else ""
        lines.append(f"{person.email},{team},Product,{centre},2020-01-01,{left}")
        if left:
            team, centre, _ = PROJECTS[MOVED[1]]
            lines.append(f"{person.email},{team},Product,{centre},{moved},")
    teams.write_text("\n".join(lines) + "\n", encoding="utf-8")

    projects = folder / "projects.csv"
    lines = ["alias,project_id,owner,cost_centre"]
    lines += [f"{name},example/{name},{owner},{centre}" for name, (_, centre, owner) in PROJECTS.items()]
    projects.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [identities, budgets, teams, projects]
