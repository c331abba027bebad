"""A sender with a policy, in a world where every name has the same addresses."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from tests.push.names import Names

from taskweir.domain.names import QueueName
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.target_map import TargetMap
from taskweir.domain.target_policy import TargetPolicy
from taskweir.domain.target_rules import HostRules
from taskweir.domain.times import SECOND
from taskweir.push.curl_sender import CurlSender
from taskweir.push.resolver import Resolver

TASK = QueueName("p", "l", "q").task("t")
BEYOND = TargetPolicy(beyond_loopback=True)
NO_LOOPBACK = TargetPolicy(deny=HostRules.parse(["127.0.0.0/8", "::1"]))
NO_SECOND = TargetPolicy(deny=HostRules.parse(["127.0.0.2"]))


class Everywhere(Names):
    """Every name there is has these addresses."""

    def __init__(self, *addresses: str) -> None:
        super().__init__({})
        self.addresses = list(addresses)

    def __call__(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        return self.addresses


class Time:
    """The resolver's time, moved by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def sending(
    policy: TargetPolicy,
    names: Names | None = None,
    *,
    targets: str = "",
    now: Time | None = None,
) -> AsyncIterator[CurlSender]:
    """A sender that resolves by these names, and maps targets by these entries."""
    resolver = Resolver(names or Everywhere("127.0.0.1"), now=now)
    sender = CurlSender(resolver=resolver, policy=policy, target_map=TargetMap.parse(targets.split()))
    try:
        yield sender
    finally:
        await sender.close()


def request(url: str, host: str = "") -> OutgoingRequest:
    return OutgoingRequest(TASK, "GET", url, [], b"", 10 * SECOND, host)
