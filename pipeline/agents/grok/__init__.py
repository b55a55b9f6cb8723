"""Grok CLI (Grok Build), of xAI; the community's tool of that name is another one."""

from pipeline.agents.declaration import Agent, Evidence, Home, Telemetry

AGENT = Agent(
    "grok",
    "Grok CLI",
    "xAI",
    "cli",
    aliases=("grok_build", "grok_cli", "grok_code"),
    telemetry=Telemetry(edit_tools=("edit",)),
    homes=(Home("~/.grok", ("sessions", "logs/unified.jsonl"), variable="GROK_HOME"),),
    evidence=(
        Evidence(
            "telemetry",
            "xai-org/grok-build 19d42e3, docs/user-guide/24-monitoring-usage.md",
            "2026-11-28",
            version="1.0.6",
            undercount="Not seen: whether its input holds cached tokens is not written anywhere.",
        ),
        Evidence(
            "transcripts",
            "xai-org/grok-build 19d42e3, crates/codegen/xai-grok-shell/src/extensions/notification.rs and"
            " session/, xai-grok-workspace/src/permission/manager; ccusage #1427, tokscale #924,"
            " t3code #5830, aistack #369",
            "2026-11-29",
            version="1.0.6; reports up to 1.0.30",
            repeats="A turn holds what its sub-agents used, whose files tell it again. Forks copy their"
            " parent's records, told by prompt and time. unified.jsonl tells of older versions only.",
            undercount="A turn is one record per model, however many requests it took. Compactions, titles"
            " and turns that were killed tell nothing. What sub-agents in the background used is counted only"
            " where it cannot be part of the turn that started them; the rest is named. The log of older"
            " versions is cut at 5 MB, and no failed requests are read from it. Grok's version stands in no"
            " record. How many lines an edit changed is not read.",
        ),
    ),
)
