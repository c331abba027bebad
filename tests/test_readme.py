"""Everything that README shows is run here, or held to what it describes."""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import grpc
import pytest
import yaml
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport
from tests.certificates import Certificate
from tests.readme import README, ROOT, ClientRow, block, client_rows
from tests.served import Served, served

from taskweir import pytest_plugin
from taskweir.command.environment import client_environment
from taskweir.sdk import Access
from taskweir.settings import TABLE
from taskweir.testing import (
    AttemptFaults,
    CallFaults,
    Clock,
    Faults,
    Handler,
    HowOften,
    Project,
    ServerSettings,
)

BIN = Path(sys.executable).parent
PARENT = "projects/local/locations/us-central1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def settings_table() -> str:
    rows = [
        f"| `{setting.flag}` | {f'`{setting.default}`' if setting.default else ''} | {setting.help} |"
        for setting in TABLE
    ]
    return "\n".join(["| flag | default | |", "|---|---|---|", *rows])


def test_the_table_of_settings_is_the_commands() -> None:
    """Flag, default and meaning of each."""
    assert settings_table() in README


def test_make_run_starts_the_server(tmp_path: Path) -> None:
    """It prints the ready line, and ends with 0 on SIGTERM."""
    environ = {
        # What the make that runs these tests was given is not for this one.
        **{name: value for name, value in os.environ.items() if name not in OF_MAKE},
        "TASKWEIR_PORT": "0",
        "TASKWEIR_HTTP_PORT": "0",
        "TASKWEIR_DATA": str(tmp_path / "d.db"),
    }
    assert "make run " in block("sh", "make run")
    process = subprocess.Popen(
        ["make", "run"], cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    with ended(process):
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("ready "))
        assert re.fullmatch(r"ready grpc=127\.0\.0\.1:\d+ http=127\.0\.0\.1:\d+\n", line)
        os.killpg(process.pid, signal.SIGTERM)
        process.stdout.read()
        process.wait(timeout=20)
    assert (tmp_path / "d.db").exists()


