"""A gRPC client that calls and does not read what is answered."""

import socket
from typing import Final

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _WINDOW_UPDATE = 0, 1, 3, 4, 8
_END_STREAM, _END_HEADERS = 1, 4
_INITIAL_WINDOW_SIZE = 4
_CANCEL: Final = 8
_LARGEST_WINDOW: Final = (1 << 31) - 1
_USUAL_WINDOW: Final = (1 << 16) - 1


class DeafClient:
    """It lets the server send as much as it likes."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._stream = 1
        window = _INITIAL_WINDOW_SIZE.to_bytes(2) + _LARGEST_WINDOW.to_bytes(4)
        more = (_LARGEST_WINDOW - _USUAL_WINDOW).to_bytes(4)
        self._socket.sendall(_PREFACE + _frame(_SETTINGS, 0, 0, window) + _frame(_WINDOW_UPDATE, 0, 0, more))

    def begin_and_reset(self, path: str, times: int) -> None:
        """As many calls, each of them given up as it begins, until the server ends the connection."""
        block = _headers(path)
        for _ in range(times):
            try:
                self._socket.sendall(
                    _frame(_HEADERS, _END_HEADERS, self._stream, block)
                    + _frame(_RESET, 0, self._stream, _CANCEL.to_bytes(4))
                )
            except ConnectionError:
                return
            self._stream += 2

    def call(self, path: str, request: bytes) -> None:
        block = _headers(path)
        message = b"\0" + len(request).to_bytes(4) + request
        self._socket.sendall(
            _frame(_HEADERS, _END_HEADERS, self._stream, block)
            + _frame(_DATA, _END_STREAM, self._stream, message)
        )
        self._stream += 2

    def close(self) -> None:
        self._socket.close()


def _headers(path: str) -> bytes:
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "localhost",
        "content-type": "application/grpc",
        "te": "trailers",
    }
    return b"".join(map(_header, headers, headers.values()))


def _header(name: str, value: str) -> bytes:
    """Written out, for no table."""
    assert len(value) < 127
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload
