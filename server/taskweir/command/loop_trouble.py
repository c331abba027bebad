"""What the event loop tells of by itself."""

import asyncio
import errno
import logging
import time
from collections.abc import Callable
from typing import Any, Final

_LOG: Final = logging.getLogger(__name__)

_NO_ROOM: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_QUIET: Final = 1.0
"""Seconds between two warnings."""


class LoopTrouble:
    """The loop's exception handler. asyncio's own writes a traceback for each connection that it cannot accept, thousands
    at once where no file is left; here that is one warning a second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next_warning = float("-inf")

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        accepting = str(context.get("message", "")).startswith("socket.accept()")
        if not (accepting and isinstance(error, OSError) and error.errno in _NO_ROOM):
            loop.default_exception_handler(context)
        elif self._clock() >= self._next_warning:
            self._next_warning = self._clock() + _QUIET
            _LOG.warning("connections wait: none can be accepted: %s", error.strerror)
