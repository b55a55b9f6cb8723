// Charts, drawn by Vega-Lite without eval. Each has a table of the same numbers below it.

let openCharts = [];

function closeCharts() {
  openCharts.forEach((chart) => chart.view?.finalize());
  openCharts = [];
}

// The page's colours, as what they are in the current scheme.
function colour(name) {
  const probe = document.getElementById("probe");
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

const SERIES_COLOURS = ["series-1", "series-2", "series-3", "series-4", "series-5", "series-6"];

// Agents keep their colour whatever is chosen: by cost over all days, then by activity.
const agentColours = (() => {
  const totals = DATA.agents.map(() => 0);
  for (let i = 0; i < usage.length; i++) totals[usage.agent[i]] += 1 + (usage.nano[i] || 0);
  const ranked = totals.map((_, place) => place).sort((a, b) => totals[b] - totals[a]);
  const colours = [];
  ranked.forEach((place, rank) => { colours[place] = SERIES_COLOURS[rank] ?? "series-rest"; });
  return colours;
})();

function tooltip(handler, event, item, value) {
  const box = document.getElementById("tooltip");
  box.hidden = !value;
  if (!value) return;
  box.textContent = String(value);
  const left = Math.min(event.clientX + 12, document.documentElement.clientWidth - box.offsetWidth - 8);
  box.style.left = `${Math.max(8, left)}px`;
  box.style.top = `${event.clientY - box.offsetHeight - 10 < 0 ? event.clientY + 16 : event.clientY - box.offsetHeight - 10}px`;
}

function config() {
  const [ink, dim, line] = ["ink", "dim", "line"].map(colour);
  const font = getComputedStyle(document.body).fontFamily;
  return {
    background: null,
    font,
    view: { stroke: null },
    axis: {
      labelColor: dim, titleColor: dim, gridColor: line, domainColor: line, tickColor: line, labelFont: font, labelFontSize: 12,
      labelPadding: 6, labelSeparation: 8, titleFontWeight: "normal", ticks: false, domain: false,
    },
    axisX: { grid: false },
    text: { color: ink, font, fontSize: 12 },
  };
}

// A chart in a panel. `rows` have {label, series, value, tip}; `spec` says how they are drawn.
function chart({ title, metrics, note, legend, rows, unit, spec, height = 220 }) {
  const holder = el("div", { class: "chart", role: "img", "aria-label": `${title}. The numbers are in the table below it.`, style: `height:${height}px` });
  const panel = el(
    "section",
    { class: "card panel" },
    el("header", {}, el("h2", {}, title), info(metrics, `What “${title}” means`)),
    note ? el("p", { class: "dim small" }, note) : null,
    legend && legend.length > 1 ? el("ul", { class: "legend small" }, ...legend.map(({ name, colour: word }) => el("li", {}, el("i", { style: `background:var(--${word})` }), name))) : null,
    rows.some((row) => row.value) ? holder : el("p", { class: "dim nothing" }, "Nothing in this period."),
    rows.some((row) => row.value) ? numbers(title, rows, unit) : null,
  );
  if (rows.some((row) => row.value)) openCharts.push({ holder, spec: () => ({ ...spec(holder.clientWidth), height, data: { values: rows } }) });
  return panel;
}

// The numbers of a chart, made when they are asked for.
function numbers(title, rows, unit) {
  const details = el("details", { class: "numbers small" }, el("summary", {}, "Numbers"));
  details.addEventListener("toggle", () => {
    if (!details.open || details.children.length > 1) return;
    const labels = [...new Set(rows.map((row) => row.label))];
    const series = [...new Set(rows.map((row) => row.series))];
    const values = new Map(rows.map((row) => [`${row.label}\n${row.series}`, row.value]));
    const valueOf = (label, name) => values.get(`${label}\n${name}`) ?? (series.length > 1 ? 0 : null);
    details.append(el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Numbers of ${title}` }, el(
      "table",
      {},
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, ""), ...series.map((name) => el("th", { scope: "col", class: "num" }, name || "Value")))),
      el("tbody", {}, ...labels.map((label) => el(
        "tr",
        {},
        el("th", { scope: "row" }, label),
        ...series.map((name) => el("td", { class: "num" }, format(unit, valueOf(label, name)))),
      ))),
    )), csvButton(`Numbers of ${title}`, () => [["", ...series.map((name) => name || "Value")], ...labels.map((label) => [label, ...series.map((name) => valueOf(label, name))])]));
  });
  return details;
}

function drawCharts() {
  for (const chart of openCharts) {
    if (!chart.holder.isConnected) continue;
    chart.view?.finalize();
    const spec = { $schema: "https://vega.github.io/schema/vega-lite/v6.json", width: "container", autosize: { type: "fit", contains: "padding" }, config: config(), ...chart.spec() };
    const runtime = vega.parse(vegaLite.compile(spec).spec, {}, { ast: true });
    chart.view = new vega.View(runtime, { expr: vega.expressionInterpreter, renderer: "svg", container: chart.holder, hover: true, tooltip });
    // The picture is described as a whole; its parts are not for screen readers.
    chart.view.run();
    chart.holder.querySelector("svg").setAttribute("aria-hidden", "true");
  }
}

// Below 1 in plain digits: the letter for a thousandth, m, would be read as a million.
function axisLabels(unit) {
  if (unit === "share") return { format: "~%" };
  const sign = unit === "usd" ? "$" : "";
  return { labelExpr: `abs(datum.value) < 1 ? format(datum.value, '${sign}~f') : format(datum.value, '${sign}~s')` };
}

// What shows a tooltip wherever the pointer is above a part of the x axis. `hits`: {tip, and what `x` names}.
const hitLayer = (hits, x) => ({
  data: { values: hits },
  mark: { type: "bar", opacity: 0, ...(x.x2 ? {} : { width: { band: 1 } }) },
  encoding: { ...x, y: { value: 0 }, y2: { value: "height" }, tooltip: { field: "tip" } },
});

function columnsSpec(unit, names, legend, hits, { stack = "zero" } = {}) {
  const few = names.length < 8;
  const axis = { title: null, labelAngle: 0, labelOverlap: "parity", labelFlush: false, labelExpr: "slice(datum.label, 0, 6) == 'Week o' ? slice(datum.label, 8) : datum.label" };
  const x = { field: "label", type: "ordinal", sort: null, scale: { domain: names }, axis };
  return () => ({
    layer: [
      {
        mark: { type: "bar", cornerRadiusEnd: legend.length > 1 ? 0 : 2, ...(few ? { width: 44 } : { width: { band: 0.78 } }) },
        encoding: {
          x,
          y: { field: "value", type: "quantitative", stack, axis: { title: null, ...axisLabels(stack === "normalize" ? "share" : unit), tickCount: 4, ...(unit === "count" && stack !== "normalize" ? { tickMinStep: 1 } : {}) } },
          color: { field: "series", type: "nominal", legend: null, scale: { domain: legend.map(({ name }) => name), range: legend.map(({ colour: word }) => colour(word)) } },
          order: { field: "rank", type: "quantitative" },
        },
      },
      hitLayer(hits, { x }),
    ],
  });
}

// Bars over time. `groups`: {name, colour, values: one per bucket}.
function timeChart({ title, metrics, note, unit, time, groups, stack, height }) {
  const names = time.list.map((bucket) => (bucket.unit === "week" ? `Week of ${bucketLabel(bucket)}` : bucketLabel(bucket)));
  const unique = new Set(names).size === names.length ? names : time.list.map((bucket) => toIso(bucket.from));
  const rows = groups.flatMap(({ name, values }, rank) => time.list.map((bucket, at) => ({ label: unique[at], series: name, rank, value: values[at] ?? 0 })));
  const hits = time.list.map((bucket, at) => ({ label: unique[at], tip: tipOf(bucketName(bucket), groups.map(({ name, values }) => [name, values[at] ?? 0]), unit) }));
  return chart({ title, metrics, note, unit, legend: groups, rows, height, spec: columnsSpec(unit, unique, groups, hits, { stack }) });
}

// What there was, a line each, and their total.
function tipOf(when, parts, unit) {
  if (parts.length === 1) return `${when}: ${format(unit, parts[0][1])}`;
  const there = parts.filter(([, value]) => value);
  const total = there.length === 1 ? [] : [["Total", parts.reduce((sum, [, value]) => sum + value, 0)]];
  return [when, ...[...there, ...total].map(([name, value]) => `${name}: ${format(unit, value)}`)].join("\n");
}

const MOST_BARS = 8;
const CHARACTER = 7.2; // the width of most, in pixels

// Horizontal bars, one per thing. `items`: {name, value, colour}.
function barChart({ title, metrics, note, unit, items, height }) {
  const there = items.filter(({ value }) => value !== null && value !== undefined).sort((a, b) => b.value - a.value);
  const shown = there.slice(0, MOST_BARS);
  const rows = shown.map(({ name, value, colour: word }) => ({ label: name, series: "", value, colour: word ?? "series-1", text: format(unit, value), tip: `${name}: ${format(unit, value)}` }));
  const unknown = items.filter((item) => !there.includes(item)).map(({ name }) => name);
  const cut = there.length > shown.length ? `The first ${shown.length} of ${there.length}.` : null;
  return chart({
    title, metrics, unit, rows,
    note: [note, cut, unknown.length ? `Not known: ${unknown.slice(0, MOST_BARS).join(", ")}.` : null].filter(Boolean).join(" "),
    height: height ?? Math.max(60, 34 * rows.length + 8),
    spec: (width) => ({
      encoding: {
        y: { field: "label", type: "nominal", sort: null, axis: { title: null, labelLimit: Math.min(150, 0.42 * width), labelColor: colour("ink") } },
        x: { field: "value", type: "quantitative", axis: null, scale: { domainMin: 0, domainMax: Math.max(...rows.map((row) => row.value)) * beyondBars(rows, width) || 1 } },
      },
      layer: [
        { mark: { type: "bar", cornerRadiusEnd: 3, height: 18 }, encoding: { color: { field: "colour", type: "nominal", legend: null, scale: { domain: [...new Set(rows.map((row) => row.colour))], range: [...new Set(rows.map((row) => row.colour))].map(colour) } }, tooltip: { field: "tip" } } },
        { mark: { type: "text", align: "left", dx: 5 }, encoding: { text: { field: "text" } } },
      ],
    }),
  });
}

// How much longer than its longest bar a chart is, so that the figures beside the bars have room.
function beyondBars(rows, width) {
  const longest = (field) => CHARACTER * Math.max(...rows.map((row) => row[field].length));
  const bars = width - Math.min(150, 0.42 * width, longest("label")) - 16;
  return bars / Math.max(bars - longest("text") - 8, 1);
}

// The month's cost as it adds up: what was, what is to come at this pace, and the budget.
function monthChart({ title, metrics, note, points, budget, first, last }) {
  const rows = points.map(({ day, value, kind }) => ({ day: day - first + 1, label: shortDate(day), series: kind, value }));
  const hits = [...new Set(rows.map((row) => row.day))].map((day) => ({
    from: day - 0.5, to: day + 0.5,
    tip: [shortDate(first + day - 1), ...rows.filter((row) => row.day === day).map((row) => `${row.series}: ${format("usd", row.value)}`), ...(budget ? [`Budget: ${format("usd", budget)}`] : [])].join("\n"),
  }));
  const scale = { domain: [1, last - first + 1], nice: false };
  const legend = [{ name: "Spent", colour: "series-1" }, ...(rows.some((row) => row.series === "Forecast") ? [{ name: "Forecast", colour: "series-2" }] : []), ...(budget ? [{ name: "Budget", colour: "failed" }] : [])];
  return chart({
    title, metrics, note, unit: "usd", rows, legend,
    spec: () => ({
      layer: [
        {
          mark: { type: "line", strokeWidth: 2.5, point: { size: 26 } },
          encoding: {
            color: { field: "series", type: "nominal", legend: null, scale: { domain: ["Spent", "Forecast"], range: [colour("series-1"), colour("series-2")] } },
            strokeDash: { field: "series", type: "nominal", legend: null, scale: { domain: ["Spent", "Forecast"], range: [[1, 0], [4, 4]] } },
            x: { field: "day", type: "quantitative", scale, axis: { title: null, values: [1, 5, 10, 15, 20, 25, last - first + 1] } },
            y: { field: "value", type: "quantitative", axis: { title: null, ...axisLabels("usd"), tickCount: 4 }, scale: { domainMin: 0 } },
          },
        },
        ...(budget ? [{ mark: { type: "rule", strokeWidth: 2, color: colour("failed") }, encoding: { y: { datum: budget } } }] : []),
        hitLayer(hits, { x: { field: "from", type: "quantitative", scale }, x2: { field: "to" } }),
      ],
    }),
  });
}
