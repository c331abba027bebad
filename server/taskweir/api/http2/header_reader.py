"""The headers of calls, read. What was read is remembered: clients send the same again and again."""

from typing import Final

from taskweir.api.http2.header_decoder import HeaderDecoder
from taskweir.api.http2.request_head import RequestHead, request_head

MOST: Final = 64 << 10
"""Bytes of the headers of a call, each counted with 32 more (RFC 9113, 10.5.1)."""
_KEPT: Final = 64 << 10
"""Bytes of blocks and headers that are remembered for a connection."""
_OF_EACH: Final = 1 << 10
"""What a head takes besides."""
_LONGEST_KEPT: Final = 4 << 10


class TooManyHeaders(Exception):
    """Of one call; the others are as they were."""


class HeaderReader:
    """Reads the blocks of one connection, in the order in which they come."""

    __slots__ = ("_changes", "_decoder", "_known", "_room")

    def __init__(self) -> None:
        self._decoder = HeaderDecoder()
        self._known: dict[bytes, RequestHead] = {}
        self._room = _KEPT
        self._changes = 0

    def read(self, block: bytes) -> RequestHead:
        """Raises ConnectionFault for a block that cannot be read, after which no other can; MalformedHead; and
        TooManyHeaders."""
        # What came since, and was refused or no head, may have changed the table.
        known = self._known.get(block) if self._decoder.changes == self._changes else None
        if known is not None:
            return known
        fields, size = self._decoder.decode(block, MOST)
        if size > MOST:
            raise TooManyHeaders
        head = request_head(fields, size)
        self._remember(block, head)
        return head

    def read_more(self, block: bytes) -> list[tuple[bytes, bytes]]:
        """What comes after a head. Raises ConnectionFault."""
        fields, _ = self._decoder.decode(block, MOST)
        return fields

    def _remember(self, block: bytes, head: RequestHead) -> None:
        """A block that changes the table is not to be passed over when it comes again."""
        if self._decoder.changes != self._changes:
            self._changes = self._decoder.changes
            self._forget()
            return
        size = len(block) + head.size
        if size > _LONGEST_KEPT:
            return
        if self._room < size + _OF_EACH:
            self._forget()
        self._room -= size + _OF_EACH
        self._known[block] = head

    def _forget(self) -> None:
        self._known.clear()
        self._room = _KEPT
