"""Header blocks for a connection that sends the same headers with every request (RFC 7541).

The first block enters them all into the receiver's table, in order; every later one refers to the entries, a byte
each. That is how gRPC's own clients come out, too.
"""

from collections.abc import Sequence
from typing import Final

_FIRST_DYNAMIC: Final = 62
_TABLE_SIZE: Final = 4_096
_ENTRY_OVERHEAD: Final = 32


def first_block(headers: Sequence[tuple[str, str]]) -> bytes:
    """Literals with incremental indexing, names and values as they are. Raises ValueError when the table is too
    small for them."""
    size = sum(len(name) + len(value) + _ENTRY_OVERHEAD for name, value in headers)
    if size > _TABLE_SIZE or _FIRST_DYNAMIC + len(headers) > 127:
        raise ValueError("too many headers to index")
    return b"".join(b"\x40" + _text(name) + _text(value) for name, value in headers)


def later_block(headers: Sequence[tuple[str, str]]) -> bytes:
    """Indexes only; the entry made last has the lowest."""
    last = _FIRST_DYNAMIC + len(headers) - 1
    return bytes(0x80 | (last - place) for place in range(len(headers)))


def _text(text: str) -> bytes:
    """A length in a prefix of seven bits, and the octets."""
    data = text.encode()
    if len(data) < 127:
        return bytes([len(data)]) + data
    rest = len(data) - 127
    length = bytearray([127])
    while rest >= 128:
        length.append(rest & 127 | 128)
        rest >>= 7
    length.append(rest)
    return bytes(length) + data
