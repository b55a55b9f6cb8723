// The page: views, filters, and the address that holds both.

const VIEWS = {
  return: { name: "Return", draw: returnView, projects: !GROUPED, needs: ["usage", "commits"] },
  agents: { name: "Agents", draw: agentsView, needs: ["usage"] },
  team: { name: "Team", draw: GROUPED ? groupedTeamView : teamView, needs: [] },
  git: { name: "Git", draw: gitView, projects: true, needs: ["commits"] },
  cost: { name: "Cost", draw: costView, needs: ["usage"] },
};
const ALL = "all"; // the views one below the other, as #all?from=…
const PERIODS = { "7 days": 7, "30 days": 30, "90 days": 90, "All days": Infinity };
const DEFAULT_DAYS = 30;
const MOST_NAMED = 5;

const agentNames = DATA.agents.map(({ name }) => name);
// Two people of one name are told apart by their ids.
const developerNames = (() => {
  const counts = new Map();
  DATA.developers.forEach(({ name }) => counts.set(name, (counts.get(name) ?? 0) + 1));
  return DATA.developers.map(({ id, name }) => (counts.get(name) > 1 && name !== id ? `${name} (${id})` : name));
})();

const state = { view: "return", from: 0, to: 0, developers: new Set(), agents: new Set(), projects: new Set(), unknown: [] };
const LISTS = { developers: DATA.developers.map(({ id }) => id), agents: DATA.agents.map(({ id }) => id), projects: DATA.projects };

const within = (day) => Math.max(FIRST_DAY, Math.min(day, LAST_DAY));
const lastDays = (days) => ({ from: Math.max(FIRST_DAY, LAST_DAY - days + 1), to: LAST_DAY });

// #cost?from=2026-11-01&to=2026-11-22&developers=ada@example.com&agents=codex
function readAddress() {
  const [view, query = ""] = location.hash.slice(1).split("?");
  const wanted = new URLSearchParams(query);
  state.view = view in VIEWS || view === ALL ? view : "return";
  Object.assign(state, lastDays(DEFAULT_DAYS), { unknown: [] });
  for (const name of ["from", "to"]) {
    if (!wanted.get(name)) continue;
    const day = toDay(wanted.get(name));
    if (day !== within(day)) state.unknown.push(wanted.get(name)); // outside, or no day at all
    if (!Number.isNaN(day)) state[name] = within(day);
  }
  if (state.from > state.to) [state.from, state.to] = [state.to, state.from];
  for (const [name, ids] of Object.entries(LISTS)) {
    state[name].clear();
    for (const id of wanted.getAll(name)) {
      if (ids.includes(id)) state[name].add(ids.indexOf(id));
      else state.unknown.push(id);
    }
  }
}

const MOST_TOLD = 100; // characters
const unknownNotice = () => (state.unknown.length
  ? `The address asks for ${state.unknown.map((word) => `“${word.slice(0, MOST_TOLD)}”`).join(", ")}, which is not here: there are days from ${shortDate(FIRST_DAY, true)} to ${shortDate(LAST_DAY, true)}, and the names in the filters.` : null);

const viewsShown = () => (state.view === ALL ? Object.keys(VIEWS) : [state.view]);

// What is chosen, in words; empty where it is everything.
function chosenWords(view) {
  const names = { developers: developerNames, agents: agentNames, ...(VIEWS[view].projects ? { projects: DATA.projects } : {}) };
  const chosen = Object.entries(names).filter(([list]) => state[list].size).map(([list, all]) => {
    const found = [...state[list]].map((place) => all[place]);
    return found.length > MOST_NAMED ? `${found.slice(0, MOST_NAMED).join(", ")} and ${plural(found.length - MOST_NAMED, "other")}` : found.join(", ");
  });
  return chosen.length ? ` · only ${chosen.join(" · ")}` : "";
}

function address(view = state.view) {
  const query = new URLSearchParams();
  const usual = lastDays(DEFAULT_DAYS);
  if (state.from !== usual.from || state.to !== usual.to) {
    query.set("from", toIso(state.from));
    query.set("to", toIso(state.to));
  }
  for (const [name, ids] of Object.entries(LISTS)) for (const place of state[name]) query.append(name, ids[place]);
  return `#${view}${query.size ? `?${query}` : ""}`;
}

function currentFilter(view = state.view) {
  const chosen = (name) => (state[name].size ? state[name] : null);
  return { from: state.from, to: state.to, developers: chosen("developers"), agents: chosen("agents"), projects: VIEWS[view].projects ? chosen("projects") : null };
}

// Commits and Copilot reports are kept for a window: what is compared with them is cut to it.
function insideWindow(filter) {
  const windowed = { ...filter, from: Math.min(Math.max(filter.from, WINDOW_START), filter.to) };
  const before = previous(windowed);
  return { ...windowed, before: before && before.from >= WINDOW_START ? before : null };
}
const windowNotice = (filter, windowed) => (windowed.from === filter.from ? null
  : `Commits and Copilot reports are kept for ${DATA.about.window_days} days, so this page looks at ${period(windowed.from, windowed.to)} only.`);

const GROUP_NOTICE = GROUPED
  ? `No number here is about fewer than ${MIN_GROUP} people. Smaller groups of a month are folded into others, so a name may stand for a part of what is its; days with fewer people are counted with later ones; numbers of people are rounded down to a multiple of ${MIN_GROUP}.` : null;
