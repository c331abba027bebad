"""Creating and dispatching at the same time, against creating alone: the same load, tasks due at once or later."""

import time
from typing import Final

from bench import aims
from bench.driving import drive_same
from bench.interleaving import interleaved
from bench.options import Options
from bench.report import Report
from bench.requests import LATER, SERVICE, create_task, routing
from bench.servers import make_fast_queue, stop, taskweir
from bench.sink.sink import running
from bench.stored import check_tasks

_TASKS: Final = 20_000
_IN_FLIGHT: Final = 64
_ROUNDS: Final = 4


async def run(options: Options, report: Report) -> None:
    tasks, rounds = options.count(_TASKS), options.rounds_or(_ROUNDS)
    async with running(options) as sink, await taskweir(options, "together", "--relax-limits") as server:
        later, now = [await make_fast_queue(server, name) for name in ("later", "now")]

        async def create(queue: str, message: bytes) -> float:
            driven = await drive_same(
                server, f"{SERVICE}/CreateTask", routing(queue), message, _IN_FLIGHT, count=tasks
            )
            if driven.answered != tasks:
                raise RuntimeError(f"{driven.answered} calls of {tasks} were answered")
            return driven.rate

        async def alone() -> float:
            return await create(later, create_task(later, ahead=LATER))

        async def together() -> float:
            """Until the last of them was delivered."""
            begin = time.monotonic_ns()
            await create(now, create_task(now, f"{sink.url}/0"))
            arrivals = await sink.take_when(tasks)
            if len(arrivals) != tasks:
                raise RuntimeError(f"{len(arrivals)} deliveries of {tasks} tasks")
            return tasks / (max(arrival.monotonic for arrival in arrivals) - begin) * 1e9

        found = await interleaved(rounds, {"alone": alone, "together": together})
        await stop(server)
    check_tasks(options.data("together"), rounds * tasks)
    alone_rate = report.add("created", "tasks/s", found["alone"])
    both = report.add("created and dispatched", "tasks/s", found["together"])
    report.ratio("create and dispatch of create alone", both, alone_rate, aims.TOGETHER_OF_ALONE)
