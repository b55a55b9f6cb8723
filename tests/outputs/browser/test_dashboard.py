"""The dashboard in a real browser: its numbers are the marts' for any filter, and everybody can use it."""

import datetime as dt
from urllib.parse import urlencode

import pytest

from pipeline.outputs.dashboard import write_dashboard
from pipeline.outputs.dashboard.metrics import ALL as METRICS
from tests.outputs.browser.conftest import overflow
from tests.outputs.dashboard.marts import DAY, HOSTILE, commit, developer, usage

VIEWS = ["return", "agents", "team", "git", "cost"]
FIRST, LAST = dt.date(2026, 9, 16), dt.date(2026, 11, 14)

FILTERS = {
    "usual": {},
    "all days": {"from": FIRST, "to": LAST},
    "one day": {"from": dt.date(2026, 11, 5), "to": dt.date(2026, 11, 5)},
    "one developer": {"from": FIRST, "to": LAST, "developers": ["bruno@example.com"]},
    "two developers": {"developers": ["alice@example.com", "goran@example.com"]},
    "one agent": {"from": dt.date(2026, 10, 1), "to": dt.date(2026, 10, 31), "agents": ["codex"]},
    "an agent of a developer": {"developers": ["goran@example.com"], "agents": ["gemini_cli"]},
    "what nobody did": {"developers": ["alice@example.com"], "agents": ["codex"]},
    "a project": {"from": FIRST, "to": LAST, "projects": ["example/billing"]},
    "all of them": {
        "from": dt.date(2026, 10, 5),
        "to": dt.date(2026, 11, 1),
        "developers": ["bruno@example.com", "chen@example.com"],
        "agents": ["claude_code", "codex"],
        "projects": ["example/webshop"],
    },
}

ACTIVE = (
    "(total_sessions > 0 OR total_tokens > 0 OR agent_assisted_commits > 0"
    " OR copilot_suggestions + copilot_acceptances > 0)"
)
PEOPLE = (
    "developer_id IN (SELECT developer_id FROM mart.dim_developers WHERE is_known"
    " AND NOT contains(developer_name || coalesce(developer_email, ''), '[bot]'))"
)
HIT_RATE = (
    "sum(total_cache_read_tokens) / nullif(sum(total_input_tokens) + sum(total_cache_creation_tokens)"
    " + sum(total_cache_read_tokens), 0)"
)
EDITS = "100.0 * sum(edits_accepted) / nullif(sum(edits_accepted + edits_rejected), 0)"
SUGGESTIONS = "100.0 * sum(copilot_acceptances) / nullif(sum(copilot_suggestions), 0)"
# Of suggestions and of commits without a session nothing tells the cost, which is 0 in the marts.
TOLD_COST = (
    "sum(if(total_sessions = 0 AND total_tokens = 0 AND total_cost_usd = 0 AND agent_assisted_commits"
    " + copilot_suggestions + copilot_acceptances > 0, NULL, total_cost_usd))"
)
OBSERVED = (
    "commit_date >= (SELECT min(date) FROM mart.fct_daily_agent_usage AS u"
    " WHERE u.developer_id = c.developer_id AND u.developer_id <> 'unknown'"
    " AND (total_sessions > 0 OR total_tokens > 0))"
)


def expect(locator):
    """Playwright's, which waits; imported only where there is a browser."""
    from playwright.sync_api import expect

    return expect(locator)


@pytest.fixture(scope="module")
def the_page(chromium, dashboard):
    """One page for all filters: opening it anew for each takes most of the time."""
    context = chromium.new_context()
    page = context.new_page()
    faults = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(dashboard)
    yield page
    context.close()
    assert faults == []


@pytest.fixture
def look_at(the_page):
    """Shows a view under a filter, as its deep link does."""

    def show(view, chosen):
        hash_of = address("", view, **chosen)
        the_page.evaluate("hash => { history.replaceState(null, '', hash); open(); }", hash_of)
        return the_page

    return show


def address(dashboard, view, **chosen):
    """A deep link."""
    return f"{dashboard}#{view}?{urlencode(chosen, doseq=True)}"


