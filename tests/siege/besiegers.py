"""The ways to besiege a server. As a program: `python -m tests.siege.besiegers GRPC_PORT HTTP_PORT WAY=NUMBER …`, which
says `ready` once for each way."""

import asyncio
import contextlib
import gzip
import random
import resource
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SETTINGS: Final = b"\0\0\0\4\0\0\0\0\0"
_GET: Final = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
_TASKS: Final = b"POST /v2/projects/p/locations/l/queues/q/tasks HTTP/1.1\r\nHost: localhost\r\n"
_BOMB: Final = 192 << 20
"""Bytes that a bomb unpacks to: more than a body may have."""
_HEALTH: Final = "/grpc.health.v1.Health/Check"
_FRAME: Final = 16 << 10
"""Bytes of the frames that any server takes."""
_AT_ONCE: Final = 200
"""Connections that are being made."""
_BREATH: Final = 1.0
"""Seconds until who was cut off comes again."""
_NAP: Final = 10.0
"""The same, at least, for who does nothing: those are to be there, not to come all at once again and again."""


@dataclass(frozen=True)
class Target:
    grpc: int
    http: int


Way = Callable[[Target, int], Awaitable[None]]


async def idle_over_grpc(target: Target, number: int) -> None:
    """Connections that speak HTTP/2, and call nothing."""
    await _hold(target.grpc, number, lambda _: _PREFACE + _SETTINGS)


async def idle_over_http(target: Target, number: int) -> None:
    """Connections that say nothing; that were answered once; and that are gRPC's."""
    firsts = (b"", _GET, _PREFACE + _SETTINGS)
    await _hold(target.http, number, lambda which: firsts[which % len(firsts)])


async def _hold(port: int, number: int, first: Callable[[int], bytes]) -> None:
    making = asyncio.Semaphore(_AT_ONCE)
    held = asyncio.Event()
    count = 0

    async def hold(which: int) -> None:
        nonlocal count
        is_new = True
        while True:
            with contextlib.suppress(OSError):
                async with making:
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                count += is_new
                is_new = False
                if count == number:
                    held.set()
                writer.write(first(which))
                while await reader.read(1 << 16):
                    pass
                writer.close()
            await asyncio.sleep(random.uniform(_NAP, 3 * _NAP))

    async with asyncio.TaskGroup() as group:
        for which in range(number):
            group.create_task(hold(which))
        await held.wait()
        _say_ready()


async def slow_senders(target: Target, number: int) -> None:
    """Half of them send a head by a byte a second, half a body."""

    async def send(which: int) -> None:
        head, rest = (_TASKS, b"X: a\r\n") if which % 2 else (_TASKS + b"Content-Length: 9999\r\n\r\n", b" ")
        async with _connected(target.http) as writer:
            writer.write(head)
            at = 0
            while not writer.is_closing():
                writer.write(rest[at % len(rest)].to_bytes())
                at += 1
                await asyncio.sleep(1.0)

    await _again_and_again(send, number)


