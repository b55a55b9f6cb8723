"""The demo's telemetry: what each session's agent would have sent to a Collector."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import ModuleType

from pipeline.demo import claude_code, codex, gemini_cli
from pipeline.demo.company import History, Session

AGENTS = {"claude_code": claude_code, "codex": codex, "gemini_cli": gemini_cli}


def write_telemetry(folder: Path, history: History) -> list[Path]:
    """One file per agent, batches of logs and of metrics mixed, in order of time."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for kind, agent in AGENTS.items():
        sessions = [session for session in history.sessions if session.agent.kind == kind]
        path = folder / f"{kind.replace('_', '-')}.jsonl"
        with path.open("wb") as file:
            file.writelines(batch for session in sessions for batch in _batches(agent, session))
        paths.append(path)
    return paths


def _batches(agent: ModuleType, session: Session) -> Iterator[bytes]:
    rng = Random(session.id)
    if session.agent.logs:
        yield from agent.logs(session, rng)
    if session.agent.metrics:
        yield from agent.metrics(session)
