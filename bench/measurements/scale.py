"""What CreateTask, GetTask, a page of ListTasks and a claim cost with 1,000,000 tasks queued, against 1,000."""

from collections.abc import Mapping
from functools import partial
from itertools import cycle
from typing import Any, Final

from bench import aims
from bench.baselines.running import outcome_of
from bench.driving import Driven, drive_each, drive_same
from bench.filling import Filling, fill, task_id
from bench.interleaving import interleaved
from bench.options import Options
from bench.report import Report
from bench.requests import LATER, SERVICE, create_task, get_task, list_tasks, queue_name, routing
from bench.servers import Serving, stop, taskweir
from bench.stored import check_tasks

_FEW: Final = 1_000
_MANY: Final = 1_000_000
_PAGE: Final = 100
_IN_FLIGHT: Final = 16
_ROUNDS: Final = 6
_SECONDS: Final = 0.7
_WARM_UP: Final = 0.5
_QUEUE: Final = queue_name("bench-0")


async def run(options: Options, report: Report) -> None:
    sizes = {"few": options.count(_FEW), "many": options.count(_MANY)}
    for name, size in sizes.items():
        # Due, so that they can be claimed, and paused, so that they are not sent.
        await fill(options.data(name), Filling("bench", 1, size, is_paused=True))
    rounds = options.rounds_or(_ROUNDS)
    claims: Any = await outcome_of("bench.claiming", rounds, *(options.data(name) for name in sizes))
    for name, size, times in zip(sizes, sizes.values(), claims, strict=True):
        check_tasks(options.data(name), size)
        report.add(f"claim of 10, {size:,} queued", "µs", times)
    few, many = report.series
    report.ratio("claim: cost", many, few, aims.COST_OF_A_MILLION)
    await _calls(options, report, sizes, rounds)


async def _calls(options: Options, report: Report, sizes: Mapping[str, int], rounds: int) -> None:
    async with await taskweir(options, "few") as few, await taskweir(options, "many") as many:
        servers = {"few": few, "many": many}
        created: dict[str, list[Driven]] = {}
        for what, drive in (
            ("GetTask", _get),
            (f"ListTasks, a page of {_PAGE}", _list),
            ("CreateTask", _create),
        ):
            runs = {
                name: partial(drive, server, sizes[name], options.seconds(_SECONDS))
                for name, server in servers.items()
            }
            warm = {
                name: [await drive(server, sizes[name], options.seconds(_WARM_UP))]
                for name, server in servers.items()
            }
            found = await interleaved(rounds, runs)
            created = {name: warm[name] + found[name] for name in servers}
            _report(report, what, sizes, found)
        await stop(few)
        await stop(many)
    for name, size in sizes.items():
        least, most = (
            size + sum(getattr(run, field) for run in created[name]) for field in ("answered", "most")
        )
        check_tasks(options.data(name), least, most)


def _report(report: Report, what: str, sizes: Mapping[str, int], found: Mapping[str, list[Driven]]) -> None:
    times, costs = [], []
    for name, size in sizes.items():
        runs = found[name]
        times.append(
            report.add(f"{what}, {size:,} queued", "µs of time a call", [1e6 / run.rate for run in runs])
        )
        costs.append(report.add(f"{what}, {size:,} queued", "µs CPU a call", [run.cpu_us for run in runs]))
    report.ratio(f"{what}: time", times[1], times[0], aims.COST_OF_A_MILLION)
    report.ratio(f"{what}: CPU", costs[1], costs[0])


async def _get(server: Serving, size: int, seconds: float) -> Driven:
    """Tasks all over the queue."""
    numbers = range(0, size, max(1, size // 1_000))
    messages = cycle([get_task(f"{_QUEUE}/tasks/{task_id(number)}") for number in numbers])
    return await drive_each(server, f"{SERVICE}/GetTask", "name=bench", messages, _IN_FLIGHT, seconds=seconds)


async def _list(server: Serving, _size: int, seconds: float) -> Driven:
    messages = cycle([list_tasks(_QUEUE, _PAGE)])
    return await drive_each(
        server, f"{SERVICE}/ListTasks", routing(_QUEUE), messages, _IN_FLIGHT, seconds=seconds
    )


async def _create(server: Serving, _size: int, seconds: float) -> Driven:
    message = create_task(_QUEUE, ahead=LATER)
    return await drive_same(
        server, f"{SERVICE}/CreateTask", routing(_QUEUE), message, _IN_FLIGHT, seconds=seconds
    )
