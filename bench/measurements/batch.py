"""BatchCreateTasks of 100, against bare SQLite inserts of the same row in batches of 256, both with synchronous=FULL."""

from typing import Any, Final

from bench import aims
from bench.baselines.running import outcome_of
from bench.driving import drive_same
from bench.interleaving import interleaved
from bench.options import Options
from bench.report import Report
from bench.requests import LATER, NOWHERE, SERVICE, batch_create_tasks, routing
from bench.servers import make_queue, stop, taskweir
from bench.stored import check_tasks

_TASKS: Final = 100
_IN_FLIGHT: Final = 4
_ROUNDS: Final = 5
_SECONDS: Final = 2.0
_ROWS: Final = 256


async def run(options: Options, report: Report) -> None:
    answered = begun = 0
    seconds = options.seconds(_SECONDS)
    async with await taskweir(options, "batch") as server:
        queue = await make_queue(server, "batch")
        message = batch_create_tasks(queue, NOWHERE, _TASKS, ahead=LATER)

        async def batches() -> dict[str, Any]:
            nonlocal answered, begun
            driven = await drive_same(
                server, f"{SERVICE}/BatchCreateTasks", routing(queue), message, _IN_FLIGHT, seconds=seconds
            )
            answered += driven.answered * _TASKS
            begun += driven.most * _TASKS
            return {"rate": driven.rate * _TASKS, "cpu_us": driven.cpu_us / _TASKS}

        async def bare() -> dict[str, Any]:
            return await outcome_of("bench.baselines.sqlite", options.data("bare"), seconds, _ROWS)

        found = await interleaved(options.rounds_or(_ROUNDS), {"batches": batches, "bare": bare})
        await stop(server)
    check_tasks(options.data("batch"), answered, begun)
    ours = report.add("tasks", "/s", [run["rate"] for run in found["batches"]])
    report.add("server", "µs CPU a task", [run["cpu_us"] for run in found["batches"]])
    rows = report.add("bare SQLite, rows", "/s", [run["rate"] for run in found["bare"]])
    report.ratio("BatchCreateTasks of bare SQLite", ours, rows, aims.BATCH_OF_SQLITE)
    report.find("tasks by BatchCreateTasks", "/s", ours.median, aims.BATCH_TASKS_A_SECOND)