def headline_numbers(page):
    """The exact values of the cards by metric; None where there is none."""
    cards = page.locator(".kpi .kpi-value data")
    found = cards.evaluate_all("list => list.map((e) => [e.dataset.metric, e.value])")
    return {metric: float(value) if value else None for metric, value in found}


def rows_of(page, title):
    """The exact values of a table, by the name of the row and the metric."""
    more = page.locator(f"section:has(h2:text-is('{title}')) .more")
    while more.is_visible():
        more.click()
    rows = page.locator(f"section:has(h2:text-is('{title}')) > .scroll tbody tr")
    found = rows.evaluate_all(
        "rows => rows.map((row) => [row.querySelector('th').textContent,"
        " [...row.querySelectorAll('td data')].map((e) => [e.dataset.metric, e.value])])"
    )
    return {
        name: {metric: float(value) if value else None for metric, value in cells} for name, cells in found
    }


def about(number):
    return None if number is None else pytest.approx(number, rel=1e-9, abs=1e-9)


class Marts:
    """What the marts say under a filter."""

    def __init__(self, engine, chosen):
        self.engine = engine
        usual = {"from": LAST - dt.timedelta(days=29), "to": LAST}
        self.chosen = usual | chosen

    def where(self, date, *names):
        """Conditions and their parameters."""
        text, params = f"{date} BETWEEN ? AND ?", [self.chosen["from"], self.chosen["to"]]
        columns = {"developers": "developer_id", "agents": "agent_type", "projects": "project_id"}
        for name in names:
            if name in self.chosen:
                text += f" AND {columns[name]} IN ({', '.join('?' * len(self.chosen[name]))})"
                params += self.chosen[name]
        return text, params

    def usage(self, what, condition="TRUE", tail=""):
        where, params = self.where("date", "developers", "agents")
        table = "mart.fct_daily_agent_usage"
        return self.engine.fetch(f"SELECT {what} FROM {table} WHERE {where} AND {condition} {tail}", params)

    def commits(self, what, condition="TRUE", *, of_agents=False, tail=""):
        names = ["developers", "projects"] + ["agents"] * of_agents
        where, params = self.where("commit_date", *names)
        table = "mart.fct_git_commits AS c"
        return self.engine.fetch(f"SELECT {what} FROM {table} WHERE {where} AND {condition} {tail}", params)

    @property
    def merged_requests(self):
        """Project, how many, average cost, average hours, how many were reverted."""
        where, params = self.where("CAST(merged_at AS DATE)", "developers", "projects", "agents")
        what = "count(*), avg(cost_usd), avg(hours_to_merge), sum(is_reverted_within_30_days::INT)"
        query = f"SELECT project_id, {what} FROM mart.fct_pull_requests WHERE {where} GROUP BY 1"
        return [(*row, reverted or 0) for *row, reverted in self.engine.fetch(query, params)]

    @property
    def cost(self):
        if "projects" in self.chosen:
            return self.assisted[2]
        # No row is no cost; rows without any known cost are an unknown one.
        ((rows, cost),) = self.usage(f"count(*), {TOLD_COST}")
        return 0 if not rows else cost

    @property
    def assisted(self):
        """Commits, lines, cost."""
        # Without commits their cost is 0; where none of theirs is known, it is not.
        return self.commits(
            "count(*), coalesce(sum(lines_changed), 0), CASE WHEN count(*) > 0 THEN sum(cost_usd) ELSE 0 END",
            "is_agent_assisted",
            of_agents=True,
        )[0]


@pytest.fixture(params=FILTERS.values(), ids=FILTERS.keys())
def chosen(request):
    return request.param


def divided(part, whole):
    return None if part is None or not whole else part / whole


def without_projects(chosen):
    return {name: value for name, value in chosen.items() if name != "projects"}


