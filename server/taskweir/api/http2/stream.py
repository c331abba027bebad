"""One call's stream: what comes of its request, and what goes back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from taskweir.api.http2 import answers
from taskweir.api.http2.common import Common
from taskweir.api.http2.frames import ConnectionFault, ErrorCode, StreamFault, rst_stream, window_update
from taskweir.api.http2.messages import PREFIX, MessageReader
from taskweir.api.http2.outlet import Outlet, Pending
from taskweir.api.http2.pace import Pace
from taskweir.api.http2.request_head import RequestHead
from taskweir.api.http2.trailers import trailers_of
from taskweir.domain.errors import Refusal

RECEIVE_WINDOW: Final = 1 << 20
"""Bytes that a client may send on a stream before it is told to go on, which it is when half of them have come: what
bounds memory is the budget."""


class Stream:
    """`number` is the stream's, `head` what it began with, and `began` when, in seconds of `time.monotonic`; `received`
    counts bytes of frames, `body` those without padding. `client_is_done` says that no more comes, `is_admitted` that its
    messages are read, `is_answered` that the client was told how the call ended. `task` serves the call, once there is
    something to serve, and `request` is what it keeps of it; it may say that the call `is_waiting` for more of the client.
    """

    __slots__ = (
        "_common",
        "_has_begun",
        "_is_over",
        "_is_reset",
        "_on_end",
        "_outlet",
        "_pace",
        "_pending",
        "_sent",
        "_unread",
        "_write",
        "began",
        "body",
        "client_is_done",
        "head",
        "is_admitted",
        "is_answered",
        "is_waiting",
        "messages",
        "number",
        "received",
        "request",
        "task",
    )

    def __init__(
        self,
        number: int,
        head: RequestHead,
        began: float,
        messages: MessageReader,
        common: Common,
        outlet: Outlet,
        write: Callable[[bytes], None],
        on_end: Callable[["Stream"], None],
    ) -> None:
        self.number = number
        self.head = head
        self.began = began
        self.received = 0
        self.body = 0
        self.client_is_done = False
        self.is_admitted = False
        self.is_answered = False
        self.is_waiting = False
        self.messages = messages
        self.request: object = None
        self.task: asyncio.Task[None] | None = None
        self._common = common
        self._outlet = outlet
        self._write = write
        self._on_end = on_end
        self._unread = 0
        self._has_begun = False
        self._is_over = False
        self._is_reset = False
        self._pending: Pending | None = None
        self._sent: asyncio.Event | None = None
        self._pace: Pace | None = None

    @property
    def is_served(self) -> bool:
        """Whether something of it is there whole that was not answered."""
        return self.task is not None and not self.is_waiting

    # What the client does.

    def take_in(self, size: int, data: int) -> None:
        """Count what came, with its padding and without. Raises StreamFault for more, or less, than was promised."""
        self.received += size
        self.body += data
        self._unread += size
        if self._unread > RECEIVE_WINDOW // 2 and not self.client_is_done:
            self._write(window_update(self.number, self._unread))
            self._unread = 0
        length = self.head.length
        if length is not None and (self.body > length or (self.client_is_done and self.body < length)):
            raise StreamFault(ErrorCode.PROTOCOL_ERROR, "another length than was promised")

    def widen(self, increment: int) -> None:
        """It takes so many bytes more. Raises StreamFault."""
        if not increment:
            raise StreamFault(ErrorCode.PROTOCOL_ERROR, "a window that grows by nothing")
        if not self._outlet.widen_stream(self._reply(), increment):
            raise StreamFault(ErrorCode.FLOW_CONTROL_ERROR, "a window that is too large")
        self._outlet.pump()

    def change_window(self, by: int) -> None:
        """It has changed the window that streams begin with. Raises ConnectionFault."""
        if self._pending is not None and not self._outlet.widen_stream(self._pending, by):
            raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "a window that is too large")

    def drop(self) -> None:
        """It is gone, or does not want an answer any more."""
        self.client_is_done = True
        self._cancel()
        self._end()

    # What goes back.

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one, and keep it until the answer is there: a client that does not read gets none."""
        async with self._outlet.turns:
            await self._outlet.room()
            async with self._common.turns:
                yield

    def answer(self, message: bytes) -> None:
        """The only message, and the end."""
        if self._is_over:
            return
        size = len(message)
        window = self._outlet.stream_window if self._pending is None else self._pending.window
        if size <= answers.LONGEST_WHOLE and self._outlet.fits(size + PREFIX.size, window):
            self._outlet.spend(size + PREFIX.size)
            self._write(answers.whole_answer(self.number, message))
            self.is_answered = True
            self._end()
            return
        self.begin()
        self._reply().data = PREFIX.pack(0, size) + message
        self._send_last()

    def begin(self) -> None:
        """Send headers, so that the client knows that it is heard."""
        if not self._has_begun and not self._is_over:
            self._has_begun = True
            self._write(answers.headers(self.number, self._outlet.take_prefix()))

    async def send(self, message: bytes) -> None:
        """One message of many; returns when it is on its way."""
        if self._is_over:
            return
        self.begin()
        pending = self._reply()
        pending.data = PREFIX.pack(0, len(message)) + message
        del message  # it may wait for long, and is counted once
        self._sent = asyncio.Event()
        self._outlet.send(pending)
        await self._sent.wait()

    def finish(self) -> None:
        """No more messages."""
        if not self._is_over:
            self.begin()
            self._reply()
            self._send_last()

    def refuse(self, refusal: Refusal) -> None:
        """Where a part of a message has gone out, nothing that could be said would be understood."""
        if self._is_over:
            return
        if self._pending is not None and self._pending.offset:
            self.reset(ErrorCode.CANCEL)
            return
        fields, prefix = trailers_of(refusal), self._outlet.take_prefix()
        self._write(answers.refusal(self.number, fields, prefix, has_begun=self._has_begun))
        self.is_answered = True
        self._end()

    def cut_off(self, refusal: Refusal) -> None:
        """Wait for the call no longer."""
        self._cancel()
        self.refuse(refusal)

    def reset(self, code: ErrorCode) -> None:
        """End it without an answer."""
        self._write(rst_stream(self.number, code))
        self._is_reset = True
        self._cancel()
        self._end()

    # Its end.

    def is_too_slow(self, now: float, silence: float) -> bool:
        """Whether the client is, which sends its request, or takes a whole reply."""
        if self._pending is not None and self._pending.is_last:
            moved = self.received + self._pending.offset
        elif self.task is None and not self.client_is_done:
            moved = self.received
        else:
            self._pace = None
            return False
        if self._pace is None:
            self._pace = Pace(moved, now)
        return not self._pace.is_kept(moved, now, silence)

    def _reply(self) -> Pending:
        if self._pending is None:
            self._pending = Pending(self.number, self._outlet.stream_window, self._on_sent)
        return self._pending

    def _send_last(self) -> None:
        pending = self._reply()
        pending.is_last = True
        if not self._outlet.has(pending):
            self._outlet.send(pending)

    def _on_sent(self) -> None:
        if self._sent is not None:
            self._sent.set()
        if self._pending is not None and self._pending.is_last:
            self.is_answered = True
            self._end()

    def _cancel(self) -> None:
        if self.task is not None:
            self._common.cancel(self.task)

    def _end(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        if self._pending is not None:
            self._outlet.drop(self._pending)
            self._pending = None
        self.messages.end()
        # They know each other, and would stay in memory until the collector comes.
        self.task = None
        if not self.client_is_done and not self._is_reset:
            # It may stop sending what nobody reads any more (RFC 9113, 8.1).
            self._write(rst_stream(self.number, ErrorCode.NO_ERROR))
        self._on_end(self)
