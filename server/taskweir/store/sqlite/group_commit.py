"""Writes that arrive while a transaction runs share the next one; each caller is answered after the commit."""

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import aiosqlite

from taskweir.deadline import call_deadline
from taskweir.domain.errors import DeadlineExceeded, Refusal, Unavailable
from taskweir.effect import LostEffect, call_effect
from taskweir.store.sqlite.batch import (
    Committed,
    Failed,
    Kind,
    Op,
    Stage,
    Undone,
    run_batch,
    run_calls,
    run_undone,
)
from taskweir.store.sqlite.connection import on_thread
from taskweir.store.sqlite.put_off import PutOff
from taskweir.store.sqlite.transaction import Transaction
from taskweir.store.sqlite.trouble import reason_of, unavailable

MAX_WAITING_ROWS: Final = 20_000
MAX_WAITING_BYTES: Final = 64 * 1024 * 1024
_MAX_ROWS: Final = 2_000
"""Of one transaction. Larger ones gain little and make everyone in them wait."""
_CALLERS: Final = (Stage.INSERT, Stage.WRITE, Stage.RESET)
"""What callers ask for is bounded here; the worker's own, by its attempts in flight."""
_PROBE_EVERY: Final = 1.0
"""Seconds of real time between tries to write while the disk refuses to."""
_PROBE_BYTES: Final = 2 * 1024 * 1024
"""What has to fit before the disk counts as writable again: the largest task, and what comes with it."""

_log = logging.getLogger(__name__)


