"""Ordinary callers: each creates tasks that are due at once, and times the answer and the dispatch."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import aiohttp
import grpc.aio
from google.cloud import tasks_v2
from tests.http_sink import Delivery, HttpSink

from taskweir_pb.v2 import cloudtasks_pb2

PARENT: Final = "projects/p/locations/l"
QUEUE: Final = f"{PARENT}/queues/q"
_CREATE: Final = "/google.cloud.tasks.v2.CloudTasks/CreateTask"
_PATIENCE: Final = 20.0
_PAUSE: Final = 0.05
"""Seconds from one answer to the next call of a caller."""
_OWN_CONNECTION: Final = [("grpc.use_local_subchannel_pool", 1)]

Create = Callable[[str], Awaitable[None]]


@dataclass(slots=True)
class Times:
    """Seconds, and what went wrong."""

    taken: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        if not self.taken:
            return f"none, {len(self.failures)} failed"
        failed = f", {len(self.failures)} failed, such as {self.failures[0]}" if self.failures else ""
        return (
            f"{len(self.taken)}: p50 {self.quantile(0.5) * 1e3:.1f} ms, p99 {self.quantile(0.99) * 1e3:.1f} ms, "
            f"longest {max(self.taken) * 1e3:.1f} ms{failed}"
        )

    def quantile(self, share: float) -> float:
        return sorted(self.taken)[min(len(self.taken) - 1, int(share * len(self.taken)))]


class Callers:
    """All of them, with the handler of what they create."""

    def __init__(self, grpc_address: str, http_address: str, sink: HttpSink) -> None:
        self._grpc = grpc_address
        self._http = http_address
        self._sink = sink
        self._created: dict[str, float] = {}
        self._number = 0
        self._dispatches = Times()
        sink.on_delivery = self._delivered

    async def create_queue(self) -> None:
        async with grpc.aio.insecure_channel(self._grpc) as channel:
            transport = tasks_v2.services.cloud_tasks.transports.CloudTasksGrpcAsyncIOTransport
            client = tasks_v2.CloudTasksAsyncClient(transport=transport(channel=channel))
            await client.create_queue(parent=PARENT, queue=tasks_v2.Queue(name=QUEUE))

    async def call_for(self, seconds: float) -> dict[str, Times]:
        """What calls of each kind took, and from their begin until their task came."""
        self._dispatches = Times()
        end = time.monotonic() + seconds
        kinds = {
            "gRPC": self._grpc_kept(self._grpc),
            "gRPC, new connections": self._grpc_new(self._grpc),
            "gRPC by the HTTP port, new connections": self._grpc_new(self._http),
            "REST": self._rest_kept(),
            "REST, new connections": self._rest_new(),
        }
        times = await asyncio.gather(*(self._call(create, end) for create in kinds.values()))
        await self._until_all_came()
        return {**dict(zip(kinds, times, strict=True)), "from the call to the handler": self._dispatches}

    async def _call(self, kind: contextlib.AbstractAsyncContextManager[Create], end: float) -> Times:
        times = Times()
        async with kind as create:
            while time.monotonic() < end:
                self._number += 1
                task = f"t{self._number}"
                begin = self._created[task] = time.monotonic()
                try:
                    await create(task)
                except (grpc.aio.AioRpcError, aiohttp.ClientError, TimeoutError, AssertionError) as error:
                    times.failures.append(" ".join(repr(error).split())[:200])
                    del self._created[task]
                else:
                    times.taken.append(time.monotonic() - begin)
                await asyncio.sleep(_PAUSE)
        return times

    def _delivered(self, delivery: Delivery) -> None:
        begin = self._created.pop(delivery.task_id, None)
        if begin is not None:
            self._dispatches.taken.append(time.monotonic() - begin)

    async def _until_all_came(self) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                while self._created:
                    await asyncio.sleep(0.01)
        except TimeoutError:
            self._dispatches.failures += self._created

    @contextlib.asynccontextmanager
    async def _grpc_kept(self, address: str) -> AsyncIterator[Create]:
        async with grpc.aio.insecure_channel(address, _OWN_CONNECTION) as channel:

            async def create(task: str) -> None:
                await channel.unary_unary(_CREATE)(self._message(task), timeout=_PATIENCE)

            yield create

    @contextlib.asynccontextmanager
    async def _grpc_new(self, address: str) -> AsyncIterator[Create]:
        async def create(task: str) -> None:
            async with self._grpc_kept(address) as create_once:
                await create_once(task)

        yield create

    @contextlib.asynccontextmanager
    async def _rest_kept(self) -> AsyncIterator[Create]:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(_PATIENCE)) as session:

            async def create(task: str) -> None:
                request = {"httpRequest": {"url": self._sink.url}, "name": f"{QUEUE}/tasks/{task}"}
                url = f"http://{self._http}/v2/{QUEUE}/tasks"
                async with session.post(url, json={"task": request}) as answer:
                    assert answer.status == 200, await answer.text()
                    await answer.read()

            yield create

    @contextlib.asynccontextmanager
    async def _rest_new(self) -> AsyncIterator[Create]:
        async def create(task: str) -> None:
            async with self._rest_kept() as create_once:
                await create_once(task)

        yield create

    def _message(self, task: str) -> bytes:
        request = cloudtasks_pb2.CreateTaskRequest(parent=QUEUE)
        request.task.name = f"{QUEUE}/tasks/{task}"
        request.task.http_request.url = self._sink.url
        return request.SerializeToString()
