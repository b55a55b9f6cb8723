"""Folders of tasks as the extensions of Cline, Roo Code and Kilo Code write them."""

import json

START = 1_793_613_600_000  # 2026-11-02 10:00 UTC
FOLDERS = {
    "cline": "saoudrizwan.claude-dev",
    "roo_code": "rooveterinaryinc.roo-cline",
    "kilo_code": "kilocode.kilo-code",
}


def say(kind, after, words=None, **changes):
    written = json.dumps(words) if isinstance(words, dict) else words
    return {"ts": START + after, "type": "say", "say": kind, "text": written} | changes


def request(after, sent=1200, received=80, written=300, read=5000, cost=0.0123, **changes):
    used = {"tokensIn": sent, "tokensOut": received, "cacheWrites": written, "cacheReads": read, "cost": cost}
    return say("api_req_started", after, {"request": "SECRET"} | used, **changes)


def write(folder, agent, *messages, name="t1", editor="Code", **files):
    folder = folder / editor / "User" / "globalStorage" / FOLDERS[agent] / "tasks" / name
    folder.mkdir(parents=True, exist_ok=True)
    documents = files | ({"ui_messages": list(messages)} if messages else {})
    for file, content in documents.items():
        (folder / f"{file}.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def counts(events):
    kinds = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens", "cost_usd")
    return [
        tuple(event.attributes.get(kind) for kind in kinds)
        for event in events
        if event.name.endswith(".api_request")
    ]
