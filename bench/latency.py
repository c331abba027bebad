"""From CreateTask to the handler's first byte, on a server that does nothing else, one task at a time.

The clock starts just before the request is written to the socket and stops when the handler reads the first byte of
the task's request; commits are synchronous=FULL.
"""

import asyncio
import time
from typing import Final

from tests.http_sink import Delivery, HttpSink
from tests.processes import ServerProcess

from bench.caller import Caller
from bench.options import Options
from bench.quantiles import quantile
from bench.requests import SERVICE, create_task, queue_name, routing

_TASKS: Final = 200
_WARM_UP: Final = 10
_EVERY: Final = 0.05
"""Seconds from one task to the next."""
_AIM_MS: Final = 4.0
_QUEUE: Final = queue_name("bench")


async def run(options: Options) -> None:
    data, log = options.directory / "latency.db", options.directory / "latency.log"
    async with (
        HttpSink() as sink,
        await ServerProcess.serving(data, log, "--queue", _QUEUE, "--durability", "full") as server,
    ):
        times = (await _measure(server.grpc, sink))[_WARM_UP:]
        await server.stop()
    p50, p99 = quantile(times, 0.50), quantile(times, 0.99)
    print(
        f"CreateTask to the handler's first byte, idle server, FULL, {len(times)} tasks:"
        f" p50 {p50:.2f} ms (aim: {_AIM_MS:.0f}), p99 {p99:.2f} ms, most {max(times):.2f} ms"
    )


async def _measure(address: str, sink: HttpSink) -> list[float]:
    """Milliseconds of each task."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[bytes | None]
    delivered: asyncio.Future[Delivery]

    def on_answer(_call: int, answer: bytes | None) -> None:
        answered.set_result(answer)

    def on_delivery(delivery: Delivery) -> None:
        delivered.set_result(delivery)

    caller = await Caller.connect(
        address,
        f"{SERVICE}/CreateTask",
        routing(_QUEUE),
        on_answer,
    )
    sink.on_delivery = on_delivery
    message = create_task(_QUEUE, f"{sink.url}/handler")
    times = []
    for _ in range(_WARM_UP + _TASKS):
        answered, delivered = loop.create_future(), loop.create_future()
        begin = time.monotonic_ns()
        caller.call(message)
        if await answered is None:
            raise RuntimeError("CreateTask failed")
        arrived = (await delivered).monotonic_ns
        times.append((arrived - begin) / 1e6)
        await asyncio.sleep(_EVERY - (time.monotonic_ns() - begin) / 1e9)
    caller.close()
    return times
