"""Asking for what was done: attempts that have ended and tasks that are gone, paged or as they come."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

from taskweir.clock import Clock
from taskweir.control.feed import READ_AT_ONCE, Feed, Record
from taskweir.domain.errors import InvalidArgument, ResourceExhausted
from taskweir.domain.history import AttemptFilter, AttemptRecord, FinishedFilter, FinishedTask
from taskweir.domain.model import Queue
from taskweir.domain.page_token import PageTokens
from taskweir.domain.times import Instant
from taskweir.service.page import Page
from taskweir.store.base import Store

USUAL_PAGE: Final = 100
LARGEST_PAGE: Final = 1_000
_PAGE_BYTES: Final = 3 * 1024 * 1024
"""Of one answer, about; a client takes 4 MiB in one message if it is not told otherwise."""
_READ_BYTES: Final = 256 * 1024
"""Of one read for streams, about: each that lags has as much in memory."""
MOST_WATCHERS: Final = 1_000

R = TypeVar("R", bound=Record)


class History:
    """A `store.base.Listener`, so that there is something new for who watches."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._attempts = Feed(self._next_attempts, self.latest_attempt, AttemptFilter())
        self._finished = Feed(self._next_finished, self.latest_finished_task, FinishedFilter())
        self._watchers = 0

    async def attempts(self, filter: AttemptFilter, page_size: int, page_token: str) -> Page[AttemptRecord]:
        """In the order in which they ended. Raises InvalidArgument for a page token that is not of this listing, and
        for a negative page size."""

        def read(after: int, limit: int) -> Awaitable[Sequence[AttemptRecord]]:
            return self._store.list_attempts(filter, after, limit, max_bytes=_PAGE_BYTES)

        listing = f"ListAttempts\n{filter.scope}\n{sorted(filter.outcomes)}\n{filter.start}\n{filter.end}"
        return await self._page(read, listing, page_size, page_token)

    async def finished_tasks(
        self, filter: FinishedFilter, page_size: int, page_token: str
    ) -> Page[FinishedTask]:
        """In the order in which they went. Raises as `attempts` does."""

        def read(after: int, limit: int) -> Awaitable[Sequence[FinishedTask]]:
            return self._store.list_finished_tasks(filter, after, limit, max_bytes=_PAGE_BYTES)

        listing = f"ListFinishedTasks\n{filter.scope}\n{sorted(filter.endings)}\n{filter.start}\n{filter.end}"
        return await self._page(read, listing, page_size, page_token)

    async def _page(
        self,
        read: Callable[[int, int], Awaitable[Sequence[R]]],
        listing: str,
        page_size: int,
        page_token: str,
    ) -> Page[R]:
        """`listing` says what is listed: a token is good for the same only."""
        if page_size < 0:
            raise InvalidArgument("Invalid value at 'page_size': it cannot be negative.")
        tokens = PageTokens(self._store.page_token_key)
        after = int(tokens.read(listing, page_token, self._clock.now()) or 0)
        records = await read(after, min(page_size or USUAL_PAGE, LARGEST_PAGE))
        # The store ends a page early where records are large, so only a look behind it tells whether it is the last.
        if not records or not await read(records[-1].id, 1):
            return Page(records, "")
        return Page(records, tokens.make(listing, str(records[-1].id), self._clock.now()))

    async def latest_attempt(self) -> int:
        """The id of the attempt recorded last, 0 where there is none."""
        return (await self._store.history_ends())[0]

    async def latest_finished_task(self) -> int:
        """The id of the finished task recorded last, 0 where there is none."""
        return (await self._store.history_ends())[1]

    # watching

    @contextmanager
    def watching(self) -> Iterator[None]:
        """To be in while one watches. Raises ResourceExhausted when as many do as may."""
        if self._watchers >= MOST_WATCHERS:
            raise ResourceExhausted(f"{MOST_WATCHERS:,} streams of the history are open already.")
        self._watchers += 1
        try:
            yield
        finally:
            self._watchers -= 1

    def watch_attempts(self, filter: AttemptFilter, after: int) -> AsyncGenerator[AttemptRecord, None]:
        """Without end: those kept of a greater id than `after`, and then each as it ends."""
        return self._attempts.watch(filter, after)

    def watch_finished_tasks(self, filter: FinishedFilter, after: int) -> AsyncGenerator[FinishedTask, None]:
        """Without end: those kept of a greater id than `after`, and then each as it goes."""
        return self._finished.watch(filter, after)

    async def _next_attempts(self, filter: AttemptFilter, after: int) -> Sequence[AttemptRecord]:
        return await self._store.list_attempts(filter, after, READ_AT_ONCE, max_bytes=_READ_BYTES)

    async def _next_finished(self, filter: FinishedFilter, after: int) -> Sequence[FinishedTask]:
        return await self._store.list_finished_tasks(filter, after, READ_AT_ONCE, max_bytes=_READ_BYTES)

    # What the store tells.

    def history_grew(self) -> None:
        self._attempts.grew()
        self._finished.grew()

    def task_due(self, queue_uid: int, at: Instant) -> None:
        """Not history yet."""

    def last_lease_ends(self, at: Instant) -> None:
        """Not history yet."""

    def run_requested(self, queue_uid: int, task_uid: int) -> None:
        """Not history yet."""

    def queue_changed(self, queue: Queue) -> None:
        """Not kept."""

    def queue_gone(self, queue_uid: int) -> None:
        """Not kept."""
