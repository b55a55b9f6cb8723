// The lineage page. What is shown follows from the address alone:
//   lineage.html                   every table
//   lineage.html#table             a table, what it comes from and where it goes
//   lineage.html#table.column      a column, likewise, step by step
// Of layers that are folded no tables are drawn: lines lead through them.
"use strict";

{ // a scope of its own beside the other scripts

const { tables, kinds: KINDS } = globalThis.AA_LINEAGE;
const VALUE = 0;
const ROWS = -1; // in a column's place: the rows of the table
const CHAR = 7.25; // width of a character of the graph's font, which is monospaced
const ROW = 22;
const HEAD = 30;
const LEGIBLE = 11 / 12; // so far may the font of 12 pixels shrink until somebody asks for more

const graph = document.getElementById("graph");
const svg = document.getElementById("canvas");
const panelEmpty = document.getElementById("panel-empty");
const panelChosen = document.getElementById("panel-chosen");
const backButton = document.getElementById("back");
const layerButtons = [...document.querySelectorAll("[data-fold]")];

const readers = tables.map(() => []);
tables.forEach((table, number) => { for (const from of table.reads) readers[from].push(number); });

const byName = new Map(tables.map((table, number) => [table.name, number]));
const columnName = (table, column) => (column === ROWS ? "rows" : tables[table].columns[column][0]);
const hashOf = (table, column) =>
  `#${encodeURIComponent(tables[table].name)}${column === undefined ? "" : `.${encodeURIComponent(column === ROWS ? "*" : columnName(table, column))}`}`;

let steps = 1; // how far around a table
const folded = new Set(layerButtons.filter((one) => one.getAttribute("aria-pressed") === "false").map((one) => one.dataset.fold));
const isFolded = (table) => folded.has(tables[table].group);
let shownKinds = new Set([VALUE]);
let view = { x: 0, y: 0, scale: 1 };
let extent = { width: 1, height: 1 };

// --- what a column is made of, and what is made of it ----------------------------------------------

/** Steps right into a column: {table, column, from, fromColumn, kind}; filters of the rows count as its own. */
function stepsInto(table, column) {
  const of = (name) => (tables[table].lineage[name] ?? []).map(([from, fromColumn, kind]) => ({ table, column: name, from, fromColumn, kind }));
  return column === ROWS ? of(ROWS) : [...of(column), ...of(ROWS).filter((step) => step.kind !== VALUE)];
}

let outgoing = null;
function stepsOutOf(table, column) {
  if (!outgoing) {
    outgoing = new Map();
    tables.forEach((reader, number) => {
      for (const [name, sources] of Object.entries(reader.lineage)) {
        for (const [from, fromColumn, kind] of sources) {
          const key = `${from} ${fromColumn}`;
          if (!outgoing.has(key)) outgoing.set(key, []);
          outgoing.get(key).push({ table: number, column: Number(name), from, fromColumn, kind });
        }
      }
    });
  }
  return outgoing.get(`${table} ${column}`) ?? [];
}

/** Every step from a column on, all the way in one direction, by the kinds that are shown. */
function walk(table, column, up) {
  const found = [];
  const seen = new Set([`${table} ${column}`]);
  const pending = [[table, column]];
  for (let next = 0; next < pending.length; next++) {
    const near = up ? stepsInto(...pending[next]) : stepsOutOf(...pending[next]);
    for (const step of near) {
      if (!shownKinds.has(step.kind)) continue;
      found.push(step);
      const end = up ? [step.from, step.fromColumn] : [step.table, step.column];
      if (!seen.has(end.join(" "))) { seen.add(end.join(" ")); pending.push(end); }
    }
  }
  return found;
}

/** Adds to `found` the tables that `near` leads to from one, at most `most` steps away. */
function reach(table, near, most, found) {
  const seen = new Set([table]);
  let frontier = [table];
  for (let step = 0; frontier.length && step < most; step++) {
    frontier = [...new Set(frontier.flatMap(near))].filter((number) => !seen.has(number));
    for (const number of frontier) { seen.add(number); found.add(number); }
  }
  return found;
}

const readBy = (number) => tables[number].reads;
const readersOf = (number) => readers[number];
const neighbourhood = (table, most) => reach(table, readersOf, most, reach(table, readBy, most, new Set([table])));

// --- drawing ---------------------------------------------------------------------------------------

function draw(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function html(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const shortened = (text) => (text.length > 38 ? `${text.slice(0, 37)}…` : text);

/** A long name in two lines, broken at the underscore nearest to its middle. */
function lines(text) {
  const whole = shortened(text);
  if (whole.length < 16) return [whole];
  const breaks = [...whole.matchAll(/_/g)].map((found) => found.index + 1).filter((at) => at > 4 && at < whole.length - 3);
  if (!breaks.length) return [whole];
  const middle = breaks.reduce((best, at) => (Math.abs(at - whole.length / 2) < Math.abs(best - whole.length / 2) ? at : best));
  return [whole.slice(0, middle), whole.slice(middle)];
}

/** A curve through the points of a route, flat where it leaves and arrives. */
function curve(points) {
  let path = `M${points[0][0]},${points[0][1]}`;
  for (let i = 1; i < points.length; i++) {
    const [[x1, y1], [x2, y2, through]] = [points[i - 1], points[i]];
    const middle = (x1 + x2) / 2;
    path += `C${middle},${y1} ${middle},${y2} ${x2},${y2}`;
    if (through) { path += `H${through}`; points[i] = [through, y2]; }
  }
  return path;
}

/** The points of an edge: from the right side of its start, through its bends, to the left side of its end. */
function pointsOf(route, y1, y2) {
  return route.map((item, index) => {
    if (index === 0) return [item.x + item.width, y1 ?? item.middleY];
    if (index === route.length - 1) return [item.x, y2 ?? item.middleY];
    return [item.x, item.middleY, item.x + item.rankWidth];
  });
}

function tableNode(number, chosen) {
  const table = tables[number];
  const words = lines(table.name);
  const width = Math.max(...words.map((line) => line.length)) * CHAR + 32;
  return { id: number, sequence: number, pinned: table.layer === "raw", width, height: 18 + 15 * words.length, words, chosen };
}

function drawTables(around, chosen) {
  const near = (number) => number === chosen || tables[number].reads.includes(chosen) || (chosen !== undefined && tables[chosen].reads.includes(number));
  const shown = new Set([...around].filter((number) => !isFolded(number) || near(number)));
  const nodes = [...shown].sort((a, b) => a - b).map((number) => tableNode(number, number === chosen));
  const edges = Folding.edges(shown, (number) => tables[number].reads.filter((from) => around.has(from)).map((from) => ({ from, kind: VALUE })));
  const pairs = edges.map(({ from, to }) => [from, to]);
  let plan = Layout.arrange(nodes, pairs, { x: 34, y: 14 });
  // A long chain is low and wide: what height there is makes its lines easier to tell apart. What is high stands closer.
  const room = (graph.clientHeight / graph.clientWidth) * (plan.width / plan.height);
  if (room < 1) plan = Layout.arrange(nodes, pairs, { x: 34, y: 4 });
  else if (room > 1.2) plan = Layout.arrange(nodes, pairs, { x: 34, y: 14 * Math.min(room, 3.5) });
  const paths = edges.map(({ from, to, folded: isThrough }) => draw("path", {
    class: isThrough ? "edge through" : "edge", d: curve(pointsOf(plan.edges.get(`${from} ${to}`))), "data-from": from, "data-to": to,
  }, ...(isThrough ? [draw("title", {}, `${tables[from].name} → ${tables[to].name}, by tables that are folded`)] : [])));
  const boxes = nodes.map(({ id, words, chosen: isChosen }) => {
    const table = tables[id];
    const { x, y, width, height } = plan.nodes.get(id);
    const box = draw("a", {
      class: isChosen ? "box chosen" : "box", href: hashOf(id), tabindex: -1, "data-layer": table.layer, "data-table": id,
      "aria-label": `${table.name}, ${table.layer}. ${table.text}`, transform: `translate(${x},${y})`,
    }, draw("title", {}, `${table.name}\n${table.text}`),
    draw("rect", { width, height, rx: 7 }),
    draw("rect", { class: "stripe", width: 4, height: height - 12, x: 8, y: 6, rx: 2 }),
    ...words.map((line, index) => draw("text", { x: 20, y: height / 2 + 4.5 + (index - (words.length - 1) / 2) * 15 }, line)));
    if (isChosen) box.setAttribute("aria-current", "true");
    return box;
  });
  show(paths, boxes, plan);
}

function drawColumns(table, column) {
  const steps_ = unfolded([...walk(table, column, true), ...walk(table, column, false)], table);
  const rows = new Map([[table, new Set([column])]]); // table → its columns that take part
  for (const step of steps_) {
    for (const [one, its] of [[step.from, step.fromColumn], [step.table, step.column]]) {
      if (!rows.has(one)) rows.set(one, new Set());
      rows.get(one).add(its);
    }
  }
  const cards = new Map([...rows].map(([number, columns]) => [number, [...columns].sort((a, b) => a - b)]));
  const nodes = [...cards].sort(([a], [b]) => a - b).map(([number, columns]) => {
    const longest = Math.max(shortened(tables[number].name).length, ...columns.map((one) => shortened(columnName(number, one)).length + 1));
    return { ...tableNode(number), width: longest * CHAR + 32, height: HEAD + columns.length * ROW + 6 };
  });
  const pairs = new Set(steps_.filter((step) => step.from !== step.table).map((step) => `${step.from} ${step.table}`));
  const plan = Layout.arrange(nodes, [...pairs].map((pair) => pair.split(" ").map(Number)), { x: 90, y: 26 });
  const y = (number, one) => plan.nodes.get(number).y + HEAD + cards.get(number).indexOf(one) * ROW + ROW / 2;
  for (let pass = 0; pass < 4; pass++) untangle(cards, steps_, y, pass % 2 === 0);

  const paths = steps_.map((step) => draw("path", {
    class: step.folded ? "edge step through" : "edge step", "data-kind": KINDS[step.kind],
    "data-from": `${step.from} ${step.fromColumn}`, "data-to": `${step.table} ${step.column}`,
    d: curve(pointsOf(plan.edges.get(`${step.from} ${step.table}`), y(step.from, step.fromColumn), y(step.table, step.column))),
  }, draw("title", {}, `${tables[step.from].name}.${columnName(step.from, step.fromColumn)} → ${tables[step.table].name}.${columnName(step.table, step.column)}: ${KINDS[step.kind]}${step.folded ? ", by tables that are folded" : ""}`)));
  const boxes = nodes.map(({ id }) => {
    const at = plan.nodes.get(id);
    return draw("g", { class: "card-box", "data-layer": tables[id].layer, transform: `translate(${at.x},${at.y})` },
      draw("rect", { width: at.width, height: at.height, rx: 8 }),
      draw("a", { class: "card-head", href: hashOf(id), tabindex: -1, "aria-label": `Table ${tables[id].name}` },
        draw("rect", { class: "head", width: at.width - 2, height: HEAD - 4, x: 1, y: 1, rx: 7 }),
        draw("rect", { class: "stripe", width: 4, height: 14, x: 10, y: 7, rx: 2 }),
        draw("text", { x: 21, y: 18.5 }, shortened(tables[id].name))),
      ...cards.get(id).map((one, index) => draw("a", {
        class: id === table && one === column ? "column chosen" : one === ROWS ? "column rows" : "column",
        href: hashOf(id, one), tabindex: -1, "data-column": `${id} ${one}`,
        "aria-label": one === ROWS ? `Rows of ${tables[id].name}` : `${columnName(id, one)} of ${tables[id].name}. ${tables[id].columns[one][1]}`,
        ...(id === table && one === column ? { "aria-current": "true" } : {}),
        transform: `translate(0,${HEAD + index * ROW})`,
      }, draw("title", {}, one === ROWS ? "which rows there are" : tables[id].columns[one][1]),
      draw("rect", { width: at.width - 12, height: ROW, x: 6, rx: 4 }),
      draw("text", { x: 12, y: ROW / 2 + 4 }, shortened(columnName(id, one))))));
  });
  show(paths, boxes, plan);
}

/** Steps between columns of tables that are shown, each once; the chosen table always is. */
function unfolded(all, chosenTable) {
  const into = new Map();
  const shown = new Set();
  for (const step of all) {
    const [from, to] = [`${step.from} ${step.fromColumn}`, `${step.table} ${step.column}`];
    if (!into.has(to)) into.set(to, new Map());
    into.get(to).set(`${from} ${step.kind}`, { from, kind: step.kind });
    for (const [table, end] of [[step.from, from], [step.table, to]]) if (table === chosenTable || !isFolded(table)) shown.add(end);
  }
  return Folding.edges(shown, (end) => [...(into.get(end)?.values() ?? [])]).map(({ from, to, kind, folded: isThrough }) => {
    const [[fromTable, fromColumn], [table, column]] = [from, to].map((end) => end.split(" ").map(Number));
    return { table, column, from: fromTable, fromColumn, kind, folded: isThrough };
  });
}

/** Puts the columns within each card in the order of what they are connected to. */
function untangle(cards, steps_, y, rightwards) {
  const ends = new Map();
  for (const step of steps_) {
    const [own, other] = rightwards
      ? [`${step.table} ${step.column}`, y(step.from, step.fromColumn)]
      : [`${step.from} ${step.fromColumn}`, y(step.table, step.column)];
    if (!ends.has(own)) ends.set(own, []);
    ends.get(own).push(other);
  }
  for (const [number, columns] of cards) {
    const wanted = new Map(columns.map((one) => {
      const near = ends.get(`${number} ${one}`);
      return [one, near ? near.reduce((sum, value) => sum + value, 0) / near.length : y(number, one)];
    }));
    columns.sort((a, b) => wanted.get(a) - wanted.get(b));
  }
}

function show(paths, boxes, plan) {
  svg.replaceChildren(draw("g", { id: "scene" }, draw("g", { class: "edges" }, ...paths), draw("g", { class: "boxes" }, ...boxes)));
  extent = plan;
  const links = [...svg.querySelectorAll("a")];
  (svg.querySelector("a.chosen") ?? links[0])?.setAttribute("tabindex", "0");
  open();
}

// --- the panel -------------------------------------------------------------------------------------

const link = (table, column) => html("a", { href: hashOf(table, column), "data-layer": tables[table].layer, class: "table-link" },
  ...(column === undefined ? [tables[table].name]
    : column === ROWS ? [`the rows of ${tables[table].name}`]
      : [`${tables[table].name}.`, html("b", {}, columnName(table, column))]));

function list(title, links) {
  if (!links.length) return [];
  return [html("h3", {}, title), html("ul", {}, ...links.map((one) => html("li", {}, one)))];
}

function describeTable(number) {
  const table = tables[number];
  panelChosen.replaceChildren(
    html("p", { class: "eyebrow", "data-layer": table.layer }, table.layer),
    html("h2", {}, table.name),
    html("p", {}, table.text),
    html("p", {}, html("a", { href: table.page }, "Its page")),
    html("div", { class: "choice", role: "group", "aria-label": "Steps around the table" },
      ...[[1, "1 step"], [2, "2 steps"], [Infinity, "All the way"]].map(([most, words]) => {
        const button = html("button", { type: "button", "aria-pressed": String(steps === most) }, words);
        button.addEventListener("click", () => { steps = most; update(); refocus(words); });
        return button;
      })),
    html("h3", {}, "Columns"),
    html("ul", { class: "column-list" }, ...table.columns.map(([name], column) => {
      const made = html("a", { href: hashOf(number, column) }, name);
      made.title = table.columns[column][1];
      return html("li", {}, made);
    })),
  );
}

function describeColumn(table, column) {
  const into = stepsInto(table, column);
  const out = stepsOutOf(table, column);
  const origins = new Map();
  const values = shownKinds;
  shownKinds = new Set([VALUE]);
  for (const step of walk(table, column, true)) {
    if (step.fromColumn !== ROWS && !tables[step.from].reads.length) origins.set(`${step.from} ${step.fromColumn}`, [step.from, step.fromColumn]);
  }
  shownKinds = values;
  const counts = KINDS.map((_, kind) => [...into, ...out].filter((step) => step.kind === kind).length);
  panelChosen.replaceChildren(
    html("p", { class: "eyebrow" }, link(table)),
    html("h2", {}, column === ROWS ? "Rows" : columnName(table, column)),
    html("p", {}, column === ROWS ? "Which rows there are, and how many: it concerns every column." : tables[table].columns[column][1]),
    html("p", {}, html("a", { href: `${tables[table].page}${column === ROWS ? "" : `#${encodeURIComponent(columnName(table, column))}`}` }, "Its page")),
    html("div", { class: "choice", role: "group", "aria-label": "Kinds of steps in the graph" },
      ...KINDS.map((words, kind) => {
        const button = html("button", { type: "button", "aria-pressed": String(shownKinds.has(kind)), "data-kind": words }, words);
        if (kind !== VALUE && !counts[kind]) button.title = "none right here; further steps may have some";
        button.addEventListener("click", () => {
          if (shownKinds.has(kind)) shownKinds.delete(kind); else shownKinds.add(kind);
          update();
          refocus(words);
        });
        return button;
      })),
    ...list("Comes in the end from", [...origins.values()].map(([from, fromColumn]) => link(from, fromColumn))),
    ...KINDS.flatMap((words, kind) => list(`${kind === VALUE ? "Computed from" : `Depends on, as ${words}`}`,
      into.filter((step) => step.kind === kind).map((step) => link(step.from, step.fromColumn)))),
    ...KINDS.flatMap((words, kind) => list(`${kind === VALUE ? "Goes into" : `Used as ${words} of`}`,
      out.filter((step) => step.kind === kind).map((step) => link(step.table, step.column)))),
    ...(into.length || out.length ? [] : [html("p", { class: "dim" }, "It is made of no column, and none is made of it.")]),
  );
}

/** After the panel is drawn anew: the button that was pressed has the focus again. */
function refocus(words) {
  [...panelChosen.querySelectorAll("button")].find((button) => button.textContent === words)?.focus();
}

// --- from the address to the picture ----------------------------------------------------------------

function chosen() {
  const hash = location.hash.slice(1);
  if (!hash) return [];
  let name;
  try { name = decodeURIComponent(hash); } catch { return []; }
  if (byName.has(name)) return [byName.get(name)];
  for (let dot = name.lastIndexOf("."); dot > 0; dot = name.lastIndexOf(".", dot - 1)) {
    const table = byName.get(name.slice(0, dot));
    if (table === undefined) continue;
    const wanted = name.slice(dot + 1);
    const column = wanted === "*" ? ROWS : tables[table].columns.findIndex(([one]) => one === wanted);
    return column >= ROWS && (wanted === "*" || column >= 0) ? [table, column] : [table];
  }
  return [];
}

function update() {
  const [table, column] = chosen();
  const hadFocus = svg.contains(document.activeElement);
  const isChosen = table !== undefined;
  panelEmpty.hidden = isChosen;
  panelChosen.hidden = !isChosen;
  backButton.hidden = !isChosen;
  document.body.dataset.view = column !== undefined ? "column" : isChosen ? "table" : "all";
  if (column !== undefined) { describeColumn(table, column); drawColumns(table, column); }
  else if (isChosen) { describeTable(table); drawTables(neighbourhood(table, steps), table); }
  else drawTables(new Set(tables.keys()));
  if (hadFocus) svg.querySelector("a[tabindex='0']")?.focus({ preventScroll: true });
  document.title = `${isChosen ? `${tables[table].name}${column > ROWS ? `.${columnName(table, column)}` : ""} · ` : ""}Lineage · aa-pipeline`;
}

function back() {
  const [table, column] = chosen();
  if (table !== undefined) location.hash = column !== undefined ? hashOf(table) : "";
}

// --- zoom, pan, keys ---------------------------------------------------------------------------------

function apply() {
  document.getElementById("scene").setAttribute("transform", `translate(${view.x},${view.y}) scale(${view.scale})`);
}

/** How the graph is first seen: legible. A column's way is seen whole. */
function open() { fit(document.body.dataset.view === "column" ? 0 : LEGIBLE); }

/** All of the graph, unless it would be smaller than `least`: then it begins at the chosen one, or at the left. */
function fit(least = 0) {
  const { width, height } = graph.getBoundingClientRect();
  const margin = 20;
  const [top, bottom] = [64, 56]; // for the buttons and the legend
  const middle = (top + height - bottom) / 2;
  const scale = Math.min((width - 2 * margin) / extent.width, (height - top - bottom) / extent.height, 1.25);
  view.scale = Math.max(scale, least, 0.05);
  view.x = extent.width * view.scale <= width - 2 * margin ? (width - extent.width * view.scale) / 2 : margin;
  view.y = Math.max(middle - (extent.height * view.scale) / 2, top);
  apply();
  const at = scale < view.scale && svg.querySelector("a.chosen");
  if (!at) return;
  const box = boxOf(at);
  view.x = width / 2 - box.x * view.scale;
  view.y = middle - box.y * view.scale;
  apply();
}

/** The middle of a link, in the graph's own measure. */
function boxOf(one) {
  const { a, d, e, f } = document.getElementById("scene").getScreenCTM();
  const { left, top, width, height } = one.getBoundingClientRect();
  return { x: (left + width / 2 - e) / a, y: (top + height / 2 - f) / d };
}

function zoom(factor, x = graph.clientWidth / 2, y = graph.clientHeight / 2) {
  const scale = Math.min(Math.max(view.scale * factor, 0.05), 4);
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  apply();
}

svg.addEventListener("wheel", (event) => {
  event.preventDefault();
  const { left, top } = svg.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : event.ctrlKey ? 0.01 : 0.0015)), event.clientX - left, event.clientY - top);
}, { passive: false });

const pointers = new Map();
let moved = 0;
svg.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  pointers.set(event.pointerId, event);
  moved = 0;
});
addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const others = [...pointers.values()].filter((one) => one.pointerId !== event.pointerId);
  if (others.length) {
    const { left, top } = svg.getBoundingClientRect();
    const distance = (one) => Math.hypot(one.clientX - others[0].clientX, one.clientY - others[0].clientY);
    zoom(distance(event) / Math.max(distance(before), 1), (event.clientX + others[0].clientX) / 2 - left, (event.clientY + others[0].clientY) / 2 - top);
  } else {
    view.x += event.clientX - before.clientX;
    view.y += event.clientY - before.clientY;
    apply();
  }
  moved += Math.abs(event.clientX - before.clientX) + Math.abs(event.clientY - before.clientY);
  pointers.set(event.pointerId, event);
});
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, (event) => pointers.delete(event.pointerId));
// A drag that ends on a table is no choice of it.
svg.addEventListener("click", (event) => { if (moved > 6) event.preventDefault(); }, true);
svg.addEventListener("dragstart", (event) => event.preventDefault());

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The nearest link in a direction; what lies aside counts double. */
function nearest(from, [dx, dy]) {
  const at = boxOf(from);
  let best = null;
  let least = Infinity;
  for (const one of svg.querySelectorAll("a")) {
    if (one === from) continue;
    const to = boxOf(one);
    const ahead = (to.x - at.x) * dx + (to.y - at.y) * dy;
    const aside = Math.abs((to.x - at.x) * dy) + Math.abs((to.y - at.y) * dx);
    if (ahead > 4 && ahead + 2 * aside < least) { least = ahead + 2 * aside; best = one; }
  }
  return best;
}

