"""Large bodies are parsed beside the event loop, where everything else would wait meanwhile."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, NoReturn

from taskweir.api.methods import Read

LARGE: Final = 1 << 20
"""Bytes of a body; parsing a smaller one takes less than a hop to a thread is worth."""
_AT_A_TIME: Final = 2


class ParsingThreads:
    """As many as parse at a time; other bodies wait."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="taskweir-parsing")

    async def carried_out(self, read: Read) -> Read:
        """What `read` makes or raises, made by now."""
        try:
            message = await asyncio.get_running_loop().run_in_executor(self._threads, read)
        except Exception as error:  # where every call is counted, a bug is told from a refusal
            return partial(_raise, error)
        return lambda: message

    def close(self) -> None:
        """What waits is not begun."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _raise(error: Exception) -> NoReturn:
    raise error
