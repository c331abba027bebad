"""What a method may know of the call it serves, whatever transport carried it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

Metadata = Sequence[tuple[str, str | bytes]]


async def _nothing_to_send() -> None:
    """Of a call that is answered at once."""


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class HttpHead:
    """What came before the body of an HTTP request. Names of headers are as they were sent; a body that was compressed
    has been decompressed, and Content-Encoding is left out then."""

    method: str
    headers: Sequence[tuple[str, str]]


@dataclass(slots=True)
class Call:
    """`rpc` is the full path, e.g. google.cloud.tasks.v2.CloudTasks/CreateTask. `deadline` is in seconds of
    `time.monotonic`, None for a call without one. Names in `metadata` are lower case. `begin` has the client of a stream
    know that it has begun; `is_stopped` tells whether the stream ends because the server stops. `http` is None for a call
    over gRPC."""

    rpc: str
    metadata: Metadata
    deadline: float | None
    begin: Callable[[], Awaitable[object]] = _nothing_to_send
    is_stopped: Callable[[], bool] = _never
    http: HttpHead | None = None

    def header(self, name: str) -> str | None:
        """The first value sent under this name (lower case), if any."""
        for key, value in self.metadata:
            if key == name:
                return value if isinstance(value, str) else value.decode("latin-1")
        return None
