"""Asking for what was done: attempts that have ended and tasks that are gone, paged or as they come."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Final, Protocol, TypeVar

from taskweir.clock import Clock
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.history import AttemptFilter, AttemptRecord, FinishedFilter, FinishedTask
from taskweir.domain.model import Queue
from taskweir.domain.page_token import PageTokens
from taskweir.domain.times import Instant
from taskweir.service.page import Page
from taskweir.store.base import Store

USUAL_PAGE: Final = 100
LARGEST_PAGE: Final = 1_000
_READ_AT_ONCE: Final = 100
"""Records of one read for a watcher, and so in memory at a time."""


class _Record(Protocol):
    @property
    def id(self) -> int: ...


R = TypeVar("R", bound=_Record)


class History:
    """A `store.base.Listener`, so that who watches is woken when there is something new."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._grew = asyncio.Event()

    async def attempts(self, filter: AttemptFilter, page_size: int, page_token: str) -> Page[AttemptRecord]:
        """In the order in which they ended. Raises InvalidArgument for a page token that is not of this listing, and
        for a negative page size."""

        def read(after: int, limit: int) -> Awaitable[Sequence[AttemptRecord]]:
            return self._store.list_attempts(filter, after, limit)

        listing = f"ListAttempts\n{filter.scope}\n{sorted(filter.outcomes)}\n{filter.start}\n{filter.end}"
        return await self._page(read, listing, page_size, page_token)

    async def finished_tasks(
        self, filter: FinishedFilter, page_size: int, page_token: str
    ) -> Page[FinishedTask]:
        """In the order in which they went. Raises as `attempts` does."""

        def read(after: int, limit: int) -> Awaitable[Sequence[FinishedTask]]:
            return self._store.list_finished_tasks(filter, after, limit)

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

    def watch_attempts(self, filter: AttemptFilter, after: int) -> AsyncGenerator[AttemptRecord, None]:
        """Without end: those kept of a greater id than `after`, and then each as it ends."""

        def read(after: int) -> Awaitable[Sequence[AttemptRecord]]:
            return self._store.list_attempts(filter, after, _READ_AT_ONCE)

        return self._watch(read, self.latest_attempt, after)

    def watch_finished_tasks(self, filter: FinishedFilter, after: int) -> AsyncGenerator[FinishedTask, None]:
        """Without end: those kept of a greater id than `after`, and then each as it goes."""

        def read(after: int) -> Awaitable[Sequence[FinishedTask]]:
            return self._store.list_finished_tasks(filter, after, _READ_AT_ONCE)

        return self._watch(read, self.latest_finished_task, after)

    async def _watch(
        self,
        read: Callable[[int], Awaitable[Sequence[R]]],
        latest: Callable[[], Awaitable[int]],
        after: int,
    ) -> AsyncGenerator[R, None]:
        """Reads on at the pace of whoever asks for the next record, so that a slow one takes no memory."""
        while True:
            # Both before the read: what comes while it runs is read after the wait, which then is none.
            grew, latest_before = self._grew, await latest()
            records = await read(after)
            for record in records:
                yield record
                after = record.id
            if not records:
                # Nothing up to there is asked for, and need not be looked at again.
                after = max(after, latest_before)
                await grew.wait()

    # What the store tells.

    def history_grew(self) -> None:
        self._grew.set()
        self._grew = asyncio.Event()

    def task_due(self, queue_uid: int, at: Instant) -> None:
        """Not history yet."""

    def run_requested(self, queue_uid: int, task_uid: int) -> None:
        """Not history yet."""

    def queue_changed(self, queue: Queue) -> None:
        """Not kept."""

    def queue_gone(self, queue_uid: int) -> None:
        """Not kept."""
