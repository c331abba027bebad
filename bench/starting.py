"""Starts of a server on one data file, and what it needs when it does nothing."""

import asyncio
from dataclasses import dataclass
from typing import Final

from bench.options import Options
from bench.servers import stop, taskweir

_SETTLE: Final = 1.0
"""Seconds after which a server has reached the memory that it needs to do nothing."""


@dataclass(frozen=True, slots=True)
class Started:
    """`ready` is in seconds, `resident` in MiB."""

    ready: float
    resident: float


async def start(options: Options, name: str) -> Started:
    """Start the server, let it settle, and stop it."""
    async with await taskweir(options, name) as server:
        await asyncio.sleep(options.seconds(_SETTLE))
        resident = server.resident_mib()
        await stop(server)
        return Started(server.ready_after, resident)


async def idle_percent(options: Options, name: str, seconds: float) -> float:
    """Of one processor, while nothing is to be done."""
    async with await taskweir(options, name) as server:
        await asyncio.sleep(options.seconds(2 * _SETTLE))
        before = server.thread_cpu_seconds()
        await asyncio.sleep(seconds)
        used = server.thread_cpu_seconds() - before
        await stop(server)
    return used / seconds * 100
