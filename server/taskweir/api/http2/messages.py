"""Messages of gRPC within the data of a stream: each after a byte that says whether it is compressed, and its length."""

from struct import Struct
from typing import Final, NamedTuple

from taskweir.api.http2.memory import Share
from taskweir.domain.errors import InvalidArgument, ResourceExhausted

PREFIX: Final = Struct(">BI")
MOST: Final = 128 << 20
"""Bytes of a message, decompressed: a batch of a hundred large tasks is 100 MB."""
_SMALL: Final = 1 << 10
"""Bytes of a message that are counted with its call."""


class Received(NamedTuple):
    """`held` is how much of the budget it has, in bytes."""

    data: bytes
    is_compressed: bool
    held: int


class MessageReader:
    """Puts the messages of one stream together. `most` is how many bytes each may have."""

    __slots__ = ("_buffer", "_held", "_share", "most")

    def __init__(self, share: Share) -> None:
        """`share` is the connection's of what all requests may take."""
        self.most = MOST
        self._share = share
        self._held = 0
        self._buffer: bytearray | None = None

    @property
    def is_within_message(self) -> bool:
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Received]:
        """The messages that are whole now. Raises Refusal."""
        if not self._buffer and len(data) >= PREFIX.size:
            flag, length = PREFIX.unpack_from(data)
            if len(data) == PREFIX.size + length and length <= self.most:
                held = 0 if length <= _SMALL else length
                if held:
                    self.hold_whole(held)
                return [Received(data[PREFIX.size :], _is_compressed(flag), held)]
        if not data:
            return []
        self.hold(len(data))
        if self._buffer is None:
            self._buffer = bytearray()
        self._buffer += data
        return _taken_out(self._buffer, self.most)

    def hold(self, size: int) -> None:
        """Take so much more of the share. Raises ResourceExhausted."""
        self._share.take(size)
        self._held += size

    def hold_whole(self, size: int) -> None:
        """The same for what is there at once. Raises ResourceExhausted."""
        self._share.take_whole(size)
        self._held += size

    def let_go(self, size: int) -> None:
        self._share.give_back(size)
        self._held -= size

    def end(self) -> None:
        """Nothing of them is needed any more."""
        self.let_go(self._held)
        self._buffer = None


def _taken_out(buffer: bytearray, most: int) -> list[Received]:
    whole = []
    while len(buffer) >= PREFIX.size:
        flag, length = PREFIX.unpack_from(buffer)
        if length > most:
            raise ResourceExhausted(f"Received message larger than max ({length} vs. {most})")
        end = PREFIX.size + length
        if len(buffer) < end:
            break
        with memoryview(buffer) as view:
            data = bytes(view[PREFIX.size : end])
        del buffer[:end]
        whole.append(Received(data, _is_compressed(flag), end))
    return whole


def _is_compressed(flag: int) -> bool:
    """Raises InvalidArgument."""
    if flag > 1:
        raise InvalidArgument("The request could not be parsed.")
    return flag == 1
