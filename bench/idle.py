"""What a server costs that has nothing to do, with many tasks that are due later."""

import asyncio
from typing import Final

from tests.processes import ServerProcess

from bench.options import Options
from bench.requests import queue_name
from bench.seed import seed

_TASKS: Final = 100_000
_AHEAD: Final = 86_400.0
_SETTLE: Final = 3.0
_MEASURED: Final = 10.0
_QUEUE: Final = queue_name("bench")


async def run(options: Options) -> None:
    data, log = options.directory / "idle.db", options.directory / "idle.log"
    async with await ServerProcess.serving(data, log, "--queue", _QUEUE, "--durability", "off") as server:
        await seed(server.grpc, _QUEUE, "http://127.0.0.1:9/handler", _TASKS, ahead=_AHEAD)
        await server.stop()
    async with await ServerProcess.serving(data, log) as server:
        await asyncio.sleep(_SETTLE)
        before = server.thread_cpu_seconds()
        await asyncio.sleep(_MEASURED)
        used = server.thread_cpu_seconds() - before
        await server.stop()
    print(
        f"idle with {_TASKS:,} tasks due later: {used * 1e3:.2f} ms of processor time in {_MEASURED:.0f} s"
        f" ({used / _MEASURED:.4%})"
    )
