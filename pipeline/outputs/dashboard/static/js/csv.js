// Tables of the page as files for spreadsheets: exact values, in the order in which they stand.

// How a cell begins that spreadsheets take for a formula, as pipeline/outputs/export.py has it.
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

function csvCell(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  if (typeof value === "number") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const csvText = (rows) => rows.map((row) => `${row.map(csvCell).join(",")}\n`).join("");

// A button that gives `rows()`, the head among them, as a file.
function csvButton(title, rows) {
  const name = `${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}.csv`;
  return el("button", { type: "button", class: "csv", "aria-label": `CSV of ${title}`, title: "All rows, for a spreadsheet", onclick: save }, "CSV");

  function save() {
    const url = URL.createObjectURL(new Blob([csvText(rows())], { type: "text/csv;charset=utf-8" }));
    el("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000); // a browser may ask first where to
  }
}

// The unit of what is no plain number or text.
const UNIT_TOLD = { usd: "USD", share: "0 to 1", percent: "%", hours: "hours" };

function csvHead(column) {
  const metric = METRICS[column.metric];
  const unit = UNIT_TOLD[metric?.unit];
  return `${metric?.label ?? column.label}${unit ? ` (${unit})` : ""}`;
}

function csvValue(column, row) {
  const value = column.value(row);
  return METRICS[column.metric]?.unit === "date" && typeof value === "number" ? toIso(value) : value;
}