class GroupCommit:
    """The queue of waiting operations and the one task that takes them to the writer's thread, batch by batch.

    `publish` is called on the loop after each commit, before its callers are answered, whether or not they still
    wait; `on_commit` after that, with the number of operations, when something was written, and `after_commit` then,
    before the next transaction.
    """

    def __init__(
        self,
        writer: aiosqlite.Connection,
        begin: Callable[[sqlite3.Connection], Transaction],
        publish: Callable[[Transaction], None],
        after_commit: Callable[[], Awaitable[None]],
        on_trouble: Callable[[str | None], None],
        on_commit: Callable[[int], None],
        on_put_off: Callable[[str], Callable[[], None]],
    ) -> None:
        self._writer = writer
        self._begin = begin
        self._publish = publish
        self._after_commit = after_commit
        self._on_trouble = on_trouble
        self._on_commit = on_commit
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Op] = deque()
        self._waiting_rows = 0
        self._waiting_bytes = 0
        self._running: Sequence[Op] = ()
        self._put_off = PutOff(self._make_late, on_put_off)
        self._arrived = asyncio.Event()
        self._closing = False
        self._probe: asyncio.TimerHandle | None = None
        self._runner = self._loop.create_task(self._run(), name="group commit")
        self._runner.add_done_callback(self._on_end)
        self.trouble: str | None = None
        self.commits = 0
        """Transactions committed, and in `committed` the operations they carried."""
        self.committed = 0

    def submit(self, kind: Kind, item: object, size: int = 0, rows: int = 1) -> "asyncio.Future[Any]":
        """The answer, after the commit, or after what a fault makes of it, where the call that is served has an
        effect of its own. Raises Unavailable when too much is waiting, or the store is closing."""
        if self._closing:
            raise Unavailable("The server is shutting down.")
        if self._runner.done():
            raise unavailable(_ENDED)
        effect = None
        if kind.stage in _CALLERS:
            effect = call_effect.get()
            if self._is_full(size, rows, effect):
                raise Unavailable("Too many writes are waiting.")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append(Op(kind, item, rows, size, call_deadline.get(), future, effect))
        self._waiting_rows += rows
        self._waiting_bytes += size
        self._arrived.set()
        return future

    def _is_full(self, size: int, rows: int, effect: LostEffect | None) -> bool:
        """One that is larger than all that may wait, may wait alone."""
        return (
            (self._waiting_rows > 0 and self._waiting_rows + rows > MAX_WAITING_ROWS)
            or (self._waiting_bytes > 0 and self._waiting_bytes + size > MAX_WAITING_BYTES)
            or (effect is not None and effect.later is not None and self._put_off.is_full)
        )

    async def close(self) -> None:
        """Answer what is waiting, make what was put off, then stop."""
        self._closing = True
        self._put_off.come_all()
        self._arrived.set()
        await asyncio.wait([self._runner])
        if self._probe is not None:
            self._probe.cancel()
        _log.debug("commits=%d operations=%d", self.commits, self.committed)

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                await self._commit(self._take())
                # Those just answered get to send their next write into the next batch, instead of the one after.
                await asyncio.sleep(0)
            if self._closing:
                return

    def _take(self) -> Sequence[Op]:
        """The next batch, without those whose caller has left or whose deadline has passed."""
        now = self._loop.time()
        batch: list[Op] = []
        rows = 0
        while self._waiting and (not batch or rows + self._waiting[0].rows <= _MAX_ROWS):
            op = self._waiting.popleft()
            self._waiting_rows -= op.rows
            self._waiting_bytes -= op.size
            if op.future.done():
                continue
            if op.deadline is not None and op.deadline <= now:
                op.future.set_exception(DeadlineExceeded())
                continue
            if op.effect is not None or op.kind.stage is Stage.RESET:
                return self._alone(op, batch)
            batch.append(op)
            rows += op.rows
        return batch

    def _alone(self, op: Op, batch: Sequence[Op]) -> Sequence[Op]:
        """What is to be undone shares its transaction with nobody, nor does a reset: it undoes all before it in the
        line, and nothing that was put off comes behind it. Behind a batch it waits for the next."""
        if not batch:
            return [op]
        self._put_in_line(op, first=True)
        return batch

    async def _commit(self, ops: Sequence[Op]) -> None:
        if not ops:
            return
        self._running = ops
        done = await self._run_on_thread(ops)
        for part in done:
            match part:
                case Committed():
                    self._on_committed(part)
                case Undone():
                    self._on_undone(part)
                case Failed():
                    self._on_failed(part)
        self._running = ()
        if any(isinstance(part, Committed) and part.changes for part in done):
            await self._look_after_commit()

    async def _run_on_thread(self, ops: Sequence[Op]) -> Sequence[Committed | Undone | Failed]:
        begin = self._begin
        try:
            if ops[0].effect is not None:
                return [
                    await on_thread(self._writer, lambda connection: run_undone(connection, ops[0], begin))
                ]
            return await on_thread(self._writer, lambda connection: run_batch(connection, ops, begin))
        except (
            Exception
        ) as error:  # `run_batch` answers for its operations; the thread or the connection is broken.
            _log.exception("the writer failed")
            return [Failed(ops, error, reason_of(error) or f"the writer failed ({error!r})")]

    async def _look_after_commit(self) -> None:
        try:
            await self._after_commit()
        except Exception:  # The callers have their answers, and those to come want theirs.
            _log.exception("what follows a commit failed")

    def _on_committed(self, part: Committed) -> None:
        try:
            self._publish(part.transaction)
        except (
            Exception
        ):  # It is committed whatever a listener does with the news, and the others want answers.
            _log.exception("a listener failed")
        for op, answer in part.answers:
            _tell(op, answer)
        if part.changes:
            self.commits += 1
            self.committed += len(part.answers)
            self._on_commit(len(part.answers))

    def _on_undone(self, part: Undone) -> None:
        """Answered as if it were made; also one whose caller has left meanwhile, as its write would be."""
        op = part.op
        _tell(op, part.answer)
        assert op.effect is not None
        if op.effect.later is None or isinstance(part.answer, Exception):
            return
        self._put_off.add(op, op.effect.later)
        if self._closing:
            self._put_off.come_all()

    def _make_late(self, answered: Op) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = self._loop.create_future()
        future.add_done_callback(_log_late)
        self._put_in_line(Op(answered.kind, answered.item, answered.rows, answered.size, None, future))
        return future

    def _put_in_line(self, op: Op, *, first: bool = False) -> None:
        """As `submit` does, which asks who may wait."""
        self._waiting.insert(0 if first else len(self._waiting), op)
        self._waiting_rows += op.rows
        self._waiting_bytes += op.size
        self._arrived.set()

    def forget_put_off(self, project: str | None) -> None:
        """After a reset of a project, or (None) of all: nothing that was answered before comes after it."""
        self._put_off.forget(project)

    def _on_failed(self, part: Failed) -> None:
        if part.reason is not None:
            self._set_trouble(part.reason)
            self._schedule_probe()
        for op in part.ops:
            if not op.future.done():
                op.future.set_exception(part.error if part.reason is None else unavailable(part.reason))

    def _on_end(self, runner: "asyncio.Task[None]") -> None:
        """Nobody waits for ever when something else than a close has ended the runner."""
        error = None if runner.cancelled() else runner.exception()
        if error is None and not runner.cancelled():
            return
        _log.error("the task that commits has ended", exc_info=error)
        left, self._waiting = [*self._running, *self._waiting], deque()
        self._on_failed(Failed(left, Unavailable(), _ENDED))

    def _set_trouble(self, reason: str | None) -> None:
        if reason == self.trouble:
            return
        self.trouble = reason
        if reason is None:
            _log.info("the data file can be written again")
        else:
            _log.error("nothing can be written: %s", reason)
        try:
            self._on_trouble(reason)
        except Exception:  # Whoever is told, must not stop the writes.
            _log.exception("the trouble could not be told")

    def _schedule_probe(self) -> None:
        if self._probe is None and not self._closing and not self._runner.done():
            self._probe = self._loop.call_later(_PROBE_EVERY, self._try_to_write)

    def _try_to_write(self) -> None:
        """Find out whether the trouble is over. Only this does: what is small, or frees room, can always be written
        now and then."""
        if self._probe is not None:
            self._probe.cancel()  # One try at a time, whoever asks for it.
            self._probe = None
        try:
            # As many rows as a transaction may have, so that nothing else fails or succeeds with it.
            answer = self.submit(_PROBE, _fill, rows=_MAX_ROWS)
        except Unavailable:
            self._schedule_probe()
        else:
            answer.add_done_callback(self._on_probed)

    def _on_probed(self, answer: "asyncio.Future[Any]") -> None:
        if answer.cancelled() or answer.exception() is not None:
            self._schedule_probe()
            return
        self._set_trouble(None)
        if not self._closing:
            self.submit(_PROBE, _empty).add_done_callback(asyncio.Future.exception)


def _tell(op: Op, answer: Any) -> None:  # noqa: ANN401 - of whatever kind
    if op.future.done():
        return
    if isinstance(answer, Exception):
        op.future.set_exception(answer)
    else:
        op.future.set_result(answer)


def _log_late(future: "asyncio.Future[Any]") -> None:
    """Nobody waits for it. A reset has cancelled it, where it came too late."""
    error = None if future.cancelled() else future.exception()
    if isinstance(error, Refusal):
        _log.info("a write that was answered before it was made was refused: %s", error.message)
    elif error is not None:
        _log.error("a write that was answered before it was made failed", exc_info=error)


def _fill(transaction: Transaction) -> None:
    """Not undone in the same transaction: what a transaction frees again never reaches the disk."""
    transaction.connection.execute(
        "INSERT OR REPLACE INTO meta (name, value) VALUES ('probe', zeroblob(?))", (_PROBE_BYTES,)
    )


def _empty(transaction: Transaction) -> None:
    transaction.connection.execute("DELETE FROM meta WHERE name = 'probe'")


_PROBE: Final = Kind(Stage.PROBE, run_calls)
_ENDED: Final = "the task that commits has ended; the server must be started again"