def test_return_is_that_of_the_marts(look_at, database, chosen):
    page = look_at("return", chosen)
    marts = Marts(database, chosen)
    commits, lines, in_commits = marts.assisted
    cost, each, per_dollar = ("cost", "cost_per_commit", "lines_per_dollar")
    if "projects" in chosen:
        cost, each, per_dollar = ("committed_cost", "committed_cost_each", "committed_lines_per_dollar")
    assert headline_numbers(page) == {
        cost: about(marts.cost),
        "committed_cost": about(in_commits),
        "assisted_commits": commits,
        "assisted_lines": lines,
        each: about(divided(marts.cost, commits)),
        per_dollar: about(divided(lines, marts.cost)),
    }
    by_project = marts.commits(
        "project_id, sum(cost_usd), count(*)", "is_agent_assisted", of_agents=True, tail="GROUP BY 1"
    )
    found = rows_of(page, "By project")
    assert {name: row for name, row in found.items() if row["assisted_commits"]} == {
        project: {
            "committed_cost": about(cost),
            "assisted_commits": count,
            "committed_cost_each": about(divided(cost, count)),
            "assisted_lines": found[project]["assisted_lines"],
        }
        for project, cost, count in by_project
    }


def test_agents_are_those_of_the_marts(look_at, database, chosen):
    page = look_at("agents", without_projects(chosen))
    marts = Marts(database, without_projects(chosen))
    ((hit_rate, edits, suggestions),) = marts.usage(f"{HIT_RATE}, {EDITS}, {SUGGESTIONS}")
    ((agents,),) = marts.usage("count(DISTINCT agent_type)", ACTIVE)
    people = marts.usage("developer_id, count(DISTINCT agent_type)", f"{ACTIVE} AND {PEOPLE}", "GROUP BY 1")
    assert headline_numbers(page) == {
        "agents_in_use": agents,
        "developers": len(people),
        "several_agents": sum(1 for _, count in people if count > 1),
        "cache_hit_rate": about(hit_rate),
        "edit_acceptance": about(edits),
        "suggestion_acceptance": about(suggestions),
    }
    names = dict(database.fetch("SELECT agent_type, agent_display_name FROM mart.dim_agents"))
    expected = marts.usage(
        f"agent_type, {TOLD_COST}, sum(total_sessions), sum(total_tokens),"
        f" sum(agent_assisted_commits), {HIT_RATE}",
        tail="GROUP BY 1",
    )
    found = rows_of(page, "Agents compared")
    assert found.keys() == {names[row[0]] for row in expected}
    for agent, cost, sessions, tokens, commits, agent_hit_rate in expected:
        name = names[agent]
        assert (
            found[name]
            | {
                "cost": about(cost),
                "sessions": sessions,
                "tokens": tokens,
                "assisted_commits": commits,
                "cache_hit_rate": about(agent_hit_rate),
            }
            == found[name]
        )


def test_team_is_that_of_the_marts(look_at, database, chosen):
    page = look_at("team", without_projects(chosen))
    marts = Marts(database, without_projects(chosen))
    days = dict(marts.usage("developer_id, count(DISTINCT date)", f"{ACTIVE} AND {PEOPLE}", "GROUP BY 1"))
    everybody = {
        key for (key,) in database.fetch(f"SELECT developer_id FROM mart.dim_developers WHERE {PEOPLE}")
    }
    everybody &= set(chosen.get("developers", everybody))
    weeks = max(1, ((marts.chosen["to"] - marts.chosen["from"]).days + 1) / 7)
    numbers = headline_numbers(page)
    assert numbers == {
        "developers": len(days),
        "active_days": sum(days.values()),
        "days_per_week": about(divided(sum(days.values()) / weeks, len(days))),
    }
    cohorts = dict.fromkeys(["Heavy", "Moderate", "Light", "None"], 0)
    for key in everybody:
        per_week = days.get(key, 0) / weeks
        cohorts[
            "None" if not per_week else "Light" if per_week <= 1 else "Moderate" if per_week <= 3 else "Heavy"
        ] += 1
    shown = page.locator("[data-cohort]").evaluate_all("list => list.map((e) => [e.dataset.cohort, e.value])")
    assert {name: int(count) for name, count in shown} == cohorts


