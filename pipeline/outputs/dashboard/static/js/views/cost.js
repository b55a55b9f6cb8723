// Cost: what was spent, what the month will come to, and what it was spent on.

const DAYS_FOR_FORECAST = 3;

function costView(filter) {
  const total = usageTotal(filter);
  const before = previous(filter) && usageTotal(previous(filter));
  const latest = Math.min(filter.to, LAST_DAY);
  const month = monthOf({ ...filter, to: latest });
  const budgets = budgetRows(latest);
  const budget = budgetFor(budgets, filter, latest);
  const worst = worstBudget(budgets, budget, latest);
  const time = buckets(filter);
  const perAgent = usageBy(filter, (i) => time.of(usage.day[i]) * DATA.agents.length + usage.agent[i]);
  const perBucket = usageBy(filter, (i) => time.of(usage.day[i]));
  const models = modelRows(filter);
  const agents = DATA.agents.map((_, place) => place).filter((place) => time.list.some((_, at) => perAgent.get(at * DATA.agents.length + place)?.cost));
  return {
    headline: costHeadline(month, budget, worst, latest),
    compared: previous(filter),
    notices: [...breakNotices(budgets, worst, latest), total.unpriced
      ? `${format("tokens", total.unpriced)} tokens have neither a reported cost nor a price (${format("share", ratio(total.unpriced, total.tokens))} of all): every cost here is that much too low. A row in seeds/model_prices.csv prices a model.` : null],
    parts: [
      kpis(
        GROUPED ? null : kpi("day_cost", month.known(month.day), { note: shortDate(latest) }),
        kpi("month_to_date", month.known(month.toDate), { note: monthName(latest) }),
        kpi("forecast", month.forecast, { note: month.forecast === null ? `needs ${DAYS_FOR_FORECAST} days with cost` : `${format("usd", month.forecast30)} at the pace of 30 days` }),
        kpi("budget_break", budget ? budget.breaks : null, { note: budgetNote(budget) }),
      ),
      kpis(
        ...["cost", "cost_per_session", "cache_hit_rate"].map((metric) => declaredKpi(metric, { used: total }, before && { used: before })),
        declaredKpi("unpriced_tokens", { used: total }, null, { note: total.tokens ? `${format("share", ratio(total.unpriced, total.tokens))} of all tokens` : "" }),
      ),
      pair(
        timeChart({
          title: { day: "Cost by day", week: "Cost by week", month: "Cost by month" }[time.unit], metrics: ["cost"], unit: "usd", time,
          groups: agents.map((place) => ({ name: agentNames[place], colour: agentColours[place], values: time.list.map((_, at) => perAgent.get(at * DATA.agents.length + place)?.cost ?? 0) })),
        }),
        monthChart({ title: `${monthName(latest)} so far`, metrics: ["month_to_date", "forecast"], points: monthPoints(month), budget: budget?.usd, first: month.first, last: month.last }),
      ),
      budgetTable(budgets, latest),
      standingTable(),
      billTable(),
      seatTable(),
      pair(
        barChart({ title: "Model mix by cost", metrics: ["cost"], unit: "usd", items: models.map((row) => ({ name: row.name, value: row.used.cost })) }),
        barChart({ title: "Model mix by tokens", metrics: ["tokens"], unit: "tokens", items: models.map((row) => ({ name: row.name, value: row.used.tokens, colour: "series-3" })) }),
      ),
      timeChart({
        title: "Cache hit rate", metrics: ["cache_hit_rate"], unit: "share", time, height: 150,
        groups: [{ name: "", colour: "series-3", values: time.list.map((_, at) => (perBucket.has(at) && metricValue("cache_hit_rate", { used: perBucket.get(at) })) || 0) }],
      }),
      table("By model", [
        { metric: "name", label: "Model", value: (row) => row.name },
        declared("cost"),
        { metric: "cost_share", value: (row) => ratio(row.used.cost, total.cost) },
        declared("tokens"),
        { metric: "token_share", value: (row) => ratio(row.used.tokens, total.tokens) },
        ...["input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens", "cache_hit_rate", "unpriced_tokens"].map(declared),
      ], models),
      GROUPED ? null : table("Cost by developer", [
        { metric: "name", label: "Developer", value: (row) => row.name },
        declared("cost"),
        { metric: "cost_share", value: (row) => ratio(row.used.cost, total.cost) },
        ...["sessions", "cost_per_session", "tokens", "cache_hit_rate", "unpriced_tokens"].map(declared),
      ], [...usageBy(filter, (i) => usage.developer[i])].map(([place, used]) => ({ name: developerNames[place], used })).filter((row) => row.used.tokens || row.used.cost)),
    ],
  };
}

