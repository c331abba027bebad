"""Answers of REST: replies, and refusals in their envelope, in the form that the client wants."""

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, TypeAlias

from aiohttp import web
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from taskweir.api.authentication import CredentialsInvalid
from taskweir.api.descriptors import descriptor_pool
from taskweir.api.rest.envelope import MethodNotAllowed, http_status
from taskweir.api.rest.field_selection import select, selected_json
from taskweir.api.rest.query import Wanted
from taskweir.api.rest.style import GOOGLE, RestStyle
from taskweir.api.status import rpc_status
from taskweir.domain.errors import Refusal, Unauthenticated

JSON: Final = "application/json; charset=UTF-8"
PROTO: Final = "application/x-protobuf"
_BYTES: Final = "application/octet-stream"
_MISSING: Final = 'Bearer realm="https://accounts.google.com/"'
_INVALID: Final = f'{_MISSING}, error="invalid_token"'
"""What Google's APIs ask for."""
_NOT_IN_HEADERS: Final = re.compile("[^ -~]")
_ON_ONE_LINE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_INDENTED: Final = json.JSONEncoder(ensure_ascii=False, indent=2)

_Encode: TypeAlias = Callable[[object, bool], bytes]
"""JSON as it is sent, indented or on one line."""


class ReplyWriter:
    """Writes the replies of one call, and knows then what they are."""

    def __init__(self, wanted: Wanted, style: RestStyle = GOOGLE) -> None:
        self._wanted = wanted
        self._style = style
        self._type = JSON
        self._status = HTTPStatus.OK

    def __call__(self, reply: Message) -> bytes:
        return self._written(reply, _encoded)

    def in_pieces(self, reply: Message) -> bytes:
        """The same for a large one. It takes longer, but lets other threads work meanwhile."""
        return self._written(reply, _encoded_in_pieces)

    def _written(self, reply: Message, encoded: _Encode) -> bytes:
        if self._style.empty_is_no_content and isinstance(reply, Empty):
            self._status = HTTPStatus.NO_CONTENT
            return b""
        if self._wanted.form == "media" and isinstance(reply, HttpBody):
            self._type = _NOT_IN_HEADERS.sub("", reply.content_type) or _BYTES
            data: bytes = reply.data
            return data
        if self._wanted.form == "proto":
            self._type = PROTO
            return self._proto(reply)
        return encoded(self._json(reply), self._wanted.is_indented(self._style))

    def response(self, body: bytes) -> web.Response:
        """With the reply that was written last."""
        if self._status == HTTPStatus.NO_CONTENT:
            return web.Response(status=self._status)
        return web.Response(body=body, headers={"Content-Type": self._type})

    def _proto(self, reply: Message) -> bytes:
        fields = self._wanted.fields
        if fields is None:
            return reply.SerializeToString()
        part = type(reply)()
        part.CopyFrom(reply)
        select(part, fields)
        return part.SerializeToString()

    def _json(self, reply: Message) -> object:
        """What an Any holds is looked up under its true name."""
        content: object = MessageToDict(
            reply,
            always_print_fields_with_no_presence=self._style.writes_defaults,
            use_integers_for_enums=self._wanted.enums_as_numbers,
            descriptor_pool=descriptor_pool(),
        )
        if self._wanted.fields is not None:
            content = selected_json(content, self._wanted.fields)
        return content


def error_response(refusal: Refusal, style: RestStyle = GOOGLE, wanted: Wanted | None = None) -> web.Response:
    wanted = wanted or Wanted()
    if wanted.form == "proto":
        message = refusal.message.encode("utf-8", "replace").decode()
        status = rpc_status(refusal.code, message, refusal.details)
        body, content_type = status.SerializeToString(), PROTO
    else:
        body, content_type = error_json(refusal, style, wanted), JSON
    headers = {"Content-Type": content_type}
    if isinstance(refusal, MethodNotAllowed):
        headers["Allow"] = refusal.allowed
    if isinstance(refusal, Unauthenticated):
        headers["WWW-Authenticate"] = _INVALID if isinstance(refusal, CredentialsInvalid) else _MISSING
    return web.Response(status=http_status(refusal), body=body, headers=headers)


def error_json(refusal: Refusal, style: RestStyle = GOOGLE, wanted: Wanted | None = None) -> bytes:
    """Only the envelope."""
    wanted = wanted or Wanted()
    content = style.envelope(refusal, http_status(refusal), wanted.lists_errors)
    return _encoded(content, wanted.is_indented(style))


def _encoded(content: object, indented: bool) -> bytes:  # noqa: FBT001 - of a callable, here and below
    """Refusals quote what clients sent, which may hold what UTF-8 cannot."""
    text = (_INDENTED if indented else _ON_ONE_LINE).encode(content)
    return (text + "\n" if indented else text).encode("utf-8", "replace")


def _encoded_in_pieces(content: object, indented: bool) -> bytes:  # noqa: FBT001
    """No other thread goes on while the encoder makes a text, or a text is encoded."""
    encoder = _INDENTED if indented else _ON_ONE_LINE
    pieces = [piece.encode("utf-8", "replace") for piece in encoder.iterencode(content)]
    return b"".join([*pieces, b"\n"] if indented else pieces)
