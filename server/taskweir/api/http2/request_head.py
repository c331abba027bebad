"""The headers that begin a call, read as gRPC has them."""

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from taskweir.api.call import Metadata
from taskweir.api.http2.frames import ErrorCode, StreamFault

_TIMEOUT: Final = re.compile(r"([0-9]{1,8})([HMSmun])")
_UNITS: Final[Mapping[str, float]] = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_CONTENT_TYPE: Final = re.compile(r"application/grpc(?:[+;].*)?", re.IGNORECASE)
"""gRPC-Web is something else."""
_LENGTH: Final = re.compile(r"[0-9]{1,15}")
_OF_HTTP1: Final = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
)
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_BREAKS: Final = re.compile(rb"[\x00\r\n]")
_PSEUDO: Final = frozenset({b":method", b":scheme", b":authority", b":path"})
_BINARY: Final = "-bin"
_MOST_JOINED: Final = 64
"""Values of one header: each takes much more memory than the comma that makes it."""


class MalformedHead(StreamFault):
    """Headers that no request may have (RFC 9113, 8.2 and 8.3)."""

    def __init__(self, reason: str) -> None:
        super().__init__(ErrorCode.PROTOCOL_ERROR, reason)


@dataclass(frozen=True, slots=True)
class RequestHead:
    """`path` is that of the method, with its slash; `size` that of the headers, in bytes; `timeout` is in seconds, None
    for none. `encoding` is that of the messages, empty for none; `length` is how many bytes of data the client has
    promised, None for any. `http_status` is what a request gets that is none of gRPC's, else 0; `fault` says what is
    wrong with one that is."""

    path: str
    metadata: Metadata
    size: int = 0
    timeout: float | None = None
    encoding: str = ""
    length: int | None = None
    http_status: int = 0
    fault: str = ""

    @property
    def authorization(self) -> str | None:
        for name, value in self.metadata:
            if name == "authorization" and isinstance(value, str):
                return value
        return None


def request_head(headers: Iterable[tuple[bytes, bytes]], size: int = 0) -> RequestHead:
    """Raises MalformedHead."""
    pseudo: dict[bytes, bytes] = {}
    fields: list[tuple[str, str]] = []
    for name, value in headers:
        if name.startswith(b":"):
            if fields or name in pseudo or name not in _PSEUDO:
                raise MalformedHead("pseudo-headers out of place")
            if _BREAKS.search(value):
                raise MalformedHead("a header with a line end in it")
            pseudo[name] = value
        else:
            _check(name, value)
            fields.append((name.decode("ascii"), value.decode("latin-1")))
    if not (pseudo.get(b":method") and pseudo.get(b":path") and pseudo.get(b":scheme")):
        raise MalformedHead("a request without its pseudo-headers")
    return _head(pseudo, fields, size)


def check_trailers(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Of what a client says after its messages. Raises MalformedHead."""
    for name, value in headers:
        _check(name, value)


def _check(name: bytes, value: bytes) -> None:
    if _NAME.fullmatch(name) is None or name in _OF_HTTP1 or (name == b"te" and value != b"trailers"):
        raise MalformedHead("a header that HTTP/2 has not")
    if _BREAKS.search(value):
        raise MalformedHead("a header with a line end in it")


def _head(pseudo: Mapping[bytes, bytes], fields: list[tuple[str, str]], size: int) -> RequestHead:
    path = pseudo[b":path"].decode("latin-1")
    found = dict(fields)
    if pseudo[b":method"] != b"POST":
        return RequestHead(path, (), http_status=405)
    if _CONTENT_TYPE.fullmatch(found.get("content-type", "")) is None:
        return RequestHead(path, (), http_status=415)
    encoding = found.get("grpc-encoding", "")
    known: dict[str, Any] = {
        "path": path,
        "size": size,
        "encoding": "" if encoding == "identity" else encoding,
        "length": _length(found.get("content-length")),
    }
    try:
        timeout = _timeout(found.get("grpc-timeout"))
        metadata = tuple(_metadata(fields))
    except ValueError as error:
        return RequestHead(**known, metadata=(), fault=str(error))
    return RequestHead(**known, metadata=metadata, timeout=timeout)


def _length(text: str | None) -> int | None:
    """Raises MalformedHead."""
    if text is None:
        return None
    if _LENGTH.fullmatch(text) is None:
        raise MalformedHead("a length that is no number")
    return int(text)


def _timeout(text: str | None) -> float | None:
    """Seconds. Raises ValueError."""
    if text is None:
        return None
    match = _TIMEOUT.fullmatch(text)
    if match is None:
        raise ValueError("The deadline in grpc-timeout could not be read.")
    return int(match[1]) * _UNITS[match[2]]


def _metadata(fields: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str | bytes]]:
    """Without what is gRPC's own. Raises ValueError."""
    for name, value in fields:
        if name in ("te", "content-type") or name.startswith("grpc-"):
            continue
        if name.endswith(_BINARY):
            # Values of one name may have been joined on the way; base64 has no comma.
            if value.count(",") >= _MOST_JOINED:
                raise ValueError(f"The metadata {name} has too many values.")
            yield from ((name, _bytes(name, part.strip())) for part in value.split(","))
        else:
            yield name, value


def _bytes(name: str, text: str) -> bytes:
    """Raises ValueError."""
    try:
        return b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True)
    except ValueError:
        raise ValueError(f"The metadata {name} is not base64.") from None
