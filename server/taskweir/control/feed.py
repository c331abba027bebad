"""New records of the history, read once for everyone who watches."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

from taskweir.domain.names import TaskName
from taskweir.domain.scope import Scope

READ_AT_ONCE: Final = 100
"""Records of one read, and so of one turn of the loop."""
_PAUSE: Final = 50e-6
"""Seconds of real time for each watcher that was told something: what it takes to send it, so that however many watch,
the server has time for its own work, and what comes meanwhile is sent together."""
_SHORTEST_PAUSE: Final = 0.001
_MOST_WAITING: Final = 1_000
_MOST_WAITING_BYTES: Final = 1024 * 1024
"""For one watcher; who has more waiting reads it from the store when it comes to it. Mostly many wait for the same."""


class Record(Protocol):
    """An attempt or a finished task."""

    @property
    def id(self) -> int: ...
    @property
    def about(self) -> TaskName: ...
    @property
    def size(self) -> int: ...


R = TypeVar("R", bound=Record)
R_contra = TypeVar("R_contra", contravariant=True)


class Filter(Protocol[R_contra]):
    """Which records a watcher wants."""

    @property
    def scope(self) -> Scope: ...
    def matches(self, record: R_contra, /) -> bool: ...


F = TypeVar("F", bound=Filter[Any])


class _Line(Generic[R]):
    """What has come for a watcher, behind the record with the id `reached`, and is not taken yet."""

    def __init__(self, filter: Filter[R], reached: int) -> None:
        self.filter = filter
        self.reached = reached
        self.error: Exception | None = None
        self._records: deque[tuple[R, int]] = deque()
        self._bytes = 0
        self._is_cut = False
        self._news = asyncio.Event()

    def put(self, record: R, size: int) -> bool:
        """Whether it, and all before, could wait: else nothing does any more, and nothing must be put in again."""
        if record.id <= self.reached or not self.filter.matches(record):
            return True
        self.reached = record.id
        self._bytes += size
        self._records.append((record, size))
        self._is_cut = len(self._records) > _MOST_WAITING or self._bytes > _MOST_WAITING_BYTES
        if self._is_cut:
            self._records.clear()
        self._news.set()
        return not self._is_cut

    def fail(self, error: Exception) -> None:
        self.error = error
        self._news.set()

    async def next(self) -> R | None:
        """The next record when it comes, or None when too many have come. Raises what the feed failed with."""
        while not self._records:
            if self.error is not None:
                raise self.error
            if self._is_cut:
                return None
            self._news.clear()
            await self._news.wait()
        record, size = self._records.popleft()
        self._bytes -= size
        return record


class Feed(Generic[F, R]):
    """Reads on while somebody waits for what comes, and looks for a record's watchers by its scopes, so that the
    records of others cost a watcher nothing."""

    def __init__(
        self,
        read: Callable[[F, int], Awaitable[Sequence[R]]],
        latest: Callable[[], Awaitable[int]],
        everything: F,
    ) -> None:
        """`read` gives the next records after an id, a bounded number of them; `latest` the latest id there is."""
        self._read = read
        self._latest = latest
        self._everything = everything
        self._lines: dict[Scope, set[_Line[R]]] = {}
        self._read_to = 0
        self._has_news = False
        self._reader: asyncio.Task[None] | None = None

    def grew(self) -> None:
        """There are new records."""
        self._has_news = True
        if self._lines and self._reader is None:
            self._reader = asyncio.create_task(self._read_on(), name="history feed")

    async def watch(self, filter: F, after: int) -> AsyncGenerator[R, None]:
        """Without end: those kept of a greater id than `after`, and then each as it comes. Raises what reading does."""
        while True:
            line = await self._join(filter, after)
            try:
                reached = line.reached
                while after < reached:
                    records = await self._read(filter, after)
                    for record in records:
                        if record.id <= reached:
                            yield record
                    after = records[-1].id if records else reached
                after = reached
                while (coming := await line.next()) is not None:
                    yield coming
                    after = coming.id
            finally:
                self._leave(line)

    async def _join(self, filter: F, after: int) -> _Line[R]:
        """Before the store is read for what was there, so that nothing is missed in between."""
        if not self._lines:
            latest = await self._latest()
            if not self._lines:
                self._read_to = latest
        line = _Line(filter, max(after, self._read_to))
        self._lines.setdefault(filter.scope, set()).add(line)
        if self._has_news:
            self.grew()
        return line

    def _leave(self, line: _Line[R]) -> None:
        lines = self._lines.get(line.filter.scope)
        if lines is not None:
            lines.discard(line)
            if not lines:
                del self._lines[line.filter.scope]

    async def _read_on(self) -> None:
        try:
            while self._has_news and self._lines:
                self._has_news = False
                records = await self._read(self._everything, self._read_to)
                if records:
                    self._has_news = True  # There may be more than one read gives.
                    pause = self._hand_over(records) * _PAUSE
                    if pause >= _SHORTEST_PAUSE:
                        await asyncio.sleep(pause)
        except Exception as error:
            # Whatever it is, it is for those who wait to tell; they would wait for ever.
            self._fail(error)
        finally:
            self._reader = None

    def _hand_over(self, records: Sequence[R]) -> int:
        """How many watchers there are in the scopes of these records."""
        told: set[Scope] = set()
        for record in records:
            size = record.size
            for scope in Scope.around(record.about):
                if scope in self._lines:
                    told.add(scope)
                    self._put(record, size, scope)
        self._read_to = records[-1].id
        return sum(len(self._lines.get(scope, ())) for scope in told)

    def _put(self, record: R, size: int, scope: Scope) -> None:
        cut = [line for line in self._lines[scope] if not line.put(record, size)]
        for line in cut:
            self._leave(line)

    def _fail(self, error: Exception) -> None:
        lines, self._lines = self._lines, {}
        for line in [line for same in lines.values() for line in same]:
            line.fail(error)