function modelRows(filter) {
  return [...usageBy(filter, (i) => usage.model[i])]
    .map(([model, used]) => ({ name: DATA.models[model], used }))
    .filter((row) => row.used.tokens || row.used.cost);
}

// The month that holds the filter's last day, from its first day on whatever the filter's first day is.
function monthOf(filter) {
  const first = startOfMonth(filter.to);
  const last = endOfMonth(filter.to);
  const perDay = new Map();
  eachUsage({ ...filter, from: -Infinity }, (i) => {
    if (usage.nano[i] > 0) perDay.set(usage.day[i], (perDay.get(usage.day[i]) ?? 0) + usage.nano[i]);
  });
  const cost = (from, to) => {
    let sum = 0;
    for (let day = from; day <= to; day++) sum += perDay.get(day) ?? 0;
    return sum / 1e9;
  };
  const firstDay = Math.min(...perDay.keys());
  // Over calendar days, from the first day with cost on.
  const average = (days) => {
    const from = Math.max(filter.to - days + 1, firstDay);
    return cost(from, filter.to) / (filter.to - from + 1);
  };
  const toDate = cost(first, filter.to);
  const enough = perDay.size >= DAYS_FOR_FORECAST;
  const left = last - filter.to;
  return {
    first, last, latest: filter.to, toDate, cost,
    // Without any cost there is none to show where nothing tells it.
    known: (usd) => (perDay.size === 0 && usageTotal({ ...filter, from: -Infinity }).cost === null ? null : usd),
    day: cost(filter.to, filter.to),
    pace: enough ? average(7) : null,
    forecast: enough ? toDate + average(7) * left : null,
    forecast30: enough ? toDate + average(30) * left : null,
  };
}

// The day on which the month's cost passes the budget: when it did, else when it will at this pace.
function breakDay(month, usd) {
  for (let day = month.first, sum = 0; day <= month.latest; day++) {
    sum += month.cost(day, day);
    if (sum > usd + 1e-9) return day;
  }
  if (month.pace === null || month.forecast <= usd + 1e-9) return null;
  const days = Math.floor((usd - month.toDate) / month.pace + 1e-9) + 1;
  return Math.min(month.latest + days, month.last);
}

function budgetRows(latest) {
  const thisMonth = toIso(latest).slice(0, 7);
  return DATA.budgets.filter(({ month }) => month.slice(0, 7) === thisMonth).map(({ scope, usd }) => {
    const scoped = scopeFilter(scope, latest);
    const month = scoped ? monthOf(scoped) : null;
    return { scope, usd, month, name: scopeName(scope), toDate: month?.toDate ?? 0, used: ratio(month?.toDate ?? 0, usd), forecast: month?.forecast ?? null, breaks: month ? breakDay(month, usd) : null };
  });
}

// all, developer:<id> or agent:<type>; null for somebody or something unknown.
function scopeFilter(scope, latest) {
  const everything = { from: -Infinity, to: latest, developers: null, agents: null, projects: null };
  if (scope === "all") return everything;
  const [kind, ...rest] = scope.split(":");
  const key = rest.join(":");
  const list = { developer: DATA.developers, agent: DATA.agents }[kind];
  const place = list ? list.findIndex(({ id }) => id === key) : -1;
  return place < 0 ? null : { ...everything, [`${kind}s`]: new Set([place]) };
}

function scopeName(scope) {
  if (scope === "all") return "Everything";
  const filter = scopeFilter(scope, LAST_DAY);
  if (filter?.developers) return developerNames[[...filter.developers][0]];
  if (filter?.agents) return agentNames[[...filter.agents][0]];
  const [kind, ...name] = scope.split(":");
  return { team: `${name.join(":")}, a team`, project: name.join(":"), cost_centre: `Cost centre ${name.join(":")}` }[kind] ?? scope;
}

// The budget of exactly what is chosen.
function budgetFor(budgets, filter, latest) {
  return budgets.find(({ scope }) => {
    const scoped = scopeFilter(scope, latest);
    const same = (a, b) => (a === null) === (b === null) && (a === null || (a.size === b.size && [...a].every((place) => b.has(place))));
    return scoped && same(scoped.developers, filter.developers) && same(scoped.agents, filter.agents);
  });
}

// The budget to speak of first: one that has broken, the earliest; else the one that will break first.
function worstBudget(budgets, chosen, latest) {
  const breaking = budgets.filter(({ breaks }) => breaks !== null);
  const order = (budget) => [budget.breaks > latest, budget.breaks, budget !== chosen].map(Number);
  return breaking.sort((a, b) => order(a).map((value, at) => value - order(b)[at]).find(Boolean) ?? 0)[0] ?? null;
}

