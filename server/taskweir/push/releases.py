"""Claimed tasks on their way back to the store."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from taskweir.domain.errors import Unavailable
from taskweir.domain.model import Task
from taskweir.store.base import Store

_LOG: Final = logging.getLogger("taskweir.worker")
_AGAIN_AFTER: Final = 1.0
"""Seconds of real time before the store is asked again after it refused."""


class Releases:
    """Keeps what the store cannot take back now for later: it would stay held for ever."""

    def __init__(self, store: Store, wake: Callable[[], object]) -> None:
        """`wake` is called when it is time to `flush`."""
        self._store = store
        self._wake = wake
        self._tasks: list[Task] = []
        self._under_way: list[Task] = []
        self._paused = False

    def __len__(self) -> int:
        return len(self._tasks) + len(self._under_way)

    def queues(self) -> set[int]:
        """Uids of the queues of which a task is on its way."""
        return {task.queue_uid for tasks in (self._tasks, self._under_way) for task in tasks}

    def add(self, tasks: Sequence[Task]) -> None:
        self._tasks += tasks
        self._wake()

    async def flush(self) -> None:
        """Release what there is, unless the store refused a moment ago."""
        if not self._tasks or self._paused:
            return
        self._under_way, self._tasks = self._tasks, []
        try:
            await self._store.release(self._under_way)
        except Exception as error:
            # Whatever it is, the tasks must not be lost for it.
            if not isinstance(error, Unavailable):
                _LOG.exception("tasks could not be released; it is tried again")
            self._tasks = self._under_way + self._tasks
            self._pause()
        finally:
            self._under_way = []

    def _pause(self) -> None:
        self._paused = True
        asyncio.get_running_loop().call_later(_AGAIN_AFTER, self._go_on)

    def _go_on(self) -> None:
        self._paused = False
        self._wake()
