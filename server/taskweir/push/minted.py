"""A minted token goes out on the wire and stays nowhere: not in what is said to be sent, nor in a target's echo of it."""

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Final

from taskweir.push.wire_request import WireRequest

_HEADER: Final = "Authorization"
_NOT_KEPT: Final = "[not kept]"
_WINDOW: Final = 8
"""Bytes. A piece of a token that is nearly twice as long has one of these at a multiple of its length; in anything else
eight characters of a token are not to be found, but in another token, which is none to be kept either."""
_MAY_HAVE_A_PIECE: Final = re.compile(rb"[\w.=-]{%d}" % (2 * _WINDOW - 1))


def headers_sent(request: WireRequest) -> Sequence[tuple[str, str]]:
    """All of them, the token in place of any other Authorization."""
    return _with(request, request.token) if request.token else request.headers


def headers_to_show(request: WireRequest) -> Sequence[tuple[str, str]]:
    """The same, but for the token itself."""
    if not request.token:
        return request.headers
    return _with(request, f"{request.token.partition(' ')[0]} {_NOT_KEPT}")


def without_token(text: bytes, request: WireRequest) -> bytes:
    """What a target answered, without the token and without pieces of it, be they plain, in base64 or in hex."""
    if not request.token or not _MAY_HAVE_A_PIECE.search(text):
        return text
    token = request.token.partition(" ")[2].encode()
    for form in (token, *_in_base64(token)):
        text = _without(text, _pieces(text, form))
    return _without(text, _pieces(text.lower(), token.hex().encode()))


def text_without_token(text: str, request: WireRequest) -> str:
    """The same for what was made text of."""
    if not request.token or not text:
        return text
    return without_token(text.encode(errors="replace"), request).decode()


def _with(request: WireRequest, authorization: str) -> Sequence[tuple[str, str]]:
    others = [header for header in request.headers if header[0].lower() != _HEADER.lower()]
    return [*others, (_HEADER, authorization)]


def _in_base64(token: bytes) -> Sequence[bytes]:
    """Within something longer it depends on how many bytes are before it, by three. A token's characters are such that
    base64url is the same."""
    return b64encode(token), b64encode(b" " + token)[2:], b64encode(b"  " + token)[3:]


def _without(text: bytes, pieces: Iterator[tuple[int, int]]) -> bytes:
    left, at = b"", 0
    for begin, end in pieces:
        left, at = left + text[at:begin] + _NOT_KEPT.encode(), end
    return left + text[at:]


def _pieces(text: bytes, token: bytes) -> Iterator[tuple[int, int]]:
    """Where they begin and end."""
    covered = 0
    for window in range(0, len(text) - _WINDOW + 1, _WINDOW):
        if window < covered:
            continue
        within = token.find(text[window : window + _WINDOW])
        if within < 0:
            continue
        before = _alike(text[covered:window][::-1], token[:within][::-1])
        after = _alike(text[window:], token[within:])
        covered = window + after
        yield window - before, covered


def _alike(one: bytes, other: bytes) -> int:
    """How many bytes they have in common at their beginnings."""
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
