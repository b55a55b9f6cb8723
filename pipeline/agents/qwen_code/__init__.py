"""Qwen Code, of Alibaba: a fork of Gemini CLI, whose events it sends."""

from dataclasses import replace

from pipeline.agents import gemini_cli
from pipeline.agents.declaration import Agent, Evidence, Telemetry

AGENT = Agent(
    "qwen_code",
    "Qwen Code",
    "Alibaba",
    "cli",
    aliases=("qwen", "qwen_cli", "qwen_coder", "qwencode"),
    telemetry=Telemetry(
        starts=("session.start",),
        ends=("session.end",),
        token_metrics=(replace(gemini_cli.TOKEN_METRIC, name="^qwen[-_]code[.]token[.]usage$"),),
    ),
    evidence=(
        Evidence(
            "telemetry",
            "seen",
            "2026-11-28",
            version="0.24.4",
            repeats="As Gemini CLI; but its output_token_count holds thoughts_token_count.",
            undercount="It names no cost.",
        ),
    ),
)
