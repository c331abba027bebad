"""A handler of tasks that records what it gets and answers as it is told."""

import asyncio
import threading
import warnings
from collections import deque
from types import TracebackType
from typing import Self

from taskweir.testing.answer import Answer, Request, Scripted, answer_to, checked
from taskweir.testing.errors import NotCalled
from taskweir.testing.http_thread import HttpThread
from taskweir.testing.times import Span, as_timedelta

__tracebackhide__ = True  # what a test is told of is its own line


class Handler:
    """An HTTP server on a free port, in a thread. As a context manager, it is closed at the end.

    `host` is what its URLs name, and where it listens, unless `bind` says where: for a server in a container, which
    must reach this machine by a name, `Handler(host="host.docker.internal", bind="0.0.0.0")`.
    """

    def __init__(self, *, host: str = "127.0.0.1", bind: str = "") -> None:
        self._changed = threading.Condition()
        self._requests: list[Request] = []
        self._errors: list[BaseException] = []
        self._scripts: dict[str | None, deque[Scripted]] = {}
        self._always: dict[str | None, Scripted] = {}
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._under_way: dict[threading.Event, str] = {}
        self._is_closed = False
        self._host = f"[{host}]" if ":" in host else host
        self._http = HttpThread(self._receive, bind or host)

    def url(self, path: str = "/") -> str:
        """Where to send tasks."""
        return f"http://{self._host}:{self._http.port}/{path.removeprefix('/')}"

    @property
    def requests(self) -> list[Request]:
        """What came so far, in the order of arrival."""
        with self._changed:
            return list(self._requests)

    @property
    def errors(self) -> list[BaseException]:
        """What scripts raised so far, or why what they gave is no answer. Each was answered with 500."""
        with self._changed:
            return list(self._errors)

    def answers(self, *script: Scripted, path: str | None = None) -> None:
        """Answer with these, one request each, after those told before; then as `always` says, else 200.

        With a path (without the query), only there, and before what is told for any path. Raises TypeError or
        ValueError for what is no answer.
        """
        replies = [checked(scripted) for scripted in script]
        with self._changed:
            self._scripts.setdefault(path, deque()).extend(replies)

    def always(self, answer: Scripted, *, path: str | None = None) -> None:
        """What is answered where no script is left; with a path, only there."""
        reply = checked(answer)
        with self._changed:
            self._always[path] = reply

    def wait_for(self, count: int = 1, timeout: Span = 10) -> list[Request]:
        """All requests so far, once there are so many. Raises NotCalled.

        In a coroutine use `wait_for_async`: this one would stop the loop, and whatever runs on it.
        """
        if _is_in_loop():
            raise RuntimeError("in a coroutine: await handler.wait_for_async(…)")
        seconds = as_timedelta(timeout).total_seconds()
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._requests) >= count, seconds):
                raise self._not_called(count, seconds)
            return list(self._requests)

    async def wait_for_async(self, count: int = 1, timeout: Span = 10) -> list[Request]:
        """As `wait_for`, for `await`."""
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
        """Forget requests, errors and scripts; what hangs goes on hanging."""
        with self._changed:
            self._requests.clear()
            self._errors.clear()
            self._scripts.clear()
            self._always.clear()

    def close(self) -> None:
        """Release what hangs, and stop. A script that does not return is left running, and warned of."""
        with self._changed:
            self._is_closed = True
        self.release()
        self._http.close()
        with self._changed:
            still = sorted(self._under_way.values())
            self._under_way.clear()
        if still:
            warnings.warn(f"a handler was closed while scripts run: {'; '.join(still)}", stacklevel=2)

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
            self._under_way[released] = f"{_name(scripted)} for {request.method} {request.target}"
            if self._is_closed:
                released.set()
            self._changed.notify_all()
            for loop, arrived in self._waiting:
                loop.call_soon_threadsafe(arrived.set)
        answer = self._answer(request, scripted)
        if answer.hang or answer.delay:
            released.wait(None if answer.hang else as_timedelta(answer.delay).total_seconds())
        with self._changed:
            self._under_way.pop(released, None)
        return answer

    def _next(self, path: str) -> Scripted:
        for where in (path, None):
            if script := self._scripts.get(where):
                return script.popleft()
        return self._always.get(path, self._always.get(None, 200))

    def _answer(self, request: Request, scripted: Scripted) -> Answer:
        try:
            return answer_to(request, scripted)
        except (
            BaseException
        ) as error:  # the test's code, which is told of it; pytest.fail() raises no Exception
            with self._changed:
                self._errors.append(error)
            return Answer(500, f"{type(error).__name__}: {error}")


def _name(scripted: Scripted) -> str:
    return str(getattr(scripted, "__qualname__", scripted))


def _is_in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
