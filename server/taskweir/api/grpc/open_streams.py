"""Whether anything goes on on an HTTP/2 connection, by the heads of its frames (RFC 9113, 4.1)."""

from collections.abc import Iterator
from typing import Final

_HEAD: Final = 9
_DATA: Final = 0
_HEADERS: Final = 1
_RESET: Final = 3
_END_STREAM: Final = 1
_STREAM: Final = 0x7FFFFFFF
"""Without the bit that is reserved."""


class OpenStreams:
    """Those that a client has begun and that the server has not ended: its calls."""

    def __init__(self, preface: int) -> None:
        """The client says so many bytes before its first frame."""
        self._from_client = _FrameHeads(preface)
        self._from_server = _FrameHeads(0)
        self._open: set[int] = set()

    def __len__(self) -> int:
        return len(self._open)

    def client_says(self, data: bytes) -> None:
        for kind, _, stream in self._from_client.of(data):
            if kind == _HEADERS:
                self._open.add(stream)
            elif kind == _RESET:
                self._open.discard(stream)

    def server_says(self, data: bytes) -> None:
        for kind, flags, stream in self._from_server.of(data):
            ends = kind in (_HEADERS, _DATA) and flags & _END_STREAM
            if ends or kind == _RESET:
                self._open.discard(stream)


class _FrameHeads:
    def __init__(self, skipped: int) -> None:
        self._left = skipped
        """Bytes until the next head."""
        self._head = b""
        """What has come of one."""

    def of(self, data: bytes) -> Iterator[tuple[int, int, int]]:
        """Kind, flags and stream of each frame whose head ends in `data`."""
        at = 0
        while self._left < len(data) - at:
            at += self._left
            self._left = 0
            wanted = _HEAD - len(self._head)
            self._head += data[at : at + wanted]
            at += wanted
            if len(self._head) < _HEAD:
                return
            head, self._head = self._head, b""
            self._left = int.from_bytes(head[:3], "big")
            yield head[3], head[4], int.from_bytes(head[5:], "big") & _STREAM
        self._left -= len(data) - at
