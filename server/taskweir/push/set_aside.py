"""Queues that are left alone for a while, so that neither a fault of our own nor a store that refuses is met again and
again."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from taskweir.domain.errors import Unavailable
from taskweir.push.window import QueueWindow

_LOG: Final = logging.getLogger("taskweir.worker")
_PAUSE: Final = 1.0
"""Seconds of real time."""


class SetAside:
    """By uid."""

    def __init__(self, look_again: Callable[[QueueWindow], None]) -> None:
        """`look_again` is called when the time of a queue is over."""
        self._look_again = look_again
        self.queues: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self.queues)

    def __contains__(self, window: QueueWindow) -> bool:
        return window.queue.uid in self.queues

    def add(self, window: QueueWindow, error: Exception) -> None:
        """Leave a queue alone for what went wrong with it."""
        if not isinstance(error, Unavailable):
            _LOG.error("queue %s failed; it is looked at again later", window.queue.name, exc_info=error)
        self.queues.add(window.queue.uid)
        asyncio.get_running_loop().call_later(_PAUSE, self._look_again, window)

    def discard(self, window: QueueWindow) -> None:
        self.queues.discard(window.queue.uid)