function breakSentence({ name, usd, breaks }, latest) {
  return `The budget of ${name}, ${format("usd", usd)}, ${breaks <= latest ? "broke" : "will break"} on ${shortDate(breaks)}`;
}

// Budgets that break, but for one: the headline tells of it.
function breakNotices(budgets, told, latest) {
  return budgets.filter((budget) => budget !== told && budget.breaks !== null).map((budget) => `${breakSentence(budget, latest)}.`);
}

function budgetNote(budget) {
  if (!budget) return "no budget is set";
  const of = `${format("share", budget.used)} of ${format("usd", budget.usd)} used`;
  if (budget.breaks !== null) return of;
  return budget.forecast === null ? `${of}; needs ${DAYS_FOR_FORECAST} days with cost` : `${of}; it holds`;
}

function costHeadline(month, budget, worst, latest) {
  const name = monthName(latest);
  if (worst && worst === budget) {
    return `${name} ${budget.breaks <= latest ? "passed" : "will pass"} its budget of ${format("usd", budget.usd)} on ${shortDate(budget.breaks)}`;
  }
  if (month.known(0) === null) return `Nothing tells what ${name} has cost`;
  const broken = worst ? `${breakSentence(worst, latest)}; ` : "";
  const whole = `${name}${broken ? " as a whole" : ""}`;
  if (month.forecast === null || month.latest === month.last) return `${broken}${whole} has cost ${format("usd", month.toDate)}${month.latest === month.last ? "" : " so far"}`;
  return `${broken}${whole} is on its way to ${format("usd", month.forecast)}${budget ? ", inside its budget" : ""}`;
}

function budgetTable(rows, latest) {
  if (rows.length === 0) return null;
  return table(`Budgets of ${monthName(latest)}`, [
    { metric: "name", label: "Scope", value: (row) => row.name },
    { metric: "budget", value: (row) => row.usd },
    { metric: "month_to_date", value: (row) => row.toDate },
    { metric: "budget_used", value: (row) => row.used },
    { metric: "forecast", value: (row) => row.forecast },
    { metric: "budget_break", value: (row) => row.breaks },
  ], rows, { sort: 3 });
}

// How the budgets of the last build's month and year stand, whatever is chosen: those of teams, projects and
// cost centres among them, which the page cannot add up.
function standingTable() {
  if (DATA.standings.length === 0) return null;
  return table("Budgets and what they will have cost, as of the last build", [
    { metric: "name", label: "Scope", value: (row) => scopeName(row.scope) },
    { metric: "budget_period", value: (row) => row.period_start.slice(0, row.period === "year" ? 4 : 7) },
    { metric: "budget_limit", value: (row) => row.budget_usd },
    { metric: "budget_spent", value: (row) => row.spent_usd },
    { metric: "budget_forecast", value: (row) => row.forecast_usd },
    { metric: "budget_low", value: (row) => row.forecast_low_usd },
    { metric: "budget_high", value: (row) => row.forecast_high_usd },
    { metric: "budget_weeks", value: (row) => row.forecast_weeks },
    { metric: "budget_status", value: (row) => row.status.replace("_", " ") },
  ], DATA.standings, { sort: 3 });
}

// What bills charge is of whole days and all people, whatever is chosen.
function billTable() {
  if (DATA.bills.length === 0) return null;
  return table("Bills against estimates", [
    { metric: "name", label: "Month and provider", value: (row) => `${row.month} ${row.provider}` },
    { metric: "billed", value: (row) => row.billed },
    { metric: "estimated", value: (row) => row.estimated },
    { metric: "bill_gap", value: (row) => row.billed - row.estimated },
  ], DATA.bills, { sort: 0 });
}

function seatTable() {
  if (DATA.seats.length === 0) return null;
  return table("Seats that nobody has used for 30 days", [
    { metric: "name", label: "Developer", value: (row) => row.developer },
    { metric: "seat_price", value: (row) => row.usd },
    { metric: "seat_plan", value: (row) => `${row.agent}, ${row.plan}` },
    { metric: "seat_last_used", value: (row) => row.last_used },
  ], DATA.seats);
}

function monthPoints(month) {
  const points = [];
  let sum = 0;
  for (let day = month.first; day <= month.latest; day++) {
    sum += month.cost(day, day);
    points.push({ day, value: sum, kind: "Spent" });
  }
  if (month.pace !== null && month.latest < month.last) {
    for (let day = month.latest; day <= month.last; day++) points.push({ day, value: sum + month.pace * (day - month.latest), kind: "Forecast" });
  }
  return points;
}
