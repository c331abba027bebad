"""`taskweir serve`: start, ready line, stop, and exit codes."""

import contextlib
import signal
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.command.process import PATIENCE, Running, run, serving, started, wait_until

PARENT = "projects/local/locations/us-central1"


def queues(address: str) -> dict[str, tasks_v2.Queue]:
    """The queues of a server, by id."""
    with grpc.insecure_channel(address) as channel:
        client = tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
        return {queue.name.rpartition("/")[2]: queue for queue in client.list_queues(parent=PARENT)}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_ready_line_comes_when_calls_are_accepted(tmp_path: Path, number: signal.Signals) -> None:
    """On both ports, with the health of both; either signal stops the server with exit code 0."""
    with serving("--data", ":memory:", cwd=tmp_path) as server:
        with grpc.insecure_channel(server.grpc) as channel:
            health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
        assert health.status == health_pb2.HealthCheckResponse.SERVING
        with urllib.request.urlopen(f"http://{server.http}/healthz", timeout=10) as answer:
            assert answer.status == 200
        code, _ = server.end(number)
        assert code == 0


def test_the_ready_line_puts_an_ipv6_address_in_brackets(tmp_path: Path) -> None:
    """So that the port can be told from it."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    with serving("--host", "::1", "--data", ":memory:", cwd=tmp_path) as server:
        assert server.grpc.startswith("[::1]:")
        assert server.http.startswith("[::1]:")
        assert queues(server.grpc) == {}


def test_plain_taskweir_serves(tmp_path: Path) -> None:
    """The command's name may be left out."""
    with started("-port=0", "-http-port=0", "-data", ":memory:", cwd=tmp_path) as server:
        assert server.line().startswith("ready grpc=127.0.0.1:")
        assert server.end()[0] == 0


