"""Large bodies are parsed, and large replies written, beside the event loop, where everything else would wait meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from taskweir.api.methods import Read
from taskweir.api.rest.late_error import LateError

T = TypeVar("T")

LARGE_BODY: Final = 1 << 20
"""Bytes; parsing a smaller one takes less than a hop to a thread is worth, unless it has many values."""
_MANY: Final = 5_000
"""Values in JSON, which take about as long."""
LARGE_REPLY: Final = 64 << 10
"""Bytes of a message; as JSON it takes some 15 ms to write, if it is made of many small values."""
_AT_A_TIME: Final = 2


def is_long_work(body: bytes) -> bool:
    """To parse. Commas, or something that looks like them, are between values."""
    return len(body) > LARGE_BODY or body.count(b",") > _MANY


class SideThreads:
    """As many as work at a time; what else there is to do waits."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="taskweir-beside")

    def run(self, work: Callable[[], T]) -> Awaitable[T]:
        """What `work` returns or raises."""
        return asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def carried_out(self, read: Read) -> Read:
        """What `read` makes or raises, made by now."""
        try:
            message = await self.run(read)
        except Exception as error:  # where every call is counted, a bug is told from a refusal
            return LateError(error)
        return lambda: message

    def close(self) -> None:
        """What waits is not begun."""
        self._threads.shutdown(wait=False, cancel_futures=True)
