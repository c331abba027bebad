"""Blocks of headers, decompressed (RFC 7541). hpack has the tables."""

from collections import deque
from typing import Final

from hpack import HPACKDecodingError
from hpack.huffman_table import decode_huffman
from hpack.table import HeaderTable

from taskweir.api.http2.frames import ConnectionFault, ErrorCode

TABLE_SIZE: Final = 4_096
"""Bytes of headers that the client may refer to later (RFC 9113, 6.5.2)."""
_OVERHEAD: Final = 32
"""Bytes that each header counts more (RFC 7541, 4.1; RFC 9113, 10.5.1)."""
_MOST_DIGITS: Final = 4
"""Of a number, after its prefix: more than any number that is in range needs, and few enough to cost nothing."""
_MOST_RESIZES: Final = 2
"""At the beginning of a block: down, and up again (RFC 7541, 4.2)."""
_FAR_TOO_MUCH: Final = 4
"""Times what is taken: to read on costs more and more, and a header in the table a byte each time it is meant."""
_STATIC: Final[tuple[tuple[bytes, bytes], ...]] = tuple(HeaderTable.STATIC_TABLE)


class HeaderDecoder:
    """Reads the blocks of one connection in their order. `changes` grows whenever something enters the table, or may
    have left it: until then the same bytes mean the same."""

    __slots__ = ("_entries", "_most", "_size", "changes")

    def __init__(self) -> None:
        self._entries: deque[tuple[bytes, bytes]] = deque()
        self._most = TABLE_SIZE
        self._size = 0
        self.changes = 0

    def decode(self, block: bytes, most: int) -> tuple[list[tuple[bytes, bytes]], int]:
        """The headers, and their size. Of those that are larger than `most` together, only so many are given.

        Raises ConnectionFault, also for those that are larger by far: then no other block can be read.
        """
        try:
            return self._decoded(block, most)
        except (HPACKDecodingError, IndexError):
            raise _unreadable() from None

    def _decoded(self, block: bytes, most: int) -> tuple[list[tuple[bytes, bytes]], int]:
        """Raises IndexError for a block that ends too early."""
        fields: list[tuple[bytes, bytes]] = []
        at, size = self._after_resizes(block), 0
        while at < len(block):
            first = block[at]
            if first & 0x80:
                index, at = _number(block, at, 0x7F)
                field = self._field(index)
            else:
                field, at = self._literal(block, at, 0x3F if first & 0x40 else 0x0F)
                if first & 0x40:
                    self._add(field)
            size += len(field[0]) + len(field[1]) + _OVERHEAD
            if size <= most:
                fields.append(field)
            elif size > most * _FAR_TOO_MUCH:
                raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "too many headers")
        return fields, size

    def _after_resizes(self, block: bytes) -> int:
        at, count = 0, 0
        while at < len(block) and block[at] & 0xE0 == 0x20:
            most, at = _number(block, at, 0x1F)
            count += 1
            if most > TABLE_SIZE or count > _MOST_RESIZES:
                raise _unreadable()
            self._most = most
            self._shrink()
        return at

    def _literal(self, block: bytes, at: int, prefix: int) -> tuple[tuple[bytes, bytes], int]:
        if block[at] & 0x20 and prefix == 0x0F:
            raise _unreadable()  # it resizes the table after a header
        index, at = _number(block, at, prefix)
        if index:
            name = self._field(index)[0]
        else:
            name, at = _string(block, at)
        value, at = _string(block, at)
        return (name, value), at

    def _field(self, index: int) -> tuple[bytes, bytes]:
        if not index:
            raise _unreadable()
        if index <= len(_STATIC):
            return _STATIC[index - 1]
        return self._entries[index - len(_STATIC) - 1]

    def _add(self, field: tuple[bytes, bytes]) -> None:
        """One that does not fit empties the table."""
        self._entries.appendleft(field)
        self._size += len(field[0]) + len(field[1]) + _OVERHEAD
        self._shrink()

    def _shrink(self) -> None:
        self.changes += 1
        while self._size > self._most:
            name, value = self._entries.pop()
            self._size -= len(name) + len(value) + _OVERHEAD


def _number(block: bytes, at: int, prefix: int) -> tuple[int, int]:
    """A number of which the first byte has the bits of `prefix`, and where it ends (RFC 7541, 5.1)."""
    number = block[at] & prefix
    at += 1
    if number < prefix:
        return number, at
    for shift in range(0, 7 * _MOST_DIGITS, 7):
        digit = block[at]
        at += 1
        number += (digit & 0x7F) << shift
        if digit < 0x80:
            return number, at
    raise _unreadable()


def _string(block: bytes, at: int) -> tuple[bytes, int]:
    is_packed = block[at] & 0x80
    length, at = _number(block, at, 0x7F)
    end = at + length
    if end > len(block):
        raise _unreadable()
    text = block[at:end]
    return (decode_huffman(text) if is_packed else text), end


def _unreadable() -> ConnectionFault:
    return ConnectionFault(ErrorCode.COMPRESSION_ERROR, "headers that cannot be read")