OF_MAKE = ("MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "ARGS")


@contextlib.contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """With its session killed at the end, however that comes."""
    with process:
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_make_has_the_commands_that_are_named() -> None:
    """Each `make …` is a target."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z-]+)", README)) <= targets


def test_the_first_task_works_as_pasted_and_again(tmp_path: Path) -> None:
    """The program and the commands as they stand, but for the ports and the directory of the commands; the server of
    the commands before is stopped only if they say so."""
    before, _, after = README.partition('`make run ARGS="')
    flags = after.partition('"`')[0]
    handler_port = free_port()
    program = block("python", "queues/first").replace("8080", str(handler_port))
    (tmp_path / "first_task.py").write_text(program)
    commands = block("sh", "first_task.py").replace("8080", str(handler_port)).replace(".venv/bin", str(BIN))
    commands = commands.replace("127.0.0.1 &", "127.0.0.1 >handler.log 2>&1 &")
    with contextlib.ExitStack() as until_stopped:
        until_stopped.enter_context(served(tmp_path / "data.db"))
        if "Ctrl-C" in before.rpartition("\n## A first task\n")[2]:
            until_stopped.close()
        with served(tmp_path / "data.db", *shlex.split(flags)) as server:
            again = next(line for line in commands.splitlines() if "first_task.py" in line)
            printed = in_bash(f"{commands}\n{again}", tmp_path, env=at(server))
    assert re.fullmatch(rf"({PARENT}/queues/first/tasks/\d+\n){{2}}", printed)
    assert (tmp_path / "handler.log").read_text().count('GET / HTTP/1.1" 200') == 1
    with socket.create_server(("127.0.0.1", handler_port)):
        """The handler is gone: the next example has the same port."""


def at(server: Served) -> dict[str, str]:
    """Variables by which the commands find a server that has free ports."""
    return {
        "TASKWEIR_PORT": server.grpc_address.rpartition(":")[2],
        "TASKWEIR_HTTP_PORT": server.http_address.rpartition(":")[2],
    }


def in_bash(script: str, directory: Path, env: dict[str, str]) -> str:
    """What it prints. It must end with 0, and nothing that it started is left."""
    shell = subprocess.Popen(
        ["bash", "-euc", script],
        cwd=directory,
        env=os.environ | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with ended(shell):
        printed, errors = shell.communicate(timeout=30)
    assert shell.returncode == 0, errors
    return printed


def test_the_client_wired_by_hand_works_as_pasted(tmp_path: Path) -> None:
    """But for the port."""
    with served(tmp_path / "data.db", "--queue", "mail") as server:
        program = block("python", ".insecure_channel(").replace("127.0.0.1:8123", server.grpc_address)
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert done.stdout == f"['{PARENT}/queues/mail']\n", done.stderr


def test_a_python_program_runs_unchanged_over_tls_as_pasted(tmp_path: Path) -> None:
    """By what the row has a shell evaluate."""
    shown = Certificate.self_signed(tmp_path, "127.0.0.1")
    shown.file.rename(tmp_path / "server.pem")
    shown.key_file.rename(tmp_path / "server.key")
    (tmp_path / "tokens").write_text("sesame\n")
    (tmp_path / "app.py").write_text(
        "from google.cloud import tasks_v2\n"
        f"print(len(list(tasks_v2.CloudTasksClient().list_queues(parent='{PARENT}'))))\n"
    )
    command = client_rows()["Python, over TLS with a token"].command("eval")
    flags = [f"{flag}={tmp_path / file}" for flag, file in re.findall(r"(--[a-z-]+) ([a-z.]+)", command)]
    path = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    with served(tmp_path / "data.db", "--queue=mail", *flags) as server:
        assert in_bash(f"{command}\npython app.py", tmp_path, path | at(server)) == "1\n"


def test_the_line_of_code_works_as_pasted(tmp_path: Path) -> None:
    """A client built with no argument after it reaches the server."""
    (line,) = re.findall(r"`(import taskweir\.sdk; [^`]*)`", README)
    program = (
        f"{line}\nfrom google.cloud import tasks_v2\n"
        f"print(len(list(tasks_v2.CloudTasksClient().list_queues(parent='{PARENT}'))))"
    )
    with served(tmp_path / "data.db", "--queue", "mail") as server:
        environ = {**os.environ, "CLOUD_TASKS_EMULATOR_HOST": server.grpc_address}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environ, capture_output=True, text=True, timeout=30
        )
    assert done.stdout == "1\n", done.stderr


def test_a_python_program_runs_unchanged_as_pasted(tmp_path: Path) -> None:
    """By both commands of the row, over both transports."""
    row = client_rows()["Python, unchanged"]
    under_exec, first = row.command("taskweir exec"), row.command("eval")
    arguments = ("", row.command("transport"))
    (tmp_path / "app.py").write_text(
        "from google.cloud import tasks_v2\n"
        + "".join(
            f"client = tasks_v2.CloudTasksClient({argument})\n"
            f"print(len(list(client.list_queues(parent='{PARENT}'))))\n"
            for argument in arguments
        )
    )
    path = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    assert in_bash(under_exec.replace("exec", "exec --queue mail"), tmp_path, path) == "1\n1\n"
    with served(tmp_path / "data.db", "--queue", "mail") as server:
        assert in_bash(f"{first}\npython app.py", tmp_path, path | at(server)) == "1\n1\n"


CLIENTS: dict[str, Sequence[str]] = {
    "Python, discovery": ["clients/python/discovery_client.py", "clients/test_discovery.py"],
    "Node": ["clients/node/tasks_client.cjs", "clients/test_node.py"],
    "Node, over REST": ["clients/node/tasks_client.cjs", "clients/test_node.py"],
    "Go": [
        "clients/go/main.go",
        "clients/go/v2.go",
        "clients/go/v2beta3.go",
        "clients/go/v2beta2.go",
        "clients/test_go.py",
    ],
    "Go, over TLS with a token": [
        "clients/go/main.go",
        "clients/go/tls.go",
        "clients/go/v2.go",
        "clients/test_tls.py",
    ],
    "Go, over REST": [
        "clients/go/main.go",
        "clients/go/v2.go",
        "clients/go/v2beta3.go",
        "clients/go/v2beta2.go",
        "clients/test_go.py",
    ],
    "Java": ["clients/java/src/main/java/clients/V2.java", "clients/test_java.py"],
    "Java, over REST": ["clients/java/src/main/java/clients/V2.java", "clients/test_java.py"],
}
"""Where each client is wired that `make test-clients` runs by a program of its own."""
AS_WRITTEN: dict[str, Sequence[str]] = {
    "Python, unchanged": ["clients/test_python_sdk.py"],
    "Python, by a line of code": ["command/test_sdk.py"],
    "Python, over TLS with a token": ["clients/test_tls.py"],
    "firebase-admin for Node and for Python": ["clients/test_firebase.py"],
    "gcloud": ["clients/test_gcloud.py"],
    "grpcurl": ["clients/test_go.py"],
}
"""Those whose rows are run as they stand, here or there, or that have no code of their own."""
NOT_RUN = {"Terraform, `hashicorp/google`", "PHP", "any other SDK over gRPC"}


def test_every_client_is_marked_as_it_is() -> None:
    """With a tick, and then it is run; or as not run."""
    marks = {row.client: row.run for row in client_rows().values()}
    assert marks == dict.fromkeys([*CLIENTS, *AS_WRITTEN], "✓") | dict.fromkeys(NOT_RUN, "not run")


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_is_wired_as_its_program_is(client: str) -> None:
    """Each name in the row's code is in the program, dotted ones as a whole; and so is each text that is no address."""
    source = re.sub(r"\s*(\.|::)\s*", r"\1", source_of(CLIENTS[client]))
    row = client_rows()[client]
    names = [name for code in row.code for name in names_in(code)]
    assert names
    assert [name for name in names if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", source)] == []


def names_in(code: str) -> Sequence[str]:
    """Without the server's address, which a program of ours is told."""
    code = re.sub(r"(http://)?127\.0\.0\.1(:812[34])?", "", code)
    return re.findall(r"@?[A-Za-z_]\w*(?:(?:\.|::|/|-)\w+)*", code)


@pytest.mark.parametrize("client", [*CLIENTS, *AS_WRITTEN])
def test_a_client_is_run_in_the_versions_of_its_row(client: str) -> None:
    """As the tests of the clients name them."""
    source = source_of([name for name in (CLIENTS | AS_WRITTEN)[client] if "/test_" in name])
    for version in client_rows()[client].versions:
        assert re.search(rf"(?<![A-Za-z0-9]){version}(?!\w)", source), version


def source_of(names: Sequence[str]) -> str:
    """Of files below tests/."""
    return "\n".join((ROOT / "tests" / name).read_text() for name in names)


@pytest.mark.parametrize("row", client_rows().values(), ids=client_rows())
def test_a_client_is_told_the_default_ports(row: ClientRow) -> None:
    """gRPC's own, or that of HTTP, which every URL names; and flags and variables that there are."""
    ports = {setting.name: setting.default for setting in TABLE if setting.name.endswith("port")}
    variables = {
        *client_environment("h:1", "p", {}, Access("ca.pem", "token", is_secure=True)),
        "SSL_CERT_FILE",
    }
    for code in row.code:
        assert set(re.findall(r"127\.0\.0\.1:(\d+)", code)) <= set(ports.values()) | {"5001"}
        assert "http://127.0.0.1:8123" not in code
        assert set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)*(?==)", code)) <= variables
        for flag in re.findall(r"^--[a-z-]+", code):
            assert flag in {setting.flag for setting in TABLE}


def test_the_test_works_as_pasted(tmp_path: Path) -> None:
    """In a suite that has nothing else; and fails when what it says is not so."""
    code = block("python", "taskweir_handler")
    (tmp_path / "test_good.py").write_text(code)
    (tmp_path / "test_bad.py").write_text(code.replace("[503, 200]", "[200]"))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=50)
    assert " 1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "POST /remind" in done.stdout.partition("taskweir: attempts")[2]


