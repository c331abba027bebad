"""One request as the options of a libcurl easy handle: what we want of libcurl, and its own habits switched off."""

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


def set_options(
    curl: pycurl.Curl,
    request: WireRequest,
    addresses: Sequence[str],
    deadline: Micros,
    trust: Trust,
    *,
    forget_names: bool,
    before_sending: Callable[..., int],
    on_header: Callable[[bytes], object],
    on_body: Callable[[bytes], object],
) -> None:
    """Set a fresh handle up for one request. `addresses` are those of the request's host; `deadline` is in
    microseconds. With `forget_names` the transfer's end makes libcurl forget the addresses of earlier ones.

    Raises pycurl.error for what this libcurl refuses and UnicodeError for text that has no UTF-8 form.
    """
    _set_habits(curl)
    _set_trust(curl, trust)
    _set_method(curl, request)
    _set_addresses(curl, request, addresses, forget_names=forget_names)
    milliseconds = max(1, -(-deadline // MILLISECOND))
    curl.setopt(pycurl.URL, request.origin)
    curl.setopt(pycurl.REQUEST_TARGET, request.target)
    curl.setopt(pycurl.HTTPHEADER, _header_lines(request))
    curl.setopt(pycurl.TIMEOUT_MS, milliseconds)
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, milliseconds)
    curl.setopt(pycurl.PREREQFUNCTION, before_sending)
    curl.setopt(pycurl.HEADERFUNCTION, on_header)
    curl.setopt(pycurl.WRITEFUNCTION, on_body)


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


def _set_method(curl: pycurl.Curl, request: WireRequest) -> None:
    """The body's kind first, since it brings a method of its own, then the method's name."""
    if request.body is not None:
        curl.setopt(pycurl.POST, 1)
        curl.setopt(pycurl.POSTFIELDS, request.body)
    elif request.method == "HEAD":
        curl.setopt(pycurl.NOBODY, 1)
    curl.setopt(pycurl.CUSTOMREQUEST, request.method)


def _set_addresses(
    curl: pycurl.Curl, request: WireRequest, addresses: Sequence[str], *, forget_names: bool
) -> None:
    """Every transfer brings its own, so libcurl never looks a name up. It keeps them (`+`: not longer than the
    timeout says), and walks over all that it keeps at the end of each transfer that has a timeout."""
    name = request.host.name
    if name:
        curl.setopt(pycurl.RESOLVE, [f"+{name}:{request.port}:{','.join(addresses)}"])
    curl.setopt(pycurl.DNS_CACHE_TIMEOUT, _SHORTEST if forget_names else _FOR_EVER)


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
