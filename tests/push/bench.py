"""A worker on a real store in memory, with a clock that stands still and a sender that is told what to answer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from taskweir.clock import SteeredClock
from taskweir.domain import limits
from taskweir.domain.app_engine import AppEngine
from taskweir.domain.drafts import QueueDraft, TaskDraft
from taskweir.domain.model import HttpRequest, Queue, RateLimits, RetryConfig, Task
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.times import DAY, SECOND, Instant
from taskweir.push.attempt import Dispatcher
from taskweir.push.capacity import Capacity
from taskweir.push.sender import Outcome
from taskweir.push.worker import Worker
from taskweir.service.queues import QueueService
from taskweir.service.tasks import TaskService
from taskweir.store.base import Retention
from taskweir.store.listeners import Listeners
from taskweir.store.sqlite import SqliteStore

START: Instant = 1_700_000_000 * SECOND
PARENT = "projects/p/locations/us-central1"
RETENTION = Retention(
    limits.DEFAULT_TASK_TOMBSTONE,
    3 * DAY,
    limits.DEFAULT_TASK_RETENTION,
    limits.OPERATION_LIFE,
)


@dataclass
class ScriptedSender:
    """Answers each request with what `answer` gives: a status, None for no answer, a future of either, or an outcome."""

    clock: SteeredClock
    answer: Callable[[OutgoingRequest], object] = lambda _: 200
    sent: list[tuple[Instant, str]] = field(default_factory=list)
    requests: list[OutgoingRequest] = field(default_factory=list)

    async def send(self, request: OutgoingRequest) -> Outcome:
        self.sent.append((self.clock.now(), request.url.rpartition("/")[2]))
        self.requests.append(request)
        status = self.answer(request)
        if isinstance(status, asyncio.Future):
            status = await status
        if isinstance(status, Outcome):
            return status
        return Outcome(status, latency=1_000)  # type: ignore[arg-type]

    async def close(self) -> None:
        """Nothing is open."""

    @property
    def names(self) -> list[str]:
        return [name for _, name in self.sent]


@dataclass
class Bench:
    """The parts under test, and short ways to use them."""

    clock: SteeredClock
    store: SqliteStore
    listeners: Listeners
    sender: ScriptedSender
    worker: Worker
    capacity: Capacity
    queues: QueueService
    tasks: TaskService

    async def queue(
        self,
        queue_id: str = "q",
        *,
        rate: float = 0,
        concurrent: int = 0,
        retry: RetryConfig | None = None,
        parent: str = PARENT,
    ) -> Queue:
        limits_ = RateLimits(rate, 0, concurrent)
        draft = QueueDraft(f"{parent}/queues/{queue_id}", rate_limits=limits_, retry_config=retry)
        return await self.queues.create(parent, draft)

    async def task(
        self,
        task_id: str,
        queue_id: str = "q",
        *,
        after: int = 0,
        retry: RetryConfig | None = None,
        parent: str = PARENT,
    ) -> Task:
        queue = f"{parent}/queues/{queue_id}"
        draft = TaskDraft(
            name=f"{queue}/tasks/{task_id}",
            payload=HttpRequest(f"http://target/{task_id}"),
            schedule_time=self.clock.now() + after,
            retry_config=retry,
        )
        return await self.tasks.create(queue, draft)

    async def settle(self) -> None:
        """Let the worker do all that it can do at this time: until it waits for answers or for nothing at all."""
        await asyncio.sleep(
            0
        )  # A future that was given its status just now has not told whoever waits for it.
        while not self.worker.is_waiting_for_answers:
            await self.worker.next_change().wait()

    async def advance(self, by: int) -> None:
        self.clock.advance(by)
        await self.settle()


def held(bench: Bench) -> asyncio.Future[int | None]:
    """From now on attempts stay in flight until the future is given a status."""
    answer: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
    bench.sender.answer = lambda _: answer
    return answer


@asynccontextmanager
async def opened(retention: Retention = RETENTION) -> AsyncIterator[Bench]:
    """The parts, at work."""
    clock = SteeredClock(frozen_at=START)
    listeners = Listeners()
    store = await SqliteStore.open(
        ":memory:", listener=listeners, retention=retention, durability="off", on_trouble=lambda _: None
    )
    sender = ScriptedSender(clock)
    capacity = Capacity(100, 8 << 20)
    worker = Worker(store, clock, Dispatcher(store, sender, clock, AppEngine()), capacity)
    listeners.add(worker)
    await worker.start()
    running = asyncio.create_task(worker.run())
    try:
        yield Bench(
            clock,
            store,
            listeners,
            sender,
            worker,
            capacity,
            QueueService(store, clock),
            TaskService(store, clock, lambda _: 0),
        )
    finally:
        await worker.stop(0)
        await running
        await store.close()
