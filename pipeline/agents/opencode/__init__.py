"""opencode, of Anomaly."""

from pipeline.agents.declaration import Agent, Evidence, Home, Marks, Telemetry

AGENT = Agent(
    "opencode",
    "opencode",
    "Anomaly",
    "cli",
    aliases=("open_code", "opencode_ai", "opencode_cli", "opencode_plugin_otel"),
    # Its plugin's requests and metrics are the names of `conventions.COMMON`.
    telemetry=Telemetry(
        starts=("session.created",), edit_tools=("apply_patch", "edit", "multiedit", "patch", "write")
    ),
    marks=Marks(emails=("noreply@opencode.ai",), footers=("opencode",), rank=9),
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
            "opencode-plugin-otel on npm; seen (1.18.33): its own traces",
            "2026-11-28",
            repeats="session.idle tells again what requests have told. Of its own traces, the span"
            " ai.streamText.doStream is a request (session.id; ai.usage.inputTokens with cache,"
            " ai.usage.outputTokens with reasoning, ai.usage.inputTokenDetails.cacheReadTokens,"
            " ai.usage.inputTokenDetails.cacheWriteTokens, ai.response.model, ai.response.id), and"
            " ai.streamText sums requests up.",
            undercount="`opencode run` loses what it has not sent when it ends, which is five seconds without"
            " OTEL_BSP_SCHEDULE_DELAY=1.",
        ),
        Evidence(
            "transcripts",
            "seen (1.18.33); anomalyco/opencode, packages/core/src/session, #36944, #44011,"
            " packages/opencode/src/permission, packages/core/src/permission.ts; ccusage #1780",
            "2026-11-28",
            version="2.0.8",
            repeats="A fork copies messages under new ids; version 2 copies what version 1 wrote. Told by"
            " time, model, provider, counts and cost.",
            undercount="Requests for titles stand in no record; where there is a transcript, those of"
            " telemetry do not count either. Attempts that failed and were tried again; tools,"
            " and so decisions about edits, of versions that wrote single files; edits that people rejected"
            " in version 2.",
        ),
        Evidence("commits", "public code search; often by the user's instruction", "2026-11"),
    ),
)
