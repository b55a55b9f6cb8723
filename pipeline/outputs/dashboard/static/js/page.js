// Pieces of the page. Text only ever becomes text: nothing here parses HTML.

function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// A number as people read it; its exact value is in the attribute.
function number(metric, value) {
  const shown = format(METRICS[metric].unit, value);
  return el("data", { value: value ?? "", "data-metric": metric }, shown);
}

// Definitions: one popover for all of them.

const definition = el("div", { id: "definition", popover: "auto", role: "dialog", "aria-label": "Definition" });

function define(button, metrics) {
  definition.replaceChildren(
    ...metrics.map((name) => {
      const metric = METRICS[name];
      return el(
        "section",
        {},
        el("h3", {}, metric.label),
        el("p", {}, metric.meaning),
        el("p", { class: "sources small" }, ...metric.columns.flatMap((column, at) => [at ? ", " : "From ", columnLink(column)])),
      );
    }),
  );
  definition.showPopover();
  const place = button.getBoundingClientRect();
  const width = definition.offsetWidth;
  const below = place.bottom + 6 + definition.offsetHeight < innerHeight;
  definition.style.left = `${Math.max(8, Math.min(place.left, document.documentElement.clientWidth - width - 8))}px`;
  definition.style.top = `${Math.max(8, below ? place.bottom + 6 : place.top - 6 - definition.offsetHeight)}px`;
}

function columnLink(column) {
  const [table, name] = column.split(".");
  return el("a", { href: `../site/tables/${table}.html#${name}` }, el("code", {}, column));
}

function info(metrics, label) {
  return el(
    "button",
    { type: "button", class: "info", "aria-label": label, title: label, onclick: (event) => define(event.currentTarget, metrics) },
    el("span", { "aria-hidden": "true" }, "i"),
  );
}

// A headline number, and how it was in the same time before.
function kpi(metric, value, { before, note, label } = {}) {
  const { unit } = METRICS[metric];
  const name = label ?? METRICS[metric].label;
  return el(
    "div",
    { class: "kpi card" },
    el("div", { class: "kpi-label" }, el("span", {}, name), info([metric], `What “${name}” means`)),
    // The longer a figure is, the smaller: it is never cut.
    el("div", { class: "kpi-value", style: `--length: ${format(unit, value).length}` }, number(metric, value)),
    el("div", { class: "kpi-note small" }, note ?? (before === undefined || before === null ? "" : `was ${format(unit, before)}`)),
  );
}

// One that is computed as it is declared, of two pairs of totals.
function declaredKpi(metric, now, before, about = {}) {
  const was = before ? metricValue(metric, before) : undefined;
  const told = decisionsOf(metric, now);
  const earlier = was === undefined || was === null ? [] : [`was ${format(METRICS[metric].unit, was)} ${decisionsOf(metric, before)?.text ?? ""}`.trim()];
  return kpi(metric, metricValue(metric, now), { before: was, ...(told ? { note: [told.text, ...earlier].join("; ") } : {}), ...about });
}

const kpis = (...items) => el("div", { class: "kpis" }, ...items);

// A table that sorts by its headers. Long ones are shown in parts.

const FIRST_ROWS = 12;
const MORE_ROWS = 100;
let onPaper = false; // while the page is printed; then nothing is left out
const sortings = new Map(); // by title; outlives a change of the filter

// A column of rows with totals, computed as its metric is declared.
const declared = (metric) => ({
  metric,
  value: (row) => metricValue(metric, row),
  ...(METRICS[metric].expression?.of_decisions ? { show: (row) => el("span", {}, number(metric, metricValue(metric, row)), el("span", { class: "dim small" }, ` ${decisionsOf(metric, row)?.text ?? ""}`)) } : {}),
});

