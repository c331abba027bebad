"""Requests as the options of a libcurl easy handle: what we want of libcurl, and its own habits switched off."""

import enum
from collections.abc import Callable, Sequence
from typing import Final

import pycurl

from taskweir.domain.times import MILLISECOND, Micros
from taskweir.push.minted import headers_sent
from taskweir.push.trust import Trust
from taskweir.push.wire_request import WireRequest

_OWN_HEADERS: Final = {"accept": "Accept:", "content-type": "Content-Type:", "user-agent": "User-Agent:"}
"""What libcurl adds when a request lacks it, with the spelling that stops it."""

_LONGEST_IDLE: Final = 1
"""Seconds after which a kept connection is not used again: servers close theirs after two and more, and a request
sent into that moment would be a failed attempt."""

_FOR_EVER: Final = -1
_SHORTEST: Final = 1
"""Seconds. With 0, libcurl would not even find the addresses just given to it, and look the name up by itself."""

_MADE_BY_LIBCURL: Final = "Content-Length"

_MOST_KEPT: Final = 2_048
"""Bytes of headers and body that a handle may keep while nobody uses it."""


class _Kind(enum.Enum):
    """Of requests; each needs options that the others must not have."""

    WITH_BODY = enum.auto()
    HEAD = enum.auto()
    BARE = enum.auto()


class HandleOptions:
    """The options of one easy handle. Those that are the same for the next request stay as they are: to set all of them
    for each would be a tenth of what an attempt costs."""

    __slots__ = ("_callbacks", "_curl", "_kept", "_kind", "_trust", "_usual")

    def __init__(
        self,
        curl: pycurl.Curl,
        trust: Trust,
        *,
        socket_opened: Callable[[int, object], int],
        before_sending: Callable[..., int],
        on_header: Callable[[bytes], object],
        on_body: Callable[[bytes], object],
    ) -> None:
        self._curl = curl
        self._trust = trust
        self._callbacks = (
            (pycurl.SOCKOPTFUNCTION, socket_opened),
            (pycurl.PREREQFUNCTION, before_sending),
            (pycurl.HEADERFUNCTION, on_header),
            (pycurl.WRITEFUNCTION, on_body),
        )
        self._kind: _Kind | None = None
        self._usual: tuple[object, ...] = ()
        """What the options were made of that are set and not for one request alone."""
        self._kept = 0
        """Bytes of the last request."""

    def set_for(
        self, request: WireRequest, addresses: Sequence[str], deadline: Micros, *, forget_names: bool
    ) -> None:
        """Set the handle up for one request. `addresses` are those of the request's host; `deadline` is in
        microseconds. With `forget_names` the transfer's end makes libcurl forget the addresses of earlier ones.

        Raises pycurl.error for what this libcurl refuses and UnicodeError for text that has no UTF-8 form.
        """
        kind = _kind_of(request)
        if kind is not self._kind:
            self._fit(kind)
        lines = _header_lines(request)
        self._kept = sum(map(len, lines)) + len(request.body or b"")
        usual = (request.method, request.origin, addresses, deadline, forget_names)
        if usual != self._usual:
            self._set_usual(request, addresses, deadline, forget_names=forget_names)
            self._usual = usual
        self._curl.setopt(pycurl.REQUEST_TARGET, request.target)
        self._curl.setopt(pycurl.HTTPHEADER, lines)
        if request.body is not None:
            self._curl.setopt(pycurl.POSTFIELDS, request.body)

    def rest(self, request: WireRequest | None) -> None:
        """The request is over. What is large or secret in it does not stay."""
        if request is None or request.token or self._kept > _MOST_KEPT:
            self._curl.reset()
            self._kind = None

    def _fit(self, kind: _Kind) -> None:
        """Set what all requests of a kind have in common."""
        curl = self._curl
        curl.reset()
        self._kind = None
        self._usual = ()
        _set_habits(curl)
        _set_trust(curl, self._trust)
        for option, callback in self._callbacks:
            curl.setopt(option, callback)
        if kind is _Kind.WITH_BODY:
            curl.setopt(pycurl.POST, 1)
        elif kind is _Kind.HEAD:
            curl.setopt(pycurl.NOBODY, 1)
        self._kind = kind

    def _set_usual(
        self, request: WireRequest, addresses: Sequence[str], deadline: Micros, *, forget_names: bool
    ) -> None:
        """Set what the next request to the same target has the same.

        Every transfer brings its host's addresses, so libcurl never looks a name up. It keeps them (`+`: not longer
        than the timeout says), and walks over all that it keeps at the end of each transfer that has a timeout."""
        curl, name = self._curl, request.host.name
        self._usual = ()
        milliseconds = max(1, -(-deadline // MILLISECOND))
        curl.setopt(pycurl.CUSTOMREQUEST, request.method)
        curl.setopt(pycurl.URL, request.origin)
        curl.setopt(pycurl.RESOLVE, [f"+{name}:{request.port}:{','.join(addresses)}"] if name else [])
        curl.setopt(pycurl.DNS_CACHE_TIMEOUT, _SHORTEST if forget_names else _FOR_EVER)
        curl.setopt(pycurl.TIMEOUT_MS, milliseconds)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, milliseconds)


def _kind_of(request: WireRequest) -> _Kind:
    if request.body is not None:
        return _Kind.WITH_BODY
    return _Kind.HEAD if request.method == "HEAD" else _Kind.BARE


def _set_habits(curl: pycurl.Curl) -> None:
    """Redirects, cookies, .netrc and answers of HTTP/0.9 are off by libcurl's own default."""
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.PROXY, "")  # else it obeys http_proxy and the like
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(
        pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1
    )  # HTTP/2 would lower the case of header names
    curl.setopt(pycurl.MAXAGE_CONN, _LONGEST_IDLE)
    curl.setopt(pycurl.TCP_KEEPALIVE, 1)  # deadlines go up to a day: find out when a target is gone


def _set_trust(curl: pycurl.Curl, trust: Trust) -> None:
    if not trust.verify:
        curl.setopt(pycurl.SSL_VERIFYPEER, 0)
        curl.setopt(pycurl.SSL_VERIFYHOST, 0)
        return
    if trust.ca_file is None:
        curl.unsetopt(pycurl.CAINFO)
    else:
        curl.setopt(pycurl.CAINFO, trust.ca_file)
    if trust.ca_dir is None:
        curl.unsetopt(pycurl.CAPATH)
    else:
        curl.setopt(pycurl.CAPATH, trust.ca_dir)


def _header_lines(request: WireRequest) -> list[bytes]:
    """In libcurl's syntax `Name;` sends a header without a value, and `Name:` keeps libcurl from sending its own."""
    lines = [b"Expect:"]
    own = dict(_OWN_HEADERS)
    for name, value in headers_sent(request):
        if name == _MADE_BY_LIBCURL:
            continue
        own.pop(name.lower(), None)
        lines.append((f"{name}: {value}" if value.strip(" \t") else f"{name};").encode())
    return lines + [line.encode() for line in own.values()]
