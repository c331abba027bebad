"""Whether queues that always have more to send keep their rates: 0.5, 50 and 500 a second, all at once."""

import asyncio
from collections.abc import Sequence
from typing import Final

from bench import aims
from bench.bucket import SPENT, kept
from bench.calls import Calls
from bench.filling import Filling, fill
from bench.options import Options
from bench.report import Report
from bench.requests import SERVICE, queue_name, resume_queue
from bench.servers import stop, taskweir
from bench.sink.sink import Arrival, running
from taskweir.domain.rate import burst_for_rate

_RATES: Final = (500.0, 50.0, 0.5)
_SMOKE_RATES: Final = (500.0, 50.0)
_SECONDS: Final = 10.0 + SPENT
_SMOKE_SECONDS: Final = 0.5 + SPENT
_FIRST: Final = 1_000_000
"""The numbers of each queue's tasks begin at a multiple of it."""
_LATE: Final = 0.010
"""Seconds by which an arrival may be late, so that those behind it seem to come too soon."""


async def run(options: Options, report: Report) -> None:
    rates = _SMOKE_RATES if options.smoke else _RATES
    seconds = _SMOKE_SECONDS if options.smoke else _SECONDS
    queues = [queue_name(f"rate-{place}-0") for place in range(len(rates))]
    async with running(options) as sink:
        fillings = [
            Filling(
                f"rate-{place}",
                1,
                burst_for_rate(rate) + round(rate * seconds * 1.5) + 10,
                first=place * _FIRST,
                url=sink.url,
                is_paused=True,
                rate=rate,
            )
            for place, rate in enumerate(rates)
        ]
        await fill(options.data("rates"), *fillings)
        async with await taskweir(options, "rates") as server:
            with await Calls.to(server.grpc, f"{SERVICE}/ResumeQueue", "name=rate") as calls:
                await calls.all(map(resume_queue, queues))
            await asyncio.sleep(seconds)
            arrivals = await sink.take()
            await stop(server)
    if len({arrival.number for arrival in arrivals}) != len(arrivals):
        raise RuntimeError("a task was delivered twice")
    for place, rate in enumerate(rates):
        _report(report, rate, [arrival for arrival in arrivals if arrival.number // _FIRST == place])


def _report(report: Report, rate: float, arrivals: Sequence[Arrival]) -> None:
    times = sorted(arrival.monotonic / 1e9 for arrival in arrivals)
    found = kept(times, rate, burst_for_rate(rate))
    is_aimed = rate == max(_RATES)
    report.note(f"{rate:g}/s: {len(times)} arrivals, {found.arrivals} of them after the bucket was empty")
    report.find(f"{rate:g}/s, rate", "/s", found.rate)
    off = aims.RATE_OFF_PERCENT if is_aimed else None
    report.find(f"{rate:g}/s, off by", "%", abs(found.off) * 100, off)
    over = aims.BURST_OVER_BUCKET if is_aimed else None
    excess = max(0.0, found.over - rate * _LATE)
    report.find(f"{rate:g}/s, beyond the bucket of {burst_for_rate(rate)}", "tasks", excess, over)
