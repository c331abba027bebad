"""Plays a scenario: random steps on a server whose clock stands still between them, and the story of it."""

import random
from dataclasses import dataclass, field
from typing import Any

from google.api_core.exceptions import GoogleAPICallError
from google.cloud import tasks_v2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import code_pb2
from tests.scenarios.law import SECOND, Retry
from tests.scenarios.story import Promises, QueueStory, TaskStory
from tests.scenarios.target import ScriptedTarget, held_then

from taskweir.clock import SteeredClock
from taskweir_pb.control.v1 import control_pb2
from taskweir_pb.control.v1.control_pb2_grpc import ControlStub

_STEPS = 14
_HOUR = 3_600 * SECOND


def seconds(micros: int) -> Duration:
    return Duration(seconds=micros // SECOND, nanos=micros % SECOND * 1_000)


@dataclass
class Player:
    """One scenario, in a project of its own. `log` is what was done, for a failing test to show."""

    seed: int
    clock: SteeredClock
    target: ScriptedTarget
    client: tasks_v2.CloudTasksAsyncClient
    control: ControlStub
    queues: list[QueueStory] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.project = f"projects/s{self.seed}"
        self.parent = f"{self.project}/locations/us-central1"
        self.numbers = iter(range(1_000))
        self.has_call_faults = False

    async def play(self) -> None:
        for _ in range(self.random.randint(1, 3)):
            await self.make_queue()
        await self.make_task()
        await self.move(0)
        for _ in range(_STEPS):
            step = self.random.choices(
                [
                    self.make_task,
                    self.advance,
                    self.delete,
                    self.run,
                    self.pause,
                    self.resume,
                    self.purge,
                    self.fault,
                    self.release,
                ],
                weights=[10, 8, 2, 3, 2, 3, 1, 2, 2],
            )[0]
            await step()
            await self.move(0)
        await self.finish()

    def some_queue(self) -> QueueStory:
        return self.random.choice(self.queues)

    def some_task(self) -> tuple[QueueStory, TaskStory] | None:
        """One that the test has not removed; it may be done."""
        queue = self.some_queue()
        tasks = [task for task in queue.tasks.values() if task.gone is None]
        return (queue, self.random.choice(tasks)) if tasks else None

    async def make_queue(self) -> None:
        pick = self.random.choice
        retry = Retry(
            max_attempts=pick([1, 2, 3, 5, -1]),
            max_duration=pick([0, 0, 30 * SECOND]),
            min_backoff=pick([100_000, SECOND, 7 * SECOND]),
            max_backoff=pick([10 * SECOND, 100 * SECOND]),
            max_doublings=pick([1, 2, 3, 16]),  # 0 on the wire asks for the default
        )
        limits = {
            "max_dispatches_per_second": pick([0.25, 1, 3, 500]),
            "max_concurrent_dispatches": pick([1, 2, 1_000]),
        }
        name = f"{self.parent}/queues/q{len(self.queues)}"
        wanted: dict[str, Any] = {
            "name": name,
            "rate_limits": limits,
            "retry_config": {
                "max_attempts": retry.max_attempts,
                "max_retry_duration": seconds(retry.max_duration),
                "min_backoff": seconds(retry.min_backoff),
                "max_backoff": seconds(retry.max_backoff),
                "max_doublings": retry.max_doublings,
            },
        }
        made = await self.client.create_queue(parent=self.parent, queue=wanted)
        self.log.append(f"queue {name} {limits} {retry}")
        self.queues.append(
            QueueStory(
                name,
                self.clock.now(),
                made.rate_limits.max_dispatches_per_second,
                made.rate_limits.max_burst_size,
                made.rate_limits.max_concurrent_dispatches,
                retry,
            )
        )

    async def make_task(self) -> None:
        """One, or enough at once to empty a bucket."""
        queue = self.some_queue()
        for _ in range(self.random.choice([1, 1, 1, 2, 12])):
            name = f"{queue.name}/tasks/t{next(self.numbers)}"
            failures = self.random.choice([0, 0, 0, 1, 2, 6])
            answers = [500, 503, 404, None, held_then(500)]
            self.target.scripts[name] = [
                *(self.random.choice(answers) for _ in range(failures)),
                self.random.choice([200, 200, 200, held_then(200)]),
            ]
            at = self.clock.now() + self.random.choice([0, 0, SECOND // 2, 20 * SECOND])
            schedule_time = Timestamp()
            schedule_time.FromMicroseconds(at)
            task = {"name": name, "http_request": {"url": "http://target/"}, "schedule_time": schedule_time}
            self.log.append(f"task {name} at {at} answers {self.target.scripts[name]}")
            queue.tasks[name] = TaskStory(name, self.clock.now(), at)
            try:
                await self.client.create_task(parent=queue.name, task=task)
                in_doubt = self.has_call_faults
            except GoogleAPICallError:
                in_doubt = True
            if in_doubt and not await self.is_there(name):
                assert self.has_call_faults
                del queue.tasks[name]

    async def is_there(self, name: str) -> bool:
        """Whether the task is or was there: an injected fault leaves its caller in doubt."""
        request = control_pb2.ListFinishedTasksRequest(parent=name)
        try:
            await self.client.get_task(name=name)
        except GoogleAPICallError:
            return bool((await self.control.ListFinishedTasks(request)).finished_tasks)
        return True

    async def advance(self) -> None:
        await self.move(self.random.choice([1, SECOND // 10, SECOND, 9 * SECOND, 120 * SECOND]))

    async def move(self, by: int, *, leave_in_flight: bool = True) -> None:
        self.log.append(f"{self.clock.now()}: advance {by}")
        await self.control.AdvanceClock(
            control_pb2.AdvanceClockRequest(duration=seconds(by), leave_in_flight=leave_in_flight)
        )

    async def delete(self) -> None:
        found = self.some_task()
        if found is None:
            return
        _, task = found
        self.log.append(f"delete {task.name}")
        try:
            await self.client.delete_task(name=task.name)
        except GoogleAPICallError:
            return
        task.deleted = self.clock.now()

    async def run(self) -> None:
        """One that is not in flight: two attempts at once end in either order."""
        found = self.some_task()
        if found is None or found[1].name in self.target.held:
            return
        _, task = found
        self.log.append(f"run {task.name}")
        try:
            await self.client.run_task(name=task.name)
        except GoogleAPICallError:
            return
        task.runs.append(self.clock.now())

    async def pause(self) -> None:
        queue = self.some_queue()
        if not queue.pauses or queue.pauses[-1][1] <= self.clock.now():
            self.log.append(f"pause {queue.name}")
            await self.client.pause_queue(name=queue.name)
            queue.pauses.append([self.clock.now(), 2**62])

    async def resume(self) -> None:
        await self.resume_queue(self.some_queue())

    async def resume_queue(self, queue: QueueStory) -> None:
        self.log.append(f"resume {queue.name}")
        await self.client.resume_queue(name=queue.name)
        if queue.pauses:
            queue.pauses[-1][1] = min(queue.pauses[-1][1], self.clock.now())

    async def purge(self) -> None:
        queue = self.some_queue()
        self.log.append(f"purge {queue.name}")
        await self.client.purge_queue(name=queue.name)
        for task in queue.tasks.values():
            if task.gone is None:
                task.purged = self.clock.now()

    async def fault(self) -> None:
        """On attempts of a queue, or on the next CreateTask in the project."""
        queue = self.some_queue()
        attempts = [
            {"fail": control_pb2.Fail(http_status=503)},
            {"fail": control_pb2.Fail(http_status=429, after_effect=True)},
            {"cut_off": control_pb2.CutOff(after_effect=True)},
            {"deliver_twice": control_pb2.DeliverTwice()},
        ]
        calls = [
            {"fail": control_pb2.Fail(code=code_pb2.UNAVAILABLE)},
            {"fail": control_pb2.Fail(code=code_pb2.INTERNAL, after_effect=True)},
            {"cut_off": control_pb2.CutOff(after_effect=True)},
            {"lose_effect": control_pb2.LoseEffect()},
        ]
        if self.random.random() < 0.6:
            queue.has_faults = True
            match: dict[str, Any] = {"attempt": control_pb2.AttemptMatch(parent=queue.name)}
            action = self.random.choice(attempts)
        else:
            match = {"call": control_pb2.CallMatch(method="CreateTask", parent=self.project)}
            action = self.random.choice(calls)
            self.has_call_faults = True
        fault = control_pb2.Fault(times=self.random.randint(1, 2), **match, **action)
        self.log.append(f"fault {fault}")
        await self.control.CreateFault(control_pb2.CreateFaultRequest(fault=fault))

    async def release(self) -> None:
        if self.target.held:
            task = self.random.choice(sorted(self.target.held))
            self.log.append(f"release {task}")
            self.target.release(task)

    async def finish(self) -> None:
        """Let everything run to its end: answers for all that is held, no pause, and time."""
        for queue in self.queues:
            await self.resume_queue(queue)
        while True:
            for task in list(self.target.held):
                self.target.release(task)
            await self.move(_HOUR)
            wait = control_pb2.WaitIdleRequest(parent=self.project, timeout=Duration())
            if not self.target.held and (await self.control.WaitIdle(wait)).idle:
                break

    async def check(self) -> None:
        for queue in self.queues:
            attempts = await self.control.ListAttempts(
                control_pb2.ListAttemptsRequest(parent=queue.name, page_size=1_000)
            )
            finished = await self.control.ListFinishedTasks(
                control_pb2.ListFinishedTasksRequest(parent=queue.name, page_size=1_000)
            )
            assert not attempts.next_page_token
            deliveries = [d for d in self.target.deliveries if d.task.startswith(f"{queue.name}/")]
            Promises(queue, attempts.attempts, finished.finished_tasks, deliveries).check()
