"""How fast a backlog is dispatched to a handler that does nothing, from several queues at their full rate."""

import asyncio
import time
from typing import Final

import grpc.aio
from google.cloud.tasks_v2.services.cloud_tasks import CloudTasksAsyncClient
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcAsyncIOTransport
from tests.http_sink import HttpSink
from tests.processes import ServerProcess

from bench.options import Options
from bench.requests import queue_name
from bench.seed import seed

_QUEUES: Final = 10
_TASKS: Final = 2_000
"""In each queue."""
_RATE: Final = 500
"""Of each queue, a second: the most that the service allows."""


async def run(options: Options) -> None:
    data, log = options.directory / "drain.db", options.directory / "drain.log"
    queues = [queue_name(f"bench-{number}") for number in range(options.queues or _QUEUES)]
    flags = [word for queue in queues for word in ("--queue", queue)]
    async with (
        HttpSink() as sink,
        await ServerProcess.serving(data, log, *flags, "--log-level", "warning") as server,
    ):
        channel = grpc.aio.insecure_channel(server.grpc)
        client = CloudTasksAsyncClient(transport=CloudTasksGrpcAsyncIOTransport(channel=channel))
        for queue in queues:
            await client.pause_queue(name=queue)
            await seed(server.grpc, queue, f"{sink.url}/handler", _TASKS)
        drained, total = asyncio.Event(), len(queues) * _TASKS
        sink.on_delivery = lambda _delivery: drained.set() if len(sink.deliveries) == total else None
        cpu, begin = server.cpu_seconds(), time.monotonic()
        await asyncio.gather(*(client.resume_queue(name=queue) for queue in queues))
        await drained.wait()
        seconds, cpu = time.monotonic() - begin, server.cpu_seconds() - cpu
        await channel.close()
        await server.stop()
    print(
        f"drain of {total:,} tasks from {len(queues)} queues: {total / seconds:,.0f}/s"
        f" (their rates allow {len(queues) * _RATE:,}/s), {cpu / total * 1e6:.0f} µs CPU a task,"
        f" {len(sink.deliveries) - total} delivered twice"
    )