def test_what_is_installed_for_tests_is_there() -> None:
    """The extra of the line exists, and brings what the line says."""
    (extra,) = re.findall(r"^pip install \"\.\[(\w+)\]\"", README, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [re.split(r"[<>=]", requirement)[0] for requirement in project["optional-dependencies"][extra]]
    assert names == ["google-cloud-tasks", "pytest"]


def test_what_the_fixtures_offer_is_there() -> None:
    """Each fixture, each method and each argument that the tables name."""
    section = README.partition("## Testing with taskweir")[2].partition("## Settings")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    for name in re.findall(r"`(taskweir_\w+)`", section):
        assert hasattr(pytest_plugin, name), name
    calls = [name for row in rows for name in re.findall(r"`([\w.]+)\(", row)]
    assert len(calls) > 15
    for call in calls:
        part, dot, name = call.rpartition(".")
        owners = OWNERS[part] if dot else [Project]
        assert all(hasattr(owner, name) for owner in owners) or (not part and hasattr(Clock, name)), call
    (row,) = [row for row in rows if "`taskweir_handler`" in row]
    for name in re.findall(r"`(\w+)`", row)[1:]:
        assert hasattr(Handler, name), name
    arguments = re.findall(r"(\w+)=", next(row for row in rows if "`faults." in row))
    assert arguments
    assert set(arguments) <= set(HowOften.__annotations__)
    (setting,) = re.findall(r"`\{\"(\w+)\": .*\}`", section)
    assert setting in ServerSettings.__annotations__


OWNERS: dict[str, list[type]] = {"clock": [Clock], "faults": [Faults], "": [AttemptFaults, CallFaults]}
"""Of what stands before a method's dot; of nothing, also the clock."""


def test_a_handler_for_containers_is_made_as_written() -> None:
    """Its URLs name what the container calls this machine."""
    (code,) = re.findall(r"`taskweir\.testing\.(Handler\(.*\))`", README)
    with eval(code, {"Handler": Handler}) as handler:
        assert handler.url("/a").startswith("http://host.docker.internal:")


def test_a_server_in_a_with_works_as_pasted() -> None:
    """As a program."""
    program = block("python", "taskweir.testing.server")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert done.stdout == f"{PARENT}/queues/mail\n", done.stderr


def test_other_languages_steer_by_curl(tmp_path: Path) -> None:
    """But for the port."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    commands = block("sh", "clock:advance").splitlines()
    with served(tmp_path / "data.db") as server:
        answers = []
        for command in commands:
            here = command.replace("127.0.0.1:8124", server.http_address)
            curl = shlex.split(f"{here} --fail --silent --show-error")
            done = subprocess.run(curl, capture_output=True, text=True, timeout=30)
            assert done.returncode == 0, done.stderr
            answers.append(json.loads(done.stdout))
    frozen, advanced, jumped, idle, _attempts, fault, resumed, reset = answers
    assert frozen == {"time": "2030-01-01T09:00:00Z", "frozen": True}
    assert advanced == jumped == {"time": "2030-01-01T12:00:00Z", "frozen": True}
    assert idle["idle"]
    assert fault["name"] == "faults/1"
    assert "frozen" not in resumed
    assert reset == {}


def test_attempts_are_watched_by_curl(tmp_path: Path) -> None:
    """But for the port."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    (command,) = re.findall(r"`(curl -N [^`]*)`", README)
    with served(tmp_path / "data.db", "--queue", "mail") as server, Handler() as handler:
        command = command.replace("127.0.0.1:8124", server.http_address)
        watching = subprocess.Popen(
            [*shlex.split(command), "--silent", "--include"], stdout=subprocess.PIPE, text=True
        )
        assert watching.stdout is not None
        with watching, watching.stdout:
            assert watching.stdout.readline() == "HTTP/1.1 200 OK\n"
            channel = grpc.insecure_channel(server.grpc_address)
            client = tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
            client.create_task(parent=f"{PARENT}/queues/mail", task={"http_request": {"url": handler.url()}})
            channel.close()
            data = next(line for line in watching.stdout if line.startswith("data:"))
            watching.terminate()
    assert json.loads(data.removeprefix("data:"))["httpStatus"] == 200


def test_a_worker_leases_as_pasted(tmp_path: Path) -> None:
    """And the old API shows the queue that it has made."""
    (command,) = block("sh", "getStats").splitlines()
    with served(tmp_path / "data.db") as server:
        environ = {**os.environ, **client_environment(server.http_address, None, os.environ)}
        program = block("python", "lease_tasks")
        done = subprocess.run(
            [sys.executable, "-c", program], env=environ, capture_output=True, text=True, timeout=30
        )
        assert done.stdout == "b'resize 7'\n", done.stderr
        stats = json.loads(pasted(command, server))["stats"]
    assert (stats["totalTasks"], stats["leasedLastMinute"]) == (0, "1")


def test_queues_come_by_file_and_tasks_by_request(tmp_path: Path) -> None:
    """With curl, as pasted but for the port."""
    (tmp_path / "queue.yaml").write_text(block("yaml", "retry_parameters"))
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    with served(tmp_path / "data.db") as server:
        pasted(block("sh", "appId"), server, tmp_path)
        queues = json.loads(pasted(f"curl http://127.0.0.1:8124/v2/{PARENT}/queues", server))["queues"]
        answers = pasted(block("sh", "photo.jpg"), server, tmp_path)
    attempts = {queue["name"].rpartition("/")[2]: queue["retryConfig"]["maxAttempts"] for queue in queues}
    assert attempts == {"default": -1, "images": -1, "mail": 8}
    task = json.JSONDecoder().raw_decode(answers, answers.index('{"task"'))[0]["task"]
    assert task["httpRequest"]["url"] == "http://127.0.0.1:8080/"


@pytest.mark.parametrize("library", ["google.oauth2", "import jwt"])
def test_a_handler_verifies_as_pasted(library: str, tmp_path: Path) -> None:
    """Against the server, with its address for Google's; the token for another audience is refused."""
    code = block("python", library)
    (there,) = re.findall(r"# locally google=\"(.*)\"", code)
    with served(tmp_path / "data.db", "--queue", "mail") as server, Handler() as handler:
        channel = grpc.insecure_channel(server.grpc_address)
        client = tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
        token = {"service_account_email": "mail@local.iam.gserviceaccount.com"}
        request = {"url": handler.url("/a"), "oidc_token": token}
        client.create_task(parent=f"{PARENT}/queues/mail", task={"http_request": request})
        channel.close()
        (got,) = handler.wait_for(1)
        here = there.replace("127.0.0.1:8124", server.http_address)
        sent = got.headers["Authorization"].removeprefix("Bearer ")
        for audience, ends in ((handler.url("/a"), True), ("https://other.example", False)):
            call = f"print(verified({sent!r}, {audience!r}, {here!r})['email'])"
            command = [sys.executable, "-c", f"{code}\n{call}"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=30)
            assert (done.stdout == f"{token['service_account_email']}\n") is ends, done.stderr


def pasted(commands: str, server: Served, directory: Path | None = None) -> str:
    """What commands with curl print that are made for the default port."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    script = commands.replace("127.0.0.1:8124", server.http_address)
    script = script.replace("curl ", "curl --fail-with-body --silent --show-error ")
    done = subprocess.run(["bash", "-euc", script], cwd=directory, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_config_file_works_as_shown(tmp_path: Path) -> None:
    """Settings and queues."""
    text = block("yaml", "rateLimits")
    config = tmp_path / "taskweir.yaml"
    config.write_text(text.replace("port: 8123", "port: 0"))
    names = [queue["name"] for queue in yaml.safe_load(text)["queues"]]
    with served(tmp_path / "data.db", "--config", str(config)) as server:
        channel = grpc.insecure_channel(server.grpc_address)
        client = tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
        mail = client.get_queue(name=f"{PARENT}/queues/{names[0]}")
        reports = client.get_queue(name=names[1])
        channel.close()
    assert mail.rate_limits.max_dispatches_per_second == 5
    assert mail.retry_config.max_attempts == 7
    assert reports.http_target.uri_override.port == 8080


def test_it_is_closed_beyond_loopback_as_pasted(tmp_path: Path) -> None:
    """Certificate, token, the server with both, and two clients, but for the ports; without the token nobody is served."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    making, _, flags = block("sh", "openssl req").partition(".venv/bin/taskweir ")
    subprocess.run(["bash", "-euc", making], cwd=tmp_path, capture_output=True, check=True, timeout=30)
    for name in ("server.pem", "server.key", "tokens"):
        flags = re.sub(rf" {name}\b", f" {tmp_path / name}", flags)
    with served(tmp_path / "data.db", "--queue", "mail", *shlex.split(flags)) as server:
        ports = {"8123": server.grpc_address, "8124": server.http_address}
        curl, program = block("sh", "--cacert"), block("python", "composite_channel_credentials")
        for usual, bound in ports.items():
            here = f"127.0.0.1:{bound.rpartition(':')[2]}"
            curl, program = (code.replace(f"127.0.0.1:{usual}", here) for code in (curl, program))
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=30
        )
        assert done.stdout == f"['{PARENT}/queues/mail']\n", done.stderr
        assert "queues/mail" in pasted(curl, server, tmp_path)
        refused = subprocess.run(
            ["bash", "-euc", curl.replace("Bearer ", "Bearer x")],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert '"UNAUTHENTICATED"' in refused.stdout


def test_links_lead_to_files() -> None:
    """Those within the project."""
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target
