"""`taskweir exec`: a server for as long as a command runs."""

import json
import os
import pty
import select
import signal
import socket
import subprocess
from pathlib import Path
from typing import BinaryIO

import pytest
from tests.command.process import PATIENCE, TASKWEIR, environment, is_alive, python, run, started, wait_until

SHOW_ENVIRONMENT = python("import json, os; print(json.dumps(dict(os.environ)))")


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("pass", 0),
        ("raise SystemExit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143),
    ],
)
def test_the_exit_code_is_the_commands(tmp_path: Path, code: str, exit_code: int) -> None:
    """128 and the signal's number where a signal ended it, as shells say it."""
    assert run("exec", "--", *python(code), cwd=tmp_path).returncode == exit_code


def test_the_command_finds_the_server(tmp_path: Path) -> None:
    """The environment has what the SDK, gcloud and Terraform read; its port answers."""
    code = """
import json, os, urllib.request
url = os.environ["CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDTASKS"]
assert urllib.request.urlopen(url + "healthz").status == 200
print(json.dumps(dict(os.environ)))
"""
    ran = run("exec", "--", *python(code), cwd=tmp_path, COLOR="red", TASKWEIR_PROJECT="shop")
    assert ran.returncode == 0, ran.stderr
    environ = json.loads(ran.stdout)
    http = environ["CLOUD_TASKS_EMULATOR_HOST"]
    assert environ["CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDTASKS"] == f"http://{http}/"
    assert environ["GOOGLE_CLOUD_TASKS_CUSTOM_ENDPOINT"] == f"http://{http}/v2/"
    assert environ["CLOUDSDK_AUTH_DISABLE_CREDENTIALS"] == "true"
    assert environ["CLOUDSDK_CORE_PROJECT"] == "shop"
    assert environ["COLOR"] == "red"


def test_the_data_is_in_memory_unless_told_otherwise(tmp_path: Path) -> None:
    """Not even a variable makes a file; the flag does."""
    run("exec", "--", *python("pass"), cwd=tmp_path, TASKWEIR_DATA=str(tmp_path / "not.db"))
    assert list(tmp_path.iterdir()) == []
    assert run("exec", "--data", "kept.db", "--", *python("pass"), cwd=tmp_path).returncode == 0
    assert (tmp_path / "kept.db").exists()


def test_variables_of_another_server_do_not_fix_the_ports(tmp_path: Path) -> None:
    """Many run side by side."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = run("exec", "--", *SHOW_ENVIRONMENT, cwd=tmp_path, TASKWEIR_PORT=port, TASKWEIR_HTTP_PORT=port)
    assert ran.returncode == 0
    assert not json.loads(ran.stdout)["CLOUD_TASKS_EMULATOR_HOST"].endswith(f":{port}")


def test_standard_streams_are_the_commands(tmp_path: Path) -> None:
    """The server writes nothing on standard output."""
    ran = run("exec", "--", *python("import sys; print('out'); print('err', file=sys.stderr)"), cwd=tmp_path)
    assert ran.stdout == "out\n"
    assert "err\n" in ran.stderr


UNCHANGED = """
import asyncio
from google.cloud import tasks_v2

queue = tasks_v2.CloudTasksClient().queue_path("local", "us-central1", "mail")

def create(client):
    return client.create_task(parent=queue, task={"http_request": {"url": "http://127.0.0.1:9/"}})

async def main():
    client = tasks_v2.CloudTasksAsyncClient()
    print((await create(client)).name.startswith(queue))
    print(len([task async for task in await client.list_tasks(parent=queue)]))

print(create(tasks_v2.CloudTasksClient()).name.startswith(queue))
asyncio.run(main())
"""


def test_an_unchanged_program_reaches_the_server(tmp_path: Path) -> None:
    """The official SDK, synchronous and asynchronous, without credentials and without a change."""
    ran = run("exec", "--queue", "mail", "--", *python(UNCHANGED), cwd=tmp_path)
    assert ran.stdout.split() == ["True", "True", "2"], ran.stderr
    assert ran.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "exec needs a command: taskweir exec [FLAGS] -- COMMAND"),
        (("--",), "exec needs a command: taskweir exec [FLAGS] -- COMMAND"),
        (("true",), "unrecognized arguments: true"),
        (("--strict=perhaps", "--", "true"), "--strict: must be true or false, not 'perhaps'"),
    ],
)
def test_bad_usage_starts_nothing(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    """Exit code 2 and one line."""
    ran = run("exec", *arguments, cwd=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", f"taskweir: {message}\n")


@pytest.mark.parametrize(
    ("flags", "variables", "first", "back"),
    [
        (("--auth-token-file=t",), {}, "--auth-token-file", "--auth-token-file="),
        ((), {"TASKWEIR_AUTH_TOKEN_FILE": "t"}, "--auth-token-file", "--auth-token-file="),
        (("--tls-cert=c", "--tls-key=k"), {}, "--tls-cert", "--tls-cert= --tls-key="),
    ],
)
def test_tls_and_tokens_are_refused(
    tmp_path: Path, flags: tuple[str, ...], variables: dict[str, str], first: str, back: str
) -> None:
    """Wherever they were given; the line says how to do without."""
    for name in "tck":
        (tmp_path / name).touch()
    ran = run("exec", *flags, "--", "true", cwd=tmp_path, **variables)
    line = (
        f"taskweir: exec: {first} is for a server that stays; that of exec speaks plain text, and asks for no tokens "
        f"({back} takes it back)\n"
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", line)


def test_tokens_of_another_server_are_taken_back_by_an_empty_flag(tmp_path: Path) -> None:
    """As the line of the refusal says."""
    ran = run("exec", "--auth-token-file=", "--", "true", cwd=tmp_path, TASKWEIR_AUTH_TOKEN_FILE="t")
    assert ran.returncode == 0, ran.stderr


def test_a_server_that_does_not_start_gives_its_exit_code(tmp_path: Path) -> None:
    """And the command is not run."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = run("exec", "--port", port, "--", *python("print('ran')"), cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (4, "")
    assert f"--port {port}" in ran.stderr