def test_git_is_that_of_the_marts(look_at, database, chosen):
    page = look_at("git", chosen)
    marts = Marts(database, chosen)
    ((total, lines, human, unknown),) = marts.commits(
        f"count(*), sum(lines_changed), count(*) FILTER (NOT is_agent_assisted AND {OBSERVED}),"
        f" count(*) FILTER (NOT is_agent_assisted AND NOT coalesce({OBSERVED}, FALSE))"
    )
    assisted, assisted_lines, _ = marts.assisted
    assert headline_numbers(page) == {
        "commits": total,
        "agent_share": about(divided(assisted, total)),
        "human_share": about(divided(human, total)),
        "unknown_share": about(divided(unknown, total)),
        "line_share": about(divided(assisted_lines, lines)),
    }
    methods = marts.commits(
        "attribution_method, count(*)", "is_agent_assisted", of_agents=True, tail="GROUP BY 1"
    )
    found = rows_of(page, "How it is known")
    assert sorted(row["assisted_commits"] for row in found.values()) == sorted(count for _, count in methods)
    assert rows_of(page, "Pull requests") == {
        project: {
            "merged_requests": merged,
            "request_cost": about(cost),
            "request_hours": pytest.approx(hours, abs=1e-3),
            "reverted_share": about(reverted / merged),
        }
        for project, merged, cost, hours, reverted in marts.merged_requests
    }


def test_a_page_without_pull_requests_says_nothing_of_them(open_page, handmade):
    folder = handmade(
        usages=[usage(total_sessions=1)],
        commits=[commit(1)],
        developers=[developer("ada@example.com", "Ada")],
        agents=[("claude_code", "Claude Code")],
    )
    page = open_page(folder + "#git")
    assert rows_of(page, "By project")
    assert page.locator("h2:text-is('Pull requests')").count() == 0


def test_cost_is_that_of_the_marts(look_at, database, chosen):
    page = look_at("cost", without_projects(chosen))
    marts = Marts(database, without_projects(chosen))
    ((sessions, unpriced, hit_rate),) = marts.usage(
        f"coalesce(sum(total_sessions), 0), coalesce(sum(unpriced_tokens), 0), {HIT_RATE}"
    )
    latest = marts.chosen["to"]
    to_date = Marts(database, chosen | {"from": latest.replace(day=1), "to": latest})
    on_the_day = Marts(database, chosen | {"from": latest, "to": latest})
    numbers = headline_numbers(page)

    def shown(part):
        # What nothing tells is no 0, if nothing has told any until then.
        ever = Marts(database, chosen | {"from": FIRST, "to": latest})
        return None if marts_cost(ever) is None else marts_cost(part) or 0

    assert numbers == {
        "cost": about(marts_cost(marts)),
        "cost_per_session": about(divided(marts_cost(marts), sessions)),
        "cache_hit_rate": about(hit_rate),
        "unpriced_tokens": unpriced,
        "month_to_date": about(shown(to_date)),
        "day_cost": about(shown(on_the_day)),
        "forecast": numbers["forecast"],
        "budget_break": numbers["budget_break"],
    }
    expected = marts.usage(
        "model_name, sum(total_cost_usd), sum(total_tokens), sum(unpriced_tokens)",
        tail="GROUP BY 1 HAVING sum(total_tokens) > 0",
    )
    found = rows_of(page, "By model")
    assert found.keys() == {row[0] for row in expected}
    for model, cost, tokens, unpriced_tokens in expected:
        row = {"cost": about(cost), "tokens": tokens, "unpriced_tokens": unpriced_tokens}
        assert found[model] | row == found[model]


def marts_cost(marts):
    """The cost of `fct_agent_costs` would do too; laws of the build say that they are the same."""
    marts.chosen = without_projects(marts.chosen)
    return marts.cost


def test_forecast_of_a_developer_and_agent_is_that_of_the_mart(look_at, database):
    rows = database.fetch(
        "SELECT date, developer_id, agent_type, daily_cost_usd, mtd_cost_usd, month_forecast_usd,"
        " row_number() OVER (PARTITION BY developer_id, agent_type ORDER BY date) AS nth"
        " FROM mart.fct_agent_costs QUALIFY nth IN (2, 3, 20) ORDER BY 2, 3, 1 LIMIT 12"
    )
    assert len(rows) == 12
    for date, who, agent, day_cost, to_date, forecast, nth in rows:
        page = look_at("cost", {"from": FIRST, "to": date, "developers": who, "agents": agent})
        numbers = headline_numbers(page)
        assert (numbers["day_cost"], numbers["month_to_date"]) == (about(day_cost), about(to_date))
        # With fewer than three days there is no forecast, not one of 0.
        assert numbers["forecast"] == (about(forecast) if nth >= 3 else None)


