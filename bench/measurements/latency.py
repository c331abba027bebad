"""From CreateTask to the target's first byte, synchronous=FULL, at steady rates; and what one commit takes on this disk.

The clock starts when the request is written to the socket and stops when the target reads of the task.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, NamedTuple

from bench import aims
from bench.baselines.running import outcome_of
from bench.interleaving import interleaved
from bench.options import Options
from bench.paced import paced
from bench.quantiles import quantile
from bench.report import Report
from bench.requests import SERVICE, create_task, routing
from bench.servers import Serving, make_fast_queue, peer, stop, taskweir
from bench.sink.sink import Sink, check_each_once, running

_RATES: Final = {50: 5.0, 500: 3.0, 2_000: 2.0}
"""Tasks a second, and for how many seconds of a round."""
_ROUNDS: Final = 3
_COMMITS_SECONDS: Final = 2.0


class Quantiles(NamedTuple):
    """In milliseconds."""

    p50: float
    p99: float


async def run(options: Options, report: Report) -> None:
    async with (
        running(options) as sink,
        await taskweir(options, "latency", "--relax-limits") as server,
        peer(options) as other,
    ):
        runs: dict[str, Callable[[], Awaitable[Quantiles]]] = {"one commit": partial(_commits, options)}
        for who, where in {"": server, "peer, ": other}.items():
            if where is not None:
                queue = await make_fast_queue(where, "latency")
                for rate, seconds in _RATES.items():
                    count = max(20, int(rate * options.seconds(seconds)))
                    runs[f"{who}{rate:,}/s"] = partial(_latencies, where, sink, queue, rate, count)
        found = await interleaved(options.rounds_or(_ROUNDS), runs)
        await stop(server)
    for name, rounds in found.items():
        p50 = report.add(f"{name}, p50", "ms", [times.p50 for times in rounds])
        p99 = report.add(f"{name}, p99", "ms", [times.p99 for times in rounds])
        if name == "50/s":
            report.find("latency at 50/s, p50", "ms", p50.median, aims.LATENCY_P50_MS)
            report.find("latency at 50/s, p99", "ms", p99.median, aims.LATENCY_P99_MS)


async def _latencies(server: Serving, sink: Sink, queue: str, rate: float, count: int) -> Quantiles:
    messages = [create_task(queue, f"{sink.url}/{number}") for number in range(count)]
    await sink.take()
    sent = await paced(server.grpc, f"{SERVICE}/CreateTask", routing(queue), messages, rate)
    arrivals = await sink.take_when(count)
    check_each_once(arrivals, count, f"{rate}/s")
    times = [(arrival.monotonic - sent[arrival.number]) / 1e6 for arrival in arrivals]
    return Quantiles(quantile(times, 0.50), quantile(times, 0.99))


async def _commits(options: Options) -> Quantiles:
    """Of a bare commit of one row every 20 ms."""
    seconds = options.seconds(_COMMITS_SECONDS)
    found = await outcome_of("bench.baselines.sqlite", options.data("commits"), seconds, 1, 0.02)
    return Quantiles(found["p50_ms"], found["p99_ms"])
