"""Start-up time and resident memory with 0, 10,000 and 1,000,000 queued tasks."""

from functools import partial
from typing import Final

from bench.filling import Filling, fill
from bench.interleaving import interleaved
from bench.options import Options
from bench.report import Report
from bench.requests import LATER
from bench.starting import start
from bench.stored import check_tasks

_SIZES: Final = (0, 10_000, 1_000_000)
_ROUNDS: Final = 5


async def run(options: Options, report: Report) -> None:
    sizes = {f"memory-{size}": options.count(size) for size in _SIZES}
    for name, size in sizes.items():
        await fill(options.data(name), Filling("bench", 10, size, ahead=LATER))
    runs = {name: partial(start, options, name) for name in sizes}
    found = await interleaved(options.rounds_or(_ROUNDS), runs)
    ready, resident = [], []
    for name, size in sizes.items():
        check_tasks(options.data(name), size)
        ready.append(report.add(f"ready with {size:,} tasks after", "s", [one.ready for one in found[name]]))
        resident.append(
            report.add(f"resident with {size:,} tasks", "MiB", [one.resident for one in found[name]])
        )
    for place, size in list(enumerate(sizes.values()))[1:]:
        report.ratio(f"ready with {size:,} over empty", ready[place], ready[0])
        more = resident[place].median - resident[0].median
        report.find(f"resident with {size:,} over empty", "MiB", more)
