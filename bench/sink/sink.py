"""The sink as a measurement uses it: started, asked what arrived, killed."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple

from tests.processes import ServerProcess

from bench.options import Options

_SOURCE: Final = Path(__file__).with_name("sink.c")
_ARRIVAL: Final = Struct("=3q")
_LOOK_EVERY: Final = 0.02
_PATIENCE: Final = 120.0
"""Seconds without an arrival after which no more are expected."""


class Arrival(NamedTuple):
    """`number` is what the path ended with; times are in nanoseconds."""

    number: int
    monotonic: int
    real: int


class Sink:
    """Made by `running`."""

    def __init__(self, process: ServerProcess) -> None:
        self._process = process
        self.url = f"http://{process.http}"

    def cpu_seconds(self) -> float:
        return self._process.thread_cpu_seconds()

    async def count(self) -> int:
        return int(await self._get("/sink/count"))

    async def take(self) -> list[Arrival]:
        """What arrived since the last time, in that order."""
        return [Arrival(*arrival) for arrival in _ARRIVAL.iter_unpack(await self._get("/sink/take"))]

    async def take_when(self, expected: int) -> list[Arrival]:
        """As soon as so many arrived. Raises RuntimeError when nothing comes for long."""
        before, since = -1, time.monotonic()
        while (arrived := await self.count()) < expected:
            if arrived != before:
                before, since = arrived, time.monotonic()
            elif time.monotonic() - since > _PATIENCE:
                raise RuntimeError(f"{arrived} of {expected} arrived, and no more came")
            await asyncio.sleep(_LOOK_EVERY)
        return await self.take()

    async def _get(self, path: str) -> bytes:
        host, _, port = self._process.http.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 30)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: sink\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(int(head.rpartition(b":")[2]))
        writer.close()
        return body


@asynccontextmanager
async def running(options: Options) -> AsyncIterator[Sink]:
    log = options.log("sink")
    binary = await _compiled(options.directory)
    started = (
        ServerProcess.started(["-m", "bench.sink.in_python"], log)
        if binary is None
        else ServerProcess.started([], log, program=str(binary))
    )
    async with await started as process:
        yield Sink(process)


async def _compiled(directory: Path) -> Path | None:
    """None without a C compiler. Raises RuntimeError when it refuses the source."""
    binary, compiler = directory / "sink", shutil.which("cc")
    if compiler is None:
        return None
    if not binary.exists():
        built = await asyncio.to_thread(
            subprocess.run,
            [compiler, "-O2", "-Wall", "-Werror", "-o", str(binary), str(_SOURCE)],
            capture_output=True,
            text=True,
            check=False,
        )
        if built.returncode:
            raise RuntimeError(f"cc: {built.stderr}")
    return binary


def check_each_once(arrivals: Sequence[Arrival], expected: int, what: str) -> None:
    """The numbers from 0 on, each delivered once. Raises RuntimeError."""
    numbers = {arrival.number for arrival in arrivals}
    if len(arrivals) != expected or numbers != set(range(expected)):
        raise RuntimeError(f"{what}: {len(arrivals)} deliveries of {len(numbers)} tasks, not of {expected}")
