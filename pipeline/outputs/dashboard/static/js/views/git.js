// Git: how many commits had an agent's help, and how anybody knows.

const ORIGIN_NAMES = { agent: "By agents", other: "By other agents", human: "By people", unknown: "Unknown", folded: "By people or unknown" };
const ORIGIN_COLOURS = { agent: "series-1", other: "series-4", human: "series-3", unknown: "series-rest", folded: "series-rest" };
const METHOD_MEANINGS = {
  explicit: ["Marked", "The commit's own record says so."],
  commit_link: ["Named by a tool", "A tool result of the session names this commit."],
  trailer: ["Trailer", "Its message or author names the agent."],
  time_window: ["Session at that time", "The same developer had a session then, or just before."],
};

function gitView(filter) {
  const windowed = insideWindow(filter);
  const time = buckets(windowed);
  const total = commitTotal(windowed);
  const before = windowed.before && commitTotal(windowed.before);
  const perBucket = commitsBy(windowed, (i) => time.of(commits.day[i]));
  const origins = Object.keys(ORIGIN_NAMES).filter((origin) => !["other", "folded"].includes(origin) || total[origin]);
  const share = (origin) => metricValue(`${origin}_share`, { commit: total });
  return {
    headline: total.commits
      ? `${format("share", share("agent"))} of ${plural(total.commits, "commit")} had an agent's help${share("unknown") ? `; for ${format("share", share("unknown"))} nobody can tell` : ""}`
      : "No commits in this period",
    compared: windowed.before,
    notices: [windowNotice(filter, windowed)],
    parts: [
      kpis(
        ...["commits", "agent_share", "human_share", "unknown_share", "line_share"].map((metric) => declaredKpi(metric, { commit: total }, before && { commit: before })),
      ),
      pair(
        timeChart({
          title: "Commits by origin", metrics: ["commits", "agent_share", "human_share", "unknown_share"], unit: "count", time,
          groups: origins.map((origin) => ({ name: ORIGIN_NAMES[origin], colour: ORIGIN_COLOURS[origin], values: time.list.map((_, at) => perBucket.get(at)?.[origin] ?? 0) })),
        }),
        GROUPED ? null : methodsTable(windowed, total),
      ),
      table("By project", [
        { metric: "name", label: "Project", value: (row) => row.name },
        ...["commits", "agent_share", "human_share", "unknown_share", "line_share"].map(declared),
        GROUPED ? null : declared("committed_cost"),
      ].filter(Boolean), byProjectRows(windowed)),
      requests.length ? requestsTable(filter) : null,
      GROUPED ? null : table("By size", [
        { metric: "commit_size", value: (row) => row.name },
        ...["commits", "agent_share", "human_share", "unknown_share"].map(declared),
      ], [...commitsBy(windowed, (i) => commits.size[i])].map(([size, commit]) => ({ name: DATA.sizes[size], commit }))),
      GROUPED ? null : latestTable(windowed),
    ],
  };
}

// Merged pull requests, by project. They are kept for a window of their own: none is left out here.
function requestsTable(filter) {
  const sums = new Map();
  for (const request of requests) {
    const is = (name, list) => passes(filter[list], request[name] ?? -1);
    if (request.day < filter.from || request.day > filter.to || !is("developer", "developers") || !is("project", "projects") || !is("agent", "agents")) continue;
    const total = sums.get(request.project) ?? { merged: 0, costed: 0, nano: 0, seconds: 0, reverted: 0 };
    for (const name of Object.keys(total)) total[name] += request[name];
    sums.set(request.project, total);
  }
  return table("Pull requests", [
    { metric: "name", label: "Project", value: (row) => row.name },
    { metric: "merged_requests", value: (row) => row.merged },
    { metric: "request_cost", value: (row) => ratio(row.nano / 1e9, row.costed) },
    { metric: "request_hours", value: (row) => ratio(row.seconds / 3600, row.merged) },
    { metric: "reverted_share", value: (row) => ratio(row.reverted, row.merged) },
  ], [...sums].map(([project, total]) => ({ name: DATA.projects[project] ?? "No project", ...total })));
}

function methodsTable(filter, total) {
  const counts = new Map();
  eachCommit(filter, (i) => {
    if (originOf(commits.origin[i], commits.agent[i], filter) !== "agent") return;
    const method = DATA.methods[commits.method[i]];
    counts.set(method, (counts.get(method) ?? 0) + commits.commits[i]);
  });
  return table("How it is known", [
    { metric: "attribution_method", value: (row) => row.name, show: (row) => el("span", { title: row.meaning }, el("b", {}, row.name), el("br"), el("span", { class: "dim small" }, row.meaning)) },
    { metric: "assisted_commits", value: (row) => row.count },
    { metric: "method_share", value: (row) => ratio(row.count, total.agent) },
  ], [...counts].map(([method, count]) => ({ name: METHOD_MEANINGS[method]?.[0] ?? method, meaning: METHOD_MEANINGS[method]?.[1] ?? "", count })), { empty: "No commit with an agent's help in this period." });
}

function latestTable(filter) {
  const rows = latestCommits.filter((commit) => commit.day >= filter.from && commit.day <= filter.to
    && passes(filter.developers, commit.developer) && passes(filter.projects, commit.project ?? -1)
    && originOf(commit.origin, commit.agent ?? -1, filter) !== "other");
  return table(latestCommits.length < 500 ? "Latest commits" : "Among the latest 500 commits", [
    { metric: "name", label: "Commit", value: (row) => row.message, show: (row) => el("span", { class: "commit" }, row.message || "(no message)", " ", el("code", { class: "dim" }, row.hash.slice(0, 8))) },
    { metric: "commit_day", value: (row) => row.day, show: (row) => shortDate(row.day) },
    { metric: "commit_developer", value: (row) => developerNames[row.developer] },
    { metric: "commit_origin", value: (row) => (row.agent === null ? ORIGIN_NAMES[DATA.origins[row.origin]] : agentNames[row.agent]) },
    { metric: "lines", value: (row) => row.lines },
    { metric: "commit_cost", value: (row) => (row.nano === null ? null : row.nano / 1e9) },
  ], rows, { list: true });
}