// columns: {metric, value(row), label, show(row)}; the first names the row. A metric has its own label.
// On paper stand all rows, but for a `list` of single things, of which there may be hundreds.
function table(title, columns, rows, { sort = 1, list = false, empty = "Nothing in this period." } = {}) {
  const numeric = (column) => !["text"].includes(METRICS[column.metric]?.unit ?? "text");
  const label = (column) => METRICS[column.metric]?.label ?? column.label;
  const sorting = sortings.get(title) ?? { at: sort, down: numeric(columns[sort]) };
  sortings.set(title, sorting);
  let shown = onPaper && !list ? Infinity : FIRST_ROWS;
  const head = el("tr");
  const body = el("tbody");
  const more = el("button", { type: "button", class: "more", onclick: () => { shown += MORE_ROWS; fill(); } });

  const inOrder = () => [...rows].sort((a, b) => compare(columns[sorting.at].value(a), columns[sorting.at].value(b), sorting.down));

  const csvRows = () => [columns.map(csvHead), ...inOrder().map((row) => columns.map((column) => csvValue(column, row)))];

  function fill() {
    const sorted = inOrder();
    head.replaceChildren(...columns.map((column, at) => el(
      "th",
      { scope: "col", "data-metric": column.metric, class: numeric(column) ? "num" : "", "aria-sort": at === sorting.at ? (sorting.down ? "descending" : "ascending") : null },
      // Where a table goes on on a second page, the browser repeats the text of its head, and no buttons.
      onPaper ? label(column) : el(
        "button",
        { type: "button", class: "sort", onclick: () => { sorting.down = at === sorting.at ? !sorting.down : numeric(column); sorting.at = at; fill(); head.children[at].firstChild.focus(); } },
        label(column),
      ),
    )));
    body.replaceChildren(...sorted.slice(0, shown).map((row) => el("tr", {}, ...columns.map((column, at) => cell(column, row, at)))));
    more.hidden = onPaper || sorted.length <= shown;
    more.textContent = `Show more of ${whole.format(sorted.length)}`;
  }

  function cell(column, row, at) {
    const content = column.show ? column.show(row) : METRICS[column.metric] ? number(column.metric, column.value(row)) : String(column.value(row) ?? NONE);
    return at ? el("td", { class: numeric(column) ? "num" : "" }, content) : el("th", { scope: "row" }, content);
  }

  fill();
  const metrics = columns.map((column) => column.metric).filter((metric) => METRICS[metric]);
  return el(
    "section",
    { class: "card panel" },
    el("header", {}, el("h2", {}, title), metrics.length ? info(metrics, `What the columns of “${title}” mean`) : null, rows.length ? csvButton(title, csvRows) : null),
    rows.length
      ? el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title }, el("table", {}, el("thead", {}, head), body))
      : el("p", { class: "dim" }, empty),
    more,
    onPaper && shown < rows.length ? el("p", { class: "dim small" }, `The first ${shown} of ${whole.format(rows.length)}.`) : null,
  );
}

function compare(a, b, down) {
  const [noA, noB] = [a, b].map((value) => value === null || value === undefined);
  if (noA || noB) return noA - noB; // what is not there comes last either way
  const order = typeof a === "string" ? a.localeCompare(b, "en") : a - b;
  return down ? -order : order;
}

// A list to choose from; nothing chosen means everything.

const MOST_CHOICES = 60;

function picker(title, all, names, chosen, onchange) {
  const summary = el("summary", {}, el("span", { class: "dim" }, title), " ", el("b", {}));
  const list = el("ul", { class: "choices" });
  const search = el("input", { type: "search", placeholder: `Find ${title.toLowerCase()}`, "aria-label": `Find ${title.toLowerCase()}`, oninput: fill });
  const clear = el("button", { type: "button", class: "clear", onclick: () => { chosen.clear(); fill(); show(); onchange(); } }, all);
  const details = el("details", { class: "picker" }, summary, el("div", { class: "picker-panel card" }, names.length > 8 ? search : null, clear, list));

  function show() {
    summary.lastChild.textContent = chosen.size === 0 ? all : chosen.size === 1 ? names[[...chosen][0]] : `${chosen.size} chosen`;
    clear.setAttribute("aria-pressed", chosen.size === 0);
  }

  function fill() {
    const wanted = search.value.trim().toLowerCase();
    const found = names.map((name, place) => ({ name, place })).filter(({ name }) => name.toLowerCase().includes(wanted));
    found.sort((a, b) => chosen.has(b.place) - chosen.has(a.place));
    list.replaceChildren(...[
      ...found.slice(0, MOST_CHOICES).map(({ name, place }) => {
        const box = el("input", { type: "checkbox", onchange: () => { box.checked ? chosen.add(place) : chosen.delete(place); show(); onchange(); } });
        box.checked = chosen.has(place);
        return el("li", {}, el("label", {}, box, el("span", {}, name)));
      }),
      found.length > MOST_CHOICES ? el("li", { class: "dim small" }, `and ${whole.format(found.length - MOST_CHOICES)} more: type to find them`) : null,
      found.length === 0 ? el("li", { class: "dim small" }, "Nobody and nothing of that name") : null,
    ].filter(Boolean));
  }

  details.addEventListener("toggle", () => { if (details.open) { fill(); (names.length > 8 ? search : clear).focus(); } });
  closesByItself(details);
  show();
  return details;
}

// A drop-down closes on Escape and on a click elsewhere. Arrows move along its list, Enter chooses.
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

function closesByItself(details) {
  details.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && details.open) { details.open = false; details.firstChild.focus(); return; }
    const isBox = event.target.type === "checkbox";
    if (event.key === "Enter" && isBox) event.target.click();
    else if (event.key in STEPS && details.open && event.target.type !== "date") {
      const stops = [details.firstChild, ...details.querySelectorAll(".picker-panel :is(input, button)")];
      const at = stops.indexOf(event.target) + STEPS[event.key];
      stops[Math.max(0, Math.min(at, stops.length - 1))].focus();
    } else return;
    event.preventDefault();
  });
  document.addEventListener("pointerdown", (event) => { if (!details.contains(event.target)) details.open = false; });
  details.addEventListener("focusout", (event) => { if (event.relatedTarget && !details.contains(event.relatedTarget)) details.open = false; });
}
