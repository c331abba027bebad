"""10,000,000 queued tasks in 10,000 queues, built once and kept: start-up, memory, idle, GetTask, against empty."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Final

from bench import aims
from bench.calls import Calls
from bench.filling import Filling, fill, task_id
from bench.interleaving import interleaved
from bench.options import Options
from bench.report import Report
from bench.requests import LATER, SERVICE, get_task, queue_name
from bench.servers import stop, taskweir
from bench.starting import idle_percent, start
from bench.stored import check_tasks

_TASKS: Final = 10_000_000
_QUEUES: Final = 10_000
_ROUNDS: Final = 5
_IDLE_SECONDS: Final = 10.0
_FAR: Final = 10 * LATER
"""Ahead, so that the file can be used for days before a task is due."""


async def run(options: Options, report: Report) -> None:
    tasks, queues = options.count(_TASKS), options.count(_QUEUES)
    name = f"huge-{tasks}"
    kept = replace(options, directory=options.kept)
    await _build(kept, name, tasks, queues)
    await fill(options.data("empty"), Filling("bench", 1, 0))
    runs = {"empty": partial(start, options, "empty"), "huge": partial(start, kept, name)}
    found = await interleaved(options.rounds_or(_ROUNDS), runs)
    empty = report.add("ready with none after", "s", [one.ready for one in found["empty"]])
    huge = report.add(f"ready with {tasks:,} tasks after", "s", [one.ready for one in found["huge"]])
    report.ratio(f"ready with {tasks:,} over empty", huge, empty, aims.HUGE_START)
    little = report.add("resident with none", "MiB", [one.resident for one in found["empty"]])
    much = report.add(f"resident with {tasks:,} tasks", "MiB", [one.resident for one in found["huge"]])
    report.find(f"resident with {tasks:,} over empty", "MiB", much.median - little.median, aims.HUGE_MIB)
    share = await idle_percent(kept, name, options.seconds(_IDLE_SECONDS))
    report.find(f"idle with {tasks:,} tasks", "% of a core", share)
    await _check(kept, name, tasks, queues)
    size = (await asyncio.to_thread(kept.data(name).stat)).st_size
    report.note(f"the file has {size / 2**20:,.0f} MiB")


async def _build(options: Options, name: str, tasks: int, queues: int) -> None:
    """Nothing, where it is there already."""
    path = options.data(name)
    if await asyncio.to_thread(path.exists):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_suffix(".making")
    making.unlink(missing_ok=True)
    await fill(making, Filling("bench", queues, tasks, ahead=_FAR))
    making.rename(path)
    for left in path.parent.glob(f"{making.name}*"):
        left.unlink()


async def _check(options: Options, name: str, tasks: int, queues: int) -> None:
    """The server reads the first, the last and some between. Raises RuntimeError where it does not."""
    async with await taskweir(options, name) as server:
        with await Calls.to(server.grpc, f"{SERVICE}/GetTask", "name=bench") as calls:
            await calls.all(
                get_task(f"{queue_name(f'bench-{number % queues}')}/tasks/{task_id(number)}")
                for number in [*range(0, tasks, max(1, tasks // 100)), tasks - 1]
            )
        await stop(server)
    check_tasks(options.data(name), tasks)
