"""What is held to the image: the server in it works, stops and comes back as a container's should."""

import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import grpc
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport
from tests.image.build import Image
from tests.image.container import PATIENCE, Container, running

from taskweir.testing import Answer, Handler

QUEUE: Final = "projects/dev/locations/here/queues/mail"
_AS_FOR_THE_BEST_KNOWN_EMULATOR: Final = ("-host", "0.0.0.0", "-port", "8123", "-initial-queue", QUEUE)
_READY: Final = "ready grpc=0.0.0.0:8123 http=0.0.0.0:8124"
_LATER: Final = f"{QUEUE}/tasks/later"


class Broken(Exception):
    """What is not as it should be."""


class Visit:
    """`say` is told what was seen."""

    def __init__(self, image: Image, directory: Path, say: Callable[[str], None]) -> None:
        self._image = image
        self._log = directory / "server.log"
        self._say = say
        self._volumes = {place: self._volume(place, directory) for place in image.volumes}

    def _volume(self, place: str, directory: Path) -> Path:
        """A new one has what the image has there, and its owner."""
        volume = directory / f"volume{place.replace('/', '-')}"
        subprocess.run(["cp", "-a", str(self._image.root / place.lstrip("/")), str(volume)], check=True)
        return volume

    def all(self) -> None:
        """Raises Broken."""
        self._first_life()
        self._second_life()
        self._in_memory()

    def _first_life(self) -> None:
        """Dispatches, and drains when it is told to stop."""
        with Handler() as handler, self._server(*_AS_FOR_THE_BEST_KNOWN_EMULATOR) as server:
            self._see_who_runs(server)
            with _client() as client:
                client.create_task(parent=QUEUE, task={"http_request": {"url": handler.url("/grpc")}})
                _create_over_rest(handler.url("/rest"))
                seen = {request.path for request in handler.wait_for(2)}
                _expect(seen == {"/grpc", "/rest"}, f"the handler saw {seen}")
                self._say("tasks made over gRPC and over REST were dispatched")
                later = datetime.now(UTC) + timedelta(hours=1)
                task = {"name": _LATER, "http_request": {"url": handler.url()}, "schedule_time": later}
                client.create_task(parent=QUEUE, task=task)
                handler.always(Answer(200, hang=True), path="/slow")
                client.create_task(parent=QUEUE, task={"http_request": {"url": handler.url("/slow")}})
                handler.wait_for(3)
            server.send_stop_signal()
            _wait_until_closed()
            _expect(server.is_running(), "it did not wait for the attempt in flight")
            handler.release()
            _expect(server.exit_code() == 0, f"it ended with {server.exit_code()}")
            self._say(f"{self._image.stop_signal}: waited for the attempt in flight, then exit code 0")

    def _second_life(self) -> None:
        """By the image's own command: what was there is there."""
        with self._server() as server:
            with _client() as client:
                names = [task.name for task in client.list_tasks(parent=QUEUE)]
            _expect(names == [_LATER], f"after a new start there are {names}")
            self._say("after a new start the queue and its future task are there, and no other")
            self._see_a_second_one_refused()
            self._stop(server)
        _expect((self._volumes["/data"] / "taskweir.db").stat().st_uid != 0, "the data file belongs to root")

    def _see_a_second_one_refused(self) -> None:
        ports = {"TASKWEIR_PORT": "0", "TASKWEIR_HTTP_PORT": "0"}
        with running(self._image, self._log, volumes=self._volumes, environ=ports) as second:
            code = second.exit_code()
        _expect((second.said, code) == ("", 3), f"a second one said {second.said!r} and ended with {code}")
        self._say("a second container on the same volume is refused")

    def _in_memory(self) -> None:
        """Nothing is written anywhere."""
        with self._server(volumes={}, environ={"TASKWEIR_DATA": ":memory:"}) as server:
            self._stop(server)
        self._say("runs in memory, without a volume, on a root that is read-only")

    @contextmanager
    def _server(
        self, *arguments: str, volumes: dict[str, Path] | None = None, environ: dict[str, str] | None = None
    ) -> Iterator[Container]:
        volumes = self._volumes if volumes is None else volumes
        with running(self._image, self._log, *arguments, volumes=volumes, environ=environ or {}) as server:
            _expect(server.said == _READY, f"it said {server.said!r} first")
            yield server

    def _see_who_runs(self, server: Container) -> None:
        status = server.status()
        numbers, user = status["NSpid"].split(), status["Uid"].split()[0]
        _expect(numbers[-1] == "1", f"the server's process is {numbers} within")
        _expect(user == self._image.user.partition(":")[0] != "0", f"it runs as {user}")
        _expect(set(self._image.ports) == {8123, 8124}, f"EXPOSE has {self._image.ports}")
        self._say(f"ready after {server.ready_after:.2f} s, as process 1 of user {user}, root read-only")
        began = time.monotonic()
        check = server.check_health()
        _expect(check.returncode == 0, f"health check: {check.stdout}{check.stderr}")
        self._say(
            f"{' '.join(self._image.health_check)}: {check.stdout.strip()}, {time.monotonic() - began:.2f} s"
        )

    def _stop(self, server: Container) -> None:
        server.send_stop_signal()
        _expect(server.exit_code() == 0, f"it ended with {server.exit_code()}")
        check = server.check_health()
        _expect(check.returncode == 1, f"the health check of a stopped server: {check.stdout}{check.stderr}")


def _expect(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise Broken(otherwise)


@contextmanager
def _client() -> Iterator[tasks_v2.CloudTasksClient]:
    with grpc.insecure_channel("127.0.0.1:8123") as channel:
        yield tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))


def _create_over_rest(url: str) -> None:
    body = json.dumps({"task": {"httpRequest": {"url": url}}}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:8124/v2/{QUEUE}/tasks", body, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()


def _wait_until_closed() -> None:
    """Until the server has taken the signal, and takes no calls any more."""
    deadline = time.monotonic() + PATIENCE
    while _is_open():
        _expect(time.monotonic() < deadline, "it went on taking calls")


def _is_open() -> bool:
    try:
        socket.create_connection(("127.0.0.1", 8123), timeout=1).close()
    except OSError:
        return False
    return True
