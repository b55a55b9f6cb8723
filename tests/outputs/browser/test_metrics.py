"""Every metric, by every dimension: the query's answer is what the page computes from its own rows."""

import datetime as dt
import json

import pytest

from pipeline.engines import connect
from pipeline.outputs.dashboard import write_dashboard
from pipeline.outputs.metrics import METRICS, query_metric
from tests.outputs.browser.test_dashboard import FILTERS, LAST, address

DIMENSION = {"developers": "developer", "agents": "agent", "projects": "project"}
NAMES = [
    *("all days", "one developer", "one agent", "what nobody did", "a project", "all of them"),
]

LEAST = 3
WINDOW = 20  # days
# What the page calls the others.
FOLDED = ("Other models", "Other projects", "folded")

# What a page of these filters computes of a metric, by key. Sums and ratios are the page's; counts and shares
# of all that is shown are put together here as its views do.
COMPUTE = """
([hash, asked]) => {
  history.replaceState(null, "", hash);
  readAddress();
  const key = {
    day: (rows, i) => toIso(rows.day[i]),
    week: (rows, i) => toIso(endOf("week", rows.day[i]) - 6),
    month: (rows, i) => toIso(rows.day[i]).slice(0, 7),
    developer: (rows, i) => DATA.developers[rows.developer[i]]?.id ?? null,
    agent: (rows, i) => DATA.agents[rows.agent[i]]?.id ?? null,
    model: (rows, i) => DATA.models[rows.model[i]],
    project: (rows, i) => DATA.projects[rows.project[i]] ?? null,
    size: (rows, i) => DATA.sizes[rows.size[i]],
    method: (rows, i) => DATA.methods[rows.method[i]],
    origin: (rows, i) => DATA.origins[rows.origin[i]],
  };
  const keyOf = (rows, by) => (i) => JSON.stringify(by.map((name) => key[name](rows, i)));
  const has = (rows, by) => by.every((name) => ["day", "week", "month"].includes(name) || name in rows);
  const monthly = {
    day_cost: (month) => month.known(month.day),
    month_to_date: (month) => month.known(month.toDate),
    forecast: (month) => month.forecast,
  };
  const counts = {
    developers: (used) => used.people,
    active_days: (used) => used.activeDays,
    agents_in_use: (used) => used.agents.size,
    last_active: (used) => (used.people ? toIso(Math.max(...used.lastDays.values())) : null),
  };

  // Of groups of people: whole periods, and agents over all days.
  function people(by, filter) {
    if (by === "agent") return DATA.agents.map(({ id, people }) => [[id], people]);
    return Object.entries(DATA.people[by])
      .map(([iso, count]) => [startOf(by, toDay(iso)), toDay(iso), count])
      .filter(([first, last]) => last >= filter.from && first <= filter.to)
      .map(([first, , count]) => [[by === "month" ? toIso(first).slice(0, 7) : toIso(first)], count]);
  }
  const startOf = (by, day) => ({ day, week: endOf("week", day) - 6, month: startOfMonth(day) })[by];

  function compute(name, by, filter) {
    const found = {};
    if (GROUPED && name === "developers") {
      people(by[0], filter).forEach(([group, count]) => { found[JSON.stringify(group)] = count; });
      return found;
    }
    if (name in monthly) {
      // Of each of them, what the page shows if they are chosen.
      let chosen = [[[], filter]];
      for (const dimension of by) {
        const list = { developer: DATA.developers, agent: DATA.agents }[dimension];
        chosen = chosen.flatMap(([ids, part]) => list.map(({ id }, place) => [[...ids, id],
          { ...part, [`${dimension}s`]: new Set(passes(part[`${dimension}s`], place) ? [place] : []) }]));
      }
      for (const [ids, part] of chosen) {
        const month = monthOf({ ...part, to: Math.min(part.to, LAST_DAY) });
        found[JSON.stringify(ids)] = monthly[name](month);
      }
      return found;
    }
    if (name === "several_agents") {
      const several = usageBy(filter, (i) => `${keyOf(usage, by)(i)}\\0${usage.developer[i]}`);
      for (const [both, used] of several) {
        const [group, developer] = both.split("\\0");
        found[group] = (found[group] ?? 0) + (isPerson[developer] && used.agents.size > 1 ? 1 : 0);
      }
      return found;
    }
    if (["agent_share", "line_share"].includes(name) && by.includes("agent")) {
      const rest = by.filter((dimension) => dimension !== "agent");
      DATA.agents.forEach(({ id }, place) => {
        if (!passes(filter.agents, place)) return;
        const alone = { ...filter, agents: new Set([place]) };
        for (const [group, value] of Object.entries(compute(name, rest, alone))) {
          const values = JSON.parse(group);
          found[JSON.stringify(by.map((dimension) => (dimension === "agent" ? id : values.shift())))] = value;
        }
      });
      return found;
    }
    const usedBy = has(usage, by) ? usageBy(filter, keyOf(usage, by)) : new Map();
    const madeBy = has(commits, by) ? commitsBy(filter, keyOf(commits, by)) : new Map();
    const total = { used: usageTotal(filter), commit: commitTotal(filter) };
    for (const group of new Set([...usedBy.keys(), ...madeBy.keys(), ...(by.length ? [] : ["[]"])])) {
      const used = usedBy.get(group) ?? new UsageTotals();
      const commit = madeBy.get(group) ?? new CommitTotals();
      found[group] = name in counts ? counts[name](used)
        : name === "days_per_week" ? ratio(used.activeDays / weeksOf(filter), used.people)
        : name === "cost_share" ? ratio(used.cost, total.used.cost)
        : name === "token_share" ? ratio(used.tokens, total.used.tokens)
        : name === "method_share" ? ratio(commit.agent, total.commit.agent)
        : metricValue(name, { used, commit });
    }
    return found;
  }

  return asked.map(({ name, by, hasProjects, isWindowed }) => {
    const chosen = { ...currentFilter(), ...(hasProjects ? {} : { projects: null }) };
    return compute(name, by, isWindowed ? insideWindow(chosen) : chosen);
  });
}
"""


