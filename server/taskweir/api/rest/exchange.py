"""One HTTP request on its way through the transcoder, and what is known of it so far."""

import contextlib
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from aiohttp import web

from taskweir.api.call import Call, HttpHead
from taskweir.api.rest.answer import error_response
from taskweir.api.rest.query import Query, Wanted
from taskweir.api.rest.style import GOOGLE, RestStyle
from taskweir.domain.errors import InvalidArgument, Refusal, quoted

_TIMEOUT_HEADER: Final = "X-Server-Timeout"
_OVERRIDE_HEADER: Final = "X-HTTP-Method-Override"
_OVERRIDES: Final = ("DELETE", "GET", "PATCH", "POST", "PUT")
_ENCODING_HEADER: Final = "Content-Encoding"
_FORM: Final = "application/x-www-form-urlencoded"
_NO_QUERY: Final = Query({}, {})
_PLAIN: Final = Wanted()


@dataclass(slots=True)
class Exchange:
    """`method` is the HTTP method, whatever the request was sent as; `style` that of the service which is called, or
    whose paths begin like this one. The query, and what it says about the answer, are as far as they have been read."""

    request: web.BaseRequest
    method: str = ""
    style: RestStyle = GOOGLE
    query: Query = _NO_QUERY
    wanted: Wanted = _PLAIN

    @property
    def path(self) -> str:
        """Still percent-encoded."""
        return self.request.rel_url.raw_path

    @property
    def content_type(self) -> str:
        return self.request.headers.get("Content-Type", "")

    @property
    def has_query_in_body(self) -> bool:
        """Clients send a query that is too long for a URL in the body of a POST that stands for a GET."""
        return (
            self.request.method == "POST"
            and self.method == "GET"
            and self.content_type.partition(";")[0].strip().lower() == _FORM
        )

    def read_method(self) -> None:
        """Some clients and networks know GET and POST only, and name the method they mean in a header. Raises
        InvalidArgument."""
        self.method = self.request.method
        if self.method != "POST":
            return
        meant = self.request.headers.get(_OVERRIDE_HEADER)
        if meant is None:
            return
        self.method = meant.strip().upper()
        if self.method not in _OVERRIDES:
            raise InvalidArgument(
                f'Invalid {_OVERRIDE_HEADER}: "{quoted(meant)}". It may be {", ".join(_OVERRIDES)}.'
            )

    def read_query(self, form: bytes = b"") -> None:
        """`form` is the part of it that came as the body. Raises InvalidArgument."""
        text = self.request.rel_url.raw_query_string
        if form:
            text = f"{text}&{form.decode('utf-8', 'surrogateescape')}"
        self.query = Query.parse(text)

    def refused(self, refusal: Refusal) -> web.Response:
        """In the form that the client wants, where it can be told: what is refused may be the query itself."""
        with contextlib.suppress(InvalidArgument):
            if self.query is _NO_QUERY:
                self.read_query()
            if self.wanted is _PLAIN:
                self.wanted = Wanted.by(self.query)
            if self.style.only_json:
                self.wanted = replace(self.wanted, form="json")
        return error_response(refusal, self.style, self.wanted)

    def call(self, rpc: str) -> Call:
        """Its deadline counts from here on: the body must come in time too."""
        headers = self._headers()
        metadata = [(name.lower(), value) for name, value in headers]
        deadline = _deadline(self.request.headers.get(_TIMEOUT_HEADER))
        return Call(rpc, metadata, deadline, http=HttpHead(self.method, headers))

    def _headers(self) -> Sequence[tuple[str, str]]:
        headers = self.request.headers
        pairs = [(name, value if value.isascii() else _readable(value)) for name, value in headers.items()]
        if _ENCODING_HEADER in headers:
            pairs = [pair for pair in pairs if pair[0].lower() != _ENCODING_HEADER.lower()]
        return pairs


def _deadline(seconds: str | None) -> float | None:
    """Passed over when it is no number of seconds."""
    try:
        timeout = float(seconds) if seconds is not None else math.inf
    except ValueError:
        return None
    return time.monotonic() + timeout if math.isfinite(timeout) else None


def _readable(value: str) -> str:
    """Bytes that are no UTF-8 are read as Latin-1, the older rule of HTTP."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogateescape").decode("latin-1")
    return value
