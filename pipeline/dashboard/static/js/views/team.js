// Team: who uses agents, and how often.

const COHORTS = [
  { name: "Heavy", rule: "more than 3 active days a week", colour: "series-1" },
  { name: "Moderate", rule: "up to 3", colour: "series-5" },
  { name: "Light", rule: "up to 1", colour: "series-3" },
  { name: "None", rule: "0", colour: "series-rest" },
];
const cohortOf = (daysPerWeek) => COHORTS[daysPerWeek === 0 ? 3 : daysPerWeek <= 1 ? 2 : daysPerWeek <= 3 ? 1 : 0].name;
const weeksOf = (filter) => Math.max(1, (filter.to - filter.from + 1) / 7);

function teamView(filter) {
  const people = DATA.developers.map((_, place) => place).filter((place) => isPerson[place] && passes(filter.developers, place));
  const rows = teamRows(filter, people);
  const before = previous(filter);
  const active = rows.filter((row) => row.used.activeDays);
  const activeBefore = before && teamRows(before, people).filter((row) => row.used.activeDays);
  const average = (found, part) => ratio(found.reduce((sum, row) => sum + row.used.activeDays, 0) / weeksOf(part), found.length);
  const counts = COHORTS.map((cohort) => ({ ...cohort, count: rows.filter((row) => row.cohort === cohort.name).length }));
  const heavy = counts[0].count;
  const time = buckets(filter);
  const perBucket = usageBy(filter, (i) => time.of(usage.day[i]));
  return {
    headline: `${active.length} of ${plural(people.length, "developer")} used an agent${heavy ? `, ${heavy === active.length ? "all" : heavy} of them on most days` : ""}`,
    notice: filter.from < WINDOW_START
      ? `Copilot reports and commits are kept for ${DATA.about.window_days} days: before ${shortDate(WINDOW_START)} activity is that of sessions and tokens only.` : null,
    parts: [
      kpis(
        kpi("developers", active.length, { before: activeBefore?.length }),
        kpi("days_per_week", average(active, filter), { before: activeBefore ? average(activeBefore, before) : undefined }),
        kpi("active_days", active.reduce((sum, row) => sum + row.used.activeDays, 0), { before: activeBefore?.reduce((sum, row) => sum + row.used.activeDays, 0) }),
        cohortCard(counts, people.length),
      ),
      pair(
        timeChart({
          title: `Active developers ${{ day: "each day", week: "each week", month: "each month" }[time.unit]}`, metrics: ["developers"], unit: "count", time,
          groups: [{ name: "", colour: "series-1", values: time.list.map((_, at) => perBucket.get(at)?.people ?? 0) }],
        }),
        cohortChart(filter, people),
      ),
      table("People", [
        { metric: "name", label: "Developer", value: (row) => row.name },
        { metric: "cohort", value: (row) => row.cohort },
        { metric: "active_days", value: (row) => row.used.activeDays },
        { metric: "days_per_week", value: (row) => row.daysPerWeek },
        { metric: "sessions", value: (row) => row.used.sessions },
        { metric: "hours", value: (row) => row.used.hours },
        { metric: "cost", value: (row) => row.used.cost },
        { metric: "agents", value: (row) => [...row.used.agents].map((agent) => agentNames[agent]).sort().join(", ") || null },
        { metric: "last_active", value: (row) => row.lastActive },
      ], rows, { sort: 2 }),
    ],
  };
}

function teamRows(filter, people) {
  const used = usageBy(filter, (i) => usage.developer[i]);
  return people.map((place) => {
    const totals = used.get(place) ?? new UsageTotals();
    const daysPerWeek = totals.activeDays / weeksOf(filter);
    return { name: developerNames[place], used: totals, daysPerWeek, cohort: cohortOf(daysPerWeek), lastActive: totals.lastDays.get(place) ?? null };
  });
}

function cohortCard(counts, all) {
  return el(
    "div",
    { class: "kpi card wide" },
    el("div", { class: "kpi-label" }, "Cohorts", info(["cohort"], "What “Cohorts” means")),
    el("div", { class: "cohort-bar", "aria-hidden": "true" }, ...counts.filter(({ count }) => count).map(({ count, colour: word }) => el("span", { style: `flex-grow:${count};background:var(--${word})` }))),
    el("ul", { class: "cohorts small" }, ...counts.map(({ name, rule, count, colour: word }) => el(
      "li", {}, el("i", { style: `background:var(--${word})` }), el("data", { value: count, "data-metric": "cohort", "data-cohort": name }, whole.format(count)), ` ${name.toLowerCase()} `, el("span", { class: "dim" }, rule),
    ))),
    all ? null : el("p", { class: "dim small" }, "Nobody is chosen."),
  );
}

// How many people were in each cohort, week by week (weeks from Monday).
function cohortChart(filter, people) {
  const weeks = [];
  for (let day = filter.from; day <= filter.to; day = weeks.at(-1).to + 1) weeks.push({ from: day, to: Math.min(endOf("week", day), filter.to), unit: "week" });
  const shown = weeks.slice(-53);
  const firstMonday = endOf("week", filter.from) - 6;
  const weekOf = (day) => Math.floor((day - firstMonday) / 7);
  const counted = weeks.map(() => ({ Heavy: 0, Moderate: 0, Light: 0, None: 0 }));
  const days = usageBy({ ...filter, developers: new Set(people) }, (i) => weekOf(usage.day[i]) * DATA.developers.length + usage.developer[i]);
  for (const [key, totals] of days) {
    if (totals.activeDays) counted[Math.floor(key / DATA.developers.length)][cohortOf(totals.activeDays)] += 1;
  }
  counted.forEach((week) => { week.None = people.length - week.Heavy - week.Moderate - week.Light; });
  const values = counted.slice(-shown.length);
  return timeChart({
    title: "Cohorts, week by week", metrics: ["cohort"], unit: "count", time: { list: shown },
    groups: COHORTS.map(({ name, colour: word }) => ({ name, colour: word, values: values.map((week) => week[name]) })),
  });
}