def test_todays_budgets_stand_as_in_the_mart_with_their_forecasts(look_at, database):
    expected = database.fetch(
        "SELECT scope, budget_usd, spent_usd, forecast_usd, forecast_low_usd, forecast_high_usd,"
        " forecast_weeks, replace(status, '_', ' ') FROM mart.fct_budgets WHERE forecast_usd IS NOT NULL"
    )
    page = look_at("cost", {})
    rows = page.locator(
        "section:has(h2:text-is('Budgets and what they will have cost, as of the last build'))"
    )
    cells = "rows => rows.map((row) => [...row.querySelectorAll('td data')].map((e) => e.value))"
    found = sorted(row[1:] for row in rows.locator("tbody tr").evaluate_all(cells))
    assert len(found) == len(expected) == 4
    told = sorted([*map(str, numbers), status] for _, *numbers, status in expected)
    for shown, true in zip(found, told, strict=True):
        assert [*map(float, shown[:-1])] == [about(float(number)) for number in true[:-1]]
        assert shown[-1] == true[-1]


def test_agents_are_compared_with_how_many_decisions_there_were_and_what_chance_leaves(open_page, handmade):
    folder = handmade(
        usages=[usage(edits_accepted=8, edits_rejected=2)],
        developers=[developer("ada@example.com", "Ada")],
        agents=[("claude_code", "Claude Code")],
    )
    page = open_page(folder + "#agents")
    assert rows_of(page, "Agents compared")["Claude Code"]["edit_acceptance"] == 80.0
    table = page.locator("section:has(h2:text-is('Agents compared'))")
    assert "80% of 10, 49% to 94%" in table.inner_text()
    assert "of 10, 49% to 94%" in page.locator(".kpis").inner_text()


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        (100.0, ("2026-11-10", "November passed its budget of $100.00 on 10 Nov")),
        (200.0, ("2026-11-21", "November will pass its budget of $200.00 on 21 Nov")),
        (299.0, ("2026-11-30", "November will pass its budget of $299.00 on 30 Nov")),
        (300.0, (None, "November is on its way to $300.00, inside its budget")),
    ],
)
def test_budget_breaks_on_the_day_that_passes_it(open_page, handmade, budget, expected):
    days = [DAY.replace(day=day) for day in range(1, 11)]
    costs = [10.0] * 9 + [10.01]
    if budget > 100:
        costs[-1] = 10.0
    page = open_page(
        handmade(
            usages=[
                usage(date=d, total_cost_usd=c, total_sessions=1) for d, c in zip(days, costs, strict=True)
            ],
            developers=[developer("ada@example.com", "Ada")],
            agents=[("claude_code", "Claude Code")],
            budgets=[{"scope": "all", "month": DAY.replace(day=1), "budget_usd": budget}],
        )
        + "#cost"
    )
    breaks = headline_numbers(page)["budget_break"]
    day = None if breaks is None else (dt.date(1970, 1, 1) + dt.timedelta(days=breaks)).isoformat()
    assert (day, page.inner_text("h1")) == expected


def test_the_headline_tells_the_worst_of_all_budgets_and_return_shows_them_too(open_page, handmade):
    month = DAY.replace(day=1)
    folder = handmade(
        usages=[
            usage(date=DAY.replace(day=day), total_cost_usd=10.0, total_sessions=1) for day in range(1, 11)
        ],
        developers=[developer("ada@example.com", "Ada")],
        agents=[("claude_code", "Claude Code")],
        budgets=[
            {"scope": "all", "month": month, "budget_usd": 300.0},
            {"scope": "agent:claude_code", "month": month, "budget_usd": 50.0},
            {"scope": "developer:ada@example.com", "month": month, "budget_usd": 200.0},
        ],
    )
    page = open_page(folder + "#cost")
    assert page.inner_text("h1") == (
        "The budget of Claude Code, $50.00, broke on 6 Nov;"
        " November as a whole is on its way to $300.00, inside its budget"
    )
    ada = "The budget of Ada, $200.00, will break on 21 Nov."
    assert [notice.inner_text() for notice in page.query_selector_all(".notice")] == [ada]
    page = open_page(folder + "#return")
    assert [notice.inner_text() for notice in page.query_selector_all(".notice")] == [
        "The budget of Claude Code, $50.00, broke on 6 Nov.",
        ada,
    ]
    assert rows_of(page, "Budgets of November").keys() == {"Claude Code", "Ada", "Everything"}


