// Return: what the agents cost, and the commits and lines that came of it.

const RETURN = { cost: "cost", perCommit: "cost_per_commit", perDollar: "lines_per_dollar" };
const RETURN_OF_COMMITS = { cost: "committed_cost", perCommit: "committed_cost_each", perDollar: "committed_lines_per_dollar" };

function returnView(filter) {
  const windowed = insideWindow(filter);
  const time = buckets(windowed);
  const latest = Math.min(filter.to, LAST_DAY);
  const budgets = budgetRows(latest);
  // The cost of a project is that of its commits: sessions know no project.
  const names = windowed.projects === null ? RETURN : RETURN_OF_COMMITS;
  const sums = (part) => ({ used: usageTotal(part), commit: commitTotal(part) });
  const now = sums(windowed);
  const before = windowed.before && sums(windowed.before);
  const perBucket = usageBy(windowed, (i) => time.of(usage.day[i]));
  const commitsPerBucket = commitsBy(windowed, (i) => time.of(commits.day[i]));
  const costOf = (at) => metricValue(names.cost, { used: perBucket.get(at) ?? new UsageTotals(), commit: commitsPerBucket.get(at) ?? new CommitTotals() }) ?? 0;
  const cost = format("usd", metricValue(names.cost, now));
  return {
    headline: now.commit.agent
      ? `${cost} went in, ${plural(now.commit.agent, "commit")} came out`
      : `${cost} went in, no assisted commit came out yet`,
    compared: windowed.before,
    notices: [windowNotice(filter, windowed), ...breakNotices(budgets, null, latest)],
    parts: [
      kpis(
        ...[names.cost, "assisted_commits", names.perCommit, "assisted_lines", names.perDollar].map((metric) => declaredKpi(metric, now, before)),
        names === RETURN_OF_COMMITS || GROUPED ? null : declaredKpi("committed_cost", now, before),
      ),
      pair(
        timeChart({ title: "What went in", metrics: [names.cost], unit: "usd", time, groups: [{ name: "", colour: "series-1", values: time.list.map((_, at) => costOf(at)) }] }),
        timeChart({ title: "Commits that came out", metrics: ["assisted_commits"], unit: "count", time, groups: [{ name: "", colour: "series-3", values: time.list.map((_, at) => commitsPerBucket.get(at)?.agent ?? 0) }] }),
      ),
      GROUPED ? null : table("By developer", [
        { metric: "name", label: "Developer", value: (row) => row.name },
        ...[names.cost, "assisted_commits", names.perCommit, "assisted_lines", names.perDollar].map(declared),
      ], returnByDeveloper(windowed).filter((row) => metricValue(names.cost, row) || row.commit.agent)),
      table("By project", [
        { metric: "name", label: "Project", value: (row) => row.name },
        GROUPED ? null : declared("committed_cost"),
        declared("assisted_commits"),
        GROUPED ? null : declared("committed_cost_each"),
        declared("assisted_lines"),
      ].filter(Boolean), byProjectRows(windowed)),
      state.view === ALL ? null : budgetTable(budgets, latest), // the view Cost has it, too
    ],
  };
}

function returnByDeveloper(filter) {
  const used = usageBy(filter, (i) => usage.developer[i]);
  const made = commitsBy(filter, (i) => commits.developer[i]);
  return [...new Set([...used.keys(), ...made.keys()])].map((developer) => ({
    name: developerNames[developer],
    used: used.get(developer) ?? new UsageTotals(),
    commit: made.get(developer) ?? new CommitTotals(),
  }));
}

function byProjectRows(filter) {
  return [...commitsBy(filter, (i) => commits.project[i])].map(([project, commit]) => ({
    name: project < 0 ? "No project" : DATA.projects[project], commit,
  }));
}
