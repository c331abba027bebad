"""The command as users run it: a process of its own."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SOURCES = os.pathsep.join(str(ROOT / name) for name in ("server", "generated"))
TASKWEIR = (sys.executable, "-m", "taskweir")
PATIENCE = 30.0
"""Seconds until something that should happen is taken not to."""


def environment(**more: str) -> dict[str, str]:
    """A bare environment, so that what is set around the tests does not matter."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": SOURCES, "PYTHONUNBUFFERED": "1", **more}


def run(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `taskweir` to its end."""
    return subprocess.run(
        [*TASKWEIR, *arguments],
        cwd=cwd,
        env=environment(**environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
    )


def python(code: str) -> Sequence[str]:
    """A command that runs Python code."""
    return (sys.executable, "-c", code)


@dataclass
class Running:
    """A `taskweir` that runs, and its addresses if it is a server."""

    process: subprocess.Popen[str]
    grpc: str = ""
    http: str = ""

    def line(self) -> str:
        """The next line of its standard output."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; the exit code and the rest of standard error."""
        self.process.send_signal(number)
        return self.outcome()

    def outcome(self) -> tuple[int, str]:
        """Wait for the end; the exit code and the rest of standard error."""
        _, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, errors


@contextlib.contextmanager
def started(*arguments: str, cwd: Path, **environ: str) -> Iterator[Running]:
    """`taskweir` with these arguments, killed at the end if it still runs."""
    process = subprocess.Popen(
        [*TASKWEIR, *arguments],
        cwd=cwd,
        env=environment(**environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    with process:
        try:
            yield Running(process)
        finally:
            process.kill()


@contextlib.contextmanager
def serving(*flags: str, cwd: Path, **environ: str) -> Iterator[Running]:
    """A server on free ports that accepts calls."""
    with started("serve", "--port", "0", "--http-port", "0", *flags, cwd=cwd, **environ) as server:
        line = server.line()
        assert line.startswith("ready "), server.outcome()
        addresses = dict(pair.split("=", 1) for pair in line.split()[1:])
        server.grpc, server.http = addresses["grpc"], addresses["http"]
        yield server


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Look again until it holds; fail when it does not within the patience."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether a process runs: not gone, and not a zombie that nobody has collected."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self").exists():
        return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
