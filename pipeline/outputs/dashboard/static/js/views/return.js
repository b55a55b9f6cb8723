// Return: what the agents cost, and the commits and lines that came of it.

function returnView(filter) {
  const windowed = insideWindow(filter);
  const time = buckets(windowed);
  const latest = Math.min(filter.to, LAST_DAY);
  const budgets = budgetRows(latest);
  const byProject = windowed.projects !== null;
  const sums = (part) => {
    const commit = commitTotal(part);
    // The cost of a project is that of its commits: sessions know no project.
    const cost = byProject ? commit.cost : usageTotal(part).cost;
    return { cost, commit, perCommit: ratio(cost, commit.agent), perDollar: ratio(commit.assistedLines, cost) };
  };
  const now = sums(windowed);
  const before = windowed.before && sums(windowed.before);
  const costMetric = byProject ? "committed_cost" : "cost";
  const perBucket = usageBy(windowed, (i) => time.of(usage.day[i]));
  const commitsPerBucket = commitsBy(windowed, (i) => time.of(commits.day[i]));
  const costOf = (at) => (byProject ? commitsPerBucket.get(at)?.cost : perBucket.get(at)?.cost) ?? 0;
  return {
    headline: now.commit.agent
      ? `${format("usd", now.cost)} went in, ${plural(now.commit.agent, "commit")} came out`
      : `${format("usd", now.cost)} went in, no assisted commit came out yet`,
    compared: windowed.before,
    notices: [windowNotice(filter, windowed), ...breakNotices(budgets, null, latest)],
    parts: [
      kpis(
        kpi(costMetric, now.cost, { before: before?.cost }),
        kpi("assisted_commits", now.commit.agent, { before: before?.commit.agent }),
        kpi("cost_per_commit", now.perCommit, { before: before?.perCommit }),
        kpi("assisted_lines", now.commit.assistedLines, { before: before?.commit.assistedLines }),
        kpi("lines_per_dollar", now.perDollar, { before: before?.perDollar }),
        byProject || GROUPED ? null : kpi("committed_cost", now.commit.cost, { before: before?.commit.cost }),
      ),
      pair(
        timeChart({ title: "What went in", metrics: [costMetric], unit: "usd", time, groups: [{ name: "", colour: "series-1", values: time.list.map((_, at) => costOf(at)) }] }),
        timeChart({ title: "Commits that came out", metrics: ["assisted_commits"], unit: "count", time, groups: [{ name: "", colour: "series-3", values: time.list.map((_, at) => commitsPerBucket.get(at)?.agent ?? 0) }] }),
      ),
      GROUPED ? null : table("By developer", [
        { metric: "name", label: "Developer", value: (row) => row.name },
        { metric: costMetric, value: (row) => row.cost },
        { metric: "assisted_commits", value: (row) => row.commit.agent },
        { metric: "cost_per_commit", value: (row) => ratio(row.cost, row.commit.agent) },
        { metric: "assisted_lines", value: (row) => row.commit.assistedLines },
        { metric: "lines_per_dollar", value: (row) => ratio(row.commit.assistedLines, row.cost) },
      ], returnByDeveloper(windowed, byProject)),
      table("By project", [
        { metric: "name", label: "Project", value: (row) => row.name },
        GROUPED ? null : { metric: "committed_cost", value: (row) => row.commit.cost },
        { metric: "assisted_commits", value: (row) => row.commit.agent },
        GROUPED ? null : { metric: "committed_cost_each", value: (row) => ratio(row.commit.cost, row.commit.agent) },
        { metric: "assisted_lines", value: (row) => row.commit.assistedLines },
      ].filter(Boolean), byProjectRows(windowed)),
      budgetTable(budgets, latest),
    ],
  };
}

function returnByDeveloper(filter, byProject) {
  const used = byProject ? new Map() : usageBy(filter, (i) => usage.developer[i]);
  const made = commitsBy(filter, (i) => commits.developer[i]);
  return [...new Set([...used.keys(), ...made.keys()])]
    .map((developer) => {
      const commit = made.get(developer) ?? new CommitTotals();
      const total = used.get(developer) ?? new UsageTotals();
      return { name: developerNames[developer], commit, cost: byProject ? commit.cost : total.cost };
    })
    .filter((row) => row.cost || row.commit.agent);
}

function byProjectRows(filter) {
  return [...commitsBy(filter, (i) => commits.project[i])].map(([project, commit]) => ({
    name: project < 0 ? "No project" : DATA.projects[project], commit,
  }));
}