@pytest.fixture(scope="module")
def database(company):
    with connect(str(company / "agent_analytics.duckdb"), read_only=True) as engine:
        yield engine


@pytest.fixture(scope="module")
def opened(chromium, database, tmp_path_factory):
    """The dashboard as it is usually, with a short window of commits, and of groups of people."""

    def open_page(**settings):
        page = chromium.new_page()
        folder = tmp_path_factory.mktemp("dashboard")
        page.goto(write_dashboard(database, folder, **settings).file.as_uri())
        return page

    pages = {
        "all": open_page(),
        "window": open_page(window_days=WINDOW),
        "groups": open_page(min_group=LEAST),
    }
    yield pages
    for page in pages.values():
        page.close()


def questions():
    """Every metric: as a whole, by each of its dimensions, and by two of them."""
    for name, metric in METRICS.items():
        yield from ((name, by) for by in [(), *((one,) for one in metric.dimensions)])
        yield name, metric.dimensions[-2:]
        if "month" in metric.dimensions:
            yield name, ("month", "developer")


def asked_of_the_page(name, by):
    metric = METRICS[name]
    has_projects = "project" in metric.dimensions
    return {"name": name, "by": by, "hasProjects": has_projects, "isWindowed": metric.is_windowed}


def same(name, here, there):
    """The same number; none and 0 are not the same."""
    if not here or not there or isinstance(here, str):
        return here == there
    # The page has the shares that commits have of a cost rounded to billionths of a dollar, per row.
    in_rows = name.startswith("committed_")
    return here == pytest.approx(there, rel=1e-7 if in_rows else 1e-12, abs=0)


def differences(page, database, chosen, all_asked, **settings):
    """Where an answer is not what the page computes."""
    computed = page.evaluate(
        COMPUTE, [address("", "return", **chosen), [asked_of_the_page(*one) for one in all_asked]]
    )
    for (name, by), on_the_page in zip(all_asked, computed, strict=True):
        where = {DIMENSION[kind]: chosen[kind] for kind in DIMENSION if kind in chosen}
        answer = query_metric(
            database,
            name,
            by=by,
            where={kind: values for kind, values in where.items() if kind in METRICS[name].dimensions},
            since=chosen["from"] if "from" in chosen else LAST - dt.timedelta(days=29),
            until=chosen.get("to", LAST),
            **settings,
        ).document()
        told = {_key(row, by): _plain(row["value"]) for row in answer["rows"]}
        shown = {_key_of(group): value for group, value in on_the_page.items()}
        assert len(told) == len(answer["rows"])
        if not by:
            assert told[()] == _plain(answer["total"]["value"])
        for key in told.keys() | shown.keys():
            # Who has no part in what is added up has no row, and on the page a 0 or a dash.
            here, there = told.get(key, 0), shown.get(key, 0)
            missing = key not in told or key not in shown
            if not (same(name, here, there) or (missing and not here and not there)):
                yield name, by, key, here, there


@pytest.mark.parametrize("chosen", [FILTERS[name] for name in NAMES], ids=NAMES)
def test_the_answer_is_what_the_page_computes(opened, database, chosen):
    assert [*differences(opened["all"], database, chosen, [*questions()])] == []


def test_what_is_kept_for_a_window_is_compared_within_it_as_on_the_page(opened, database):
    page, chosen = opened["window"], FILTERS["all days"]
    assert [*differences(page, database, chosen, [*questions()], window_days=WINDOW)] == []
    kept = "Commits and Copilot reports are kept for 20 days:"

    def notes(name):
        return query_metric(database, name, window_days=WINDOW).notes

    assert notes("commits") == [f"{kept} this is of 2026-10-27 and later only."]
    assert notes("developers") == [f"{kept} before 2026-10-27 activity is that of sessions and tokens only."]
    assert notes("sessions") == query_metric(database, "commits").notes == []
    within, whole = (query_metric(database, "cost_per_commit", window_days=days) for days in (WINDOW, 90))
    assert within.total.value != whole.total.value


@pytest.mark.parametrize("name", ["all days", "one agent of all days"])
def test_of_groups_of_people_the_answer_is_what_the_page_computes(opened, database, name):
    chosen = FILTERS["all days"] | ({"agents": ["claude_code"]} if name.startswith("one agent") else {})
    all_asked = [*questions()]
    told = [one for one in all_asked if is_told(*one, where="agents" in chosen)]
    assert 0 < len(told) < len(all_asked)
    assert [*differences(opened["groups"], database, chosen, told, min_group=LEAST)] == []


def is_told(name, by, *, where):
    """Whether there is an answer where groups are shown only, as the README has it."""
    metric = METRICS[name]
    if metric.few == "people":
        return not where and len(by) == 1 and by[0] in ("day", "week", "month")
    return metric.few == "groups" and not {"developer", "size", "method"} & {*by}


def _key(row, by):
    return tuple(_plain(row[dimension]) for dimension in by)


def _key_of(group):
    return tuple("(others)" if value in FOLDED else value for value in json.loads(group))


def _plain(value):
    return value.isoformat() if isinstance(value, dt.date) else value
