"""The Dockerfile and the examples of taskweir beside an app are held to the server that they start."""

import http.client
import itertools
import os
import re
import shlex
import socket
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Mapping, Sequence

import grpc
import pytest
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.command.process import wait_until
from tests.image.context import Context
from tests.image.dockerfile import Instruction, parse
from tests.readme import README, ROOT
from tests.served import served
from tests.sidecars import ALL, EXAMPLES, Sidecar, clients_address, read

from taskweir.command.arguments import COMMANDS, read_arguments
from taskweir.settings import TABLE, Settings, from_variables, resolve
from taskweir.testing import Handler

DOCKERFILE = parse((ROOT / "Dockerfile").read_text())
FINAL = DOCKERFILE.stages[-1]
VARIABLES = {setting.variable for setting in TABLE}


def last(name: str) -> Instruction:
    """The one of its name that holds for the image."""
    return [step for step in FINAL.instructions if step.name == name][-1]


def image_environ() -> Mapping[str, str]:
    """What the image sets."""
    return {
        name: value
        for step in FINAL.instructions
        if step.name == "ENV"
        for name, value in step.pairs().items()
    }


def settings_of(arguments: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """As the container has them."""
    return resolve(read_arguments(arguments).given, from_variables({**image_environ(), **environ}))


def of_ours(environ: Mapping[str, str]) -> set[str]:
    return {name for name in environ if name.startswith("TASKWEIR_")}


def test_the_image_runs_as_a_number_that_is_not_roots() -> None:
    """Numeric, so that a cluster can see it."""
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", last("USER").text)


def test_the_image_sets_what_there_is() -> None:
    """It listens everywhere, with its data on the volume."""
    assert of_ours(image_environ()) <= VARIABLES
    settings = settings_of(last("CMD").words(), {})
    assert settings.is_beyond_loopback
    assert not settings.has_control
    (volume,) = last("VOLUME").words()
    assert settings.data.startswith(f"{volume}/")
    assert {int(port) for port in last("EXPOSE").words()} == {settings.port, settings.http_port}


def test_the_images_commands_are_ours() -> None:
    """In the exec form, without which signals end at a shell."""
    (script,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    health = last("HEALTHCHECK")
    word, _, command = health.text.partition(" ")
    assert word == "CMD"
    assert last("ENTRYPOINT").text == f'["{script}"]'
    assert last("CMD").is_exec_form
    assert read_arguments(last("CMD").words()).command == "serve"
    assert command == f'["{script}", "health"]'
    assert last("STOPSIGNAL").text == "SIGTERM"


def test_what_the_dockerfile_copies_is_sent_and_nothing_else() -> None:
    """Each source is in the tree, and .dockerignore keeps out what is not asked for."""
    context = Context(ROOT)
    sources = {
        source
        for stage in DOCKERFILE.stages
        for step in stage.instructions
        if step.name == "COPY" and "from" not in step.flags
        for source in step.words()[:-1]
    }
    assert sources
    assert [source for source in sources if not context.has(source)] == []
    assert {path.name for path in ROOT.iterdir() if context.is_sent(path.name)} == sources
    assert not context.is_sent(".venv/bin/python")
    assert not context.is_sent("server/taskweir/__pycache__/app.cpython-313.pyc")


def test_the_image_has_what_is_locked_for_the_server() -> None:
    """As the tests have it; each dependency of the project, and nothing that only tests need."""
    everything, server, build = (locked(f"requirements{name}.txt") for name in ("", "-server", "-build"))
    assert server.items() <= everything.items()
    assert build.items() <= everything.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[<>=;\s]", text)[0].lower() for text in project["dependencies"]}
    assert wanted <= server.keys()
    assert not {"pytest", "google-cloud-tasks", "hatchling"} & server.keys()
    assert "hatchling" in build


def locked(name: str) -> Mapping[str, str]:
    """Versions by package."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))


def test_every_example_is_looked_at() -> None:
    """Each YAML file below examples/ can be read, and is one of these."""
    files = [path for path in EXAMPLES.rglob("*") if path.suffix in (".yaml", ".yml")]
    for path in files:
        assert read(str(path.relative_to(EXAMPLES)))
    assert {path.parent.name for path in files} == set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_an_example_starts_the_server_with_settings_that_there_are(name: str) -> None:
    """Each flag and variable is known, and its value is read; all of them are text, as an engine wants it."""
    sidecar = ALL[name]()
    assert all(isinstance(text, str) for text in (*sidecar.environ.values(), *sidecar.arguments))
    assert of_ours(sidecar.environ) <= VARIABLES
    assert read_arguments(sidecar.arguments).command == "serve"
    settings = settings_of(sidecar.arguments, sidecar.environ)
    assert settings.queues
    assert settings.target_map.rules
    ports = {settings.port, settings.http_port}
    assert set(sidecar.published) in (ports, set())
    assert set(sidecar.http_ports) <= {settings.http_port}
    assert set(sidecar.grpc_ports) <= {settings.port}
    assert int(clients_address(name).rpartition(":")[2]) == settings.http_port


@pytest.mark.parametrize("name", ALL)
def test_every_variable_and_flag_in_an_example_is_one_of_ours(name: str) -> None:
    """In its comments, too."""
    text = "\n".join(path.read_text() for path in sorted((EXAMPLES / name).iterdir()) if path.is_file())
    assert set(re.findall(r"\bTASKWEIR_\w+", text)) <= VARIABLES


@pytest.mark.parametrize("name", ALL)
def test_what_an_example_asks_the_server_is_answered(name: str, tmp_path) -> None:
    """Paths and services of its probes, and its commands for health checks."""
    sidecar = ALL[name]()
    commands = [shlex.join(command) for command in sidecar.health_checks]
    assert set(commands) <= {"taskweir health"}
    assert "health" in COMMANDS
    if not sidecar.paths and not sidecar.grpc_ports:
        return
    with served(tmp_path / "data.db") as server:
        for path in sidecar.paths:
            connection = http.client.HTTPConnection(server.http_address)
            connection.request("GET", path)
            assert connection.getresponse().status == 200, path
            connection.close()
        with grpc.insecure_channel(server.grpc_address) as channel:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_the_pod_is_given_longer_to_end_than_the_drain_takes() -> None:
    """And so is the container of compose."""
    pod = read("kubernetes/app.yaml")["spec"]["template"]["spec"]
    in_pod = settings_of((), ALL["kubernetes"]().environ)
    assert pod["terminationGracePeriodSeconds"] * 1_000_000 > in_pod.drain_timeout
    grace = read("compose/compose.yaml")["services"]["taskweir"]["stop_grace_period"]
    beside = settings_of((), ALL["compose"]().environ)
    assert int(grace.removesuffix("s")) * 1_000_000 > beside.drain_timeout


def test_the_pod_runs_as_the_image_does() -> None:
    """Its volume belongs to the image's group, and its links are off."""
    pod = read("kubernetes/app.yaml")["spec"]["template"]["spec"]
    (container,) = pod["initContainers"]
    security = container["securityContext"]
    user = f"{security['runAsUser']}:{security['runAsGroup']}"
    assert user == f"{security['runAsUser']}:{pod['securityContext']['fsGroup']}" == last("USER").text
    assert security["readOnlyRootFilesystem"]
    assert container["restartPolicy"] == "Always"
    assert pod["enableServiceLinks"] is False
    (mount,) = container["volumeMounts"]
    assert [mount["mountPath"]] == last("VOLUME").words()


def test_the_pods_sidecar_sends_to_the_app_and_nowhere_else(tmp_path) -> None:
    """By the variables of the example, but for the app's port."""
    sidecar = ALL["kubernetes"]()
    with Handler() as app, Handler(host="127.0.0.2") as other:
        port = app.url().rpartition(":")[2].strip("/")
        flags = [
            word
            for name in ("target-map", "allow-target", "queue")
            for word in (f"--{name}", sidecar.environ[f"TASKWEIR_{name.upper().replace('-', '_')}"])
        ]
        flags = [flag.replace(":8080", f":{port}") for flag in flags]
        with (
            served(tmp_path / "data.db", *flags) as server,
            grpc.insecure_channel(server.grpc_address) as channel,
        ):
            client = tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
            queue = "projects/local/locations/us-central1/queues/mail"
            refused = client.create_task(parent=queue, task={"http_request": {"url": other.url()}})
            client.create_task(parent=queue, task={"http_request": {"url": "https://app.example.com/a"}})
            assert [request.path for request in app.wait_for(1)] == ["/a"]
            wait_until(lambda: client.get_task(name=refused.name).dispatch_count > 0, "it was not refused")
        assert other.requests == []


def test_the_app_of_compose_enqueues_to_itself(tmp_path) -> None:
    """By the target map of the example, but for the app's address."""
    environ = read("compose/compose.yaml")["services"]["app"]["environment"]
    program = [sys.executable, "-u", str(EXAMPLES / "compose" / "app.py")]
    rule = ALL["compose"]().environ["TASKWEIR_TARGET_MAP"]
    assert rule == f"{environ['BASE_URL']}=http://app:8080"
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = str(unused.getsockname()[1])
    mapped = ["--target-map", rule.replace("app:8080", f"127.0.0.1:{port}")]
    with served(tmp_path / "data.db", "--queue", "mail", *mapped) as server:
        beside = {"CLOUD_TASKS_EMULATOR_HOST": server.http_address, "PORT": port}
        app = subprocess.Popen(
            program, env={**os.environ, **environ, **beside}, stdout=subprocess.PIPE, text=True
        )
        assert app.stdout is not None
        with app, app.stdout:
            try:
                assert app.stdout.readline() == f"listening on port {port}\n"
                with urllib.request.urlopen(
                    f"http://127.0.0.1:{port}/signup", b"email=ada@example.com"
                ) as done:
                    assert b"/queues/mail/tasks/" in done.read()
                assert app.stdout.readline() == "welcome, ada@example.com: task of mail\n"
            finally:
                app.terminate()


def test_readmes_lines_for_docker_are_read_by_the_command() -> None:
    """Nothing runs them here: their flags are read, and their ports are the image's."""
    section = README.partition("\n## As a sidecar\n")[2].partition("\n## ")[0]
    lines = [
        shlex.split(line, comments=True) for line in section.splitlines() if line.startswith("docker run ")
    ]
    ours = [line for line in lines if "taskweir" in line]
    assert ours
    exposed = set(last("EXPOSE").words())
    for line in ours:
        arguments = line[line.index("taskweir") + 1 :]
        assert settings_of(arguments, {}).queues
        given = [after for before, after in itertools.pairwise(line) if before == "-p"]
        assert {port.rpartition(":")[2] for port in given} <= exposed
    assert set(re.findall(r"\bTASKWEIR_\w+", section)) <= VARIABLES


def test_a_sidecar_that_is_not_read_would_be_noticed() -> None:
    """An unknown flag or a value of another kind is refused by what the tests of the examples use."""
    bad = Sidecar({"TASKWEIR_CONTROL": "true"}, ["--prot=1"])
    with pytest.raises(Exception, match="must be one of auto, on, off"):
        settings_of((), bad.environ)
    with pytest.raises(Exception, match="unrecognized arguments: --prot=1"):
        settings_of(bad.arguments, {})
