"""The scale test from its start to its verdict; see the package."""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import grpc.aio
from bench.requests import queue_name
from bench.seed import seed
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcAsyncIOTransport
from tests.http_sink import HttpSink
from tests.processes import ServerProcess

_STARTS: Final = 7
_SETTLE: Final = 2.0
"""Seconds after which a server has reached the memory that it needs to do nothing but let a task go a second."""
_IDLE_SECONDS: Final = 10.0
_AHEAD: Final = 10 * 86_400.0

_MOST_TIMES_SLOWER: Final = 2.0
_MOST_MIB_MORE: Final = 50.0
_MOST_IDLE_SHARE: Final = 0.001
"""A tenth of a percent of one processor: timers of libraries, no work."""

_LATER: Final = queue_name("later")
_DUE: Final = queue_name("due")


@dataclass(slots=True)
class Starts:
    """What several starts on one file took: seconds until ready, and MiB of resident memory a little later; and the
    share of a processor that an idle server takes."""

    data: Path
    ready: list[float] = field(default_factory=list)
    resident: list[float] = field(default_factory=list)
    idle: float = 0.0

    def __str__(self) -> str:
        return (
            f"ready after {statistics.median(self.ready):.3f} s"
            f" ({min(self.ready):.3f} to {max(self.ready):.3f}),"
            f" resident {statistics.median(self.resident):.1f} MiB"
            f" ({min(self.resident):.1f} to {max(self.resident):.1f}), idle {self.idle:.4%}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.scale", description="a million queued tasks")
    parser.add_argument("--tasks", type=int, default=1_000_000, help="a multiple of 200")
    parser.add_argument("--directory", help="where data files go")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="taskweir-scale-", dir=arguments.directory) as directory:
        return asyncio.run(_test(Path(directory), arguments.tasks))


async def _test(directory: Path, tasks: int) -> int:
    log = directory / "server.log"
    empty, full = Starts(directory / "empty.db"), Starts(directory / "full.db")
    async with HttpSink() as sink:
        await _fill(empty.data, log, sink.url, 0)
        await _fill(full.data, log, sink.url, tasks)
        print(f"with {tasks:,} tasks the file has {full.data.stat().st_size / 2**20:,.0f} MiB", flush=True)
        for _ in range(_STARTS):
            await _start(empty, log)
            await _start(full, log)
        delivered = len(sink.deliveries)
        empty.idle, full.idle = await _idle_share(empty.data, log), await _idle_share(full.data, log)
    print(f"empty file: {empty}\nfull file:  {full}\n{delivered} delivered")
    return _report(empty, full, delivered, log)


async def _fill(data: Path, log: Path, url: str, tasks: int) -> None:
    begin = time.monotonic()
    async with await ServerProcess.serving(data, log, "--durability", "off") as server:
        async with _client(server) as client:
            for queue in (_LATER, _DUE):
                await client.create_queue(parent=queue.partition("/queues/")[0], queue=_settings(queue))
            await client.pause_queue(name=_DUE)
            await seed(server.grpc, _LATER, url, tasks // 2, ahead=_AHEAD)
            await seed(server.grpc, _DUE, url, tasks // 2)
            await client.resume_queue(name=_DUE)
        await server.stop()
    if tasks:
        seconds = time.monotonic() - begin
        print(f"created {tasks:,} tasks in {seconds:.0f} s: {tasks / seconds:,.0f}/s", flush=True)


def _settings(queue: str) -> tasks_v2.Queue:
    return tasks_v2.Queue(name=queue, rate_limits=tasks_v2.RateLimits(max_dispatches_per_second=1))


async def _start(starts: Starts, log: Path) -> None:
    async with await ServerProcess.serving(starts.data, log) as server:
        starts.ready.append(server.ready_after)
        await asyncio.sleep(_SETTLE)
        starts.resident.append(server.resident_mib())
        await server.stop()


async def _idle_share(data: Path, log: Path) -> float:
    """Of one processor, while the queue with due tasks is paused."""
    async with await ServerProcess.serving(data, log) as server:
        async with _client(server) as client:
            await client.pause_queue(name=_DUE)
        await asyncio.sleep(_SETTLE)
        before = server.thread_cpu_seconds()
        await asyncio.sleep(_IDLE_SECONDS)
        share = (server.thread_cpu_seconds() - before) / _IDLE_SECONDS
        await server.stop()
        return share


@asynccontextmanager
async def _client(server: ServerProcess) -> AsyncIterator[tasks_v2.CloudTasksAsyncClient]:
    async with grpc.aio.insecure_channel(server.grpc) as channel:
        yield tasks_v2.CloudTasksAsyncClient(transport=CloudTasksGrpcAsyncIOTransport(channel=channel))


def _report(empty: Starts, full: Starts, delivered: int, log: Path) -> int:
    slower = statistics.median(full.ready) / statistics.median(empty.ready)
    more = statistics.median(full.resident) - statistics.median(empty.resident)
    promises = (
        (f"ready after {slower:.2f} times as long", slower < _MOST_TIMES_SLOWER),
        (f"{more:.1f} MiB more resident", more < _MOST_MIB_MORE),
        (f"idle at {full.idle:.4%} of a processor", full.idle < _MOST_IDLE_SHARE),
        ("tasks that were due were delivered", delivered > 0),
    )
    for promise, holds in promises:
        print(f"{'ok' if holds else 'BROKEN'}: {promise}")
    held = all(holds for _, holds in promises)
    if not held:
        print(f"the server logged:\n{log.read_text(errors='replace')[-4_000:]}")
    print("ok: every promise held" if held else "FAILED")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
