"""A server in a process of its own."""

import os
import subprocess
import sys
import tempfile
import threading
import weakref
from typing import IO, Final, Self

from taskweir.testing.errors import ServerError
from taskweir.testing.sdk_clients import IN_PLAIN_TEXT
from taskweir.testing.server_settings import ServerSettings, serve_flags

_START: Final = 60.0
"""Seconds until a server that should be ready is taken not to come to it."""
_END: Final = 10.0
"""Seconds beyond which a server that should have ended is killed."""
_LOG_SHOWN: Final = 4_000
"""Characters of the log's end that an error shows."""


class OwnProcess:
    """A child that is stopped by `close`, and by the end of this process, however that comes about."""

    grpc_address: str
    http_address: str
    access = IN_PLAIN_TEXT

    def __init__(self, settings: ServerSettings) -> None:
        """Starts it, for `wait_until_ready`. Raises TypeError for settings that there are not."""
        flags = serve_flags(settings)
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the server runs
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            # -P: whatever modules lie where tests are run must not stand in for the server's.
            [sys.executable, "-P", "-m", "taskweir", "serve", *flags, "--tether"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=_environment(),
            text=True,
            # A terminal's Ctrl-C is for the tests, which then stop the server themselves.
            start_new_session=True,
        )
        _STARTED.add(self)

    def wait_until_ready(self) -> Self:
        """Returns when the server accepts calls. Raises ServerError, and closes it, where it does not come to that."""
        try:
            self.grpc_address, self.http_address = self._ready_addresses()
        except BaseException:
            self.close()
            raise
        return self

    def _ready_addresses(self) -> tuple[str, str]:
        assert self._process.stdout is not None
        too_late = threading.Timer(_START, self._process.kill)
        too_late.daemon = True
        too_late.start()
        try:
            word, *pairs = self._process.stdout.readline().split() or [""]
        finally:
            too_late.cancel()
        if word != "ready":
            raise ServerError(f"the server {self._how_it_ended()}")
        found = dict(pair.split("=", 1) for pair in pairs)
        return found["grpc"], found["http"]

    def _how_it_ended(self) -> str:
        how, log = f"ended with {self._process.wait(_END)}", self.log()[-_LOG_SHOWN:]
        return f"{how}; its log:\n{log}" if log else how

    def hint(self) -> str:
        """What else there is to say when it cannot be reached."""
        return "" if self._process.poll() is None else f"the server {self._how_it_ended()}"

    def log(self) -> str:
        """What it has logged."""
        size = os.fstat(self._log.fileno()).st_size
        # Not by the file's own position, which is the child's too.
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def let_go(self) -> None:
        """Hold it no longer: from now on its end is up to others who hold it."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def close(self) -> None:
        """Stop it, and wait until it has ended."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_END)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            assert stream is not None
            stream.close()


_STARTED: Final[weakref.WeakSet[OwnProcess]] = weakref.WeakSet()


def _let_go_of_all() -> None:
    for server in _STARTED:
        server.let_go()


# A fork has the tether too, and may outlive the tests.
os.register_at_fork(after_in_child=_let_go_of_all)


def _environment() -> dict[str, str]:
    """Ours, but without variables that are settings of a server: a test has only those that it gives."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TASKWEIR_") and name not in ("INITIAL_QUEUES", "APP_ENGINE_EMULATOR_HOST")
    }
