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

import jsonschema
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

# What our files use of https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json.
TEXT, TEXTS = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
DURATION = {"type": "string", "pattern": r"^(\d+(us|ms|s|m|h))+$"}


def object_of(required=(), **properties):
    """The schema of an object that has no other members."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def objects_of(schema):
    return {"type": "object", "additionalProperties": schema}


CHECK = object_of(["test"], test=TEXTS, interval=DURATION, timeout=DURATION, retries={"type": "integer"})
CONDITIONS = ["service_started", "service_healthy", "service_completed_successfully"]
COMPOSE = object_of(
    ["services"],
    name={"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
    services=objects_of(
        object_of(
            ["image"],
            image=TEXT,
            build=TEXT,
            restart={"enum": ["no", "always", "on-failure", "unless-stopped"]},
            init={"type": "boolean"},
            command=TEXTS,
            entrypoint=TEXTS,
            environment=objects_of({"type": ["string", "number", "null"]}),
            ports={"type": "array", "items": {"type": "string", "pattern": r"^[\d.]+:\d+:\d+$"}},
            volumes={"type": "array", "items": {"type": "string", "pattern": "^[a-z]+:/"}},
            depends_on=objects_of(object_of(["condition"], condition={"enum": CONDITIONS})),
            healthcheck=CHECK,
            stop_grace_period=DURATION,
        )
    ),
    volumes=objects_of({"type": "null"}),
)

# What our file uses of the READMEs of the Collector's parts: exporterhelper, otlphttpexporter, fileexporter,
# filestorage, batchprocessor and otlpreceiver.
NUMBER, ENDPOINT = {"type": "integer"}, object_of(["endpoint"], endpoint=TEXT)
PIPELINE = object_of(["receivers", "exporters"], receivers=TEXTS, processors=TEXTS, exporters=TEXTS)
COLLECTOR = object_of(
    ["receivers", "exporters", "service"],
    extensions=object_of(file_storage=object_of(directory=TEXT, create_directory={"type": "boolean"})),
    receivers=object_of(otlp=object_of(protocols=object_of(grpc=ENDPOINT, http=ENDPOINT))),
    processors=object_of(
        batch=object_of(send_batch_size=NUMBER, send_batch_max_size=NUMBER, timeout=DURATION)
    ),
    exporters=object_of(
        otlphttp=object_of(
            ["endpoint"],
            endpoint=TEXT,
            headers=objects_of(TEXT),
            compression={"enum": ["none", "gzip", "zstd"]},
            sending_queue=object_of(storage=TEXT, queue_size=NUMBER),
            retry_on_failure=object_of(max_elapsed_time=DURATION),
        ),
        file=object_of(
            ["path"], path=TEXT, rotation=object_of(max_megabytes=NUMBER, max_days=NUMBER, max_backups=NUMBER)
        ),
    ),
    service=object_of(["pipelines"], extensions=TEXTS, pipelines=objects_of(PIPELINE)),
)


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
    jsonschema.validate(compose, COMPOSE)
    for service in compose["services"].values():
        assert set(service.get("depends_on", {})) <= set(compose["services"])
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= set(compose["volumes"])
        values = {value for value in service["environment"].values() if "$" in value}
        assert values - {"${AA_PIPELINE_PRIVACY_KEY:-}"} == {"${POSTGRES_PASSWORD:?write it into .env}"}
    assert compose["services"]["listener"]["ports"] == ["127.0.0.1:4318:4318"]
    assert compose["services"]["build"]["image"] == compose["services"]["listener"]["image"]


@pytest.mark.slow
def test_the_commands_of_the_compose_file_run_on_postgresql(run, folder, written, program):
    text = (written / "compose.yaml").read_text()
    services = yaml.safe_load(text)["services"]
    (secret,) = re.findall(r"^# (echo .*)", text, re.MULTILINE)
    subprocess.run(secret, shell=True, check=True)
    assert re.fullmatch(r"POSTGRES_PASSWORD=[0-9a-f]{48}\n", (folder / ".env").read_text())
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600
    (words,) = re.findall(r"run --rm listener (listener-token .*)", text)
    token = run(words).stdout.strip()
    with postgres_server() as server:
        _, *ready = services["database"]["healthcheck"]["test"]
        at = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port)}
        subprocess.run([server.programs / ready[0], *ready[1:]], check=True, env=os.environ | at)
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


def test_the_collectors_configuration_fits_together(written, tmp_path):
    text = (written / "otel-collector.yaml").read_text()
    configuration = yaml.safe_load(text)
    jsonschema.validate(configuration, COLLECTOR)
    (words,) = re.findall(r"^# (install .*)", text, re.MULTILINE)
    folder = tmp_path / "var"
    subprocess.run(words.replace("/var", str(folder)).split(), check=True)
    assert Path(configuration["exporters"]["file"]["path"].replace("/var", str(folder))).parent.is_dir()
    service = configuration["service"]
    assert set(service["extensions"]) == set(configuration["extensions"])
    assert set(service["pipelines"]) == {"logs", "metrics", "traces"}
    for pipeline in service["pipelines"].values():
        for kind, names in pipeline.items():
            assert set(names) == set(configuration[kind])
    exporter = configuration["exporters"]["otlphttp"]
    assert exporter["sending_queue"]["storage"] in configuration["extensions"]
    assert exporter["endpoint"] == "http://127.0.0.1:4318"
