"""The calls of a connection that are not over."""

import asyncio
import math
import time
from collections.abc import Callable, Collection, Mapping
from typing import Final

from taskweir.api.http2.allowance import FrameAllowance
from taskweir.api.http2.common import Common
from taskweir.api.http2.cut_streams import CutStreams
from taskweir.api.http2.entries import Entry, NotServed
from taskweir.api.http2.messages import MessageReader
from taskweir.api.http2.outlet import Outlet
from taskweir.api.http2.pace import Pace
from taskweir.api.http2.request_head import RequestHead
from taskweir.api.http2.stream import Stream
from taskweir.domain.errors import DeadlineExceeded, InvalidArgument, Refusal

_OF_A_CALL: Final = 4 << 10
"""Bytes that one takes besides its headers and messages, about: so that all calls are bounded, too."""
_SMALL_HEAD: Final = 4 << 10
"""Bytes of headers, above which a call is a large one: twenty that are sent may mean 64 KiB by the table, so that one
client would have the room of all small calls for a megabyte."""


class OpenCalls:
    """`cut` are the streams of those that ended here before their clients had said all, and `changed_at` is when one
    began or ended, in seconds of `time.monotonic`."""

    __slots__ = (
        "_allowance",
        "_common",
        "_entries",
        "_on_over",
        "_outlet",
        "_pace",
        "_received",
        "_requests",
        "_streams",
        "_write",
        "changed_at",
        "cut",
        "find",
    )

    def __init__(
        self,
        entries: Mapping[str, Entry],
        common: Common,
        outlet: Outlet,
        write: Callable[[bytes], None],
        allowance: FrameAllowance,
        on_over: Callable[[], None],
    ) -> None:
        """`on_over` is called whenever one is over."""
        self._entries = entries
        self._common = common
        self._outlet = outlet
        self._write = write
        self._allowance = allowance
        self._on_over = on_over
        self._requests = common.budget.share()
        self._received = 0
        self._pace = Pace(0, 0.0)
        self._streams: dict[int, Stream] = {}
        self.find = self._streams.get
        self.cut = CutStreams()
        self.changed_at = time.monotonic()

    def __len__(self) -> int:
        return len(self._streams)

    @property
    def streams(self) -> Collection[Stream]:
        return self._streams.values()

    @property
    def are_served(self) -> bool:
        """Whether there is one whose request is there whole."""
        return any(stream.is_served for stream in self._streams.values())

    def begin(self, number: int, head: RequestHead, now: float, *, ends: bool) -> None:
        """Nothing of its messages is read before it is admitted. Raises StreamFault."""
        self.changed_at = now
        messages = MessageReader(self._requests)
        stream = Stream(number, head, now, messages, self._common, self._outlet, self._write, self._over)
        self._streams[number] = stream
        try:
            entry = self._entries.get(head.path)
            if entry is None:
                raise NotServed("Method not found!")
            entry.admit(stream)
            if head.fault:
                raise InvalidArgument(head.fault)
            if head.timeout is not None and head.timeout < self._common.patience.tick:
                _end_in_time(stream, head.timeout)
            hold = messages.hold_whole if head.size <= _SMALL_HEAD else messages.hold
            hold(head.size + _OF_A_CALL)
        except Refusal as refusal:
            stream.client_is_done = ends
            stream.refuse(refusal)
        else:
            stream.is_admitted = True
            stream.messages.most = entry.most
            if ends:
                self.feed(stream, 0, b"", ends=True)

    def feed(self, stream: Stream, size: int, data: bytes, *, ends: bool) -> None:
        """More of what its client says, which took so many bytes. Raises StreamFault."""
        stream.client_is_done = ends
        self._received += size
        stream.take_in(size, len(data))
        entry = self._entries[stream.head.path]
        try:
            for message in stream.messages.feed(data):
                entry.receive(stream, message)
            if ends:
                if stream.messages.is_within_message:
                    raise InvalidArgument("The request could not be parsed.")
                entry.end(stream)
        except Refusal as refusal:
            stream.cut_off(refusal)

    def end(self, refusal: Refusal) -> None:
        """End all."""
        for stream in tuple(self._streams.values()):
            stream.cut_off(refusal)

    def close(self) -> None:
        """The client is gone, and with it all."""
        for stream in tuple(self._streams.values()):
            stream.drop()
        self._on_over = _nothing

    def end_late(self, now: float) -> None:
        """End those whose deadlines have passed, or will before it is looked again, and those whose clients neither send
        nor take. A client fills its streams one after the other: one is only late where the connection as a whole is."""
        silence, tick = self._common.patience.silence, self._common.patience.tick
        moves = self._pace.is_kept(self._received + self._outlet.taken, now, silence)
        for stream in tuple(self._streams.values()):
            timeout = stream.head.timeout
            left = math.inf if timeout is None else stream.began + timeout - now
            if left <= 0:
                stream.cut_off(_too_late())
            elif stream.is_too_slow(now, silence) and not moves:
                stream.cut_off(DeadlineExceeded("The client sends too little, or takes too little."))
            elif timeout is not None and left < tick <= timeout:
                _end_in_time(stream, left)

    def _over(self, stream: Stream) -> None:
        del self._streams[stream.number]
        self.changed_at = time.monotonic()
        if stream.is_answered and stream.is_admitted:
            # What was turned away at once brings nothing: it cost the client nothing either.
            self._allowance.call_answered()
        if not stream.client_is_done:
            self.cut.add(stream.number)
        self._on_over()


def _end_in_time(stream: Stream, timeout: float) -> None:
    """Those that have longer are looked at in each tick, so that most calls need no timer. Raises DeadlineExceeded."""
    if timeout <= 0:
        raise _too_late()
    asyncio.get_running_loop().call_later(timeout, stream.cut_off, _too_late())


def _too_late() -> DeadlineExceeded:
    return DeadlineExceeded("Deadline Exceeded")


def _nothing() -> None:
    """Nobody is told: who was would be kept in memory."""
