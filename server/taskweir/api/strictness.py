"""What production asks of a call beside its request, and --strict does too."""

import time
from collections.abc import Callable
from operator import attrgetter
from typing import Final
from urllib.parse import parse_qs

from google.protobuf.message import Message

from taskweir.api.authentication import CredentialsMissing
from taskweir.api.call import Call
from taskweir.api.methods import AnyMethod
from taskweir.domain.errors import InvalidArgument, quoted
from taskweir.domain.pacific import pacific
from taskweir.domain.times import DAY, SECOND, Instant

_ROUTING_HEADER: Final = "x-goog-request-params"
_LONGEST_DEADLINE: Final = 30.0
"""Seconds from now."""
_FAR_FUTURE: Final = 36_500 * DAY / SECOND
"""Seconds; deadlines beyond it have no date that could be shown."""


class Strictness:
    """A check of every call: credentials (any will do), the deadline, the routing header. In that order, which is a
    guess: production's is not recorded.

    `wall_now` tells the real time, which is what a deadline is about, even where the server's clock was moved.
    """

    def __init__(self, wall_now: Callable[[], Instant]) -> None:
        self._wall_now = wall_now

    def __call__(self, method: AnyMethod, request: Message, call: Call) -> None:
        """Raises Unauthenticated, InvalidArgument."""
        if not call.header("authorization"):
            raise CredentialsMissing(method.rpc)
        self._check_deadline(call)
        _check_routing(method, request, call)

    def _check_deadline(self, call: Call) -> None:
        if call.deadline is None:
            return
        remaining = call.deadline - time.monotonic()
        if remaining > _LONGEST_DEADLINE:
            deadline = self._wall_now() + int(min(remaining, _FAR_FUTURE) * SECOND)
            raise InvalidArgument(
                f"The request deadline is {pacific(deadline)}. "
                "The deadline cannot be more than 30s in the future."
            )


def _check_routing(method: AnyMethod, request: Message, call: Call) -> None:
    """The header repeats, URL-encoded, the field by which the call is routed, if there is one. Over HTTP the URL has
    it."""
    field = method.routing_field
    if not field or call.http is not None:
        return
    name = attrgetter(field)(request)
    params = parse_qs(call.header(_ROUTING_HEADER) or "", keep_blank_values=True)
    if name not in params.get(field, ()):
        raise InvalidArgument(
            f'"{_ROUTING_HEADER}" header is either missing or misformatted. '
            f'"{_ROUTING_HEADER}" must contain "{field}={quoted(name)}"'
        )
