"""Due tasks dispatched as fast as the server can, with relaxed limits, against a bare CurlMulti loop to the same sink."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, NamedTuple

from bench import aims
from bench.baselines.running import outcome_of
from bench.calls import Calls
from bench.driving import drive_each
from bench.filling import Filling, fill
from bench.interleaving import interleaved
from bench.options import Options
from bench.report import Report
from bench.requests import SERVICE, create_task, queue_name, resume_queue, routing
from bench.servers import Peer, make_fast_queue, stop, taskweir
from bench.sink.sink import Arrival, Sink, check_each_once, running
from bench.stored import check_tasks

_TASKS: Final = 50_000
_IN_FLIGHT: Final = 1_000
"""Over all queues, which share them evenly: what one queue may have by default."""
_FEWER: Final = 64
_ROUNDS: Final = 3
_SETTLE: Final = 0.3
"""Seconds for the last answers to be recorded, so that their cost is counted too."""
_PEERS_TASKS: Final = 20_000
_PEERS_QUEUES: Final = 10
_PEERS_LEAD: Final = 0.0005
"""Seconds a task that a peer is given to take them all before the first is due."""


class Drained(NamedTuple):
    """`cpu_us` is microseconds of processor time a task, 0 where that is not known."""

    rate: float
    cpu_us: float = 0.0


async def run(options: Options, report: Report) -> None:
    tasks = options.count(_TASKS)
    async with running(options) as sink:
        runs: dict[str, Callable[[], Awaitable[Drained]]] = {
            f"CurlMulti loop, {_IN_FLIGHT:,} in flight": partial(_bare, sink, tasks, _IN_FLIGHT),
            "10 queues, history": partial(_drain, options, sink, tasks, 10),
            f"CurlMulti loop, {_FEWER} in flight": partial(_bare, sink, tasks, _FEWER),
            "10 queues, no history": partial(_drain, options, sink, tasks, 10, "--history-size", "0"),
            "1 queue, history": partial(_drain, options, sink, tasks, 1),
            "1,000 queues, history": partial(_drain, options, sink, tasks, 1_000),
        }
        if options.peer:
            runs["peer, 10 queues"] = partial(
                _peer, Peer(options.peer), sink, min(tasks, options.count(_PEERS_TASKS))
            )
        found = await interleaved(options.rounds_or(_ROUNDS), runs)
    series = {}
    for name, drained in found.items():
        if drained[0].cpu_us:
            report.add(f"{name}: CPU", "µs a task", [run.cpu_us for run in drained])
        series[name] = report.add(name, "tasks/s", [run.rate for run in drained])
    bare, ours = list(series.values())[:2]
    report.ratio("10 queues, history, of the CurlMulti loop", ours, bare, aims.DRAIN_OF_CURL)
    cpu = sorted(run.cpu_us for run in found["10 queues, history"])
    report.find("CPU a task of 10 queues, history", "µs", cpu[len(cpu) // 2], aims.DRAIN_CPU_US)


async def _bare(sink: Sink, tasks: int, in_flight: int) -> Drained:
    await sink.take()
    found = await outcome_of("bench.baselines.curl", sink.url, tasks, in_flight)
    check_each_once(await sink.take_when(tasks), tasks, "the CurlMulti loop")
    return Drained(found["rate"], found["cpu_us"])


async def _drain(options: Options, sink: Sink, tasks: int, queues: int, *flags: str) -> Drained:
    data = options.data("drain")
    for path in data.parent.glob(f"{data.name}*"):
        path.unlink()
    each = max(1, _IN_FLIGHT // queues)
    await fill(
        data, Filling("bench", queues, tasks, url=sink.url, is_paused=True, rate=100_000, concurrent=each)
    )
    await sink.take()
    async with await taskweir(options, "drain", "--relax-limits", *flags) as server:
        before = server.cpu_seconds()
        with await Calls.to(server.grpc, f"{SERVICE}/ResumeQueue", "name=bench") as calls:
            await calls.all(resume_queue(queue_name(f"bench-{number}")) for number in range(queues))
        arrivals = await sink.take_when(tasks)
        await asyncio.sleep(_SETTLE)
        used = server.cpu_seconds() - before
        await stop(server)
    check_each_once(arrivals, tasks, f"a drain of {queues} queues")
    check_tasks(data, 0)
    return Drained(_rate(arrivals), used / tasks * 1e6)


async def _peer(server: Peer, sink: Sink, tasks: int) -> Drained:
    """All are due at one time, which comes when they have all been created."""
    await sink.take()
    due = await _create_for_later(server, sink, tasks)
    arrivals = await sink.take_when(tasks)
    check_each_once(arrivals, tasks, "the peer")
    if min(arrival.real for arrival in arrivals) < due:
        raise RuntimeError("the peer sent a task before its time")
    return Drained(_rate(arrivals))


async def _create_for_later(server: Peer, sink: Sink, tasks: int) -> int:
    queues = [await make_fast_queue(server, "bench") for _ in range(_PEERS_QUEUES)]
    due = time.time_ns() + int((1 + tasks * _PEERS_LEAD) * 1e9)
    messages = (
        create_task(queues[number % _PEERS_QUEUES], f"{sink.url}/{number}", at_ns=due)
        for number in range(tasks)
    )
    await drive_each(server, f"{SERVICE}/CreateTask", routing(queues[0]), messages, _FEWER, count=tasks)
    return due


def _rate(arrivals: list[Arrival]) -> float:
    times = [arrival.monotonic for arrival in arrivals]
    return (len(times) - 1) / (max(times) - min(times)) * 1e9
