// The facts as typed columns, and sums of them under a filter.

const METRICS = JSON.parse(document.getElementById("metrics").textContent);
const DATA = JSON.parse(document.getElementById("data").textContent);
// Where no group of fewer people is shown, rows name no developer: each is a group, on its last day.
const MIN_GROUP = DATA.about.min_group ?? 1;
const GROUPED = MIN_GROUP > 1;
const DAY_MS = 86_400_000;
const toDay = (iso) => Date.parse(iso) / DAY_MS;
const toIso = (day) => new Date(day * DAY_MS).toISOString().slice(0, 10);

const PLACES = ["developer", "agent", "model", "project", "method", "size", "origin"];

// Rows of numbers as one typed array per column; NULL is -1 as a place and NaN as an amount.
function columnsOf({ columns, rows }) {
  const table = { length: rows.length };
  columns.forEach((name, at) => {
    const values = PLACES.includes(name) || name === "day" ? new Int32Array(rows.length) : new Float64Array(rows.length);
    const missing = PLACES.includes(name) ? -1 : NaN;
    for (let i = 0; i < rows.length; i++) values[i] = rows[i][at] ?? missing;
    table[name] = values;
  });
  const days = DATA.days.map(toDay);
  for (let i = 0; i < table.length; i++) table.day[i] = days[table.day[i]];
  return table;
}

const usage = columnsOf(DATA.usage);
const commits = columnsOf(DATA.commits);
const latestCommits = DATA.latest.rows.map((row) => {
  const commit = Object.fromEntries(DATA.latest.columns.map((name, at) => [name, row[at]]));
  return { ...commit, day: toDay(DATA.days[commit.day]) };
});
const requests = (DATA.requests?.rows ?? []).map((row) => {
  const request = Object.fromEntries(DATA.requests.columns.map((name, at) => [name, row[at]]));
  return { ...request, day: toDay(request.day) };
});
DATA.usage = DATA.commits = DATA.latest = DATA.requests = null; // the rows may be large, and are not needed again

const isPerson = DATA.developers.map((developer) => developer.person);
const WINDOW_START = DATA.about.window_start ? toDay(DATA.about.window_start) : -Infinity;
const firstAndLast = [usage, commits].filter((table) => table.length).map((table) => [table.day[0], table.day.at(-1)]);
const FIRST_DAY = Math.min(...firstAndLast.map(([first]) => first));
const LAST_DAY = Math.max(...firstAndLast.map(([, last]) => last));
const HAS_DATA = firstAndLast.length > 0;

// A filter: days from and to, inclusive, and sets of places; null lets everything through.
const passes = (chosen, place) => chosen === null || chosen.has(place);

function firstRow(days, day) {
  let low = 0;
  let high = days.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (days[middle] < day) low = middle + 1;
    else high = middle;
  }
  return low;
}

function eachUsage(filter, visit) {
  const { day, developer, agent } = usage;
  for (let i = firstRow(day, filter.from); i < usage.length && day[i] <= filter.to; i++) {
    if (passes(filter.developers, developer[i]) && passes(filter.agents, agent[i])) visit(i);
  }
}

// Commits of the chosen days, developers and projects. Which agents are chosen is the caller's to ask:
// shares of all commits need the others too.
function eachCommit(filter, visit) {
  const { day, developer, project } = commits;
  for (let i = firstRow(day, filter.from); i < commits.length && day[i] <= filter.to; i++) {
    if (passes(filter.developers, developer[i]) && passes(filter.projects, project[i])) visit(i);
  }
}

const ratio = (part, whole, times = 1) => (part === null || !whole ? null : (times * part) / whole);

// The value of a metric as it is declared: a sum of figures, or one such sum divided by another.
function metricValue(name, { used, commit }) {
  const { expression } = METRICS[name];
  const sum = (part) => (part.fact === "usage" ? used : commit).sum(part);
  return expression.above ? ratio(sum(expression.above), sum(expression.below), expression.times) : sum(expression);
}

// Of a share of decisions: how many there were, and Wilson's interval of 95%, as pipeline/outputs/metrics/intervals.py has it.
function decisionsOf(name, { used }) {
  const { expression, unit } = METRICS[name];
  const count = expression?.of_decisions ? used.sum(expression.below) : 0;
  if (!count) return null;
  const share = used.sum(expression.above) / count;
  const square = 1.96 ** 2 / count;
  const middle = (share + square / 2) / (1 + square);
  const off = Math.sqrt(share * (1 - share) * square + square ** 2 / 4) / (1 + square);
  const [low, high] = [Math.max(0, middle - off), Math.min(1, middle + off)].map((end) => format(unit, expression.times * end));
  return { count, text: `of ${whole.format(count)}, ${low} to ${high}` };
}

class UsageTotals {
  sessions = 0; micros = 0; input = 0; output = 0; creation = 0; read = 0; unpriced = 0;
  edits_accepted = 0; edits_decided = 0; acceptances = 0; suggestions = 0;
  nano = 0; priced = false; unknownCost = false; activeDays = 0;
  lastDays = new Map(); // person → latest active day
  agents = new Set(); // with activity

