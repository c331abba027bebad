"""What is set on an easy handle for each request, and what stays on it."""

from dataclasses import replace
from typing import Any, cast

import pycurl
import pytest

from taskweir.domain.target_host import target_host
from taskweir.domain.times import SECOND, Micros
from taskweir.push.curl_options import HandleOptions
from taskweir.push.trust import Trust, trust
from taskweir.push.wire_request import WireRequest

OWN = {pycurl.REQUEST_TARGET, pycurl.HTTPHEADER, pycurl.POSTFIELDS}
"""What no two requests need have in common."""
POST = WireRequest("POST", "http://t/", "/a", target_host("t"), 80, [("Host", "t")], b"body")
ADDRESSES = ("127.0.0.1",)
TRUST: Trust = trust(None, insecure=False)


class Handle:
    """Takes down the options that are set, and how often all were taken back."""

    def __init__(self) -> None:
        self.options: dict[int, Any] = {}
        self.resets = 0
        self.refuses = 0

    def setopt(self, option: int, value: object) -> None:
        """Raises pycurl.error for the option it refuses."""
        if option == self.refuses:
            raise pycurl.error(pycurl.E_BAD_FUNCTION_ARGUMENT, "refused")
        self.options[option] = value

    def unsetopt(self, option: int) -> None:
        """As libcurl has it by default."""
        self.options[option] = None

    def reset(self) -> None:
        """All as libcurl has it by default."""
        self.resets += 1


class Rig:
    """The options of a handle that was used once."""

    def __init__(self) -> None:
        self.handle = Handle()
        nothing = cast("Any", lambda *_: 0)
        self.options = HandleOptions(
            cast("pycurl.Curl", self.handle),
            TRUST,
            socket_opened=nothing,
            before_sending=nothing,
            on_header=nothing,
            on_body=nothing,
        )
        self.send(POST)

    def send(self, request: WireRequest, deadline: Micros = SECOND, *, forget: bool = False) -> set[int]:
        """Which options are set for a request, which is then over."""
        self.handle.options.clear()
        self.handle.resets = 0
        self.options.set_for(request, ADDRESSES, deadline, forget_names=forget)
        self.options.rest(request)
        return set(self.handle.options)


def test_the_next_request_to_the_same_target_sets_what_is_its_own() -> None:
    """All else is set already."""
    rig = Rig()
    assert rig.send(replace(POST, target="/b", headers=[("Host", "t"), ("X", "y")])) == OWN
    assert rig.handle.options[pycurl.REQUEST_TARGET] == "/b"
    assert rig.handle.options[pycurl.HTTPHEADER][:3] == [b"Expect:", b"Host: t", b"X: y"]


@pytest.mark.parametrize(
    ("request_", "deadline", "forget", "option", "value"),
    [
        (replace(POST, method="PUT"), SECOND, False, pycurl.CUSTOMREQUEST, "PUT"),
        (replace(POST, origin="http://u/"), SECOND, False, pycurl.URL, "http://u/"),
        (
            replace(POST, origin="http://u/", host=target_host("u")),
            SECOND,
            False,
            pycurl.RESOLVE,
            ["+u:80:127.0.0.1"],
        ),
        (replace(POST, origin="http://t:81/", port=81), SECOND, False, pycurl.RESOLVE, ["+t:81:127.0.0.1"]),
        (POST, 2 * SECOND, False, pycurl.TIMEOUT_MS, 2_000),
        (POST, SECOND, True, pycurl.DNS_CACHE_TIMEOUT, 1),
        (replace(POST, method="GET", body=None), SECOND, False, pycurl.CUSTOMREQUEST, "GET"),
    ],
    ids=["method", "origin", "host", "port", "deadline", "forgetting", "kind"],
)
def test_what_differs_from_the_last_request_is_set_anew(
    request_: WireRequest, deadline: Micros, forget: bool, option: int, value: object
) -> None:
    """And goes back for the next one."""
    rig = Rig()
    rig.send(request_, deadline, forget=forget)
    assert rig.handle.options[option] == value
    rig.send(POST)
    assert rig.handle.options[option] != value


@pytest.mark.parametrize(
    ("request_", "resets"),
    [
        (POST, 0),
        (replace(POST, token="Bearer secret"), 1),
        (replace(POST, body=b"x" * 3_000), 1),
        (replace(POST, headers=[("X", "x" * 3_000)]), 1),
    ],
    ids=["small", "token", "large body", "large header"],
)
def test_nothing_large_or_secret_stays_on_a_handle_that_rests(request_: WireRequest, resets: int) -> None:
    """Thousands of handles rest, for as long as the server runs."""
    rig = Rig()
    rig.send(request_)
    assert rig.handle.resets == resets


def test_what_libcurl_refused_is_not_taken_for_set() -> None:
    """The next request sets it again, though it is the same."""
    rig = Rig()
    rig.handle.refuses = pycurl.RESOLVE
    with pytest.raises(pycurl.error):
        rig.send(replace(POST, origin="http://u/"))
    rig.handle.refuses = 0
    assert rig.send(POST) >= {pycurl.URL, pycurl.RESOLVE, pycurl.TIMEOUT_MS}
