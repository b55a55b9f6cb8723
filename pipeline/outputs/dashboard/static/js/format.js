// Numbers as people read them. `null` is a dash: there is nothing to say.

const NONE = "–";
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });
const twoDigits = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

function percentage(value) {
  if (value > 0 && value < 0.1) return "<0.1%";
  if (value > 99.9 && value < 100) return ">99.9%";
  return `${(value < 10 || (value > 99 && value < 100) ? oneDigit : whole).format(value)}%`;
}

const UNITS = {
  usd(value) {
    const size = Math.abs(value);
    if (size > 0 && size < 0.01) return value < 0 ? ">−$0.01" : "<$0.01";
    return `${value < 0 ? "−" : ""}$${(size < 1000 ? twoDigits : whole).format(size)}`;
  },
  count: (value) => whole.format(value),
  tokens: (value) => (value < 10_000 ? whole : compact).format(value),
  share: (value) => percentage(100 * value),
  percent: percentage,
  hours: (value) => (value < 100 ? oneDigit : whole).format(value),
  ratio: (value) => (value < 100 ? oneDigit : whole).format(value),
  date: (value) => shortDate(value),
  text: (value) => String(value),
};
const format = (unit, value) => (value === null || value === undefined || Number.isNaN(value) ? NONE : UNITS[unit](value));

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
function shortDate(day, withYear = HAS_DATA && toIso(day).slice(0, 4) !== toIso(LAST_DAY).slice(0, 4)) {
  const [year, month, date] = toIso(day).split("-").map(Number);
  return `${date} ${MONTHS[month - 1]}${withYear ? ` ${year}` : ""}`;
}
const monthName = (day) => new Date(day * DAY_MS).toLocaleDateString("en-US", { month: "long", timeZone: "UTC" });
const period = (from, to) => (from === to ? shortDate(from) : `${shortDate(from)} – ${shortDate(to)}`);

function bucketLabel({ from, to, unit }) {
  return unit === "day" ? shortDate(from, false) : unit === "week" ? shortDate(from, false) : `${MONTHS[Number(toIso(from).slice(5, 7)) - 1]} ${toIso(from).slice(0, 4)}`;
}
const bucketName = ({ from, to, unit }) => (unit === "month" ? bucketLabel({ from, to, unit }) : period(from, to));

const plural = (count, one, many = `${one}s`) => `${whole.format(count)} ${count === 1 ? one : many}`;