  add(i) {
    this.sessions += usage.sessions[i];
    this.micros += usage.micros[i];
    this.input += usage.input[i];
    this.output += usage.output[i];
    this.creation += usage.creation[i];
    this.read += usage.read[i];
    this.unpriced += usage.unpriced[i];
    this.edits_accepted += usage.edits_accepted[i];
    this.edits_decided += usage.edits_decided[i];
    this.acceptances += usage.acceptances[i];
    this.suggestions += usage.suggestions[i];
    if (Number.isNaN(usage.nano[i]) || isUntold(i)) this.unknownCost = true;
    else { this.nano += usage.nano[i]; this.priced = true; }
    if (isActive(i)) {
      this.agents.add(usage.agent[i]);
      const developer = usage.developer[i];
      if (isPerson[developer] && this.lastDays.get(developer) !== usage.day[i]) {
        this.lastDays.set(developer, usage.day[i]); // rows come in the order of days
        this.activeDays += 1;
      }
    }
  }

  // 0 without usage; of money none where nothing that was used has a cost
  sum({ figures, per }) {
    if (figures.includes("nano") && this.unknownCost && !this.priced) return null;
    return figures.reduce((sum, figure) => sum + this[figure], 0) / per;
  }

  get tokens() { return metricValue("tokens", { used: this }); }
  get cost() { return metricValue("cost", { used: this }); }
  get people() { return this.lastDays.size; }
}

// Work of which nothing tells the cost, though its cost in the marts is 0: suggestions of Copilot, and commits
// without a session or tokens.
function isUntold(i) {
  const used = usage.sessions[i] + usage.input[i] + usage.output[i] + usage.creation[i] + usage.read[i] + usage.nano[i];
  return used === 0 && usage.commits[i] + usage.suggestions[i] + usage.acceptances[i] > 0;
}

function isActive(i) {
  return usage.sessions[i] + usage.commits[i] + usage.suggestions[i] + usage.acceptances[i] > 0
    || usage.input[i] + usage.output[i] + usage.creation[i] + usage.read[i] > 0;
}

class CommitTotals {
  commits = 0; lines = 0;
  // By origin. other: agents that are not chosen; folded: without an agent, by too few people to say more.
  agent = 0; human = 0; unknown = 0; other = 0; folded = 0;
  assistedLines = 0; nano = 0; priced = false; // of those by chosen agents

  add(i, filter) {
    const count = commits.commits[i];
    this.commits += count;
    this.lines += commits.lines[i];
    const origin = originOf(commits.origin[i], commits.agent[i], filter);
    this[origin] += count;
    if (origin === "agent") {
      this.assistedLines += commits.lines[i];
      if (!Number.isNaN(commits.nano[i])) { this.nano += commits.nano[i]; this.priced = true; }
    }
  }

  // 0 without commits; none where the cost of none is known, and where commits of two origins are one number
  sum({ figures: [figure], per, origin }) {
    if (origin === null) return this[figure];
    if (origin !== "agent") return this.folded ? null : this[origin];
    const nano = this.agent && !this.priced ? null : this.nano / per;
    return { commits: this.agent, lines: this.assistedLines, nano }[figure];
  }
}

// agent, human, unknown, or other: assisted by an agent that is not chosen.
function originOf(origin, agent, filter) {
  const word = DATA.origins[origin];
  return word === "agent" && !passes(filter.agents, agent) ? "other" : word;
}

function usageBy(filter, keyOf) {
  const groups = new Map();
  eachUsage(filter, (i) => {
    const key = keyOf(i);
    if (!groups.has(key)) groups.set(key, new UsageTotals());
    groups.get(key).add(i);
  });
  return groups;
}

// Each active day of each person once.
function eachActiveDay(filter, visit) {
  const seen = new Float64Array(DATA.developers.length).fill(NaN);
  eachUsage(filter, (i) => {
    const developer = usage.developer[i];
    if (seen[developer] === usage.day[i] || !isPerson[developer] || !isActive(i)) return;
    seen[developer] = usage.day[i]; // rows come in the order of days
    visit(usage.day[i], developer);
  });
}

function commitsBy(filter, keyOf) {
  const groups = new Map();
  eachCommit(filter, (i) => {
    const key = keyOf(i);
    if (!groups.has(key)) groups.set(key, new CommitTotals());
    groups.get(key).add(i, filter);
  });
  return groups;
}

const usageTotal = (filter) => usageBy(filter, () => 0).get(0) ?? new UsageTotals();
const commitTotal = (filter) => commitsBy(filter, () => 0).get(0) ?? new CommitTotals();

// The same number of days just before; null where the data does not reach back that far.
function previous(filter) {
  const days = filter.to - filter.from + 1;
  const from = filter.from - days;
  return from < FIRST_DAY ? null : { ...filter, from, to: filter.from - 1 };
}

// Whole days, weeks (from Monday) or months that cover a filter's days, few enough to be drawn as bars.
function buckets(filter) {
  const days = filter.to - filter.from + 1;
  const unit = days <= 45 ? "day" : days <= 400 ? "week" : "month";
  const found = [];
  for (let day = filter.from; day <= filter.to; day = found.at(-1).to + 1) {
    found.push({ from: day, to: Math.min(endOf(unit, day), filter.to), unit });
  }
  const placeOf = new Map();
  found.forEach((bucket, place) => {
    for (let day = bucket.from; day <= bucket.to; day++) placeOf.set(day, place);
  });
  return { unit, list: found, of: (day) => placeOf.get(day) };
}

function endOf(unit, day) {
  if (unit === "day") return day;
  if (unit === "week") return day + 6 - ((day + 3) % 7); // day 0, 1970-01-01, was a Thursday
  return endOfMonth(day);
}
const startOfMonth = (day) => toDay(`${toIso(day).slice(0, 7)}-01`);
function endOfMonth(day) {
  const date = new Date(day * DAY_MS);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0) / DAY_MS;
}
