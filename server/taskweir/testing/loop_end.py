"""Closing what belongs to a loop before that ends."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress


class LoopEnd:
    """Awaits `close` when the loop that runs now ends, or sooner, when this is dropped.

    Fixtures that are no coroutines are finished after the loop of their test, when it is too late; and a channel that
    is left open has gRPC log a line when its server stops. Loops finish the asynchronous generators that they have
    begun, so this begins one.
    """

    def __init__(self, close: Callable[[], Awaitable[object]]) -> None:
        self._waiting = _wait(close)
        with suppress(StopIteration):
            self._waiting.__anext__().__await__().__next__()


async def _wait(close: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await close()
