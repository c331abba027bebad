"""From an outgoing request to what goes over the wire, and what is refused."""

from dataclasses import replace

import pytest

from taskweir.domain.model import OAuthToken, OidcToken
from taskweir.domain.names import QueueName
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.times import SECOND
from taskweir.push.wire_request import Unsendable, wire_request

TASK = QueueName("p", "l", "q").task("t")

REQUEST = OutgoingRequest(TASK, "POST", "http://t/", [], b"", SECOND)


@pytest.mark.parametrize(
    ("url", "origin", "target", "host"),
    [
        ("http://t", "http://t/", "/", "t"),
        ("HTTP://t/", "http://t/", "/", "t"),
        ("http://t:80/a", "http://t:80/", "/a", "t"),
        ("https://t:443/a", "https://t:443/", "/a", "t"),
        ("https://t:80/a", "https://t:80/", "/a", "t:80"),
        ("http://t:8080?q", "http://t:8080/", "/?q", "t:8080"),
        ("http://t/a?b=c?d#e?f", "http://t/", "/a?b=c?d", "t"),
        ("http://t/a b\t\r\n\x00é€😀", "http://t/", "/a%20b%09%0D%0A%00%C3%A9%E2%82%AC%F0%9F%98%80", "t"),
        ("http://t/%zz%2f%", "http://t/", "/%zz%2f%", "t"),
        ("http://t/a/../b/./c//d", "http://t/", "/a/../b/./c//d", "t"),
        ("http://bücher.example:81/", "http://xn--bcher-kva.example:81/", "/", "xn--bcher-kva.example:81"),
        ("http://[::1]:81/", "http://[::1]:81/", "/", "[::1]:81"),
        ("http://u:p@t/", "http://t/", "/", "t"),
    ],
)
def test_url_is_taken_apart_and_what_cannot_stand_in_a_request_line_is_encoded(
    url: str, origin: str, target: str, host: str
) -> None:
    """A %-escape, good or bad, is passed as it is; the fragment is left out."""
    wire = wire_request(replace(REQUEST, url=url))
    assert (wire.origin, wire.target, wire.headers[0]) == (origin, target, ("Host", host))
    assert wire.request_line == f"POST {target} HTTP/1.1"


@pytest.mark.parametrize(
    ("url", "origin", "name", "port"),
    [
        ("http://T.Example/", "http://t.example/", "t.example", 80),
        ("https://t/", "https://t/", "t", 443),
        ("http://t.:81/", "http://t.:81/", "t.", 81),
        ("http://t:/", "http://t/", "t", 80),
        ("http://a_b-c~1/", "http://a_b-c~1/", "a_b-c~1", 80),
        ("http://%74%C3%BC.x/", "http://xn--t-eha.x/", "xn--t-eha.x", 80),
        ("http://bücher.example/", "http://xn--bcher-kva.example/", "xn--bcher-kva.example", 80),
        ("http://127.0.0.1:81/", "http://127.0.0.1:81/", "", 81),
        ("http://127.0.0.1.:81/", "http://127.0.0.1:81/", "", 81),
        ("http://0x7f.1/", "http://127.0.0.1/", "", 80),
        ("http://2130706433/", "http://127.0.0.1/", "", 80),
        ("http://0177.0.0.1/", "http://127.0.0.1/", "", 80),
        ("http://\uff11\uff12\uff17.0.0.1/", "http://127.0.0.1/", "", 80),
        ("http://[::1]:81/", "http://[::1]:81/", "", 81),
        ("http://256.1.1.1/", "http://256.1.1.1/", "256.1.1.1", 80),
    ],
)
def test_a_host_is_a_name_to_be_resolved_or_an_address(url: str, origin: str, name: str, port: int) -> None:
    """Odd forms of an address are read as every machine reads them: no lookup, and no way around a check of it."""
    wire = wire_request(replace(REQUEST, url=url))
    assert (wire.origin, wire.host.name, wire.port) == (origin, name, port)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://0x7f.1:81/", "0x7f.1:81"),
        ("http://T.Example/", "T.Example"),
        ("http://\uff11\uff12\uff17.0.0.1/", "127.0.0.1"),
    ],
)
def test_host_header_is_the_host_as_it_was_written(url: str, host: str) -> None:
    """But for an international one, which goes out in its ASCII form."""
    assert wire_request(replace(REQUEST, url=url)).headers[0] == ("Host", host)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "t/",
        "ftp://t/",
        "http:/t/",
        "http://",
        "http:///a",
        "http://:80/",
        "http://é..x/",
        "http://a b/",
        "http://*/",
        "http://a,b/",
        "http://a%00b/",
        "http://a%2fb/",
        "http://ex℀mple/",
        "http://[::1/",
        "http://::1/",
        "http://t:8x/",
        "http://t:65536/",
        "http://t:" + "9" * 5_000 + "/",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    """With a reason, before anything is sent."""
    with pytest.raises(Unsendable, match="the URL"):
        wire_request(replace(REQUEST, url=url))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "b\r\nX-Evil: 1"),
        ("X-A", "b\nX-Evil: 1"),
        ("X-A", "\r"),
        ("X-A", "b\x00c"),
        ("X-A\r\nX-Evil", "1"),
        ("X-A\n", "1"),
        ("X\x00A", "1"),
        ("X-A:", "1"),
        ("X-A;", "1"),
        ("X A", "1"),
        ("", "1"),
        ("é", "1"),
    ],
)
def test_headers_that_would_break_the_framing_are_refused(name: str, value: str) -> None:
    """A line end in one would be a second header or a second request."""
    with pytest.raises(Unsendable):
        wire_request(replace(REQUEST, headers=[(name, value)]))


def test_a_host_that_would_break_the_framing_is_refused() -> None:
    """App Engine labels come from the caller too."""
    with pytest.raises(Unsendable):
        wire_request(replace(REQUEST, host="a\r\nX-Evil: 1"))


@pytest.mark.parametrize("token", [OidcToken("a@b"), OAuthToken("a@b")])
def test_a_token_is_minted_later_and_stands_beside_the_headers(token: OidcToken | OAuthToken) -> None:
    """So that what shows the request shows no token."""
    wire = wire_request(replace(REQUEST, authorization=token))
    assert not any(name.lower() == "authorization" for name, _ in wire.headers)
    assert "ya29.x" not in repr(replace(wire, token="Bearer ya29.x"))


def test_a_request_with_nowhere_to_go_is_refused_for_its_own_reason() -> None:
    """OutgoingRequest.unsendable."""
    with pytest.raises(Unsendable, match="no host is set"):
        wire_request(replace(REQUEST, unsendable="no host is set"))


def test_credentials_in_the_url_become_basic_authorization_unless_the_caller_has_one() -> None:
    """They are part of no request line."""
    url = "http://u%20s:p%40:w@t/"
    assert ("Authorization", "Basic dSBzOnBAOnc=") in wire_request(replace(REQUEST, url=url)).headers
    own = ("authorization", "mine")
    assert [own] == [
        h
        for h in wire_request(replace(REQUEST, url=url, headers=[own])).headers
        if h[0].lower() == "authorization"
    ]
