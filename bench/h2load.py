"""h2load, nghttp2's load generator, as a client that repeats one gRPC call or one HTTP request at next to no cost.

It does not look at `grpc-status`: whoever uses it counts what the calls left behind.
"""

import asyncio
import re
import resource
import shutil
import tempfile
from collections.abc import Sequence
from typing import Final, NamedTuple

_RATE: Final = re.compile(r"finished in [^,]+, ([0-9.]+) req/s")
_REQUESTS: Final = re.compile(r"requests: \d+ total, (\d+) started, \d+ done, (\d+) succeeded")
_GRPC: Final = ("content-type: application/grpc", "te: trailers")


class Repeated(NamedTuple):
    """`started` are those that were begun, of which the last may have been cut off; `cpu` is in seconds."""

    succeeded: int
    started: int
    seconds: float
    cpu: float


def is_installed() -> bool:
    return shutil.which("h2load") is not None


async def repeat_call(
    address: str,
    method: str,
    routing: str,
    message: bytes,
    shape: tuple[int, int],
    *,
    seconds: float = 0,
    count: int = 0,
) -> Repeated:
    """A unary call, for a time or so many times. `shape` is how many connections, and calls on each at a time."""
    body = b"\x00" + len(message).to_bytes(4, "big") + message
    headers = (*_GRPC, f"x-goog-request-params: {routing}")
    return await _run(f"http://{address}/{method}", body, headers, shape, (), seconds, count)


async def repeat_post(
    url: str, content: bytes, connections: int, *, seconds: float = 0, count: int = 0
) -> Repeated:
    """A POST of JSON over HTTP/1.1."""
    headers = ("content-type: application/json",)
    return await _run(url, content, headers, (connections, 1), ("--h1",), seconds, count)


async def _run(
    url: str,
    body: bytes,
    headers: Sequence[str],
    shape: tuple[int, int],
    options: Sequence[str],
    seconds: float,
    count: int,
) -> Repeated:
    connections, streams = shape
    duration = (f"-n{count}",) if count else (f"-D{round(seconds * 1e3)}ms",)
    before = _children_cpu()
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        process = await asyncio.create_subprocess_exec(
            "h2load",
            *options,
            f"-c{connections}",
            f"-m{streams}",
            *duration,
            f"-d{file.name}",
            *(word for header in headers for word in ("-H", header)),
            url,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
    return read_output(output.decode(), _children_cpu() - before)


def read_output(output: str, cpu: float) -> Repeated:
    """Raises RuntimeError when no request succeeded."""
    rate, requests = _RATE.search(output), _REQUESTS.search(output)
    if rate is None or requests is None or not int(requests[2]):
        raise RuntimeError(f"h2load made no calls: {output[-1_000:]}")
    succeeded = int(requests[2])
    return Repeated(succeeded, int(requests[1]), succeeded / float(rate[1]), cpu)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
