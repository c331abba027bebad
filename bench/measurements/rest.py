"""CreateTask over REST, and over gRPC on the HTTP port, against gRPC on its own port."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tests.processes import ServerProcess

from bench import h2load, http1
from bench.driving import Driven, drive_same
from bench.interleaving import interleaved
from bench.options import Options
from bench.report import Report
from bench.requests import LATER, SERVICE, create_task, create_task_json, routing
from bench.servers import make_queue, stop, taskweir
from bench.stored import check_tasks

_IN_FLIGHT: Final = 64
_ROUNDS: Final = 4
_SECONDS: Final = 1.5
_GRPC: Final = "gRPC"


@dataclass(frozen=True, slots=True)
class _HttpPort:
    """gRPC by the other port of a server."""

    server: ServerProcess

    @property
    def grpc(self) -> str:
        return self.server.http

    def cpu_seconds(self) -> float:
        return self.server.cpu_seconds()


async def run(options: Options, report: Report) -> None:
    seconds = options.seconds(_SECONDS)
    async with await taskweir(options, "rest") as server:
        queue = await make_queue(server, "rest")

        async def by_grpc(port: ServerProcess | _HttpPort) -> Driven:
            message = create_task(queue, ahead=LATER)
            return await drive_same(
                port, f"{SERVICE}/CreateTask", routing(queue), message, _IN_FLIGHT, seconds=seconds
            )

        runs: dict[str, Callable[[], Awaitable[Driven]]] = {
            _GRPC: lambda: by_grpc(server),
            "REST": lambda: _post(server, queue, seconds),
            "gRPC on the HTTP port": lambda: by_grpc(_HttpPort(server)),
        }
        found = await interleaved(options.rounds_or(_ROUNDS), runs)
        await stop(server)
    every = [driven for rounds in found.values() for driven in rounds]
    check_tasks(
        options.data("rest"), sum(driven.answered for driven in every), sum(driven.most for driven in every)
    )
    rates = {}
    for name, rounds in found.items():
        report.add(f"{name}: CPU", "µs a call", [driven.cpu_us for driven in rounds])
        rates[name] = report.add(f"{name}, {_IN_FLIGHT} in flight", "/s", [driven.rate for driven in rounds])
    for name in list(rates)[1:]:
        report.ratio(f"{name} of {_GRPC}", rates[name], rates[_GRPC])


async def _post(server: ServerProcess, queue: str, seconds: float) -> Driven:
    url, content = f"http://{server.http}/v2/{queue}/tasks", create_task_json(ahead=LATER)
    before = server.cpu_seconds()
    if h2load.is_installed():
        made = await h2load.repeat_post(url, content, _IN_FLIGHT, seconds=seconds)
        count, taken, most = made.succeeded, made.seconds, made.started
        busy = made.cpu / taken
    else:
        count, taken = await http1.repeat_post(url, content, _IN_FLIGHT, seconds)
        most, busy = count, 0.0
    used = server.cpu_seconds() - before
    return Driven(count, taken, most, used / count * 1e6, busy)
