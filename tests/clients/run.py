"""Runs one client, isolated: `python -m tests.clients.run AGENT_TYPE FOLDER`.

It looks at a repository, once in each way that README knows to have its telemetry; then it changes it, with a
commit, for a person who is named. FOLDER, which has a `home`, then has `repository`, what telemetry landed in
`agent_analytics.duckdb`, and what the API served in each session in `sessions.json`.
"""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tests.clients import readme
from tests.clients.clients import CLIENTS, Client
from tests.clients.isolation import bring_up_loopback
from tests.clients.model_api import ModelApi
from tests.clients.scripts import ADA, APP, change, look

SESSION = r'"(?:session_?id|thread_id)":\s*"([^"]+)"'


def main(agent_type: str, folder: Path) -> None:
    bring_up_loopback()
    (client,) = (client for client in CLIENTS if client.agent_type == agent_type)
    repository = make_repository(folder)
    api = ModelApi(8001)
    ways = readme.settings(client.readme)
    runs = [(way, "What does app.py do?", look(client.tokens)) for way in ways]
    named = replace(ways[0], environment=ways[0].environment | readme.name_of_a_person())
    changed = change(client.tokens, client.read, client.edit, client.commit)
    runs.append((named, "Greet politely, and commit.", changed))
    sessions = []
    with subprocess.Popen(readme.listener(), cwd=folder, stdout=subprocess.PIPE, text=True) as listener:
        wait_until_it_listens(listener)
        for number, (way, prompt, answers) in enumerate(runs):
            write_settings(client, way)
            api.script(answers, str(repository))
            output = run(client, way, prompt, repository, folder / f"output-{number}")
            sessions.append({"id": session_of(output), "served": [asdict(one) for one in api.served]})
        listener.send_signal(signal.SIGINT)
    for way in ways:
        if way.ingest:
            command = way.ingest.replace(readme.HOME, str(Path.home()))
            subprocess.run(command.split(), cwd=folder, check=True)
    (folder / "sessions.json").write_text(json.dumps(sessions))


def make_repository(folder: Path) -> Path:
    repository = folder / "repository"
    repository.mkdir()
    (repository / "app.py").write_text(APP)
    # Into its own configuration: Gemini CLI hides that of the home.
    set_up = ("init -q", "config user.name Ada", f"config user.email {ADA}", "add .", "commit -qm Begin")
    long_ago = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "2020-01-01T00:00Z")
    for words in set_up:
        subprocess.run(["git", *words.split()], cwd=repository, env=os.environ | long_ago, check=True)
    return repository


def wait_until_it_listens(listener: "subprocess.Popen[str]") -> None:
    said = listener.stdout.readline() if listener.stdout else ""
    assert said.startswith("Listening"), said


def write_settings(client: Client, way: readme.Settings) -> None:
    for path, document in merged(client.files, way.files).items():
        file = Path(path).expanduser()
        file.parent.mkdir(parents=True, exist_ok=True)
        text = document if isinstance(document, str) else json.dumps(document)
        file.write_text(text.replace(readme.HOME, str(Path.home())))


def merged(one: Any, other: Any) -> Any:
    """Documents within each other, texts one after the other."""
    if isinstance(one, dict):
        common = one.keys() & other.keys()
        return {**one, **other, **{key: merged(one[key], other[key]) for key in common}}
    return one + other


def run(client: Client, way: readme.Settings, prompt: str, repository: Path, output: Path) -> str:
    """What the client printed, when all of its processes have ended."""
    with output.open("w") as written:
        process = subprocess.Popen(
            [*client.command.split(), prompt],
            cwd=repository,
            env={**os.environ, **client.environment, **way.environment},
            stdin=subprocess.DEVNULL,
            stdout=written,
            start_new_session=True,
        )
        status = process.wait()
    with suppress(ChildProcessError):  # none is left
        while True:
            os.waitpid(-process.pid, 0)
    assert status == 0, f"{client.command} ended with {status}:\n{output.read_text()}"
    return output.read_text()


def session_of(output: str) -> str:
    found = {*re.findall(SESSION, output, re.IGNORECASE)}
    assert len(found) == 1, f"not one session but {found}:\n{output}"
    return found.pop()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
