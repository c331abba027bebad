"""What goes to the socket."""

import asyncio
from collections.abc import Callable
from typing import Final

_AT_ONCE: Final = 1 << 20
"""Bytes of replies that are made ready at a time."""
_MOST_LEFT: Final = 4 << 20
"""Bytes that wait for the socket: what is said without being asked whether it fits is a small part of them."""


class Wire:
    """All that is written within one turn of the loop goes to the socket at once. A client that reads nothing and goes on
    asking is not read either: else its questions would make answers without an end. `on_room` is called whenever more
    may be written."""

    __slots__ = (
        "_is_full",
        "_is_held",
        "_is_reading",
        "_is_stuffed",
        "_loop",
        "_out",
        "_size",
        "_taken",
        "_transport",
        "on_room",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes | memoryview] = []
        self._size = 0
        self._taken = 0
        self._is_full = False
        self._is_stuffed = False
        self._is_held = False
        self._is_reading = True
        self.on_room: Callable[[], None] = _nothing

    @property
    def is_full(self) -> bool:
        """Whether the client must read before more can be written."""
        return self._is_full

    @property
    def went_out(self) -> int:
        """Bytes that the client's side has taken, as far as we know."""
        return self._taken - self.left

    @property
    def left(self) -> int:
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits for the client's side to take it."""
        return not self._out and not self.left

    def open(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def write(self, data: bytes | memoryview) -> None:
        if not self._out:
            self._loop.call_soon(self.flush)
        self._out.append(data)
        self._size += len(data)

    def may_write(self) -> bool:
        """More data, that is: what must be said at once is not held up."""
        return self._size < _AT_ONCE and not self._is_full

    def flush(self) -> None:
        if self._out and self._transport is not None:
            data = b"".join(self._out)
            self._out.clear()
            self._size = 0
            self._taken += len(data)
            self._transport.write(data)
            if self._is_full:
                self._is_stuffed = self._is_stuffed or self.left > _MOST_LEFT
                self._read_or_not()
            else:
                self.on_room()

    def fill(self) -> None:
        """The transport takes no more."""
        self._is_full = True

    def drain(self) -> None:
        """It does again."""
        self._is_full = self._is_stuffed = False
        self._read_or_not()
        self.on_room()

    def hold(self, *, is_held: bool) -> None:
        """Whether what was read is to be worked off before more is read."""
        self._is_held = is_held
        self._read_or_not()

    def close(self) -> None:
        """Nothing goes out any more."""
        self._transport = None
        self._out.clear()
        self.on_room = _nothing

    def _read_or_not(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        reads = not self._is_held and not self._is_stuffed
        if reads == self._is_reading:
            return
        self._is_reading = reads
        if reads:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()


def _nothing() -> None:
    """There is nothing to be done."""
