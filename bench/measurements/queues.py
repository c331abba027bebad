"""10,000 queues: made by CreateQueue, listed, started with, and CreateTask to them all against CreateTask to one."""

from collections.abc import Sequence
from itertools import cycle
from typing import Final

from bench.calls import Calls
from bench.driving import Driven, drive_each
from bench.interleaving import interleaved
from bench.options import Options
from bench.report import Report
from bench.requests import LATER, PARENT, SERVICE, create_queue, create_task, queue_name
from bench.servers import Serving, stop, taskweir
from bench.starting import start
from bench.stored import check_tasks
from taskweir_pb.v2 import cloudtasks_pb2

_QUEUES: Final = 10_000
_IN_FLIGHT: Final = 64
_ROUNDS: Final = 4
_SECONDS: Final = 1.0
_METHOD: Final = f"{SERVICE}/CreateTask"


async def run(options: Options, report: Report) -> None:
    names = [queue_name(f"bench-{number}") for number in range(options.count(_QUEUES))]
    seconds = options.seconds(_SECONDS)
    async with await taskweir(options, "queues") as server:
        messages = iter([create_queue(name) for name in names])
        driven = await drive_each(
            server, f"{SERVICE}/CreateQueue", f"parent={PARENT}", messages, _IN_FLIGHT, count=len(names)
        )
        report.add("CreateQueue", "/s", [driven.rate])
        await _check_listed(server, names)

        async def to_one() -> Driven:
            return await _create(server, names[:1], seconds)

        async def to_all() -> Driven:
            return await _create(server, names, seconds)

        runs = {"CreateTask to one queue": to_one, f"CreateTask to {len(names):,}": to_all}
        found = await interleaved(options.rounds_or(_ROUNDS), runs)
        resident = server.resident_mib()
        await stop(server)
    check_tasks(options.data("queues"), sum(run.answered for runs_ in found.values() for run in runs_))
    one, every = (report.add(name, "/s", [run.rate for run in runs_]) for name, runs_ in found.items())
    report.ratio("CreateTask to all of one", every, one)
    started = await start(options, "queues")
    report.add("resident before the stop", "MiB", [resident])
    report.add(f"ready with {len(names):,} queues after", "s", [started.ready])
    report.add(f"resident with {len(names):,} queues after a start", "MiB", [started.resident])


async def _create(server: Serving, queues: Sequence[str], seconds: float) -> Driven:
    messages = cycle([create_task(queue, ahead=LATER) for queue in queues])
    return await drive_each(server, _METHOD, f"parent={queues[0]}", messages, _IN_FLIGHT, seconds=seconds)


async def _check_listed(server: Serving, names: Sequence[str]) -> None:
    """Raises RuntimeError unless ListQueues has them all."""
    listed: set[str] = set()
    token = ""
    with await Calls.to(server.grpc, f"{SERVICE}/ListQueues", f"parent={PARENT}") as calls:
        while token or not listed:
            request = cloudtasks_pb2.ListQueuesRequest(parent=PARENT, page_token=token)
            answer = cloudtasks_pb2.ListQueuesResponse.FromString(
                await calls.call(request.SerializeToString())
            )
            listed |= {queue.name for queue in answer.queues}
            token = answer.next_page_token
    if listed != set(names):
        raise RuntimeError(f"{len(listed)} queues of {len(names)} were listed")