def test_a_command_that_cannot_run_is_named(tmp_path: Path) -> None:
    """With the exit codes of env and the shells."""
    ran = run("exec", "--", "./missing", cwd=tmp_path)
    assert ran.returncode == 127
    assert "taskweir: ./missing: No such file or directory\n" in ran.stderr
    (tmp_path / "plain").write_text("", encoding="utf-8")
    assert run("exec", "--", "./plain", cwd=tmp_path).returncode == 126


TRAP = """
import os, signal, sys
def trap(number, frame):
    print("got", number, flush=True)
    sys.exit(number)
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
    signal.signal(number, trap)
print(os.getpid(), flush=True)
while True:
    signal.pause()
"""


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_signals_are_passed_on(tmp_path: Path, number: signal.Signals) -> None:
    """The command decides what they mean."""
    with started("exec", "--", *python(TRAP), cwd=tmp_path) as running:
        running.line()
        running.process.send_signal(number)
        assert running.line() == f"got {int(number)}"
        assert running.outcome()[0] == number


def test_the_server_ends_with_the_command(tmp_path: Path) -> None:
    """Its port is free when exec has ended."""
    ran = run("exec", "--", *SHOW_ENVIRONMENT, cwd=tmp_path)
    host, port = json.loads(ran.stdout)["CLOUD_TASKS_EMULATOR_HOST"].split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))


def server_of(parent: int) -> int:
    """The process id of the server that exec started."""
    processes = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    for process in processes:
        try:
            is_child = f"\nPPid:\t{parent}\n" in (process / "status").read_text()
            if is_child and b"--tether" in (process / "cmdline").read_bytes():
                return int(process.name)
        except (FileNotFoundError, ProcessLookupError):
            continue
    raise AssertionError("exec has started no server")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="finds the server through /proc")
def test_the_server_does_not_outlive_a_killed_exec(tmp_path: Path) -> None:
    """Not even SIGKILL leaves one behind; the command is its own master."""
    with started("exec", "--", *python(TRAP), cwd=tmp_path) as running:
        command = int(running.line())
        server = server_of(running.process.pid)
        running.process.kill()
        wait_until(lambda: not is_alive(server), "the server stayed")
        assert is_alive(command)
        os.kill(command, signal.SIGKILL)


COUNT = """
import signal, sys, time
seen = []
signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
print("ready", flush=True)
while not seen:
    time.sleep(0.01)
end = time.monotonic() + 0.3
while time.monotonic() < end:
    time.sleep(0.01)
print("interrupted", len(seen), flush=True)
"""


ON_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Makes its standard input its controlling terminal, and becomes another program."""


@pytest.mark.real_time
def test_a_terminals_ctrl_c_reaches_the_command_once(tmp_path: Path) -> None:
    """The terminal sends it to the command itself; to many programs a second one means "at once"."""
    terminal, inside = pty.openpty()
    program = [*python(ON_TERMINAL), *TASKWEIR, "exec", "--", *python(COUNT)]
    process = subprocess.Popen(
        program,
        cwd=tmp_path,
        env=environment(),
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
    )
    os.close(inside)
    with process, os.fdopen(terminal, "r+b", buffering=0) as screen:
        try:
            assert "ready" in read_until(screen, "ready")
            screen.write(b"\x03")
            assert "interrupted 1\r\n" in read_until(screen, "interrupted 1\r\n")
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


def read_until(screen: BinaryIO, text: str) -> str:
    """What a terminal shows up to a text, or until it shows nothing more."""
    shown = ""
    while text not in shown and select.select([screen], [], [], PATIENCE)[0]:
        try:
            shown += screen.read(4096).decode()
        except OSError:
            break
    return shown