svg.addEventListener("keydown", (event) => {
  const from = event.target.closest("a");
  const direction = DIRECTIONS[event.key];
  if (direction && from) {
    const to = nearest(from, direction);
    if (to) { from.setAttribute("tabindex", "-1"); to.setAttribute("tabindex", "0"); to.focus({ preventScroll: true }); reveal(to); }
  } else if (event.key === " " && from) location.hash = from.getAttribute("href");
  else return;
  event.preventDefault();
});

function reveal(one) {
  const { left, top, right, bottom } = one.getBoundingClientRect();
  const frame = graph.getBoundingClientRect();
  view.x += Math.max(frame.left + 20 - left, 0) - Math.max(right - frame.right + 20, 0);
  view.y += Math.max(frame.top + 20 - top, 0) - Math.max(bottom - frame.bottom + 20, 0);
  apply();
}

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") back();
  else if (event.key === "+" || event.key === "=") zoom(1.25);
  else if (event.key === "-") zoom(0.8);
  else if (event.key === "0") fit();
});

// What is under the pointer or the focus shows its whole way.
function light(event) {
  const one = event.target.closest?.("a");
  svg.classList.toggle("lighting", Boolean(one?.dataset.table ?? one?.dataset.column));
  for (const lit of svg.querySelectorAll(".lit")) lit.classList.remove("lit");
  if (one?.dataset.table !== undefined) {
    const number = Number(one.dataset.table);
    const [up, down] = [reach(number, readBy, Infinity, new Set([number])), reach(number, readersOf, Infinity, new Set([number]))];
    for (const box of svg.querySelectorAll(".box")) {
      if (up.has(Number(box.dataset.table)) || down.has(Number(box.dataset.table))) box.classList.add("lit");
    }
    for (const edge of svg.querySelectorAll(".edge")) {
      const [from, to] = [Number(edge.dataset.from), Number(edge.dataset.to)];
      if ((up.has(from) && up.has(to)) || (down.has(from) && down.has(to))) edge.classList.add("lit");
    }
  } else if (one?.dataset.column !== undefined) {
    one.classList.add("lit");
    for (const edge of svg.querySelectorAll(".edge")) {
      if (edge.dataset.from !== one.dataset.column && edge.dataset.to !== one.dataset.column) continue;
      edge.classList.add("lit");
      for (const end of [edge.dataset.from, edge.dataset.to]) svg.querySelector(`[data-column="${end}"]`)?.classList.add("lit");
    }
  }
}
svg.addEventListener("pointerover", (event) => { if (!pointers.size) light(event); });
svg.addEventListener("pointerleave", light);
svg.addEventListener("focusin", light);
svg.addEventListener("focusout", light);

document.getElementById("zoom-in").addEventListener("click", () => zoom(1.25));
document.getElementById("zoom-out").addEventListener("click", () => zoom(0.8));
document.getElementById("fit").addEventListener("click", () => fit());
for (const button of layerButtons) {
  button.addEventListener("click", () => {
    const { fold } = button.dataset;
    if (!folded.delete(fold)) folded.add(fold);
    button.setAttribute("aria-pressed", String(!folded.has(fold)));
    update();
  });
}
backButton.addEventListener("click", () => { location.hash = ""; });
addEventListener("hashchange", update);
new ResizeObserver(open).observe(graph);

update();
document.body.dataset.ready = "true";
}
