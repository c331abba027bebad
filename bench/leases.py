"""How fast workers lease the tasks of a pull queue and acknowledge them, of a short queue and of a long one.

Each worker leases some tasks and acknowledges them all at once, over connections of its own, again and again; commits
are synchronous=FULL. Rounds of both queues alternate, and what was acknowledged is counted in the data afterwards.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.processes import ServerProcess

from bench.caller import Caller
from bench.options import Options
from bench.requests import queue_name, routing
from taskweir.clock import real_now
from taskweir.domain.limits import DEFAULT_TASK_RETENTION
from taskweir.domain.model import PullMessage, Queue, QueueType, RateLimits, RetryConfig, Task
from taskweir.domain.names import LocationName
from taskweir.domain.retry import UNLIMITED_ATTEMPTS
from taskweir.store.base import Retention
from taskweir.store.listeners import Listeners
from taskweir.store.sqlite import SqliteStore
from taskweir_pb.v2beta2 import cloudtasks_pb2

_SERVICE: Final = "google.cloud.tasks.v2beta2.CloudTasks"
_SHORT: Final = 1_000
_LONG: Final = 1_000_000
_ROUND: Final = 1_000
"""Tasks, all that the short queue has."""
_ROUNDS: Final = 8
_AT_ONCE: Final = 50
"""Tasks of a lease."""
_WORKERS: Final = (1, 8)
_LEASE_SECONDS: Final = 600
_PAYLOAD: Final = b'{"order": 4711, "action": "send the invoice"}'.ljust(200)
_TAG: Final = "invoices"
_SEED_BATCH: Final = 2_000
_AIM: Final = 1.3


async def run(options: Options) -> None:
    rounds = options.rounds or _ROUNDS
    short, long = options.directory / "short.db", options.directory / "long.db"
    log = options.directory / "leases.log"
    queues = [queue_name(f"bench-{number}") for number in range(rounds * len(_WORKERS))]
    await _seed(short, queues, _SHORT)
    await _seed(long, queues[:1], _LONG)
    flags = ("--lease-rate", "0", "--log-level", "warning")
    async with (
        await ServerProcess.serving(short, log, *flags) as at_short,
        await ServerProcess.serving(long, log, *flags) as at_long,
    ):
        for workers in _WORKERS:
            costs = _Costs(), _Costs()
            for _ in range(rounds):
                await costs[0].measure(at_short, queues.pop(), workers)
                await costs[1].measure(at_long, queue_name("bench-0"), workers)
            _report(workers, *costs)
        await at_short.stop()
        await at_long.stop()
    done = rounds * len(_WORKERS) * _ROUND
    for path, left in ((short, 0), (long, _LONG - done)):
        if (count := await _count(path)) != left:
            raise RuntimeError(f"{count:,} tasks are left, and not {left:,}")


def _report(workers: int, short: "_Costs", long: "_Costs") -> None:
    ratio = statistics.median(long.seconds) / statistics.median(short.seconds)
    cpu = statistics.median(long.cpu) / statistics.median(short.cpu)
    print(
        f"{workers} at work, {_AT_ONCE} tasks a lease: {short.rate():,.0f} tasks/s leased and acknowledged of"
        f" {_SHORT:,} queued, {long.rate():,.0f} of {_LONG:,}: cost {ratio:.2f} (aim: {_AIM}),"
        f" of processor time {cpu:.2f} ({statistics.median(short.cpu) / _ROUND * 1e6:.0f}"
        f" and {statistics.median(long.cpu) / _ROUND * 1e6:.0f} µs a task)",
        flush=True,
    )


@dataclass(slots=True)
class _Costs:
    """Of rounds, each of as many tasks."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    async def measure(self, server: ServerProcess, queue: str, workers: int) -> None:
        share = _ROUND // workers
        team = [await _Worker.connect(server.grpc, queue, share) for _ in range(workers)]
        cpu, begin = server.cpu_seconds(), time.monotonic()
        await asyncio.gather(*(worker.work() for worker in team))
        self.seconds.append(time.monotonic() - begin)
        self.cpu.append(server.cpu_seconds() - cpu)
        for worker in team:
            worker.close()

    def rate(self) -> float:
        return _ROUND / statistics.median(self.seconds)