const TOO_FEW = {
  usage: `Usage is not shown: it is of fewer than ${MIN_GROUP} people.`,
  commits: `Commits are not shown: fewer than ${MIN_GROUP} people made those with an agent's help, or those without.`,
};

const pair = (...charts) => el("div", { class: "pair" }, ...charts);

// Filters

function periodPicker() {
  const summary = el("summary", {}, el("span", { class: "dim" }, "Period"), " ", el("b"));
  const from = el("input", { type: "date", "aria-label": "From", min: toIso(FIRST_DAY), max: toIso(LAST_DAY), onchange: typed });
  const to = el("input", { type: "date", "aria-label": "To", min: toIso(FIRST_DAY), max: toIso(LAST_DAY), onchange: typed });
  const buttons = Object.entries(PERIODS).map(([name, days]) => el("button", { type: "button", onclick: () => { Object.assign(state, lastDays(days)); update(); } }, name));
  const details = el("details", { class: "picker", id: "period" }, summary, el("div", { class: "picker-panel card" }, el("div", { class: "periods" }, ...buttons), el("div", { class: "dates" }, from, el("span", { "aria-hidden": "true" }, "–"), to)));

  function typed() {
    const days = [toDay(from.value), toDay(to.value)];
    if (days.some(Number.isNaN)) return;
    [state.from, state.to] = days.map(within).sort((a, b) => a - b);
    update();
  }

  function update() { showPeriod(); changed(); }

  function showPeriod() {
    from.value = toIso(state.from);
    to.value = toIso(state.to);
    summary.lastChild.textContent = period(state.from, state.to);
    buttons.forEach((button, at) => {
      const days = lastDays(Object.values(PERIODS)[at]);
      button.setAttribute("aria-pressed", days.from === state.from && days.to === state.to);
    });
  }

  closesByItself(details);
  showPeriod();
  return details;
}

function drawFilters() {
  const bar = document.getElementById("filters");
  const isFiltered = address() !== `#${state.view}`;
  bar.replaceChildren(
    periodPicker(),
    ...(GROUPED ? [] : [picker("Developer", "everyone", developerNames, state.developers, changed)]),
    picker("Agent", "all", agentNames, state.agents, changed),
    ...(viewsShown().some((view) => VIEWS[view].projects) ? [picker("Project", "all", DATA.projects, state.projects, changed)] : []),
    el("button", { type: "button", id: "reset", hidden: !isFiltered, onclick: () => { location.hash = `#${state.view}`; } }, "Reset"),
  );
}

function changed() {
  state.unknown = [];
  history.replaceState(null, "", address());
  show();
}

// Drawing

function drawView(view) {
  const { name, draw, needs } = VIEWS[view];
  const tooFew = needs.filter((kind) => DATA.about.too_few?.includes(kind));
  const { headline, compared, notices, parts } = tooFew.length
    ? { headline: "Too few people to show this", notices: tooFew.map((kind) => TOO_FEW[kind]), parts: [] }
    : draw(currentFilter(view));
  const elements = [
    el(
      "div",
      { class: "headline" },
      el("h1", {}, headline),
      el("p", { class: "dim" }, period(state.from, state.to), compared ? `, compared with ${period(compared.from, compared.to)}` : "", chosenWords(view)),
    ),
    ...[unknownNotice(), GROUP_NOTICE, ...notices].filter(Boolean).map((notice) => el("p", { class: "notice small" }, notice)),
    ...parts.filter(Boolean),
  ];
  return { name, title: `${name}: ${headline}`, elements };
}

function show() {
  closeCharts();
  document.getElementById("tooltip").hidden = true;
  const reset = document.getElementById("reset");
  if (reset) reset.hidden = address() === `#${state.view}`;
  for (const link of document.querySelectorAll("#views a")) {
    link.href = address(link.dataset.view);
    if (link.dataset.view === state.view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const drawn = viewsShown().map(drawView);
  document.title = drawn[0].title;
  document.getElementById("view").replaceChildren(
    ...(drawn.length > 1 ? drawn.map(({ name, elements }) => el("section", { class: "whole", "aria-label": name }, el("p", { class: "brand" }, name), ...elements)) : drawn[0].elements),
  );
  drawCharts();
}

// On paper charts are laid out for its width, and tables have all of their rows.
function print(starts) {
  onPaper = starts;
  document.body.classList.toggle("paper", starts);
  show();
}

function open() {
  readAddress();
  drawFilters();
  show();
}

function start() {
  document.body.append(definition);
  if (!HAS_DATA && DATA.about.too_few?.length) {
    document.getElementById("filters").remove();
    document.getElementById("view").append(el("h1", {}, "Too few people to show anything"), el("p", {}, GROUP_NOTICE));
    return;
  }
  if (!HAS_DATA) {
    document.getElementById("filters").remove();
    document.getElementById("view").append(
      el("h1", {}, "Nothing to show yet"),
      el("p", {}, "The tables are built, and hold neither usage nor commits. Bring data in, then build again:"),
      el("pre", { class: "card" }, "aa-pipeline ingest transcripts\naa-pipeline ingest git .\naa-pipeline build\naa-pipeline dashboard"),
    );
    return;
  }
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
  addEventListener("hashchange", open);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  open();
}

start();
