"""GetTask against a bare grpc.aio echo of the same task, and ListTasks in pages of 1,000, of a short queue and a long."""

import time
from collections.abc import Mapping
from functools import partial
from itertools import cycle
from typing import Final

from bench.calls import Calls
from bench.driving import Driven, drive_each, drive_same
from bench.filling import Filling, fill
from bench.interleaving import interleaved
from bench.options import Options
from bench.report import Report
from bench.requests import LATER, SERVICE, create_task, get_task, list_tasks, queue_name, routing
from bench.servers import Serving, echo, make_queue, peer, stop, taskweir
from taskweir_pb.v2 import cloudtasks_pb2

_SHORT: Final = 1_000
_LONG: Final = 100_000
_PAGE: Final = 1_000
_IN_FLIGHT: Final = 64
_ROUNDS: Final = 4
_SECONDS: Final = 1.0


async def run(options: Options, report: Report) -> None:
    short, long = options.count(_SHORT), options.count(_LONG)
    fillings = Filling("short", 1, short, ahead=LATER), Filling("long", 1, long, ahead=LATER)
    await fill(options.data("reads"), *fillings)
    async with (
        await taskweir(options, "reads") as server,
        await echo(options) as bare,
        peer(options) as other,
    ):
        sizes = {queue_name("short-0"): short, queue_name("long-0"): long}
        await _gets(options, report, server, bare)
        await _lists(options, report, "ListTasks", server, sizes)
        if other is not None:
            theirs = {await _filled(other, "short", short): short, await _filled(other, "long", long): long}
            await _lists(options, report, "peer's ListTasks", other, theirs)
        await stop(server)


async def _filled(server: Serving, prefix: str, count: int) -> str:
    queue = await make_queue(server, prefix)
    message = create_task(queue, ahead=LATER)
    await drive_same(server, f"{SERVICE}/CreateTask", routing(queue), message, _IN_FLIGHT, count=count)
    return queue


async def _gets(options: Options, report: Report, server: Serving, bare: Serving) -> None:
    seconds = options.seconds(_SECONDS)
    queue = queue_name("long-0")
    names = [name for page in (await _pages(server, queue, _PAGE))[1][:1] for name in page]

    async def get() -> Driven:
        messages = cycle([get_task(name) for name in names])
        return await drive_each(
            server, f"{SERVICE}/GetTask", f"name={names[0]}", messages, _IN_FLIGHT, seconds=seconds
        )

    async def answer() -> Driven:
        message = create_task(queue)
        return await drive_each(
            bare, f"{SERVICE}/CreateTask", routing(queue), cycle([message]), _IN_FLIGHT, seconds=seconds
        )

    found = await interleaved(options.rounds_or(_ROUNDS), {"GetTask": get, "echo": answer})
    rates = {}
    for name, driven in found.items():
        report.add(f"{name}: CPU", "µs a call", [run.cpu_us for run in driven])
        rates[name] = report.add(f"{name}, {_IN_FLIGHT} in flight", "/s", [run.rate for run in driven])
    report.ratio("GetTask of echo", rates["GetTask"], rates["echo"])


async def _lists(
    options: Options, report: Report, what: str, server: Serving, sizes: Mapping[str, int]
) -> None:
    runs = {queue: partial(_list, server, queue, size) for queue, size in sizes.items()}
    found = await interleaved(options.rounds_or(_ROUNDS), runs)
    for queue, seconds in found.items():
        size = sizes[queue]
        report.add(
            f"{what}, a queue of {size:,} in pages of {_PAGE:,}", "tasks/s", [size / s for s in seconds]
        )


async def _list(server: Serving, queue: str, size: int) -> float:
    """Seconds that all the pages took. Raises RuntimeError unless every task was on one."""
    seconds, pages = await _pages(server, queue, _PAGE)
    names = {name for page in pages for name in page}
    if len(names) != size or sum(map(len, pages)) != size:
        raise RuntimeError(f"{len(names)} of {size} tasks were listed")
    return seconds


async def _pages(server: Serving, queue: str, size: int) -> tuple[float, list[list[str]]]:
    """Names, page for page, and how long it took to get them: reading them in this client does not count."""
    pages: list[list[str]] = []
    token, seconds = "", 0.0
    with await Calls.to(server.grpc, f"{SERVICE}/ListTasks", routing(queue)) as calls:
        while token or not pages:
            before = time.monotonic()
            content = await calls.call(list_tasks(queue, size, token))
            seconds += time.monotonic() - before
            answer = cloudtasks_pb2.ListTasksResponse.FromString(content)
            pages.append([task.name for task in answer.tasks])
            token = answer.next_page_token
    return seconds, pages