class _Calls:
    """Calls of one method on one connection."""

    def __init__(self) -> None:
        self._caller: Caller | None = None
        self._answers: dict[int, asyncio.Future[bytes]] = {}

    async def connect(self, address: str, method: str, header: str) -> None:
        self._caller = await Caller.connect(address, f"{_SERVICE}/{method}", header, self._on_answer)

    def call(self, message: bytes) -> "asyncio.Future[bytes]":
        assert self._caller is not None
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._answers[self._caller.call(message)] = answer
        return answer

    def _on_answer(self, number: int, answer: bytes | None) -> None:
        future = self._answers.pop(number)
        if answer is None:
            future.set_exception(RuntimeError("a call failed"))
        else:
            future.set_result(answer)

    def close(self) -> None:
        assert self._caller is not None
        self._caller.close()


class _Worker:
    """Leases its share of tasks and acknowledges them."""

    def __init__(self, queue: str, share: int) -> None:
        self._queue = queue
        self._share = share
        self._leases = _Calls()
        self._acknowledgements = _Calls()

    @classmethod
    async def connect(cls, address: str, queue: str, share: int) -> "_Worker":
        worker = cls(queue, share)
        await worker._leases.connect(address, "LeaseTasks", routing(queue))
        await worker._acknowledgements.connect(address, "AcknowledgeTask", routing(queue))
        return worker

    async def work(self) -> None:
        left = self._share
        while left:
            tasks = await self._lease(min(left, _AT_ONCE))
            await asyncio.gather(*(self._acknowledgements.call(task) for task in tasks))
            left -= len(tasks)

    async def _lease(self, count: int) -> Sequence[bytes]:
        """What acknowledges each of the tasks. Raises RuntimeError when there are none."""
        request = cloudtasks_pb2.LeaseTasksRequest(parent=self._queue, max_tasks=count)
        request.lease_duration.seconds = _LEASE_SECONDS
        request.response_view = 2
        answer = cloudtasks_pb2.LeaseTasksResponse.FromString(
            await self._leases.call(request.SerializeToString())
        )
        if not answer.tasks:
            raise RuntimeError("there was nothing to lease")
        return [
            cloudtasks_pb2.AcknowledgeTaskRequest(
                name=task.name, schedule_time=task.schedule_time
            ).SerializeToString()
            for task in answer.tasks
        ]

    def close(self) -> None:
        self._leases.close()
        self._acknowledgements.close()


# The data, made and counted by the store itself: no client would be done with a million tasks in a minute.


async def _open(path: Path) -> SqliteStore:
    kept = DEFAULT_TASK_RETENTION
    return await SqliteStore.open(
        str(path),
        listener=Listeners(),
        retention=Retention(kept, kept, kept, kept),
        durability="off",
        on_trouble=lambda _: None,
    )


async def _seed(path: Path, queues: Sequence[str], count: int) -> None:
    store = await _open(path)
    limits, retry = RateLimits(10_000, 10_000, -1), RetryConfig(UNLIMITED_ATTEMPTS, 0, 0, 0, 0)
    for full_name in queues:
        *_, queue_id = full_name.split("/")
        name = LocationName("local", "us-central1").queue(queue_id)
        made = Queue(name, limits, retry, type=QueueType.PULL)
        await store.change_queue(name, lambda _, made=made: made, real_now())  # type: ignore[misc]
        for first in range(0, count, _SEED_BATCH):
            now = real_now()
            batch = (
                Task(name.task(f"t{number:07}"), PullMessage(_PAYLOAD, _TAG), now, now)
                for number in range(first, min(count, first + _SEED_BATCH))
            )
            await asyncio.gather(*(store.insert_task(task, now) for task in batch))
    await store.close()


async def _count(path: Path) -> int:
    store = await _open(path)
    count = sum((await store.task_counts()).values())
    await store.close()
    return count
