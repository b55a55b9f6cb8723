"""opencode, of Anomaly."""

from pipeline.agents.declaration import Agent, Evidence, Home, Marks, Telemetry

AGENT = Agent(
    "opencode",
    "opencode",
    "Anomaly",
    "cli",
    aliases=("open_code", "opencode_ai", "opencode_cli", "opencode_plugin_otel"),
    # Its plugin's requests and metrics are the names of `conventions.COMMON`.
    telemetry=Telemetry(starts=("session.created",)),
    marks=Marks(emails=("noreply@opencode.ai",), rank=9),
    homes=(
        Home(
            "~/.local/share",
            ("opencode/opencode*.db", "opencode/storage/message"),
            variable="XDG_DATA_HOME",
        ),
    ),
    evidence=(
        Evidence(
            "telemetry",
            "opencode-plugin-otel on npm",
            "2026-11",
            repeats="session.idle tells again what requests have told.",
        ),
        Evidence(
            "transcripts",
            "seen",
            "2026-11-28",
            version="1.18.33",
            repeats="A database may hold what older files hold, told by the message's id.",
            undercount="Requests for titles stand in no record. Version 2 writes session_message, which is"
            " not read (anomalyco/opencode #36944).",
        ),
        Evidence("commits", "public code search; often by the user's instruction", "2026-11"),
    ),
)
