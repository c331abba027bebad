"""Load of a fixed number of calls in flight: each answer is followed by the next call of the same connection."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from bench.caller import Caller


@dataclass(slots=True)
class Load:
    """`answered` counts from the start, warm-up included."""

    message: Callable[[], bytes | None]
    """The next request; None when there are no more."""
    answered: int = 0
    on_message: Callable[[bytes], None] = lambda _answer: None
    _callers: list[Caller] = field(default_factory=list)
    _in_flight: int = 0
    _stopping: bool = False
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _error: str = ""

    async def connect(self, address: str, method: str, routing: str, *, connections: int) -> Self:
        for place in range(connections):
            on_answer = self._answer_to(place)
            self._callers.append(await Caller.connect(address, method, routing, on_answer))
        return self

    def begin(self, *, streams: int) -> None:
        """Have this many calls in flight on each connection."""
        for caller in self._callers:
            for _ in range(streams):
                self._call(caller)

    async def measure(self, seconds: float) -> tuple[int, float]:
        """Calls answered in about this time, and that time exactly."""
        before, begin = self.answered, time.monotonic()
        await asyncio.sleep(seconds)
        return self.answered - before, time.monotonic() - begin

    async def stop(self) -> None:
        """Make no new calls and wait for the answers. Raises RuntimeError when a call failed."""
        self._stopping = True
        await self.finished()

    async def finished(self) -> None:
        """Wait until there are no more messages. Raises RuntimeError when a call failed."""
        await self._idle.wait()
        for caller in self._callers:
            caller.close()
        if self._error:
            raise RuntimeError(self._error)

    def _call(self, caller: Caller) -> None:
        message = None if self._stopping else self.message()
        if message is None:
            if not self._in_flight:
                self._idle.set()
            return
        self._in_flight += 1
        caller.call(message)

    def _answer_to(self, place: int) -> Callable[[int, bytes | None], None]:
        def on_answer(_stream: int, answer: bytes | None) -> None:
            self._in_flight -= 1
            if answer is None:
                self._error = "a call failed"
                self._stopping = True
            else:
                self.answered += 1
                self.on_message(answer)
            self._call(self._callers[place])

        return on_answer
