"""CreateTask, every answer after a commit with synchronous=FULL, against a bare grpc.aio echo under the same load.

The tasks are due later, so that nothing is dispatched meanwhile. Afterwards the rows in the data file are counted.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final

from bench import aims
from bench.driving import Driven, drive_each, drive_same
from bench.interleaving import interleaved
from bench.options import Options
from bench.report import Report, Series
from bench.requests import LATER, SERVICE, create_task, named_tasks, routing
from bench.servers import Serving, echo, make_queue, peer, stop, taskweir
from bench.stored import check_tasks

_METHOD: Final = f"{SERVICE}/CreateTask"
_IN_FLIGHT: Final = (1, 16, 64, 256)
_SMALL: Final = 100
_LARGE: Final = 100_000
_ROUNDS: Final = 3
_SECONDS: Final = 0.8
_ROUNDS_OF_AIM: Final = 5
_SECONDS_OF_AIM: Final = 2.0
_WARM_UP: Final = 0.5

_Run = Callable[[], Awaitable[Driven]]


async def run(options: Options, report: Report) -> None:
    async with await echo(options) as bare, peer(options) as other:
        for size, kinds in ((_SMALL, ("unnamed", "named")), (_LARGE, ("unnamed", "named"))):
            await _measure(options, report, bare, other, size, kinds)
    await _compare_transports(options, report)


async def _compare_transports(options: Options, report: Report) -> None:
    """The server's own code, and grpcio, which speaks gRPC for a server that is otherwise the same."""
    own, reference = "create-own", "create-grpcio"
    async with (
        await taskweir(options, own) as fast,
        await taskweir(options, reference, "--grpc-transport", "grpcio") as slow,
    ):
        servers = {own: fast, reference: slow}
        loads = {
            name: _Load(server, await make_queue(server, name), _SMALL) for name, server in servers.items()
        }
        for load in loads.values():
            await load.unnamed(64, options.seconds(_WARM_UP))
        seconds = options.seconds(_SECONDS_OF_AIM)
        found = await interleaved(
            options.rounds_or(_ROUNDS),
            {name: partial(load.unnamed, 64, seconds) for name, load in loads.items()},
        )
        for server in servers.values():
            await stop(server)
    what = "64 in flight"
    rates = {
        name: _add(report, f"CreateTask, {name.removeprefix('create-')}, {what}", runs)
        for name, runs in found.items()
    }
    report.ratio(f"CreateTask of --grpc-transport grpcio, {what}", rates[own], rates[reference])
    for name, load in loads.items():
        check_tasks(options.data(name), load.answered, load.begun)


async def _measure(
    options: Options, report: Report, bare: Serving, other: Serving | None, size: int, kinds: Sequence[str]
) -> None:
    """With bodies of one size, on a data file of their own."""
    name = f"create-{size}"
    async with await taskweir(options, name) as server:
        servers: dict[str, Serving] = {"CreateTask": server, "echo": bare}
        if other is not None:
            servers["peer"] = other
        queues = {who: await _queue(who, where) for who, where in servers.items()}
        loads = {who: _Load(servers[who], queues[who], size) for who in servers}
        for load in loads.values():
            await load.unnamed(64, options.seconds(_WARM_UP))
        if size == _SMALL:
            rounds, seconds = options.rounds_or(_ROUNDS_OF_AIM), options.seconds(_SECONDS_OF_AIM)
            runs = {who: partial(load.unnamed, 64, seconds) for who, load in loads.items()}
            await _compare(report, rounds, runs, "64 in flight, FULL", aim=True)
        for kind in kinds:
            for in_flight in _IN_FLIGHT:
                seconds = options.seconds(_SECONDS)
                runs = {who: partial(getattr(load, kind), in_flight, seconds) for who, load in loads.items()}
                what = f"{kind}, {'100 KB' if size == _LARGE else '100 B'}, {in_flight} in flight"
                await _compare(report, options.rounds_or(_ROUNDS), runs, what)
        await stop(server)
    made = loads["CreateTask"]
    check_tasks(options.data(name), made.answered, made.begun)


async def _queue(who: str, server: Serving) -> str:
    return (
        "projects/local/locations/us-central1/queues/echo"
        if who == "echo"
        else await make_queue(server, who.lower())
    )


class _Load:
    """On one server. `answered` and `begun` count its calls."""

    def __init__(self, server: Serving, queue: str, size: int) -> None:
        self._server = server
        self._queue = queue
        self._size = size
        self.answered = 0
        self.begun = 0

    async def unnamed(self, in_flight: int, seconds: float) -> Driven:
        message = create_task(self._queue, ahead=LATER, size=self._size)
        return self._counted(
            await drive_same(self._server, _METHOD, routing(self._queue), message, in_flight, seconds=seconds)
        )

    async def named(self, in_flight: int, seconds: float) -> Driven:
        messages = named_tasks(self._queue, size=self._size)
        return self._counted(
            await drive_each(
                self._server, _METHOD, routing(self._queue), messages, in_flight, seconds=seconds
            )
        )

    def _counted(self, driven: Driven) -> Driven:
        self.answered += driven.answered
        self.begun += driven.most
        return driven


async def _compare(
    report: Report, rounds: int, runs: Mapping[str, _Run], what: str, *, aim: bool = False
) -> None:
    found = await interleaved(rounds, runs)
    rates = {who: _add(report, f"{who}, {what}", driven) for who, driven in found.items()}
    report.ratio(
        f"CreateTask of echo, {what}",
        rates["CreateTask"],
        rates["echo"],
        aims.CREATE_OF_ECHO if aim else None,
    )
    if "peer" in rates:
        report.ratio(f"CreateTask of peer, {what}", rates["CreateTask"], rates["peer"])
    if aim:
        busiest = max(run.busy for driven in found.values() for run in driven)
        report.note(f"the client was busy {busiest:.0%} of the time at most")


def _add(report: Report, name: str, driven: Sequence[Driven]) -> Series:
    if any(run.cpu_us for run in driven):
        report.add(f"{name}: CPU", "µs a call", [run.cpu_us for run in driven])
    return report.add(name, "/s", [run.rate for run in driven])