def test_what_no_report_tells_the_cost_of_is_a_dash(open_page, handmade):
    folder = handmade(
        usages=[
            usage(agent="github_copilot", copilot_suggestions=4, copilot_acceptances=1),
            usage(agent="github_copilot", date=DAY.replace(day=9), agent_assisted_commits=1),
        ],
        commits=[commit(1, agent="github_copilot")],
        developers=[developer("ada@example.com", "Ada")],
        agents=[("github_copilot", "GitHub Copilot")],
    )
    row = rows_of(open_page(folder + "#agents"), "Agents compared")["GitHub Copilot"]
    told = ("cost", "cost_per_commit", "edit_acceptance", "suggestion_acceptance", "assisted_commits")
    assert [row[name] for name in told] == [None, None, None, 25.0, 1]
    page = open_page(folder + "#cost")
    assert page.inner_text("h1") == "Nothing tells what November has cost"
    numbers = headline_numbers(page)
    assert [numbers[name] for name in ("cost", "day_cost", "month_to_date", "forecast")] == [None] * 4


def test_two_days_of_cost_are_no_forecast(open_page, handmade):
    page = open_page(
        handmade(
            usages=[usage(date=DAY.replace(day=day), total_cost_usd=5.0) for day in (9, 10)],
            developers=[developer("ada@example.com", "Ada")],
            agents=[("claude_code", "Claude Code")],
            budgets=[{"scope": "all", "month": DAY.replace(day=1), "budget_usd": 20.0}],
        )
        + "#cost"
    )
    numbers = headline_numbers(page)
    assert (numbers["forecast"], numbers["budget_break"]) == (None, None)
    assert page.inner_text("h1") == "November has cost $10.00 so far"
    assert "needs 3 days with cost" in page.inner_text("main")


def test_cost_that_nobody_knows_is_a_dash_and_not_nothing(open_page, handmade):
    page = open_page(
        handmade(
            usages=[usage(total_cost_usd=None, total_tokens=9, total_input_tokens=9, unpriced_tokens=9)],
            developers=[developer("ada@example.com", "Ada")],
            agents=[("claude_code", "Claude Code")],
        )
        + "#cost"
    )
    assert headline_numbers(page)["cost"] is None
    assert headline_numbers(page)["unpriced_tokens"] == 9
    assert "9 tokens have neither a reported cost nor a price" in page.inner_text(".notice")


@pytest.mark.parametrize("view", VIEWS)
def test_one_day_of_data_looks_right(open_page, handmade, view):
    page = open_page(
        handmade(
            usages=[usage(total_sessions=1, total_cost_usd=1.0, agent_assisted_commits=1)],
            commits=[commit(1, agent="claude_code", cost_usd=1.0)],
            developers=[developer("ada@example.com", "Ada")],
            agents=[("claude_code", "Claude Code")],
        )
        + f"#{view}"
    )
    assert page.locator(".kpi").first.is_visible()
    text = page.inner_text("main")
    assert "NaN" not in text
    assert "Infinity" not in text
    assert "undefined" not in text
    if view == "team":
        assert page.locator("[data-cohort='Light']").get_attribute("value") == "1"


def test_marts_without_rows_say_what_to_do(open_page, handmade):
    page = open_page(handmade())
    assert page.inner_text("h1") == "Nothing to show yet"
    assert "aa-pipeline ingest transcripts" in page.inner_text("main")