def refuses_calls(address: str) -> bool:
    """Whether nothing listens at an address."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except ConnectionRefusedError:
        return True
    return False


@contextlib.contextmanager
def attempt_in_flight(server: Running) -> Iterator[socket.socket]:
    """The connection over which the server has just made an attempt, still unanswered."""
    with socket.create_server(("127.0.0.1", 0)) as target, grpc.insecure_channel(server.grpc) as channel:
        client = tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
        url = f"http://127.0.0.1:{target.getsockname()[1]}/"
        client.create_task(parent=f"{PARENT}/queues/q", task={"http_request": {"url": url}})
        target.settimeout(PATIENCE)
        connection, _ = target.accept()
        with connection:
            yield connection


DRAINING = ("--data", ":memory:", "--queue", "q", "--drain-timeout", "60s")


def test_attempts_in_flight_finish_before_the_end(tmp_path: Path) -> None:
    """A stopping server takes no calls, waits for answers, and logs each attempt."""
    with serving(*DRAINING, cwd=tmp_path) as server, attempt_in_flight(server) as connection:
        server.process.terminate()
        wait_until(lambda: refuses_calls(server.grpc), "the server takes calls")
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        code, errors = server.outcome()
    assert code == 0
    (line,) = [line for line in errors.splitlines() if f"task={PARENT}/queues/q/tasks/" in line]
    assert " attempt=1 " in line
    assert " status=200 " in line
    assert " latency" in line


def test_a_second_signal_ends_the_server_at_once(tmp_path: Path) -> None:
    """Whatever it still waits for."""
    with serving(*DRAINING, cwd=tmp_path) as server, attempt_in_flight(server):
        server.process.terminate()
        wait_until(lambda: refuses_calls(server.grpc), "the server takes calls")
        code, _ = server.end()
    assert code == -signal.SIGTERM


def test_queues_are_there_at_start(tmp_path: Path) -> None:
    """By flag, or by the variable of the best known emulator."""
    with serving(
        "--data", ":memory:", "-queue", "a", "--queue", f"{PARENT}/queues/b", cwd=tmp_path
    ) as server:
        assert set(queues(server.grpc)) == {"a", "b"}
    with serving("--data", ":memory:", cwd=tmp_path, INITIAL_QUEUES=f"{PARENT}/queues/c") as server:
        assert set(queues(server.grpc)) == {"c"}


def test_a_changed_config_file_changes_what_differs(tmp_path: Path) -> None:
    """A restart keeps what the file no longer names, and pauses, and other queues."""
    config = tmp_path / "taskweir.yaml"
    config.write_text(
        "queues:\n  - name: a\n    rateLimits: {maxDispatchesPerSecond: 5, maxConcurrentDispatches: 7}\n  - name: b\n",
        encoding="utf-8",
    )
    with serving("--config", str(config), cwd=tmp_path) as server:
        found = queues(server.grpc)
        assert found["a"].rate_limits.max_dispatches_per_second == 5
        with grpc.insecure_channel(server.grpc) as channel:
            client = tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
            client.pause_queue(name=found["a"].name)
            client.create_task(parent=found["a"].name, task={"http_request": {"url": "http://127.0.0.1:9/"}})
        assert server.end()[0] == 0
    config.write_text(
        "queues:\n  - name: a\n    rateLimits: {maxDispatchesPerSecond: 6}\n    retryConfig: {maxAttempts: 3}\n",
        encoding="utf-8",
    )
    with serving("--config", str(config), cwd=tmp_path) as server:
        found = queues(server.grpc)
        assert set(found) == {"a", "b"}
        assert found["a"].rate_limits.max_dispatches_per_second == 6
        assert found["a"].rate_limits.max_concurrent_dispatches == 7
        assert found["a"].retry_config.max_attempts == 3
        assert found["a"].state == tasks_v2.Queue.State.PAUSED
        with grpc.insecure_channel(server.grpc) as channel:
            client = tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
            assert len(list(client.list_tasks(parent=found["a"].name))) == 1


def test_a_mistake_in_the_config_file_stops_the_start(tmp_path: Path) -> None:
    """Exit code 2, and the line of the file; no data file is made."""
    config = tmp_path / "taskweir.yaml"
    config.write_text(
        "queues:\n  - name: a\n    rateLimits: {maxDispatchesPerSecond: 501}\n", encoding="utf-8"
    )
    ran = run("serve", "--config", "taskweir.yaml", cwd=tmp_path)
    message = "RateLimits.maxDispatchesPerSecond must be less than or equal to 500."
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", f"taskweir: taskweir.yaml:3: {message}\n")
    assert list(tmp_path.iterdir()) == [config]


def test_a_rule_that_only_the_data_breaks_is_named_with_the_queues_line(tmp_path: Path) -> None:
    """minBackoff is in the file, the maxBackoff that it exceeds in the data."""
    config = tmp_path / "taskweir.yaml"
    config.write_text(
        "queues: [{name: a, retryConfig: {minBackoff: 1s, maxBackoff: 2s}}]\n", encoding="utf-8"
    )
    with serving("--config", "taskweir.yaml", cwd=tmp_path) as server:
        assert server.end()[0] == 0
    config.write_text("queues:\n  - name: a\n    retryConfig: {minBackoff: 3s}\n", encoding="utf-8")
    ran = run("serve", "--port=0", "--http-port=0", "--config", "taskweir.yaml", cwd=tmp_path)
    message = "RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff."
    assert ran.returncode == 2
    assert ran.stderr.endswith(f"taskweir: taskweir.yaml:2: {message}\n")


@pytest.mark.parametrize("flag", ["--port", "--http-port"])
def test_a_port_that_is_taken_is_exit_code_4(tmp_path: Path, flag: str) -> None:
    """With one line that names it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = run("serve", "--data=:memory:", "--port=0", "--http-port=0", flag, port, cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (4, "")
    assert ran.stderr.startswith("taskweir: cannot listen with ")
    assert f"{flag} {port}" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_an_address_that_is_not_ours_is_exit_code_2(tmp_path: Path) -> None:
    """It is free, but it cannot be had."""
    ran = run("serve", "--data=:memory:", "--host", "192.0.2.1", "--port=0", "--http-port=0", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("taskweir: cannot listen with --host 192.0.2.1")
    assert ran.stderr.count("\n") == 1


def test_a_file_that_is_no_data_file_is_exit_code_3(tmp_path: Path) -> None:
    """It is left as it is."""
    (tmp_path / "foreign.db").write_bytes(b"not a database at all" * 100)
    ran = run("serve", "--data", "foreign.db", "--port=0", "--http-port=0", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (3, "")
    assert "foreign.db" in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert (tmp_path / "foreign.db").read_bytes() == b"not a database at all" * 100


def test_a_data_file_has_one_server_at_a_time(tmp_path: Path) -> None:
    """The second is refused with exit code 3."""
    with serving("--data", "one.db", cwd=tmp_path):
        ran = run("serve", "--data", "one.db", "--port=0", "--http-port=0", cwd=tmp_path)
    assert ran.returncode == 3
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--prot", "1"), "taskweir: unrecognized arguments: --prot 1\n"),
        (("--port", "x"), "taskweir: --port: must be a port from 0 to 65535, not 'x'\n"),
        (("--config", "no.yaml"), "taskweir: no.yaml: cannot be read: No such file or directory\n"),
    ],
)
def test_bad_usage_is_exit_code_2(tmp_path: Path, flags: tuple[str, ...], message: str) -> None:
    """One line says what is wrong."""
    ran = run("serve", *flags, cwd=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", message)


def test_a_key_file_that_cannot_sign_is_exit_code_2(tmp_path: Path) -> None:
    """At the start, not at the first token."""
    (tmp_path / "key.pem").write_text("no key")
    flags = ("--data=:memory:", "--port=0", "--http-port=0", "--token-key=key.pem")
    ran = run("serve", *flags, cwd=tmp_path)
    message = (
        "taskweir: --token-key key.pem: not a private key in PEM (PKCS#1 or PKCS#8, without a password)\n"
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", message)


def test_help_and_version_need_no_server(tmp_path: Path) -> None:
    """They print and end with 0."""
    helped, versioned = run("--help", cwd=tmp_path), run("-version", cwd=tmp_path)
    assert (helped.returncode, helped.stderr) == (0, "")
    assert "--hard-reset-on-purge-queue" in helped.stdout
    assert versioned.stdout.startswith("taskweir ")
