"""The servers that are measured: our own, bare ones, and another that already runs."""

import time
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from tests.processes import ServerProcess

from bench.calls import Calls
from bench.options import Options
from bench.requests import PARENT, SERVICE, create_queue, queue_name


class Serving(Protocol):
    """Where calls go. `cpu_seconds` is its processor time so far, 0 where that is not known."""

    @property
    def grpc(self) -> str: ...

    def cpu_seconds(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Peer:
    """Another Cloud Tasks server, of which v2 over gRPC is used and nothing else."""

    grpc: str

    def cpu_seconds(self) -> float:
        return 0.0


async def taskweir(options: Options, name: str, *flags: str) -> ServerProcess:
    """Ours, on the run's data file of this name, where every answer waits for its commit."""
    log = options.log(name)
    return await ServerProcess.serving(options.data(name), log, "--log-level", "warning", *flags)


async def echo(options: Options) -> ServerProcess:
    """A bare grpc.aio server."""
    return await ServerProcess.started(("-m", "bench.baselines.echo"), options.log("echo"))


def peer(options: Options) -> AbstractAsyncContextManager[Peer | None]:
    """The one that was given, if one was."""
    return nullcontext(Peer(options.peer) if options.peer else None)


async def stop(server: ServerProcess) -> None:
    """As an operator does it. Raises RuntimeError when it does not end well."""
    if code := await server.stop():
        raise RuntimeError(f"the server stopped with exit code {code}")


async def make_queue(server: Serving, prefix: str, rate: float = 0, concurrent: int = 0) -> str:
    """A new queue with a name that no earlier run has used; its full name."""
    queue = queue_name(f"{prefix}-{time.time_ns():x}")
    with await Calls.to(server.grpc, f"{SERVICE}/CreateQueue", f"parent={PARENT}") as calls:
        await calls.call(create_queue(queue, rate, concurrent))
    return queue


async def make_fast_queue(server: Serving, prefix: str) -> str:
    """As fast as the server allows: not every other one takes more than production does."""
    try:
        return await make_queue(server, prefix, rate=100_000)
    except RuntimeError:
        return await make_queue(server, prefix, rate=500)
