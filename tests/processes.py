"""Servers as child processes: started, waited for, looked at through /proc, stopped or killed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

ROOT: Final = Path(__file__).parent.parent
SERVE: Final = ("-m", "taskweir", "serve", "--host", "127.0.0.1", "--http-port", "0", "--log-level", "info")
_SOURCES: Final = (ROOT / "server", ROOT / "generated", ROOT)
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PATIENCE: Final = 60.0
"""Seconds until a server that should be ready, or ended, is taken not to come to it."""


class ServerProcess:
    """A server that printed its ready line. As a context manager, it is killed at the end if it still runs."""

    def __init__(
        self, process: asyncio.subprocess.Process, addresses: dict[str, str], ready_after: float
    ) -> None:
        self._process = process
        self.pid: Final = process.pid
        self.grpc: Final = addresses.get("grpc", "")
        self.http: Final = addresses.get("http", "")
        self.ready_after: Final = ready_after
        """Seconds from the start of the process to its ready line."""

    @classmethod
    async def serving(cls, data: Path, log: Path, *flags: str, port: int = 0) -> Self:
        """`taskweir serve` on a data file; what it logs is added to the file `log`."""
        return await cls.started([*SERVE, "--port", str(port), "--data", str(data), *flags], log)

    @classmethod
    async def started(cls, arguments: Sequence[str], log: Path, program: str = sys.executable) -> Self:
        """Python, or another program, with these arguments, once it says `ready NAME=HOST:PORT …`."""
        begin = time.monotonic()
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                program,
                *arguments,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        try:
            assert process.stdout is not None
            line = await asyncio.wait_for(process.stdout.readline(), _PATIENCE)
            ready_after = time.monotonic() - begin
            word, *pairs = line.decode().split() or [""]
            if word != "ready":
                raise RuntimeError(f"not ready: {line!r}; {_tail(log)}")
            return cls(process, dict(pair.split("=", 1) for pair in pairs), ready_after)
        except BaseException:
            if process.returncode is None:
                process.kill()
                await process.wait()
            raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()

    async def kill(self) -> None:
        """SIGKILL; nothing if it has ended."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> int:
        """SIGTERM, as an operator stops it; the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self._process.wait(), _PATIENCE)

    def cpu_seconds(self) -> float:
        """User and system time so far, all threads and those that ended, in steps of a tick (10 ms)."""
        fields = self._read("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def thread_cpu_seconds(self) -> float:
        """Time on a processor so far of the threads there are, in steps of a nanosecond."""
        total = 0
        for thread in Path(f"/proc/{self.pid}/task").iterdir():
            try:
                total += int((thread / "schedstat").read_text().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended just now
        return total / 1e9

    def resident_mib(self) -> float:
        """Resident memory."""
        for line in self._read("status").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"/proc/{self.pid}/status has no VmRSS")

    def open_files(self) -> int:
        """Sockets among them."""
        return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())

    def _read(self, name: str) -> str:
        return Path(f"/proc/{self.pid}/{name}").read_text()


def environment() -> dict[str, str]:
    """Ours for a child, without settings of a server, which would change what is measured."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TASKWEIR_") and name not in ("INITIAL_QUEUES", "APP_ENGINE_EMULATOR_HOST")
    }
    return {**kept, "PYTHONPATH": os.pathsep.join(map(str, _SOURCES))}


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2_000:]
