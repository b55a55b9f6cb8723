"""`deploy-files`: what it writes is well formed, and every command of ours in it runs as it is written."""

import contextlib
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.engines.servers import free_port, postgres_server
from tests.ingest.otlp.samples import log, logs

ROOT = Path(__file__).parents[2]
NAMES = {
    "Dockerfile",
    "aa-pipeline-build.service",
    "aa-pipeline-build.timer",
    "aa-pipeline-listener.service",
    "compose.yaml",
    "otel-collector.yaml",
}
PLACE = "/usr/local/bin/aa-pipeline"


@pytest.fixture
def written(run, folder):
    run("deploy-files deploy")
    return folder / "deploy"


@pytest.fixture
def program(tmp_path_factory):
    """A folder with the program `aa-pipeline`, as this checkout has it."""
    file = tmp_path_factory.mktemp("bin") / "aa-pipeline"
    file.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from pipeline.cli import main\nmain()\n"
    )
    file.chmod(0o755)
    return file


def command_of(unit):
    (command,) = re.findall(r"^ExecStart=(.*)", unit.read_text(), re.MULTILINE)
    return shlex.split(command)


@contextlib.contextmanager
def listening(words, **environment):
    """The listener, on a port of its own; when it is left, it is asked to end, and must end well."""
    port = free_port()
    words = [word.replace("0.0.0.0:4318", f"127.0.0.1:{port}") for word in words]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"} | environment
    ) as process:
        try:
            assert process.stdout.readline().startswith("Listening on ")
            yield port
            process.send_signal(signal.SIGTERM)
            assert "1 record" in process.stdout.read()
            assert process.wait(60) == 0
        finally:
            process.kill()


def send(port, token):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        connection.request("POST", "/v1/logs", json.dumps(logs(log({"n": 1}))), headers)
        return connection.getresponse().status


def test_files_are_written_and_never_replaced(run, folder):
    output = run("deploy-files deploy").stdout
    assert {file.name for file in (folder / "deploy").iterdir()} == NAMES
    assert output.count("Wrote deploy/") == len(NAMES)
    (folder / "deploy" / "compose.yaml").write_text("mine")
    (folder / "deploy" / "Dockerfile").unlink()
    assert "is there already" in run("deploy-files deploy", expect=2).stderr
    assert (folder / "deploy" / "compose.yaml").read_text() == "mine"
    assert not (folder / "deploy" / "Dockerfile").exists()


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_understands_the_units(written, program):
    units = sorted(file for file in written.iterdir() if file.suffix in (".service", ".timer"))
    for unit in units:
        unit.write_text(unit.read_text().replace(PLACE, str(program)))
    words = ["systemd-analyze", "verify", "--recursive-errors=no", *units]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_the_commands_of_the_units_run(run, folder, written, program, monkeypatch):
    head = (written / "aa-pipeline-listener.service").read_text()
    (words,) = re.findall(r"-- aa-pipeline (listener-token .*)", head)
    token = run(words).stdout.strip()
    listener, build = (command_of(written / f"aa-pipeline-{name}.service") for name in ("listener", "build"))
    assert listener[0] == build[0] == PLACE
    with listening([str(program), *listener[1:]]) as port:
        assert send(port, token) == 200
    subprocess.run([program, *build[1:]], check=True, capture_output=True)


def test_the_compose_file_fits_together(written):
    compose = yaml.safe_load((written / "compose.yaml").read_text())
    assert set(compose) == {"name", "services", "volumes"}
    for service in compose["services"].values():
        assert set(service.get("depends_on", {})) <= set(compose["services"])
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= set(compose["volumes"])
        values = [value for value in service["environment"].values() if "$" in value]
        assert values == ["${POSTGRES_PASSWORD:?write it into .env}"]
    assert compose["services"]["listener"]["ports"] == ["127.0.0.1:4318:4318"]
    assert compose["services"]["build"]["image"] == compose["services"]["listener"]["image"]


@pytest.mark.slow
def test_the_commands_of_the_compose_file_run_on_postgresql(run, folder, written, program):
    text = (written / "compose.yaml").read_text()
    services = yaml.safe_load(text)["services"]
    (words,) = re.findall(r"run --rm listener (listener-token .*)", text)
    token = run(words).stdout.strip()
    with postgres_server() as server:
        url = services["listener"]["environment"]["AA_PIPELINE_TARGET"]
        target = url.replace("aa@database/aa", f"{server.USER}@127.0.0.1:{server.port}/postgres")
        assert target != url
        environment = {"AA_PIPELINE_TARGET": target, "PGPASSWORD": server.PASSWORD}
        with listening([str(program), *services["listener"]["command"]], **environment) as port:
            assert send(port, token) == 200
            _, *probe = services["listener"]["healthcheck"]["test"]
            assert probe[:2] == ["python", "-c"]
            subprocess.run([sys.executable, "-c", probe[2].replace("4318", str(port))], check=True)
        shell, option, loop = services["build"]["entrypoint"]
        once = loop.replace("sleep 3600", "exit").replace("sleep 300", "exit 1")
        assert once.count("exit") == 2
        environment["PATH"] = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
        subprocess.run(
            [shell, option, once],
            check=True,
            capture_output=True,
            env=os.environ | environment,
        )


def test_the_image_holds_the_program_with_postgresql(written):
    text = (written / "Dockerfile").read_text()
    ((name, extra),) = re.findall(r'pip install .*"([\w-]+)\[(\w+)\]"', text)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert name == project["name"]
    assert extra in project["optional-dependencies"]
    (entry,) = re.findall(r"^ENTRYPOINT (.*)", text, re.MULTILINE)
    assert set(json.loads(entry)) <= set(project["scripts"])


def test_the_collectors_configuration_fits_together(written):
    configuration = yaml.safe_load((written / "otel-collector.yaml").read_text())
    service = configuration["service"]
    assert set(service["extensions"]) == set(configuration["extensions"])
    assert set(service["pipelines"]) == {"logs", "metrics", "traces"}
    for pipeline in service["pipelines"].values():
        for kind, names in pipeline.items():
            assert set(names) == set(configuration[kind])
    exporter = configuration["exporters"]["otlphttp"]
    assert exporter["sending_queue"]["storage"] in configuration["extensions"]
    assert exporter["endpoint"] == "http://127.0.0.1:4318"
