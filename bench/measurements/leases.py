"""Tasks leased and acknowledged by workers, of a short pull queue and of one of 1,000,000; synchronous=FULL.

Each worker leases some tasks and acknowledges them all at once, over connections of its own, again and again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from tests.processes import ServerProcess

from bench import aims
from bench.calls import Calls
from bench.filling import Filling, fill
from bench.interleaving import interleaved
from bench.options import Options
from bench.report import Report
from bench.requests import queue_name, routing
from bench.servers import stop, taskweir
from bench.stored import check_tasks
from taskweir_pb.v2beta2 import cloudtasks_pb2, task_pb2

_SERVICE: Final = "google.cloud.tasks.v2beta2.CloudTasks"
_SHORT: Final = 1_000
_LONG: Final = 1_000_000
_ROUND: Final = 1_000
"""Tasks, all that a short queue has."""
_ROUNDS: Final = 6
_AT_ONCE: Final = 50
"""Tasks of a lease."""
_WORKERS: Final = (1, 8)
_LEASE_SECONDS: Final = 600
_WARM_UP: Final = 1
"""Rounds of each kind that do not count: the first call of each kind costs more."""


class _Worked(NamedTuple):
    """Microseconds a task, of time and of the server's processor."""

    time_us: float
    cpu_us: float


async def run(options: Options, report: Report) -> None:
    rounds = options.rounds_or(_ROUNDS)
    short, long, tasks = options.count(_SHORT), options.count(_LONG), options.count(_ROUND)
    turns = (_WARM_UP + rounds) * len(_WORKERS)
    long = max(long, turns * tasks)
    # A short queue is empty after a round, and each round has one of its own.
    await fill(options.data("short"), Filling("bench", turns, turns * short, is_pull=True))
    await fill(options.data("long"), Filling("bench", 1, long, is_pull=True))
    left = iter([queue_name(f"bench-{number}") for number in range(turns)])
    async with (
        await taskweir(options, "short", "--lease-rate", "0") as at_short,
        await taskweir(options, "long", "--lease-rate", "0") as at_long,
    ):
        for workers in _WORKERS:
            runs: dict[str, Callable[[], Awaitable[_Worked]]] = {
                f"{short:,} queued": partial(_next, at_short, left, workers, tasks),
                f"{long:,} queued": partial(_work, at_long, queue_name("bench-0"), workers, tasks),
            }
            await interleaved(_WARM_UP, runs)
            _report(report, workers, await interleaved(rounds, runs))
        await stop(at_short)
        await stop(at_long)
    check_tasks(options.data("short"), turns * (short - tasks))
    check_tasks(options.data("long"), long - turns * tasks)


def _report(report: Report, workers: int, found: dict[str, list[_Worked]]) -> None:
    who = f"{workers} worker{'s' if workers > 1 else ''}"
    times, costs = [], []
    for size, rounds in found.items():
        report.add(f"{who}, {size}", "tasks/s", [1e6 / worked.time_us for worked in rounds])
        times.append(report.add(f"{who}, {size}", "µs of time a task", [worked.time_us for worked in rounds]))
        costs.append(report.add(f"{who}, {size}", "µs CPU a task", [worked.cpu_us for worked in rounds]))
    report.ratio(f"lease and acknowledge, {who}: time", times[1], times[0], aims.COST_OF_A_MILLION)
    report.ratio(f"lease and acknowledge, {who}: CPU", costs[1], costs[0])


async def _next(server: ServerProcess, queues: Iterator[str], workers: int, tasks: int) -> _Worked:
    return await _work(server, next(queues), workers, tasks)


async def _work(server: ServerProcess, queue: str, workers: int, tasks: int) -> _Worked:
    before, begin = server.cpu_seconds(), time.monotonic()
    await asyncio.gather(*(_worker(server.grpc, queue, tasks // workers) for _ in range(workers)))
    taken, used = time.monotonic() - begin, server.cpu_seconds() - before
    return _Worked(taken / tasks * 1e6, used / tasks * 1e6)


async def _worker(address: str, queue: str, share: int) -> None:
    """Leases its share of tasks and acknowledges them."""
    with (
        await Calls.to(address, f"{_SERVICE}/LeaseTasks", routing(queue)) as leases,
        await Calls.to(address, f"{_SERVICE}/AcknowledgeTask", routing(queue)) as acknowledgements,
    ):
        left = share
        while left:
            tasks = await _lease(leases, queue, min(left, _AT_ONCE))
            await acknowledgements.all(tasks)
            left -= len(tasks)


async def _lease(leases: Calls, queue: str, count: int) -> Sequence[bytes]:
    """What acknowledges each of the tasks. Raises RuntimeError when there are none."""
    request = cloudtasks_pb2.LeaseTasksRequest(parent=queue, max_tasks=count)
    request.lease_duration.seconds = _LEASE_SECONDS
    request.response_view = task_pb2.Task.FULL
    answer = cloudtasks_pb2.LeaseTasksResponse.FromString(await leases.call(request.SerializeToString()))
    if not answer.tasks:
        raise RuntimeError("there was nothing to lease")
    return [
        cloudtasks_pb2.AcknowledgeTaskRequest(
            name=task.name, schedule_time=task.schedule_time
        ).SerializeToString()
        for task in answer.tasks
    ]
