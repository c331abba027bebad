"""Processor time of an idle server with 1,000,000 future tasks in 10,000 queues, against one with none."""

import asyncio
from typing import Final

from bench import aims
from bench.filling import Filling, fill
from bench.options import Options
from bench.report import Report
from bench.requests import LATER
from bench.starting import idle_percent

_TASKS: Final = 1_000_000
_QUEUES: Final = 10_000
_SECONDS: Final = 10.0


async def run(options: Options, report: Report) -> None:
    tasks, queues = options.count(_TASKS), options.count(_QUEUES)
    await fill(options.data("empty"), Filling("bench", 1, 0))
    await fill(options.data("full"), Filling("bench", queues, tasks, ahead=LATER))
    seconds = options.seconds(_SECONDS)
    # At the same time: processor time is each one's own.
    shares = await asyncio.gather(*(idle_percent(options, name, seconds) for name in ("empty", "full")))
    report.add("empty", "% of a core", shares[:1])
    full = report.add(f"{tasks:,} tasks in {queues:,} queues", "% of a core", shares[1:])
    report.find("idle", "% of a core", full.median, aims.IDLE_PERCENT)
