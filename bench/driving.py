"""Load with a fixed number of calls in flight, by the cheapest client that can make it."""

import time
from collections.abc import Callable, Iterator
from itertools import islice, repeat
from typing import NamedTuple

from bench import h2load
from bench.load import Load
from bench.servers import Serving

_MOST_CONNECTIONS = 8


class Driven(NamedTuple):
    """Calls that were answered in so many seconds. `most` are those that may have had an effect; `cpu_us` is the
    server's processor time a call, and `busy` the part of its time in which the client's processor was busy."""

    answered: int
    seconds: float
    most: int
    cpu_us: float
    busy: float

    @property
    def rate(self) -> float:
        return self.answered / self.seconds


def shape_of(in_flight: int) -> tuple[int, int]:
    """Connections, and calls on each."""
    connections = min(_MOST_CONNECTIONS, in_flight)
    return connections, in_flight // connections


async def drive_same(
    server: Serving,
    method: str,
    routing: str,
    message: bytes,
    in_flight: int,
    *,
    seconds: float = 0,
    count: int = 0,
) -> Driven:
    """The same call, for a time or so many times."""
    if not h2load.is_installed():
        return await drive_each(
            server, method, routing, repeat(message), in_flight, seconds=seconds, count=count
        )
    shape, before = shape_of(in_flight), server.cpu_seconds()
    made = await h2load.repeat_call(
        server.grpc, method, routing, message, shape, seconds=seconds, count=count
    )
    used = server.cpu_seconds() - before
    return Driven(
        made.succeeded, made.seconds, made.started, used / made.succeeded * 1e6, made.cpu / made.seconds
    )


async def drive_each(
    server: Serving,
    method: str,
    routing: str,
    messages: Iterator[bytes],
    in_flight: int,
    *,
    seconds: float = 0,
    count: int = 0,
    on_message: Callable[[bytes], None] = lambda _answer: None,
) -> Driven:
    """A call for each message, for a time or so many of them."""
    messages = islice(messages, count) if count else messages
    connections, streams = shape_of(in_flight)
    load = Load(lambda: next(messages, None), on_message=on_message)
    await load.connect(server.grpc, method, routing, connections=connections)
    server_before, client_before, begin = server.cpu_seconds(), time.process_time(), time.monotonic()
    load.begin(streams=streams)
    if seconds:
        await load.measure(seconds)
        await load.stop()
    else:
        await load.finished()
    taken, used = time.monotonic() - begin, server.cpu_seconds() - server_before
    busy = (time.process_time() - client_before) / taken
    return Driven(load.answered, taken, load.answered, used / load.answered * 1e6, busy)