async def endless_heads(target: Target, number: int) -> None:
    """Small headers, large ones, and one without an end."""
    lines = (b"X: a\r\n", b"X: " + b"a" * 2_000 + b"\r\n", b"a")

    async def send(which: int) -> None:
        line = lines[which % len(lines)]
        async with _connected(target.http) as writer:
            writer.write(_TASKS + b"Y: ")
            while not writer.is_closing():
                writer.write(line * (16_000 // len(line)))
                await writer.drain()

    await _again_and_again(send, number)


async def bombs(target: Target, number: int) -> None:
    """Compressed bodies that unpack to a thousand times as much, once and twice."""
    bomb = gzip.compress(bytes(_BOMB), compresslevel=1)
    twice = gzip.compress(bomb)
    head = _TASKS + b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n"

    async def send(which: int) -> None:
        body, encoding = (bomb, b"gzip") if which % 2 else (twice, b"gzip, gzip")
        async with _connected(target.http) as writer:
            writer.write(head % (encoding, len(body)) + body)
            await writer.drain()
            await asyncio.sleep(0.2)

    await _again_and_again(send, number)


async def frames(target: Target, number: int) -> None:
    """HTTP/2 frames without an end: headers that go on, settings, pings."""
    floods = (
        b"\0\0\1\1\0\0\0\0\1\x82"
        + (b"\x00\x40\x00\x09\0\0\0\0\1" + b"\0\1x\x7f\x80\x7f" + b"a" * 16_378) * 20,
        _SETTINGS * 500,
        (b"\0\0\x08\6\0\0\0\0\0" + bytes(8)) * 500,
    )

    async def send(which: int) -> None:
        async with _connected(target.grpc) as writer:
            writer.write(_PREFACE + _SETTINGS)
            while not writer.is_closing():
                writer.write(floods[which % len(floods)])
                await writer.drain()

    await _again_and_again(send, number)


async def resets(target: Target, number: int) -> None:
    """Calls that are begun and given up at once."""
    begin = _head(_HEALTH)

    async def send(_: int) -> None:
        async with _connected(target.grpc) as writer:
            writer.write(_PREFACE + _SETTINGS)
            for stream in range(1, 1 << 30, 2):
                writer.write(_frame(1, 4, stream, begin) + _frame(3, 0, stream, bytes(4)))
                await writer.drain()

    await _again_and_again(send, number)


async def packed_messages(target: Target, number: int) -> None:
    """Compressed messages of gRPC that unpack to more than a message may have."""
    bomb = gzip.compress(bytes(_BOMB), compresslevel=1)
    message = b"\1" + len(bomb).to_bytes(4, "big") + bomb
    begin = _head("/google.cloud.tasks.v2.CloudTasks/CreateTask", ("grpc-encoding", "gzip"))
    parts = [message[at : at + _FRAME] for at in range(0, len(message), _FRAME)]

    async def send(_: int) -> None:
        async with _connected(target.grpc) as writer:
            writer.write(_PREFACE + _SETTINGS)
            for stream in (1, 3, 5):
                writer.write(_frame(1, 4, stream, begin))
                writer.write(b"".join(_frame(0, 0, stream, part) for part in parts) + _frame(0, 1, stream))
            await writer.drain()
            await asyncio.sleep(2.0)

    await _again_and_again(send, number)


async def deaf_callers(target: Target, number: int) -> None:
    """Hundreds of calls at a time whose long answers nobody reads."""
    begin = _head("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
    asked = b"\x22\x20google.cloud.tasks.v2.CloudTasks"
    message = _frame(0, 1, 0, b"\0" + len(asked).to_bytes(4, "big") + asked)

    async def ask(_: int) -> None:
        async with _connected(target.grpc) as writer:
            writer.write(_PREFACE + _SETTINGS)
            for stream in range(1, 1_801, 2):
                writer.write(
                    _frame(1, 4, stream, begin) + message[:5] + stream.to_bytes(4, "big") + message[9:]
                )
            await asyncio.sleep(3_600)

    await _again_and_again(ask, number)


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def _head(path: str, *more: tuple[str, str]) -> bytes:
    """Of a call, as a block of headers without compression."""
    fields = (
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        *more,
    )
    return b"".join(
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in fields
    )


async def deaf_readers(target: Target, number: int) -> None:
    """They ask for long answers and read none."""

    async def ask(_: int) -> None:
        async with _connected(target.http) as writer:
            writer.write(_GET.replace(b"healthz", b"openapi.json") * 100)
            await asyncio.sleep(3_600)

    await _again_and_again(ask, number)


@contextlib.asynccontextmanager
async def _connected(port: int) -> AsyncIterator[asyncio.StreamWriter]:
    """What is answered is read as far as a buffer of its own takes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
    try:
        yield writer
    finally:
        writer.transport.abort()
        # It would be closed with the last that knows of it.
        del reader


async def _again_and_again(attack: Callable[[int], Awaitable[None]], number: int) -> None:
    async def go_on(which: int) -> None:
        while True:
            with contextlib.suppress(OSError):
                await attack(which)
            await asyncio.sleep(_BREATH)

    async with asyncio.TaskGroup() as group:
        for which in range(number):
            group.create_task(go_on(which))
        _say_ready()


def _say_ready() -> None:
    print("ready", flush=True)


WAYS: Final[dict[str, Way]] = {
    way.__name__: way
    for way in (
        idle_over_grpc,
        idle_over_http,
        slow_senders,
        endless_heads,
        bombs,
        frames,
        resets,
        packed_messages,
        deaf_readers,
        deaf_callers,
    )
}


def main() -> None:
    grpc, http, *ways = sys.argv[1:]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(_besiege(Target(int(grpc), int(http)), dict(way.split("=") for way in ways)))


async def _besiege(target: Target, numbers: dict[str, str]) -> None:
    await asyncio.gather(*(WAYS[way](target, int(number)) for way, number in numbers.items()))


if __name__ == "__main__":
    main()
