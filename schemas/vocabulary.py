"""Closed lists that contracts share."""

COST_SOURCES = ["reported", "computed", "mixed", "unpriced"]
USAGE_SOURCES = ["log", "span", "transcript", "ledger", "export", "metric", "report"]
ATTRIBUTION_METHODS = ["explicit", "commit_link", "trailer", "time_window", "none"]
MARK_KINDS = ["email", "author_name", "line", "footer"]
BUDGET_PERIODS = ["month", "year"]
BUDGET_STATUSES = ["broken", "will_break", "holds"]
COMMIT_SIZES = ["small", "medium", "large"]
REQUEST_STATES = ["open", "closed", "merged"]
REQUEST_COMMITS = ["listed", "merge", "subject", "patch"]
REQUEST_COST_METHODS = ["commits", "branch", "session_link", "window"]
DEVELOPER_TYPES = ["internal", "external", "unknown"]
SPEEDS = ["normal", "fast", "priority", "flex", "batch"]
SOURCES = ["otlp", "span", "transcript", "ledger", "export", "report"]
LEFT_OUT = [
    "no session, and a better form tells of the day",
    "repeated request",
    "another form of the session counts",
]
MEASURES = [
    *("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens", "cost_usd"),
    *("active_seconds", "lines_added", "lines_removed", "edits_accepted", "edits_rejected"),
]

# How old the lines of a commit are when they are counted.
AGES = ("7_days", "30_days", "90_days", "today")
# Who wrote a commit's lines.
ORIGINS = ("agent", "person", "unknown")
BILL_REPORTS = ["cost", "usage", "estimate"]
BILL_LEFT_OUT = [
    "a later report tells of it",
    "an estimate of what a cost report charges",
]
GAP_REASONS = [
    *("not_in_telemetry", "not_billed", "price", "discount", "other_product", "day_boundary"),
]