@pytest.mark.parametrize("view", VIEWS)
def test_hostile_names_show_as_text(open_page, handmade, view):
    page = open_page(
        handmade(
            usages=[
                usage(
                    model=HOSTILE,
                    developer=HOSTILE,
                    agent="x",
                    total_sessions=1,
                    total_tokens=1,
                    total_cost_usd=1.0,
                )
            ],
            commits=[commit(1, developer=HOSTILE, agent="x", commit_message=HOSTILE, project_id=HOSTILE)],
            developers=[developer(HOSTILE, HOSTILE, is_known=True)],
            agents=[("x", HOSTILE)],
        )
        + f"#{view}"
    )
    assert page.locator("main img, main script").count() == 0
    assert "<img src=x onerror=alert(2)>" in page.inner_text("main")
    for picker in page.locator(".picker").all():
        picker.locator("summary").click()


def test_filters_work_by_mouse_and_the_address_keeps_them(open_page, dashboard):
    page = open_page(dashboard)
    before = headline_numbers(page)
    page.get_by_text("Developer everyone").click()
    page.get_by_label("Find developer").fill("bru")
    page.get_by_label("Bruno Costa").check()
    assert "developers=bruno%40example.com" in page.url
    assert headline_numbers(page) != before
    page.get_by_role("link", name="Cost").click()
    rows = page.locator("#view section:has(h2:text-is('Cost by developer')) tbody tr")
    expect(rows).to_have_count(1)
    page.reload()
    expect(page.get_by_text("Developer Bruno Costa")).to_be_visible()
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_text("Developer everyone")).to_be_visible()
    assert page.url.endswith("#cost")


def test_everything_works_by_keyboard(open_page, dashboard):
    page = open_page(dashboard)
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the numbers"
    page.get_by_text("Agent all").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".picker[open] .clear")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert "agents=claude_code" in page.url
    page.keyboard.press("Escape")
    assert page.locator(".picker[open]").count() == 0
    assert page.locator(":focus").inner_text().startswith("Agent")
    page.get_by_role("button", name="What “Cost” means").focus()
    page.keyboard.press("Enter")
    assert "list price of the day" in page.locator("#definition").inner_text()
    page.keyboard.press("Escape")
    assert not page.locator("#definition").is_visible()


def test_dates_can_be_typed(open_page, dashboard):
    page = open_page(dashboard)
    page.locator("#period summary").click()
    page.get_by_role("button", name="All days").click()
    assert f"from={FIRST}" in page.url
    page.get_by_label("From", exact=True).fill("2026-11-02")
    page.get_by_label("To", exact=True).fill("2026-11-08")
    assert "from=2026-11-02&to=2026-11-08" in page.url
    assert page.locator("#period summary").inner_text().split("\n")[-1].endswith("2 Nov – 8 Nov")


def test_address_that_makes_no_sense_is_the_first_view(open_page, dashboard):
    page = open_page(f"{dashboard}#nothing?from=yesterday&developers=eve&to=2026-13-45")
    assert page.locator("[aria-current=page]").inner_text() == "Return"
    assert page.locator(".kpi").count() == 6


# What nothing is known of comes last either way.
COSTS = "list => list.filter((e) => e.value !== '').map((e) => Number(e.value))"


def test_tables_sort_by_their_headers(open_page, dashboard):
    page = open_page(f"{dashboard}#team")
    section = page.locator("section:has(h2:text-is('People'))")
    section.get_by_role("button", name="Cost").click()
    costs = section.locator("data[data-metric=cost]").evaluate_all(COSTS)
    assert costs == sorted(costs, reverse=True)
    section.get_by_role("button", name="Cost").click()
    costs = section.locator("data[data-metric=cost]").evaluate_all(COSTS)
    assert costs == sorted(costs)
    assert section.locator("th[aria-sort=ascending]").inner_text().startswith("Cost")


def test_charts_have_their_numbers_in_a_table(open_page, dashboard):
    page = open_page(f"{dashboard}#cost")
    assert page.locator(".chart").count() >= 4
    expect(page.locator(".chart svg")).to_have_count(page.locator(".chart").count())
    section = page.locator("section:has(h2:text-is('Cost by day'))")
    section.get_by_text("Numbers").click()
    expect(section.locator("tbody tr")).to_have_count(30)


