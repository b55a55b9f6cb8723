// Search, theme, copying and times, on every page. No request is made: the list of names is a script.
"use strict";

{ // a scope of its own beside the other scripts

const root = document.body.dataset.root;

// --- theme ---------------------------------------------------------------------------------------

const themeButton = document.getElementById("theme");
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (systemIsDark.matches ? "dark" : "light")) === "dark";
const showTheme = () => themeButton.setAttribute("aria-pressed", String(isDark()));
themeButton.addEventListener("click", () => {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try { localStorage.setItem("aa-theme", theme); } catch { /* kept for this page only */ }
  showTheme();
});
systemIsDark.addEventListener("change", showTheme);
showTheme();

// --- search --------------------------------------------------------------------------------------

const MOST_FOUND = 40;
const input = document.getElementById("search");
const list = document.getElementById("found");
const count = document.getElementById("found-count");
let chosen = -1;
let loading = null;

/** Every table and column: {name, within, text, layer, href}, once the data is there. */
function loadEntries() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `${root}static/search-data.js`;
    script.onload = () => resolve(globalThis.AA_SEARCH.flatMap(([name, layer, path, text, columns]) => [
      { name, within: "", text, layer, href: root + path },
      ...columns.map(([column, meaning]) => ({
        name: column, within: name, text: meaning, layer, href: `${root}${path}#${encodeURIComponent(column)}`,
      })),
    ]));
    script.onerror = reject;
    document.head.append(script);
  });
  return loading;
}

/** How well an entry answers a word: lower is better, Infinity is not at all. */
function distance(entry, word) {
  const name = entry.name.toLowerCase();
  const at = name.indexOf(word);
  if (name === word) return 0;
  if (at === 0) return 1;
  if (at > 0) return name[at - 1] === "_" ? 2 : 3;
  if (entry.within.toLowerCase().includes(word)) return 6;
  return entry.text.toLowerCase().includes(word) ? 8 : Infinity;
}

function matches(entries, query) {
  const words = query.toLowerCase().split(/[\s.]+/).filter(Boolean);
  const found = [];
  for (const entry of entries) {
    let score = entry.within ? 1.2 : 0;
    score += { marts: 0, intermediate: 0.3 }[entry.layer] ?? 0.5;
    for (const word of words) score += distance(entry, word);
    if (score < Infinity) found.push([score + entry.name.length / 1000, entry]);
  }
  return found.sort((a, b) => a[0] - b[0]).map(([, entry]) => entry);
}

/** Text with the words that were looked for marked. */
function marked(text, words) {
  const pattern = words.map((word) => word.replace(/[^\w]/g, "\\$&")).join("|");
  return text.split(new RegExp(`(${pattern})`, "gi")).map((part, index) => {
    if (index % 2 === 0) return part;
    const mark = document.createElement("mark");
    mark.textContent = part;
    return mark;
  });
}

function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

async function search() {
  const query = input.value.trim();
  if (!query) return close();
  const found = matches(await loadEntries(), query);
  if (input.value.trim() !== query) return;
  const words = query.split(/[\s.]+/).filter(Boolean);
  list.replaceChildren(...found.slice(0, MOST_FOUND).map((entry, index) => {
    const link = element("a", "", element("b", "", ...marked(entry.name, words)),
      element("span", "within", entry.within ? ` in ${entry.within}` : ` ${entry.layer}`),
      element("span", "text", ...marked(entry.text, words)));
    link.href = entry.href;
    link.tabIndex = -1;
    const item = element("li", "", link);
    item.id = `found-${index}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.dataset.layer = entry.layer;
    return item;
  }));
  if (!found.length) {
    const nothing = element("li", "nothing", "Nothing is called so, or described with these words.");
    nothing.setAttribute("role", "option");
    nothing.setAttribute("aria-disabled", "true");
    nothing.setAttribute("aria-selected", "false");
    list.append(nothing);
  }
  count.textContent = `${found.length} found`;
  list.hidden = false;
  list.scrollTop = 0;
  input.setAttribute("aria-expanded", "true");
  choose(found.length ? 0 : -1);
}

function choose(index) {
  const items = list.querySelectorAll("[role=option]:not([aria-disabled])");
  items[chosen]?.setAttribute("aria-selected", "false");
  chosen = items.length ? (index + items.length) % items.length : -1;
  const item = items[chosen];
  if (!item) return input.removeAttribute("aria-activedescendant");
  item.setAttribute("aria-selected", "true");
  input.setAttribute("aria-activedescendant", item.id);
  item.scrollIntoView({ block: "nearest" });
}

function close() {
  list.hidden = true;
  count.textContent = "";
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
  chosen = -1;
}

input.addEventListener("input", search);
input.addEventListener("focus", () => { loadEntries(); if (input.value) search(); });
input.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown") choose(chosen + 1);
  else if (event.key === "ArrowUp") choose(chosen - 1);
  else if (event.key === "Enter") list.querySelectorAll("a")[chosen]?.click();
  else if (event.key === "Escape") { if (list.hidden) input.value = ""; close(); }
  else return;
  event.preventDefault();
});
list.addEventListener("click", (event) => { if (event.target.closest("a")) { close(); input.blur(); } });
document.addEventListener("click", (event) => { if (!event.target.closest(".search")) close(); });
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select");
  if ((event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) || (event.key === "k" && (event.ctrlKey || event.metaKey))) {
    event.preventDefault();
    input.focus();
    input.select();
  }
});

// --- code, times, sidebar ------------------------------------------------------------------------

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const code = button.closest(".code").querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch { // a page that is opened from a folder may not; the old way still works
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
      getSelection().removeAllRanges();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  const seconds = (at - Date.now()) / 1000;
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  time.title = `${ago.format(Math.round(seconds / length), unit)}, ${at.toLocaleString()} here`;
}

const sidebar = document.querySelector(".sidebar");
if (sidebar) {
  const wide = matchMedia("(min-width: 60rem)");
  const fold = () => { sidebar.open = wide.matches; };
  wide.addEventListener("change", fold);
  fold();
  const current = sidebar.querySelector("[aria-current]");
  if (current && wide.matches) sidebar.scrollTop = current.offsetTop - sidebar.clientHeight / 2;
}

// What a deep link points at may lie in a part that is folded.
function unfold() {
  let id;
  try { id = decodeURIComponent(location.hash.slice(1)); } catch { return; }
  const target = document.getElementById(id);
  const folded = target?.closest("details:not([open])");
  if (folded) { folded.open = true; target.scrollIntoView(); }
}
addEventListener("hashchange", unfold);
unfold();
}
