"""What real agents sent and wrote, and what their model API really served.

Command-line clients from npm (Claude Code 2.1.332, Codex 0.171.0, Gemini CLI 0.61.0, Qwen Code 0.24.4,
opencode 1.18.33, GitHub Copilot CLI 1.0.102) ran on 2026-11-28 against a mock of their model API, in a
network namespace with only loopback, for a made-up developer. They hold no personal data; long texts,
system prompts and declarations of tools are taken out.

* `captures.tar.xz`: NAME.jsonl is every OTLP export, decoded to JSON, one body a line; NAME.telemetry.log and
  NAME.copilot-otel.jsonl are what a client wrote to a file instead; NAME.transcripts is what it wrote at
  home.
* `served.json`: NAME → its parts, and what the mock served by session and model, with the cost at list price.
"""