def test_every_number_says_its_definition(open_page, dashboard):
    page = open_page(f"{dashboard}#return")
    for view in VIEWS:
        page.goto(f"{dashboard}#{view}")
        for button in page.locator("main .info").all():
            button.click()
            assert page.locator("#definition a").first.get_attribute("href").startswith("../site/tables/")
            page.keyboard.press("Escape")
        assert page.locator(".kpi").count() == page.locator(".kpi .info").count()


def test_days_before_the_window_of_commits_are_not_compared_with_them(open_page, database, tmp_path):
    url = write_dashboard(database, tmp_path, window_days=30).file.as_uri()
    page = open_page(address(url, "return", **{"from": FIRST, "to": LAST}))
    # As of 15 November, 12:00: the first whole day of the last 30 is 17 October.
    marts = Marts(database, {"from": dt.date(2026, 10, 17), "to": LAST})
    assert headline_numbers(page)["cost"] == about(marts.cost)
    assert "looks at 17 Oct – 14 Nov only" in page.inner_text(".notice")


def test_ten_thousand_developers_are_found_by_name_and_shown_in_parts(open_page, handmade):
    keys = [f"dev{number:05d}@example.com" for number in range(10_000)]
    page = open_page(
        handmade(
            usages=[usage(developer=key, total_sessions=1, total_cost_usd=1.0) for key in keys],
            developers=[developer(key) for key in keys],
            agents=[("claude_code", "Claude Code")],
        )
        + "#team"
    )
    assert headline_numbers(page)["developers"] == 10_000
    section = page.locator("section:has(h2:text-is('People'))")
    assert section.locator("tbody tr").count() == 12
    section.locator(".more").click()
    assert section.locator("tbody tr").count() == 112
    page.get_by_text("Developer everyone").click()
    expect(page.locator(".choices label")).to_have_count(60)
    page.get_by_label("Find developer").fill("dev09999")
    page.get_by_label("dev09999@example.com").check()
    assert headline_numbers(page)["developers"] == 1


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("size", "scheme"), [("wide", "light"), ("narrow", "dark")])
def test_no_view_has_an_accessibility_fault_or_is_too_wide(
    open_page, dashboard, accessibility_faults, view, size, scheme
):
    page = open_page(f"{dashboard}#{view}", size, scheme)
    page.locator(".chart svg").first.wait_for()
    assert accessibility_faults(page) == []
    assert overflow(page) == 0
    page.locator(".picker summary").nth(1).click()
    assert accessibility_faults(page) == []
    assert overflow(page) == 0
    page.keyboard.press("Escape")
    page.locator(".info").first.click()
    assert accessibility_faults(page) == []
    assert overflow(page) == 0


def test_cents_on_an_axis_are_not_read_as_millions(handmade, open_page):
    dashboard = handmade(
        usages=[usage(total_sessions=1, total_tokens=10, total_cost_usd=0.03)],
        developers=[developer("ada@example.com", "Ada")],
        agents=[("claude_code", "Claude Code")],
    )
    page = open_page(address(dashboard, "return"))
    expect(page.locator("svg text").filter(has_text="$0.02").first).to_be_attached()
    assert not [text for text in page.locator("svg text").all_text_contents() if text.endswith("m")]


@pytest.mark.parametrize("view", ["return", "agents", "team", "git", "cost"])
def test_a_definition_belongs_to_the_column_that_it_is_shown_for(open_page, dashboard, view):
    page = open_page(f"{dashboard}#{view}")
    heads = page.locator("thead th").evaluate_all(
        "list => list.map((e) => [e.dataset.metric, e.textContent.replace(/[↓↑]/, '').trim()])"
    )
    assert len(heads) > 5
    named = {name: label for name, label in heads if name in METRICS}
    assert named == {name: METRICS[name].label for name in named}
    for section in page.locator("section.panel:has(thead)").all():
        shown = section.locator("thead th").evaluate_all("list => list.map((e) => e.dataset.metric)")
        section.locator("header button.info").click()
        titles = page.locator("#definition h3").all_inner_texts()
        assert titles == [METRICS[name].label for name in shown if name in METRICS]
        page.keyboard.press("Escape")
