"""A handler of tasks that records what it gets and answers as it is told."""

import asyncio
import threading
from collections import defaultdict, deque
from types import TracebackType
from typing import Self

from taskweir.testing.answer import Answer, Request, Scripted, answer_to
from taskweir.testing.errors import NotCalled
from taskweir.testing.http_thread import HttpThread
from taskweir.testing.times import Span, as_timedelta


class Handler:
    """An HTTP server on a free port of 127.0.0.1, in a thread. As a context manager, it is closed at the end."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._requests: list[Request] = []
        self._scripts: dict[str | None, deque[Scripted]] = defaultdict(deque)
        self._always: dict[str | None, Scripted] = {}
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._under_way: set[threading.Event] = set()
        self._is_closed = False
        self._http = HttpThread(self._receive)

    def url(self, path: str = "/") -> str:
        """Where to send tasks."""
        return f"http://127.0.0.1:{self._http.port}/{path.removeprefix('/')}"

    @property
    def requests(self) -> list[Request]:
        """What came so far, in the order of arrival."""
        with self._changed:
            return list(self._requests)

    def answers(self, *script: Scripted, path: str | None = None) -> None:
        """Answer with these, one request each, after those told before; then as `always` says, else 200.

        With a path (without the query), only there, and before what is told for any path.
        """
        with self._changed:
            self._scripts[path].extend(script)

    def always(self, answer: Scripted, *, path: str | None = None) -> None:
        """What is answered where no script is left; with a path, only there."""
        with self._changed:
            self._always[path] = answer

    def wait_for(self, count: int = 1, timeout: Span = 10) -> list[Request]:
        """All requests so far, once there are so many. Raises NotCalled.

        In a coroutine use `wait_for_async`: this one would stop the loop, and whatever runs on it.
        """
        __tracebackhide__ = True
        if _is_in_loop():
            raise RuntimeError("in a coroutine: await handler.wait_for_async(…)")
        seconds = as_timedelta(timeout).total_seconds()
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._requests) >= count, seconds):
                raise self._not_called(count, seconds)
            return list(self._requests)

    async def wait_for_async(self, count: int = 1, timeout: Span = 10) -> list[Request]:
        """As `wait_for`, for `await`."""
        __tracebackhide__ = True
        seconds = as_timedelta(timeout).total_seconds()
        arrived = asyncio.Event()
        waiter = (asyncio.get_running_loop(), arrived)
        with self._changed:
            self._waiting.add(waiter)
        try:
            async with asyncio.timeout(seconds):
                while len(self.requests) < count:
                    await arrived.wait()
                    arrived.clear()
        except TimeoutError:
            raise self._not_called(count, seconds) from None
        finally:
            with self._changed:
                self._waiting.discard(waiter)
        return self.requests

    def _not_called(self, count: int, seconds: float) -> NotCalled:
        return NotCalled(f"{len(self._requests)} of {count} requests came within {seconds:g} s")

    def release(self) -> None:
        """Let all answers go that hang or are delayed, to requests that came so far."""
        with self._changed:
            for released in self._under_way:
                released.set()

    def clear(self) -> None:
        """Forget requests and scripts; what hangs goes on hanging."""
        with self._changed:
            self._requests.clear()
            self._scripts.clear()
            self._always.clear()

    def close(self) -> None:
        """Release what hangs, and stop."""
        with self._changed:
            self._is_closed = True
        self.release()
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # In the threads of the connections.

    def _receive(self, request: Request) -> Answer:
        released = threading.Event()
        with self._changed:
            scripted = self._next(request.path)
            self._requests.append(request)
            # From here on, so that who has waited for the request can release its answer.
            self._under_way.add(released)
            if self._is_closed:
                released.set()
            self._changed.notify_all()
            for loop, arrived in self._waiting:
                loop.call_soon_threadsafe(arrived.set)
        answer = answer_to(request, scripted)
        if answer.hang or answer.delay:
            released.wait(None if answer.hang else answer.delay)
        with self._changed:
            self._under_way.discard(released)
        return answer

    def _next(self, path: str) -> Scripted:
        for where in (path, None):
            if self._scripts[where]:
                return self._scripts[where].popleft()
        return self._always.get(path, self._always.get(None, 200))


class Handlers:
    """Handlers that are closed together."""

    def __init__(self) -> None:
        self._open: list[Handler] = []

    def add(self) -> Handler:
        self._open.append(Handler())
        return self._open[-1]

    def close(self) -> None:
        while self._open:
            self._open.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _is_in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
