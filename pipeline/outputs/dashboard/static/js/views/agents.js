// Agents compared: the same days, side by side.

let comparedBy = "cost";

const agentColumns = [
  { metric: "name", label: "Agent", value: (row) => row.name },
  declared("cost"),
  ...(GROUPED ? [] : [
    { metric: "developers", value: (row) => row.used.people },
    { metric: "active_days", value: (row) => row.used.activeDays },
  ]),
  ...["sessions", "tokens", "cost_per_session", "cache_hit_rate", "edit_acceptance", "suggestion_acceptance"].map(declared),
  // Of an agent whose commits are among those of others they are not known.
  { metric: "assisted_commits", value: (row) => row.commit.agent || (GROUPED ? null : 0) },
  declared("cost_per_commit"),
  declared("lines_per_dollar"),
];

function agentsView(filter) {
  const windowed = insideWindow(filter);
  const time = buckets(windowed);
  const rows = agentRows(windowed);
  const total = usageTotal(windowed);
  const before = windowed.before && usageTotal(windowed.before);
  const several = severalAgents(windowed);
  const dayTotals = usageBy(windowed, (i) => time.of(usage.day[i]) * DATA.agents.length + usage.agent[i]);
  const comparison = el("div");
  const draw = () => comparison.replaceChildren(compareAgents(rows));
  draw();
  return {
    headline: agentsHeadline(rows, total),
    compared: windowed.before,
    notices: [windowNotice(filter, windowed)],
    parts: [
      kpis(
        GROUPED ? null : kpi("agents_in_use", total.agents.size, { before: before?.agents.size }),
        GROUPED ? null : kpi("developers", total.people, { before: before?.people }),
        GROUPED ? null : kpi("several_agents", several, { note: `of ${plural(total.people, "active developer")}` }),
        ...["cache_hit_rate", "edit_acceptance", "suggestion_acceptance"].map((metric) => declaredKpi(metric, { used: total }, before && { used: before })),
      ),
      GROUPED ? comparison : pair(
        comparison,
        timeChart({
          title: "Active days", metrics: ["active_days"], unit: "count", time,
          groups: rows.filter((row) => row.used.activeDays).map((row) => ({ name: row.name, colour: agentColours[row.agent], values: time.list.map((_, at) => dayTotals.get(at * DATA.agents.length + row.agent)?.activeDays ?? 0) })),
        }),
      ),
      table("Agents compared", agentColumns, rows),
    ],
  };
}

function agentRows(filter) {
  const used = usageBy(filter, (i) => usage.agent[i]);
  const made = commitsBy(filter, (i) => commits.agent[i]);
  return DATA.agents
    .map((agent, place) => ({ agent: place, name: agentNames[place], used: used.get(place) ?? new UsageTotals(), commit: made.get(place) ?? new CommitTotals() }))
    .filter((row) => used.has(row.agent) || row.commit.agent)
    .sort((a, b) => (b.used.cost ?? 0) - (a.used.cost ?? 0));
}

function severalAgents(filter) {
  const groups = usageBy(filter, (i) => usage.developer[i]);
  return [...groups].filter(([developer, totals]) => isPerson[developer] && totals.agents.size > 1).length;
}

function agentsHeadline(rows, total) {
  if (rows.length === 0) return "No agent was used";
  if (GROUPED) return `${format("usd", total.cost)} over ${plural(total.sessions, "session")}`;
  const [most] = [...rows].sort((a, b) => b.used.people - a.used.people);
  if (rows.length === 1) return `${most.name} is the only agent in use`;
  const [dearest] = rows;
  const share = ratio(dearest.used.cost, total.cost);
  const reach = `${most.name} reaches ${most.used.people} of ${plural(total.people, "active developer")}`;
  return share === null ? reach : dearest === most
    ? `${reach} and makes ${format("share", share)} of the cost`
    : `${reach}; ${dearest.name} makes ${format("share", share)} of the cost`;
}

function compareAgents(rows) {
  const choices = agentColumns.slice(1);
  const column = choices.find(({ metric }) => metric === comparedBy);
  const panel = barChart({
    title: `Agents by ${METRICS[comparedBy].label.toLowerCase()}`,
    metrics: [comparedBy],
    unit: METRICS[comparedBy].unit,
    items: rows.map((row) => ({ name: row.name, value: column.value(row), colour: agentColours[row.agent] })),
  });
  const select = el(
    "select",
    { "aria-label": "Compare agents by", id: "compare", onchange: () => { comparedBy = select.value; show(); document.getElementById("compare").focus(); } },
    ...choices.map(({ metric }) => el("option", { value: metric, selected: metric === comparedBy }, METRICS[metric].label)),
  );
  panel.querySelector("header").append(select);
  return panel;
}
