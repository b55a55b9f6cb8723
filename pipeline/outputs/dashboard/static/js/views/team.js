// Team: who uses agents, and how often.

const COHORTS = [
  { name: "Heavy", rule: "more than 3 active days a week", colour: "series-1" },
  { name: "Moderate", rule: "up to 3", colour: "series-5" },
  { name: "Light", rule: "up to 1", colour: "series-3" },
  { name: "None", rule: "0", colour: "series-rest" },
];
const cohortOf = (daysPerWeek) => COHORTS[daysPerWeek === 0 ? 3 : daysPerWeek <= 1 ? 2 : daysPerWeek <= 3 ? 1 : 0].name;
const MOST_WEEKS = 53;
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
  const perBucket = time.list.map(() => new Set());
  eachActiveDay(filter, (day, developer) => perBucket[time.of(day)].add(developer));
  return {
    headline: `${active.length} of ${plural(people.length, "developer")} used an agent${heavy ? `, ${heavy === active.length ? "all" : heavy} of them on most days` : ""}`,
    compared: before,
    notices: [filter.from < WINDOW_START
      ? `Copilot reports and commits are kept for ${DATA.about.window_days} days: before ${shortDate(WINDOW_START)} activity is that of sessions and tokens only.` : null],
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
          groups: [{ name: "", colour: "series-1", values: time.list.map((_, at) => perBucket[at].size) }],
        }),
        cohortChart(filter, people),
      ),
      table("People", [
        { metric: "name", label: "Developer", value: (row) => row.name },
        { metric: "cohort", value: (row) => row.cohort },
        { metric: "active_days", value: (row) => row.used.activeDays },
        { metric: "days_per_week", value: (row) => row.daysPerWeek },
        ...["sessions", "hours", "cost"].map(declared),
        { metric: "agents", value: (row) => [...row.used.agents].map((agent) => agentNames[agent]).sort().join(", ") || null },
        { metric: "last_active", value: (row) => row.lastActive },
      ], rows, { sort: 2 }),
    ],
  };
}

// How many people were active in whole days, weeks or months, and with which agent at all.
function groupedTeamView(filter) {
  const time = buckets(filter);
  const people = time.list.map((bucket) => DATA.people[time.unit][toIso(endOf(time.unit, bucket.from))] ?? 0);
  const most = Math.max(...people);
  return {
    headline: most ? `${most} or more developers used an agent in one ${time.unit}` : `Fewer than ${MIN_GROUP} developers used an agent in any ${time.unit}`,
    compared: null,
    notices: ["A week or month is counted whole, whatever part of it is chosen, and people with all agents together. A bar that is not there stands for fewer people than are shown."],
    parts: [pair(
      timeChart({
        title: `Active developers ${{ day: "each day", week: "each week", month: "each month" }[time.unit]}`, metrics: ["developers"], unit: "count", time,
        groups: [{ name: "", colour: "series-1", values: people }],
      }),
      barChart({
        title: "Developers by agent, all days", metrics: ["developers"], unit: "count",
        items: DATA.agents.map(({ name, people: count }, place) => ({ name, value: count, colour: agentColours[place] })),
      }),
    )],
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

// How many people were in each cohort, in the whole weeks (from Monday) of the period.
function cohortChart(filter, people) {
  const monday = endOf("week", filter.from - 1) + 1;
  const weeks = [];
  for (let day = monday; day + 6 <= filter.to; day += 7) weeks.push({ from: day, to: day + 6, unit: "week" });
  const shown = weeks.slice(-MOST_WEEKS);
  const counted = shown.map(() => ({ Heavy: 0, Moderate: 0, Light: 0, None: people.length }));
  if (shown.length) {
    const from = shown[0].from;
    const activeDays = shown.map(() => new Uint8Array(DATA.developers.length));
    eachActiveDay({ ...filter, from, to: shown.at(-1).to }, (day, developer) => { activeDays[Math.floor((day - from) / 7)][developer] += 1; });
    activeDays.forEach((perDeveloper, week) => {
      for (const days of perDeveloper) {
        if (days) { counted[week][cohortOf(days)] += 1; counted[week].None -= 1; }
      }
    });
  }
  return timeChart({
    title: "Cohorts, week by week", metrics: ["cohort"], unit: "count", time: { list: shown },
    note: shown.length ? null : "No whole week from Monday to Sunday in this period.",
    groups: COHORTS.map(({ name, colour: word }) => ({ name, colour: word, values: counted.map((week) => week[name]) })),
  });
}
