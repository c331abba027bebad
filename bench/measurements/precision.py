"""How late tasks arrive after their schedule time, 500 of them a second, within production's limits."""

import time
from typing import Final

from bench import aims
from bench.calls import Calls
from bench.interleaving import interleaved
from bench.options import Options
from bench.quantiles import quantile
from bench.report import Report
from bench.requests import SERVICE, batch_of, create_request, routing
from bench.servers import make_queue, stop, taskweir
from bench.sink.sink import check_each_once, running

_RATE: Final = 500
_SECONDS: Final = 4.0
_QUEUES: Final = 4
_BATCH: Final = 100
_LEAD: Final = 1.5
"""Seconds in which all are created before the first is due."""
_ROUNDS: Final = 3


async def run(options: Options, report: Report) -> None:
    batches = max(_QUEUES, int(_RATE * options.seconds(_SECONDS)) // _BATCH)
    tasks = batches * _BATCH
    async with running(options) as sink, await taskweir(options, "precision") as server:
        queues = [await make_queue(server, "precision") for _ in range(_QUEUES)]

        async def late() -> list[float]:
            """In milliseconds."""
            await sink.take()
            first = time.time_ns() + int(_LEAD * 1e9)
            due = [first + number * 1_000_000_000 // _RATE // 1_000 * 1_000 for number in range(tasks)]
            for place in range(batches):
                queue = queues[place % _QUEUES]
                # Every queue has tasks all the time.
                requests = [
                    create_request(queue, f"{sink.url}/{number}", at_ns=due[number])
                    for number in range(place, tasks, batches)
                ]
                with await Calls.to(server.grpc, f"{SERVICE}/BatchCreateTasks", routing(queue)) as calls:
                    await calls.call(batch_of(queue, requests))
            if time.time_ns() > first:
                raise RuntimeError("the first task was due before the last was created: the machine is busy")
            arrivals = await sink.take_when(tasks)
            check_each_once(arrivals, tasks, "scheduled tasks")
            times = [(arrival.real - due[arrival.number]) / 1e6 for arrival in arrivals]
            if min(times) < 0:
                raise RuntimeError(f"a task was sent {-min(times):.3f} ms before its time")
            return times

        found = await interleaved(options.rounds_or(_ROUNDS), {"late": late})
        await stop(server)
    report.add("late, p50", "ms", [quantile(times, 0.50) for times in found["late"]])
    p99 = report.add("late, p99", "ms", [quantile(times, 0.99) for times in found["late"]])
    report.add("late, most", "ms", [max(times) for times in found["late"]])
    report.find(f"late at {_RATE}/s, p99", "ms", p99.median, aims.LATE_P99_MS)
