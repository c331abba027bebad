"""A refusal as the trailers of a call."""

import re
from base64 import b64encode
from typing import Final

from google.rpc import status_pb2

from taskweir.api.status import rpc_status
from taskweir.domain.errors import Refusal

_ESCAPED: Final = re.compile(rb"[^ -$&-~]")
_DETAILS: Final = "grpc-status-details-bin"
_LIMIT: Final = 7_000
"""Bytes of message and details. gRPC clients begin to refuse trailers at 8 KiB, and then see RESOURCE_EXHAUSTED."""


def trailers_of(refusal: Refusal) -> tuple[tuple[str, str], ...]:
    """A refusal without details has its code and message only, as in production."""
    code = ("grpc-status", str(int(refusal.code)))
    if refusal.details:
        status = rpc_status(refusal.code, refusal.message, refusal.details)
        if _fits(status):
            details = b64encode(status.SerializeToString()).decode().rstrip("=")
            return (code, ("grpc-message", _encoded(refusal.message)), (_DETAILS, details))
    return (code, ("grpc-message", _encoded(_cut(refusal.message))))


def _fits(status: status_pb2.Status) -> bool:
    return len(_encoded(status.message)) + status.ByteSize() * 4 // 3 <= _LIMIT


def _cut(message: str) -> str:
    while len(_encoded(message)) > _LIMIT:
        message = message[: len(message) * 3 // 4] + "…"
    return message


def _encoded(message: str) -> str:
    """Every byte outside printable ASCII, and %, as %XX."""
    return _ESCAPED.sub(lambda byte: b"%%%02X" % byte[0][0], message.encode()).decode("ascii")
